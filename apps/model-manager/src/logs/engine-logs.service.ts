import { Bus } from '#common/bus';
import {
  EngineLogSubjects,
  FOLLOW_FOR_MS,
  type EngineLogLines,
  type EngineLogQuery,
  type EngineLogTail,
} from '#contracts/engine-logs';
import { CodedError } from '#contracts/errors';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EngineLog } from './engine-log';

/** A boot prints dozens of lines at once; each message costs more than a line. */
const GATHER_MS = 100;
/** Logs that are kept, those of engines that are gone included: who failed is asked for afterwards. */
const MAX_LOGS = 64;

interface Followed {
  log: EngineLog;
  /** The first line that was not published yet. */
  published: number;
  /** Monotonic milliseconds until which somebody listens. */
  until: number;
  timer: NodeJS.Timeout | undefined;
}

/** What the engines print, for people: the end of each log, and what is added while somebody follows. */
@Injectable()
export class EngineLogs implements OnModuleDestroy {
  private readonly logs = new Map<string, Followed>();

  constructor(private readonly bus: Bus) {}

  onModuleDestroy(): void {
    for (const { timer } of this.logs.values()) clearTimeout(timer);
  }

  /** The log of an engine; begun with the first line. */
  of(engineId: string): EngineLog {
    return this.logs.get(engineId)?.log ?? this.open(engineId).log;
  }

  add(engineId: string, line: string): void {
    const followed = this.logs.get(engineId) ?? this.open(engineId);
    followed.log.add(line);
    if (performance.now() > followed.until) return;
    followed.timer ??= setTimeout(() => this.publish(engineId, followed), GATHER_MS);
  }

  /** @throws CodedError `not_found` */
  read({ engineId, lines, follow }: EngineLogQuery): EngineLogTail {
    const followed = this.logs.get(engineId);
    if (followed === undefined) throw new CodedError('not_found', `There is no engine '${engineId}'.`);
    const { log } = followed;
    if (follow) {
      // What nobody had listened to is not published afterwards.
      if (performance.now() > followed.until) followed.published = log.next;
      followed.until = performance.now() + FOLLOW_FOR_MS;
    }
    return { lines: log.tail(lines), next: log.next };
  }

  private publish(engineId: string, followed: Followed): void {
    followed.timer = undefined;
    const lines = followed.log.since(followed.published);
    const message: EngineLogLines = { from: followed.log.next - lines.length, lines };
    followed.published = followed.log.next;
    this.bus.publishJson(EngineLogSubjects.lines(engineId), message);
  }

  private open(engineId: string): Followed {
    const followed: Followed = { log: new EngineLog(), published: 0, until: 0, timer: undefined };
    this.logs.set(engineId, followed);
    const [oldest] = this.logs.keys();
    if (this.logs.size > MAX_LOGS && oldest !== undefined) this.logs.delete(oldest);
    return followed;
  }
}
