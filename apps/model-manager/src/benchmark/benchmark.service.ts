import { randomUUID } from 'node:crypto';
import type {
  BenchmarkList,
  BenchmarkQuery,
  BenchmarkReason,
  BenchmarkRun,
  BenchmarkStart,
  BenchmarkStarted,
} from '#contracts/benchmarks';
import { CodedError } from '#contracts/errors';
import { gauge } from '#common/metrics';
import type { SystemRequests } from '#common/system-requests';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'nestjs-pino';
import type { AlertsService } from '../alerts/alerts.service';
import type { ChatNews } from '../news/chat-news';
import type { RecordBucket } from '../storage/record-bucket';
import { BenchmarkRunner, plannedLoads } from './benchmark-runner';
import { compare, lastCompleted } from './compare';

import { BenchmarkTriggers, type Candidate } from './triggers';

/** Kept of each profile: a year of monthly changes, and then some. */
const KEPT_RUNS = 20;

/** What is measured: the profile in force, when all of its engines are ready. */
export interface BenchmarkTarget extends Candidate {
  /** The name that the engine answers to. */
  model: string;
  maxModelLen: number | null;
}

export interface BenchmarkOptions {
  /** Null while not all engines are ready. */
  target: () => BenchmarkTarget | null;
  /** Run by itself when the parameters are others than at the last one. */
  afterChange: boolean;
  /** Also when the profile was never measured: pointless where the engine is simulated or somebody else's. */
  whenNew: boolean;
  regressionPercent: number;
}

/** Ends a run early, with a state and a reason for people. */
class GiveWay extends Error {
  constructor(
    readonly state: 'skipped' | 'stopped',
    readonly forPeople: boolean,
    message: string,
  ) {
    super(message);
  }
}

interface Running {
  run: BenchmarkRun;
  stop: AbortController;
  over: Promise<BenchmarkRun>;
}

/** Measures the profile in force, by itself and by command, and never in the way of people. One at a time. */
@Injectable()
export class BenchmarkService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private running: Running | null = null;
  private readonly triggers = new BenchmarkTriggers();
  private readonly metrics = {
    tokensPerSecond: gauge('tandem_benchmark_tokens_per_second', 'Last benchmark: tokens a second of all users', [
      'profile',
      'users',
      'prompt_tokens',
    ]),
    ttft: gauge('tandem_benchmark_ttft_seconds', 'Last benchmark: time to the first token, middle', [
      'profile',
      'users',
      'prompt_tokens',
    ]),
    regressions: gauge('tandem_benchmark_regressions', 'Last benchmark: figures that became worse', ['profile']),
  };

  constructor(
    private readonly options: BenchmarkOptions,
    private readonly runs: RecordBucket<BenchmarkRun>,
    private readonly requests: SystemRequests,
    private readonly news: ChatNews,
    private readonly alerts: AlertsService,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {}

  onApplicationBootstrap(): void {
    void this.runs.begin();
    this.requests.begin();
    this.news.onBeat(() => this.look());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.running?.stop.abort(new GiveWay('stopped', false, 'model-manager was stopped.'));
    await this.running?.over;
    this.requests.end();
    this.runs.end();
  }

  /** After a switch: answers when it is over. Null when the profile is not ready (any more), or the other is not over. */
  async afterSwitch(profile: string): Promise<BenchmarkRun | null> {
    const target = this.options.target();
    if (target === null || target.profile !== profile || !this.options.afterChange) return null;
    if (this.running !== null) return this.running.run.profile === profile ? this.running.over : null;
    return this.begin(target, 'switch').over;
  }

  /** The switch that waits for it is not to wait any longer. */
  stopAfterSwitch(): void {
    if (this.running?.run.reason === 'switch')
      this.running.stop.abort(new GiveWay('stopped', false, 'The switch went on without it.'));
  }

  /** @throws CodedError `conflict`, `engine_unavailable` */
  start({ profile }: BenchmarkStart): BenchmarkStarted {
    if (this.running !== null)
      throw new CodedError('conflict', `The benchmark ${this.running.run.id} is running. Wait for it, or cancel it.`);
    const target = this.options.target();
    if (target === null)
      throw new CodedError('engine_unavailable', 'The engines are not ready, so there is nothing to measure.');
    if (profile !== undefined && profile !== target.profile) {
      const message = `Only the profile in force can be measured, which is ${target.profile}. Switch to ${profile} first.`;
      throw new CodedError('conflict', message, { param: 'profile' });
    }
    return { benchmarkId: this.begin(target, 'command').run.id };
  }

  /** Newest first. */
  list({ profile }: BenchmarkQuery): BenchmarkList {
    const all = this.running === null ? this.runs.values() : [this.running.run, ...this.runs.values()];
    const items = all
      .filter((run) => profile === undefined || run.profile === profile)
      .sort((one, other) => other.startedAt - one.startedAt);
    return { items, nextCursor: null };
  }

  /** @throws CodedError `not_found` */
  get(id: string): BenchmarkRun {
    const found = this.list({}).items.find((run) => run.id === id);
    if (found === undefined) throw new CodedError('not_found', 'There is no such benchmark.');
    return found;
  }

  /** @throws CodedError `not_found`; `conflict` for one that is over. */
  async cancel(id: string): Promise<BenchmarkRun> {
    this.get(id);
    if (this.running?.run.id !== id) throw new CodedError('conflict', 'This benchmark is over.');
    this.running.stop.abort(new GiveWay('stopped', false, 'It was cancelled.'));
    return this.running.over;
  }

  /** chat-services were heard: do people come, or is one due? */
  private look(): void {
    const people = this.news.people() ?? 0;
    if (people > 0) this.running?.stop.abort(new GiveWay('stopped', true, 'It made room for people.'));
    if (this.running !== null || !this.options.afterChange) return;
    const target = this.options.target();
    const due = this.triggers.look(performance.now(), target, people, (candidate) => this.isDue(candidate));
    if (due && target !== null) this.begin(target, 'parameters');
  }

  private isDue({ profile, fingerprint }: Candidate): boolean {
    const last = lastCompleted(this.runs.values(), profile);
    return last === null ? this.options.whenNew : last.fingerprint !== fingerprint;
  }

  private begin(target: BenchmarkTarget, reason: BenchmarkReason): Running {
    this.triggers.began(performance.now(), target);
    const run: BenchmarkRun = {
      id: `bench_${randomUUID().replaceAll('-', '').slice(0, 16)}`,
      profile: target.profile,
      model: target.model,
      fingerprint: target.fingerprint,
      reason,
      state: 'running',
      why: null,
      startedAt: Date.now(),
      endedAt: null,
      loads: [],
      plannedLoads: plannedLoads(target.maxModelLen).length,
      answers: null,
      comparison: null,
    };
    const stop = new AbortController();
    const running: Running = { run, stop, over: this.measure(run, target, stop).then(() => this.finish(run)) };
    return (this.running = running);
  }

  /** Fills the run in as it goes. Never rejects. */
  private async measure(run: BenchmarkRun, target: BenchmarkTarget, stop: AbortController): Promise<void> {
    try {
      const people = this.news.people();
      if (people === null) throw new GiveWay('skipped', false, 'No chat-service is running.');
      if (people > 0) throw new GiveWay('skipped', true, 'People were using the engines.');
      this.logger.log({ msg: 'a benchmark began', benchmark: run.id, profile: run.profile, reason: run.reason });
      const runner = new BenchmarkRunner(this.requests, target.model, stop.signal);
      const shapes = plannedLoads(target.maxModelLen);
      await runner.warmUp(shapes);
      run.answers = await runner.answers();
      for (const shape of shapes) run.loads.push(await runner.load(shape));
      run.state = 'completed';
    } catch (error) {
      run.state = error instanceof GiveWay ? error.state : 'failed';
      run.why = error instanceof Error ? error.message : String(error);
      if (error instanceof GiveWay && error.forPeople && run.reason !== 'command') this.triggers.gaveWay();
      // Of several requests that run at once, the others end with the one that failed.
      stop.abort(error);
    }
  }

  private finish(run: BenchmarkRun): BenchmarkRun {
    run.endedAt = Date.now();
    const previous = run.state === 'completed' ? lastCompleted(this.runs.values(), run.profile) : null;
    if (previous !== null) run.comparison = compare(run.loads, previous, this.options.regressionPercent);
    this.running = null;
    this.runs.save(run);
    this.forgetOld(run.profile);
    this.tell(run);
    return run;
  }

  private forgetOld(profile: string): void {
    const old = this.list({ profile }).items.slice(KEPT_RUNS);
    // The one that the next is compared with stays, however many had to make room since.
    const last = lastCompleted(this.runs.values(), profile);
    for (const run of old) if (run.id !== last?.id) this.runs.remove(run);
  }

  private tell(run: BenchmarkRun): void {
    const { id, profile, state, why } = run;
    const regressions = run.comparison?.regressions ?? 0;
    this.logger.log({ msg: 'a benchmark is over', benchmark: id, profile, state, why, regressions });
    if (state !== 'completed') return;
    for (const load of run.loads) {
      const labels = { profile, users: String(load.users), prompt_tokens: String(load.promptTokens) };
      this.metrics.tokensPerSecond.set(labels, load.tokensPerSecond);
      this.metrics.ttft.set(labels, load.ttftMs.p50 / 1_000);
    }
    this.metrics.regressions.set({ profile }, regressions);
    this.alerts.clear('benchmark_regression', null);
    if (regressions > 0)
      this.alerts.raise({
        kind: 'benchmark_regression',
        engine: null,
        message: `${profile} became slower: ${regressions} figures of its benchmark are worse than last time by more than ${this.options.regressionPercent} %. Compare the two on the page of models; see whether a card throttles.`,
        count: regressions,
      });
  }
}
