import { Bus } from '#common/bus';
import { counter, gauge } from '#common/metrics';
import { ModelSubjects, type EngineCounters } from '#contracts/models';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { lagOf } from '../ledger/ledger-consumer';
import { ReconciliationRepository } from './reconciliation.repository';
import { isAbove, SettledCounters, type Drift } from './settled-counters';
import { UncomparedEngines } from './uncompared-engines';

export interface DriftThreshold {
  /** Of what the engine counted. */
  percent: number;
  /** Smaller drifts are never worth a warning: an engine works on for a step or two when its client has left. */
  tokens: number;
}

/**
 * Compares the ledger's sums with vLLM's own counters, per life of an engine. What the engine did and no row says is a use
 * that nobody pays for: somebody reaches the engine without Tandem, or Tandem counts wrong.
 */
@Injectable()
export class ReconciliationService implements OnModuleInit {
  private readonly settled = new SettledCounters();
  /** Engines that are being compared: a Postgres that hangs must not gather looks. */
  private readonly looking = new Set<string>();
  /** What was found last of each engine: an idle one is looked at every few seconds and says nothing new. */
  private readonly found = new Map<string, { counts: string; drift: string }>();
  private readonly uncompared = new UncomparedEngines();
  private readonly uncomparedSeconds = gauge(
    'tandem_usage_uncompared_seconds',
    'How long an engine has not been compared with the ledger, since it was never idle',
    ['engine'],
  );
  private readonly drift = gauge('tandem_usage_drift_tokens', 'Tokens by the engine minus tokens by the ledger', [
    'engine',
    'direction',
  ]);
  private readonly comparisons = counter('tandem_usage_reconciliations_total', 'Comparisons with an idle engine', [
    'engine',
  ]);

  constructor(
    private readonly bus: Bus,
    private readonly repository: ReconciliationRepository,
    private readonly threshold: DriftThreshold,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe(ModelSubjects.counters, (message) => {
      const counters = message.json<EngineCounters>();
      this.look(counters).catch((error: unknown) =>
        // Postgres is away, which others report: the next look comes within seconds.
        this.logger.debug({ msg: 'could not compare with the engine', err: error, engine: counters.engineId }),
      );
    });
  }

  private async look(counters: EngineCounters): Promise<void> {
    if (this.looking.has(counters.engineId)) return;
    this.looking.add(counters.engineId);
    try {
      // First the lag, then the sums: what was published before is in them.
      const behind = await lagOf(this.bus);
      const sums = await this.repository.sums(counters.engineLife);
      const drift = this.settled.look(counters, behind > 0 ? { ...sums, requestsOpen: 1 } : sums);
      if (drift === null) this.noteUncompared(counters.engineId);
      else await this.note(counters, drift);
    } finally {
      this.looking.delete(counters.engineId);
    }
  }

  private noteUncompared(engine: string): void {
    const { ms, isNews } = this.uncompared.looked(engine, performance.now());
    this.uncomparedSeconds.set({ engine }, Math.round(ms / 1_000));
    if (!isNews) return;
    const minutes = Math.round(ms / 60_000);
    this.logger.warn({
      msg: 'an engine was never idle for two looks in a row, so its tokens were not compared with the ledger; nothing is lost',
      engine,
      minutes,
    });
  }

  private async note(counters: EngineCounters, drift: Drift): Promise<void> {
    const { engineId: engine, engineLife } = counters;
    this.comparisons.inc({ engine });
    this.uncompared.compared(engine, performance.now());
    this.uncomparedSeconds.set({ engine }, 0);
    this.drift.set({ engine, direction: 'input' }, drift.promptTokens);
    this.drift.set({ engine, direction: 'output' }, drift.generationTokens);
    const before = this.found.get(engine);
    const now = {
      counts: `${engineLife} ${counters.promptTokens} ${counters.generationTokens}`,
      drift: `${engineLife} ${drift.promptTokens} ${drift.generationTokens}`,
    };
    if (before?.counts === now.counts && before.drift === now.drift) return;
    await this.repository.noteDrift(counters, drift);
    this.found.set(engine, now);
    if (before?.drift === now.drift || !isAbove(drift, counters, this.threshold)) return;
    this.logger.warn({
      msg: 'the engine counted other tokens than the ledger: something uses it without Tandem, or rows are wrong',
      engine,
      engine_life: engineLife,
      engine_input_tokens: counters.promptTokens,
      engine_output_tokens: counters.generationTokens,
      drift_input_tokens: drift.promptTokens,
      drift_output_tokens: drift.generationTokens,
    });
  }
}
