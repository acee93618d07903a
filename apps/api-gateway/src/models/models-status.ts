import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Bus } from '#common/bus';
import { ModelsDirectory } from '#common/models-directory';
import { Presence } from '#common/presence';
import type { EngineAnnouncement, ModelsState } from '#contracts/models';
import { PresenceSubjects, type Heartbeat } from '#contracts/presence';
import type { EngineViewDto, ModelsStateKind, ModelsStatusDto, QueueDto } from './models-status.dto';

/** The engines, the switch and the queue, as they were announced last: no question to anybody, so it is told at once. */
@Injectable()
export class ModelsStatus implements OnModuleInit {
  private readonly chats = new Presence(
    () => this.onBeat(),
    () => this.onBeat(),
  );
  private lastBeat = '';
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly directory: ModelsDirectory,
    private readonly bus: Bus,
  ) {}

  onModuleInit(): void {
    this.directory.onChange(() => this.changed());
    this.chats.listen(this.bus, PresenceSubjects.chat);
  }

  status(): ModelsStatusDto {
    const { state } = this.directory;
    return {
      ...summary(state),
      queue: this.queue(),
      backend: this.told('backend'),
      hints: this.told('hints'),
      engines: (state?.engines ?? []).map(engineView),
      alerts: state?.alerts ?? [],
    };
  }

  /** Called when something changed, several times in a row perhaps. @returns what ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private onBeat(): void {
    const beat = JSON.stringify([this.queue(), this.told('backend'), this.told('hints')]);
    if (beat === this.lastBeat) return;
    this.lastBeat = beat;
    this.changed();
  }

  /** All chat-services are configured the same; one that is not heard of any more says nothing. */
  private told<K extends 'backend' | 'hints'>(of: K): NonNullable<Heartbeat[K]> | null {
    for (const { [of]: told } of this.chats.beats) if (told !== undefined) return told;
    return null;
  }

  private queue(): QueueDto {
    const queue = { waiting: 0, running: 0 };
    for (const { inFlight, waiting = 0 } of this.chats.beats) {
      queue.waiting += waiting;
      queue.running += Math.max(0, inFlight - waiting);
    }
    return queue;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

/** One word for all engines, and how far the one has come that is waited for. */
function summary(
  state: ModelsState | null,
): Omit<ModelsStatusDto, 'queue' | 'backend' | 'hints' | 'engines' | 'alerts'> {
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
