import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import { Logger } from 'nestjs-pino';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { EngineRouter } from './engine-router';

/** Decides which requests another server answers, where one is configured and no engine of this installation can. */
@Injectable()
export class FallbackPlacement {
  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly router: EngineRouter,
    private readonly logger: Logger,
  ) {}

  /**
   * Code does not wait for an engine that loads: an editor asks again with the next key. A chat does, as through a switch,
   * and is given away only where waiting makes no sense. @returns whether it is given away.
   * @throws CodedError `model_not_found`
   */
  place(head: GenerateRequest): boolean {
    const { fallback } = this.router;
    if (fallback === null || !this.mayFallBack(head)) return false;
    const own = this.router.ownEngine(head.model, head.code !== undefined || head.modelFixed === true);
    if (own.model !== null || (head.code === undefined && own.coming)) return false;
    head.servedBy = fallback.name;
    this.logger.log({ msg: 'another server is asked', request_id: head.requestId, why: own.reason });
    return true;
  }

  /** It waited, and was told that no engine will come: whether the other server takes it instead. */
  placeRefused(head: GenerateRequest, error: CodedError): boolean {
    return error.code === 'engine_unavailable' && head.servedBy === undefined && this.place(head);
  }

  private mayFallBack({ code, endpoint, actor, modelFixed, priority }: GenerateRequest): boolean {
    if (code !== undefined) return code.mayFallBack;
    if (endpoint !== '/v1/chat/completions' && endpoint !== '/api/chat') return false;
    // A key for some models only is for these; what nobody waits for is not worth that a text leaves the installation.
    if (modelFixed === true || priority === 'background') return false;
    const { FALLBACK_CHAT: who } = this.config;
    return who === 'everybody' || (who === 'admins' && actor.role === 'admin');
  }
}
