import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Bus } from '#common/bus';
import { ModelsDirectory } from '#common/models-directory';
import type { EngineAnnouncement, ModelsState } from '#contracts/models';
import { HEARTBEAT_LOST_AFTER_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import type { EngineViewDto, ModelsStateKind, ModelsStatusDto, QueueDto } from './models-status.dto';

interface Seen {
  beat: Heartbeat;
  at: number;
}

/** The engines, the switch and the queue, as they were announced last: no question to anybody, so it is told at once. */
@Injectable()
export class ModelsStatus implements OnModuleInit {
  /** By chat-service. */
  private readonly chats = new Map<string, Seen>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly directory: ModelsDirectory,
    private readonly bus: Bus,
  ) {}

  onModuleInit(): void {
    this.directory.onChange(() => this.changed());
    this.bus.subscribe(PresenceSubjects.chat, (message) => this.onBeat(message.json<Heartbeat>()));
  }

  status(): ModelsStatusDto {
    const { state } = this.directory;
    return {
      ...summary(state),
      queue: this.queue(),
      engines: (state?.engines ?? []).map(engineView),
      alerts: state?.alerts ?? [],
    };
  }

  /** Called when something changed, several times in a row perhaps. @returns what ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private onBeat(beat: Heartbeat): void {
    const before = JSON.stringify(this.queue());
    if (beat.leaving === true) this.chats.delete(beat.instanceId);
    else this.chats.set(beat.instanceId, { beat, at: performance.now() });
    if (JSON.stringify(this.queue()) !== before) this.changed();
  }

  private queue(): QueueDto {
    const queue = { waiting: 0, running: 0 };
    const now = performance.now();
    for (const [id, { beat, at }] of this.chats) {
      if (now - at > HEARTBEAT_LOST_AFTER_MS) {
        this.chats.delete(id);
        continue;
      }
      const waiting = beat.waiting ?? 0;
      queue.waiting += waiting;
      queue.running += Math.max(0, beat.inFlight - waiting);
    }
    return queue;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

/** One word for all engines, and how far the one has come that is waited for. */
function summary(state: ModelsState | null): Omit<ModelsStatusDto, 'queue' | 'engines' | 'alerts'> {
  const running = state?.switch ?? null;
  const loading = state?.engines.map((engine) => engine.state).find((one) => one.kind === 'loading');
  return {
    state: stateOf(state),
    profile: state?.profile ?? null,
    phase: running?.progress?.phase ?? loading?.phase ?? null,
    percent: running?.progress?.percent ?? loading?.percent ?? null,
    readyInS: running?.progress?.readyInS ?? null,
    switch: running,
  };
}

function stateOf(state: ModelsState | null): ModelsStateKind {
  if (state === null) return 'unknown';
  if (state.switch != null) return 'switching';
  const kinds = new Set(state.engines.map((engine) => engine.state.kind));
  if (kinds.has('ready')) return kinds.size === 1 ? 'ready' : 'degraded';
  if (kinds.has('loading')) return 'loading';
  if (kinds.has('failed')) return 'failed';
  return kinds.has('draining') ? 'draining' : 'stopped';
}

function engineView({
  id,
  driver,
  profile,
  state,
  models,
  maxNumSeqs,
  steppedDown,
}: EngineAnnouncement): EngineViewDto {
  return {
    id,
    driver,
    profile,
    state: state.kind,
    phase: state.kind === 'loading' ? state.phase : null,
    percent: state.kind === 'loading' ? state.percent : null,
    cause: state.kind === 'failed' ? state.cause : null,
    message: state.kind === 'failed' ? state.message : null,
    retryAt: state.kind === 'failed' && state.retryAt !== null ? new Date(state.retryAt).toISOString() : null,
    readySince: state.kind === 'ready' ? new Date(state.since).toISOString() : null,
    models,
    maxNumSeqs,
    steppedDown: steppedDown ?? null,
  };
}
