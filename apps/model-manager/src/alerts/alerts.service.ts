import { AlertSubjects, ALERT_KINDS, type Alert, type AlertKind, type AlertList } from '#contracts/alerts';
import type { Bus } from '#common/bus';
import { counter, gauge } from '#common/metrics';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'nestjs-pino';
import type { ChatNews } from '../news/chat-news';
import type { RecordBucket } from '../storage/record-bucket';
import { AlertBook, type AlertFacts } from './alert-book';
import { isLogWarning, warningsIn, type LogWarning } from './log-patterns';
import type { Notices } from './notices';
import { RateAlarm, type RateChange } from './rate-alarm';

export interface AlertLimits {
  windowMs: number;
  coolDownMs: number;
  thresholds: Readonly<Record<LogWarning, number>>;
}

/** An alarm ends when nothing comes any more: then only time can tell. */
const LOOK_EVERY_MS = 1_000;

const WORDS: Readonly<Record<LogWarning, { what: string; advice: string }>> = {
  log_errors: { what: 'lines of ERROR in the log', advice: 'Read the log of the engine.' },
  cuda_out_of_memory: {
    what: 'times CUDA out of memory',
    advice:
      'Lower maxModelLen, maxNumSeqs or gpuMemoryUtilization of the profile, and see in nvidia-smi whether something else uses the card.',
  },
  request_timeouts: {
    what: 'requests that timed out',
    advice: 'The engine is slow or stuck: look at its log, at the queue and at the load of the GPUs.',
  },
};

/** They end when the engine that they are about does well again, or is ended. */
const CARE_ALERTS: readonly AlertKind[] = ['crash_loop', 'stepped_down'];

interface Watched {
  kind: LogWarning;
  /** Null: timeouts that chat-services saw, of any engine. */
  engine: string | null;
  alarm: RateAlarm;
}

/** Counts what engines' logs and chat-services warn of, and tells people when it is too much. */
@Injectable()
export class AlertsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly book = new AlertBook();
  private readonly watched = new Map<string, Watched>();
  private readonly listeners: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Another instance leads, and tells of what all can see. */
  private standby = true;
  private readonly lines = counter('tandem_engine_log_warnings_total', 'Lines of engine logs that warn', [
    'engine',
    'kind',
  ]);
  private readonly raised = counter('tandem_alerts_total', 'Alerts that began', ['kind']);

  constructor(
    private readonly bus: Bus,
    private readonly limits: AlertLimits,
    private readonly notices: Notices,
    private readonly kept: RecordBucket<Alert>,
    news: ChatNews,
    private readonly logger: Pick<Logger, 'warn' | 'log'>,
  ) {
    news.onTimeouts((count) => {
      if (!this.standby) this.see('request_timeouts', null, count);
    });
    const { book } = this;
    gauge('tandem_alerts_active', 'Alerts that are on', ['kind'], function () {
      for (const kind of ALERT_KINDS) this.set({ kind }, book.on(kind));
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.notices.end();
    this.kept.end();
  }

  /**
   * Goes on with the alerts of the instance that led before, which may have been this one before a restart.
   * @param engines those that are cared for: what was said of others is over with them.
   */
  async begin(engines: readonly string[]): Promise<void> {
    await this.kept.begin();
    this.book.restore(this.kept.values());
    for (const alert of this.book.list()) this.resume(alert);
    for (const { kind, engine } of this.active())
      if (CARE_ALERTS.includes(kind) && engine !== null && !engines.includes(engine)) this.clear(kind, engine);
    this.standby = false;
  }

  /** A line that an engine has printed. */
  readLine(engine: string, line: string): void {
    for (const kind of warningsIn(line)) {
      this.lines.inc({ engine, kind });
      this.see(kind, engine, 1);
    }
  }

  raise(facts: AlertFacts): void {
    const alert = this.book.raise(facts, Date.now());
    if (alert === null) return;
    this.raised.inc({ kind: alert.kind });
    this.logger.warn({ msg: 'an alert began', ...alert });
    this.tell(alert);
  }

  clear(kind: AlertKind, engine: string | null): void {
    const alert = this.book.clear(kind, engine, Date.now());
    if (alert === null) return;
    this.logger.log({ msg: 'an alert ended', ...alert });
    this.tell(alert);
  }

  /** Called when an alert began or ended. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Those that are on. */
  active(): Alert[] {
    return this.book.list().filter(({ endedAt }) => endedAt === null);
  }

  list(): AlertList {
    return { items: [...this.book.list()], nextCursor: null };
  }

  private see(kind: LogWarning, engine: string | null, count: number): void {
    const watched = this.watch(kind, engine);
    this.take(watched, watched.alarm.seen(performance.now(), count));
  }

  private watch(kind: LogWarning, engine: string | null): Watched {
    const key = `${kind} ${engine ?? ''}`;
    const watched = this.watched.get(key) ?? { kind, engine, alarm: this.makeAlarm(kind) };
    this.watched.set(key, watched);
    return watched;
  }

  /** Of each kind and engine the newest counts; older ones come after it. */
  private resume({ kind, engine, count, endedAt }: Alert): void {
    if (!isLogWarning(kind) || this.watched.has(`${kind} ${engine ?? ''}`)) return;
    const { alarm } = this.watch(kind, engine);
    if (endedAt === null) alarm.resumeOn(performance.now(), count ?? 0);
    else alarm.resumeQuiet(performance.now(), Math.max(0, Date.now() - endedAt));
  }

  private makeAlarm(kind: LogWarning): RateAlarm {
    const { windowMs, coolDownMs, thresholds } = this.limits;
    return new RateAlarm({ threshold: thresholds[kind], windowMs, coolDownMs });
  }

  private look(): void {
    for (const watched of this.watched.values()) this.take(watched, watched.alarm.look(performance.now()));
  }

  private take({ kind, engine }: Watched, change: RateChange | null): void {
    if (change === null) return;
    if (change.kind === 'ended') {
      this.clear(kind, engine);
      return;
    }
    const minutes = Math.round(this.limits.windowMs / 6_000) / 10;
    const { what, advice } = WORDS[kind];
    this.raise({
      kind,
      engine,
      count: change.count,
      threshold: this.limits.thresholds[kind],
      message: `${engine ?? 'Tandem'}: ${change.count} ${what} within ${minutes} minutes. ${advice}`,
    });
  }

  private tell(alert: Alert): void {
    this.kept.save(alert);
    for (const forgotten of this.book.forget()) this.kept.remove(forgotten);
    this.bus.publishJson(AlertSubjects.changed, alert);
    this.notices.send(alert);
    for (const listener of this.listeners) listener();
  }
}
