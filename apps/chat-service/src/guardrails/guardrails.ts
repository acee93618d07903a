import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import {
  DEPLOYMENT_SCOPE,
  GuardrailSubjects,
  GUARDRAILS_BUCKET,
  guardPolicySchema,
  type GuardFound,
  type GuardPolicy,
  type StoredGuardPolicy,
} from '#contracts/guardrails';
import { Bus } from '#common/bus';
import { counter } from '#common/metrics';
import { maskPii } from '#common/pii';
import { Readiness } from '#common/readiness';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import type { AnswerRewriter } from '../generation/answer-rewriter';
import { WatchedBucket } from '../settings/watched-bucket';
import type { Detector, Verdict } from './detection';
import { GuardedStream, GuardedWhole } from './guarded-answer';
import { guardBody } from './guarded-body';
import { compilePolicy, type CompiledPolicy } from './policy';

/** Of a sampled prompt. */
const SAMPLE_CHARS = 4_000;

interface InForce {
  stored: StoredGuardPolicy;
  compiled: CompiledPolicy;
}

/** What requests and answers may not hold. Where no policy is set, a request costs one look at a flag. */
@Injectable()
export class Guardrails implements OnModuleInit, OnApplicationShutdown {
  private readonly policies = new Map<string, InForce>();
  private readonly bucket: WatchedBucket;
  private readonly listeners: (() => void)[] = [];
  private readonly matches = counter('tandem_guardrail_matches_total', 'Requests and answers with a match', [
    'kind',
    'action',
    'direction',
  ]);

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly bus: Bus,
    private readonly readiness: Readiness,
    private readonly logger: Logger,
  ) {
    this.bucket = new WatchedBucket(bus, GUARDRAILS_BUCKET, (scope, text) => this.take(scope, text), logger);
  }

  onModuleInit(): void {
    this.bucket.begin();
    this.readiness.add('guardrails', () => this.known);
  }

  onApplicationShutdown(): void {
    this.bucket.end();
  }

  /** Whether all that is banned has been read. */
  get known(): boolean {
    return this.bucket.ready;
  }

  /** Called after each change. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  list(): StoredGuardPolicy[] {
    return [...this.policies.values()].map(({ stored }) => stored);
  }

  /** Checks a policy and puts it in force everywhere. @throws CodedError `invalid_value` that names list and line. */
  async put(scope: string, given: GuardPolicy): Promise<StoredGuardPolicy> {
    compilePolicy(scope, given);
    const stored: StoredGuardPolicy = { scope, ...given, updatedAt: new Date().toISOString() };
    await this.bucket.put(scope, JSON.stringify(stored));
    return stored;
  }

  async remove(scope: string): Promise<void> {
    if (!this.policies.has(scope)) throw new CodedError('not_found', 'There is no policy for this scope.');
    await this.bucket.remove(scope);
  }

  /**
   * What of a request may go on; the same bytes where nothing was found.
   * @throws CodedError `content_blocked`, and `service_unavailable` while nobody knows yet what is banned.
   */
  request(head: GenerateRequest, body: Uint8Array): Uint8Array {
    if (this.config.PROMPT_SAMPLE_RATE > 0 && Math.random() < this.config.PROMPT_SAMPLE_RATE) this.sample(head, body);
    if (this.policies.size === 0 && this.bucket.ready) return body;
    if (!this.bucket.ready)
      throw new CodedError('service_unavailable', 'The guardrails are not known yet. Try again in a moment.');
    const detectors = this.detectors(head, 'input');
    return detectors.length === 0 ? body : this.look(head, body, detectors);
  }

  /** A history that was kept before something was banned: masked, since its question may not be refused any more. */
  history(head: GenerateRequest, body: Buffer): Buffer {
    const detectors = this.detectors(head, 'input');
    return detectors.length === 0 ? body : (guardBody(body, detectors).body ?? body);
  }

  /** Who looks through the answer; null: nobody. `block` ends it. */
  answer(head: GenerateRequest, block: () => void): AnswerRewriter | null {
    const detectors = this.detectors(head, 'output');
    if (detectors.length === 0) return null;
    const told = new Set<Verdict>();
    const watch = {
      found: (verdicts: readonly Verdict[]) => {
        const fresh = verdicts.filter((verdict) => !told.has(verdict));
        for (const verdict of fresh) told.add(verdict);
        this.tell(head, 'output', fresh);
      },
      block,
    };
    return head.streaming ? new GuardedStream(detectors, watch) : new GuardedWhole(detectors, watch);
  }

  /** Whether the system prompt is repeated behind what the user wrote. */
  repeatsSystemPrompt(head: GenerateRequest): boolean {
    return this.policies.size > 0 && this.inForce(head).some(({ repeatSystemPrompt }) => repeatSystemPrompt);
  }

  private look(head: GenerateRequest, body: Uint8Array, detectors: readonly Detector[]): Uint8Array {
    const guarded = guardBody(body, detectors);
    if (guarded.unreadable)
      throw new CodedError(
        'unsupported_parameter',
        'Prompts of token ids are not taken: they cannot be looked through.',
        {
          param: 'prompt',
        },
      );
    this.tell(head, 'input', guarded.verdicts);
    if (guarded.blocked)
      throw new CodedError('content_blocked', 'The request holds a text that is not allowed on this server.');
    return guarded.body ?? body;
  }

  private detectors(head: GenerateRequest, direction: 'input' | 'output'): Detector[] {
    // Tandem's own measurements are nobody's text.
    if (this.policies.size === 0 || head.endpoint === 'system/benchmark') return [];
    return this.inForce(head).flatMap((policy) => policy[direction]);
  }

  private inForce({ actor }: GenerateRequest): CompiledPolicy[] {
    const scopes = actor.keyId === null ? [DEPLOYMENT_SCOPE] : [DEPLOYMENT_SCOPE, actor.keyId];
    return scopes.flatMap((scope) => this.policies.get(scope)?.compiled ?? []);
  }

  private tell(head: GenerateRequest, direction: 'input' | 'output', verdicts: readonly Verdict[]): void {
    for (const { kind, action, rule } of verdicts) {
      this.matches.inc({ kind, action, direction });
      const { userId, email: userEmail, keyId } = head.actor;
      const found: GuardFound = {
        requestId: head.requestId,
        userId,
        userEmail,
        keyId,
        direction,
        kind,
        action,
        rule,
      };
      if (kind !== 'pii') this.bus.publishJson(GuardrailSubjects.found, found);
    }
  }

  private sample({ requestId }: GenerateRequest, body: Uint8Array): void {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8', 0, SAMPLE_CHARS * 4);
    const sample = maskPii(text).slice(0, SAMPLE_CHARS);
    this.logger.log({ msg: 'sampled prompt', request_id: requestId, sample });
  }

  private take(scope: string, text: string | null): void {
    try {
      if (text === null) this.policies.delete(scope);
      else this.policies.set(scope, inForceFrom(scope, text));
      for (const listener of this.listeners) listener();
    } catch (error) {
      // Of another version: what was in force stays.
      this.logger.error({
        msg: 'a guardrail policy cannot be read, so what was in force stays (at the start: nothing); store it again',
        scope,
        err: error,
      });
    }
  }
}

function inForceFrom(scope: string, text: string): InForce {
  const { updatedAt, scope: _, ...given } = JSON.parse(text) as StoredGuardPolicy;
  const policy = guardPolicySchema.parse(given);
  return { stored: { scope, ...policy, updatedAt }, compiled: compilePolicy(scope, policy) };
}
