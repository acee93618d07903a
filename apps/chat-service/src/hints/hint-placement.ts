import { Inject, Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import type { HintBackendStatus, HintMode, HintStatus, PutHintSettings } from '#contracts/hints';
import { DEFAULT_MODEL } from '#contracts/models';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import {
  backendPlaced,
  HINTS_API_ENGINE,
  HINTS_LOCAL_ENGINE,
  HINTS_TRIAL_ENGINE,
  type StandIn,
} from '../engines/fallback';
import { EngineRouter } from '../engines/engine-router';
import { HintServer } from './hint-server';
import { checkComplete, HintSettingsStore, RULES_MODEL } from './hint-settings';

/** Who would give a hint, or why nobody would. */
type Choice = { kind: 'engine' } | { kind: 'stand-in'; name: string } | { kind: 'away'; reason: string };

/** Who is to give a hint. */
interface Wish {
  mode: HintMode;
  /** Of the mode `vllm`; null: the model in force. */
  model: string | null;
  /** Of the mode `api`. */
  server: StandIn | null;
  /** Why that one would not give one, as far as it is known. */
  problem: string | null;
}

/** Decides who gives a hint: as an admin has set it, and by who can be had now. A hint waits for no engine that loads. */
@Injectable()
export class HintPlacement {
  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly settings: HintSettingsStore,
    private readonly server: HintServer,
    private readonly router: EngineRouter,
    private readonly logger: Logger,
  ) {}

  /**
   * @returns whether somebody stands in.
   * @throws CodedError `engine_unavailable` where nobody can be had, `invalid_value` for settings that cannot even be tried.
   */
  place(head: GenerateRequest): boolean {
    const choice = this.choose(head, head.hintTrial === undefined ? this.inForce() : this.tried(head.hintTrial));
    switch (choice.kind) {
      case 'engine':
        return false;
      case 'stand-in':
        head.servedBy = choice.name;
        return true;
      case 'away':
        if (this.placeElsewhere(head)) return true;
        throw new CodedError('engine_unavailable', choice.reason);
    }
  }

  /** It waited, and was told that no engine will come. */
  placeRefused(head: GenerateRequest, error: CodedError): boolean {
    return error.code === 'engine_unavailable' && this.placeElsewhere(head);
  }

  /** Who was to give a hint cannot be had: the rules, where they may. */
  placeElsewhere(head: GenerateRequest): boolean {
    // Who tries settings wants to know what is wrong with them.
    if (
      head.hint === undefined ||
      head.hintTrial !== undefined ||
      !this.settings.localWhenAway ||
      backendPlaced(head) === 'local'
    )
      return false;
    const rules = this.router.standIn(HINTS_LOCAL_ENGINE);
    if (rules === null) return false;
    head.servedBy = rules.name;
    this.logger.log({ msg: 'rules give a hint', request_id: head.requestId });
    return true;
  }

  /** The next hint does not wait for a server that has just been lost. */
  onConnectionLost(engineId: string): void {
    if (engineId === HINTS_API_ENGINE) this.server.doubt();
  }

  /** What everybody may know of it. */
  backend(): HintBackendStatus {
    const { mode, backend, model, reason } = this.status();
    return { mode, backend, model, reason };
  }

  /** Who would give one now. */
  status(): HintStatus {
    const { mode, localWhenAway, model } = this.settings;
    const wanted = mode === 'vllm' ? (model ?? DEFAULT_MODEL) : null;
    const asked = { model: DEFAULT_MODEL };
    const choice = this.choose(asked, this.inForce());
    const none = { mode, backend: null, model: null, reason: null, wanted };
    if (choice.kind === 'away')
      return { ...none, reason: choice.reason, ...(localWhenAway ? { backend: 'local', model: RULES_MODEL } : {}) };
    if (choice.kind === 'engine')
      return { ...none, backend: 'vllm', model: this.router.ownEngine(asked.model, true).model };
    const id = mode === 'api' ? HINTS_API_ENGINE : HINTS_LOCAL_ENGINE;
    const name = this.router.standIn(id)?.model.servedName ?? null;
    return { ...none, backend: backendPlaced({ servedBy: choice.name }), model: name };
  }

  /** Writes the model that is wanted into the head, where an engine is to answer. */
  private choose(head: Pick<GenerateRequest, 'model' | 'modelFixed'>, { mode, model, server, problem }: Wish): Choice {
    switch (mode) {
      case 'local': {
        const rules = this.router.standIn(HINTS_LOCAL_ENGINE);
        return rules === null
          ? { kind: 'away', reason: 'The rules are not there yet.' }
          : { kind: 'stand-in', name: rules.name };
      }
      case 'api': {
        // A key for some models only is given no other.
        if (head.modelFixed === true) return { kind: 'away', reason: 'This key may not use the server for hints.' };
        if (server === null || problem !== null)
          return { kind: 'away', reason: problem ?? 'No server for hints is set.' };
        return { kind: 'stand-in', name: server.name };
      }
      case 'vllm': {
        if (head.modelFixed !== true && model !== null) head.model = model;
        const reason = this.whyNoEngine(head.model);
        return reason === null ? { kind: 'engine' } : { kind: 'away', reason };
      }
    }
  }

  private inForce(): Wish {
    const { mode, model, apiProblem } = this.settings;
    const problem = apiProblem ?? this.server.problem;
    return { mode, model, server: this.router.standIn(HINTS_API_ENGINE), problem };
  }

  /** Its server stands in until the next one is tried, or the request is over in any case. */
  private tried(settings: PutHintSettings): Wish {
    checkComplete(settings);
    const { mode, model, api } = settings;
    if (mode !== 'api' || api === null) return { mode, model, server: null, problem: null };
    const server = this.settings.triedServer(api);
    this.router.setStandIn(HINTS_TRIAL_ENGINE, server);
    setTimeout(() => {
      if (this.router.standIn(HINTS_TRIAL_ENGINE) === server) this.router.setStandIn(HINTS_TRIAL_ENGINE, null);
    }, this.config.REQUEST_DEADLINE_MS).unref();
    return { mode, model, server, problem: null };
  }

  private whyNoEngine(name: string): string | null {
    try {
      const own = this.router.ownEngine(name, true);
      return own.model === null ? (own.reason ?? 'No engine is ready.') : null;
    } catch (error) {
      if (error instanceof CodedError) return error.message;
      throw error;
    }
  }
}
