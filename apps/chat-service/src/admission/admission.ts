import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest, QueueNews } from '#contracts/generate';
import { isReady } from '#contracts/models';
import { RunningSubjects, type RunningRequests } from '#contracts/switching';
import { Bus } from '#common/bus';
import { ModelsDirectory } from '#common/models-directory';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { EngineRouter, type Route } from '../engines/engine-router';
import { AdmissionMetrics } from './admission-metrics';
import { EngineAffinity, prefixKey } from '../engines/engine-affinity';
import { decide, moveElsewhere, release, startAtOnce } from './decide';
import { engineIdsFor, readyAtOf } from './prospects';
import { Peers } from './peers';
import { refusalError } from './refusals';
import { emptyState, type AdmissionEvent, type Effect, type Priority, type Prospect } from './queue-state';

/** Deadlines are seconds long; a quarter of a second is fine enough. */
const TICK_MS = 250;
/** How long an engine that broke a connection is left alone: the news of its end takes about as long. */
const PAUSE_MS = 1_000;
/** Those who wait hear of their place once a second. */
const TICKS_A_NEWS = 4;

/** Somebody who waits for a place on an engine. Each is told of its turn or its refusal, exactly once. */
export interface Applicant {
  readonly userId: string;
  readonly priority: Priority;
  /** As the client named it. */
  readonly model: string;
  /** No other model may answer. */
  readonly modelFixed: boolean;
  /** Choices that will be generated: each takes a place of its own. */
  readonly sequences: number;
  /** What tells prompts apart that begin alike; asked for only where a model has several engines. */
  prefixKey(): string | null;
  /** A place is held for it until `leave` is called. */
  onTurn(route: Route, waitedMs: number): void;
  onRefused(error: CodedError, waitedMs: number): void;
  /** Once when it begins to wait, then whenever something changed. */
  onNews(news: QueueNews): void;
}

/**
 * Where requests wait for an engine: because it runs as many as it takes, or because it loads. What decides is
 * decide.ts; this knows the clock, the engines and those who wait. Nothing ticks while nobody waits.
 */
@Injectable()
export class Admission implements OnModuleInit, OnApplicationShutdown {
  private readonly state;
  private readonly applicants = new Map<number, Applicant>();
  private readonly metrics: AdmissionMetrics;
  private readonly paused = new Set<string>();
  private readonly affinity = new EngineAffinity();
  private timer: NodeJS.Timeout | null = null;
  private ticks = 0;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly router: EngineRouter,
    private readonly directory: ModelsDirectory,
    private readonly peers: Peers,
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {
    this.state = emptyState(config.MAX_WAITING);
    this.metrics = new AdmissionMetrics(() => this.waiting);
  }

  onModuleInit(): void {
    this.directory.onChange(() => this.enginesChanged());
    this.peers.onChange(() => this.enginesChanged());
    this.router.onStandInsChange(() => this.enginesChanged());
    this.bus.subscribe(RunningSubjects.ask, (message) => message.respond(JSON.stringify(this.runningRequests())));
    this.enginesChanged();
  }

  onApplicationShutdown(): void {
    this.stopTicking();
  }

  get waiting(): number {
    return this.state.waiting.length;
  }

  /**
   * A place on an engine, where there is one free and nobody waits: then `leave` has to be called at the end. Null: the
   * request has to `wait`.
   * @throws CodedError `model_not_found`, or `engine_unavailable` where waiting makes no sense.
   */
  enter(head: GenerateRequest, body: Uint8Array): Route | null {
    const found = this.router.resolve(wishOf(head), head.modelFixed === true);
    if (found.kind !== 'ready') return null;
    const { candidates } = found;
    const key = candidates.length > 1 ? prefixKey(head, body) : null;
    const room = startAtOnce(
      this.state,
      candidates.map((candidate) => candidate.engine.id),
      head.actor.userId,
      head.choices,
      this.affinity.engineOf(key),
    );
    if (room === null) return null;
    this.affinity.remember(key, room.id);
    const chosen = candidates.find((candidate) => candidate.engine.id === room.id);
    return chosen === undefined ? null : this.router.open(chosen);
  }

  /** The ways to the engines that would take the request now, without a place on any. @throws CodedError as `enter`. */
  candidates(head: GenerateRequest): Route[] {
    const found = this.router.resolve(wishOf(head), head.modelFixed === true);
    return found.kind === 'ready' ? found.candidates.map((candidate) => this.router.open(candidate)) : [];
  }

  /**
   * Another engine for a request whose own failed before it answered: its place moves there. Null: there is none, and it
   * keeps the place that it has.
   */
  move(head: GenerateRequest, fromId: string): Route | null {
    const found = this.resolved(wishOf(head), head.modelFixed === true);
    if (found?.kind !== 'ready') return null;
    const { candidates } = found;
    const room = moveElsewhere(
      this.state,
      fromId,
      candidates.map((candidate) => candidate.engine.id),
      head.choices,
    );
    const chosen = candidates.find((candidate) => candidate.engine.id === room?.id);
    if (chosen === undefined) return null;
    this.metrics.moved();
    return this.router.open(chosen);
  }

  /**
   * Takes a place in the queue. The applicant may be called before this returns.
   * @returns what `withdraw` takes.
   * @throws CodedError as `enter`.
   */
  wait(applicant: Applicant): number {
    const { userId, priority, model, modelFixed, sequences } = applicant;
    const prospect = this.prospectOf(model, modelFixed);
    if (prospect.kind === 'never') this.router.resolve(model, modelFixed);
    const engineIds = prospect.kind === 'wait' ? prospect.engineIds : [];
    const at = performance.now();
    const id = this.state.lastId + 1;
    this.applicants.set(id, applicant);
    this.run({
      kind: 'arrived',
      at,
      arrival: {
        userId,
        priority,
        sequences,
        model,
        modelFixed,
        preferred: engineIds.length > 1 ? this.affinity.engineOf(applicant.prefixKey()) : null,
        deadlineAt: at + this.config.QUEUE_DEADLINE_MS,
        engineIds,
        readyAt: prospect.kind === 'wait' ? prospect.readyAt : null,
      },
    });
    if (this.waiting > 0) this.timer ??= setInterval(() => this.tick(), TICK_MS);
    return id;
  }

  /** One who waits does not want it any more; it is not called again. */
  withdraw(id: number): void {
    if (this.applicants.delete(id)) this.run({ kind: 'left', at: performance.now(), id });
  }

  /** A place that was held for `heldMs` milliseconds is free. */
  leave(engineId: string, userId: string, sequences: number, heldMs: number): void {
    if (this.waiting === 0) release(this.state, engineId, userId, sequences, heldMs);
    else this.run({ kind: 'ended', at: performance.now(), engineId, userId, sequences, heldMs });
  }

  /**
   * A connection to an engine broke although it is said to be ready: who waits for it must not be sent there one by one
   * until the news of its end arrives.
   */
  pause(engineId: string): void {
    if (this.paused.has(engineId)) return;
    this.paused.add(engineId);
    this.enginesChanged();
    setTimeout(() => {
      this.paused.delete(engineId);
      this.enginesChanged();
    }, PAUSE_MS).unref();
  }

  /** SIGTERM: who waits for an engine that is not ready is told at once; the others may still have their turn. */
  drain(): void {
    const error = new CodedError('shutting_down', 'The service is restarting. Try again in a moment.');
    for (const { id, arrivedAt, engines } of [...this.state.waiting]) {
      if (engines.some((engine) => engine.capacity > 0)) continue;
      const applicant = this.applicants.get(id);
      this.withdraw(id);
      applicant?.onRefused(error, performance.now() - arrivedAt);
    }
  }

  /** What an engine that is to be stopped still has to end here. */
  private runningRequests(): RunningRequests {
    const running: Record<string, number> = {};
    for (const engine of this.state.engines.values()) if (engine.running > 0) running[engine.id] = engine.running;
    return { instanceId: this.peers.instanceId, revision: this.directory.state?.revision ?? 0, running };
  }

  private tick(): void {
    const at = performance.now();
    this.run({ kind: 'tick', at });
    this.ticks += 1;
    if (this.ticks % TICKS_A_NEWS === 0) this.run({ kind: 'news', at });
    if (this.waiting === 0) this.stopTicking();
  }

  private stopTicking(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private enginesChanged(): void {
    const capacities = new Map<string, number>();
    for (const { id, maxNumSeqs } of this.router.standInEngines)
      capacities.set(id, this.paused.has(id) ? 0 : this.peers.shareOf(maxNumSeqs ?? 1));
    for (const engine of this.directory.state?.engines ?? []) {
      const announced = engine.maxNumSeqs ?? Number.POSITIVE_INFINITY;
      const most = Math.min(announced, this.config.ENGINE_MAX_SEQUENCES ?? Number.POSITIVE_INFINITY);
      const share = Number.isFinite(most) ? this.peers.shareOf(most) : most;
      capacities.set(engine.id, isReady(engine) && !this.paused.has(engine.id) ? share : 0);
    }
    this.run({
      kind: 'engines',
      at: performance.now(),
      capacities,
      prospect: (model, fixed) => this.prospectOf(model, fixed),
    });
  }

  private prospectOf(model: string, modelFixed: boolean): Prospect {
    const found = this.resolved(model, modelFixed);
    if (found === null) return { kind: 'never' };
    const engineIds = engineIdsFor(found, this.directory.state, model);
    return { kind: 'wait', engineIds, readyAt: readyAtOf(found, Date.now(), performance.now()) };
  }

  /** Null where waiting makes no sense. */
  private resolved(model: string, modelFixed: boolean): ReturnType<EngineRouter['resolve']> | null {
    try {
      return this.router.resolve(model, modelFixed);
    } catch (error) {
      if (error instanceof CodedError) return null;
      throw error;
    }
  }

  private run(event: AdmissionEvent): void {
    for (const effect of decide(this.state, event)) this.carryOut(effect);
  }

  private carryOut(effect: Effect): void {
    const applicant = this.applicants.get(effect.id);
    switch (effect.kind) {
      case 'start':
        this.applicants.delete(effect.id);
        this.start(applicant, effect.engineId, effect.waitedMs);
        return;
      case 'refuse':
        this.applicants.delete(effect.id);
        this.metrics.refuse(effect.why);
        applicant?.onRefused(refusalError(effect, applicant, this.waiting, this.router), effect.waitedMs);
        return;
      case 'tell': {
        const { position, expectedSeconds, ready } = effect;
        applicant?.onNews({ position, expectedSeconds, reason: ready ? 'busy' : 'loading' });
        return;
      }
    }
  }

  /** The engine may have changed its state since it was chosen: then its place is given back, and the applicant told. */
  private start(applicant: Applicant | undefined, engineId: string, waitedMs: number): void {
    if (applicant === undefined) return;
    const { userId, model, modelFixed, sequences } = applicant;
    try {
      const found = this.router.resolve(model, modelFixed);
      const chosen = found.kind === 'ready' ? found.candidates.find((one) => one.engine.id === engineId) : undefined;
      if (chosen === undefined) throw new CodedError('engine_unavailable', 'The engine has just become unavailable.');
      const route = this.router.open(chosen);
      this.metrics.waited(waitedMs);
      if (found.kind === 'ready' && found.candidates.length > 1)
        this.affinity.remember(applicant.prefixKey(), engineId);
      applicant.onTurn(route, waitedMs);
    } catch (error) {
      const coded = error instanceof CodedError;
      if (!coded) this.logger.error({ msg: 'a request could not be started after it had waited', err: error });
      this.leave(engineId, userId, sequences, 0);
      const internal = 'The chat service failed at this request.';
      applicant.onRefused(coded ? error : new CodedError('internal_error', internal, { cause: error }), waitedMs);
    }
  }
}

/** The model that is to answer: it may be another server's. */
function wishOf({ model, servedBy }: GenerateRequest): string {
  return servedBy ?? model;
}
