import { jetstreamManager } from '@nats-io/jetstream';
import { NoRespondersError, PermissionViolationError } from '@nats-io/transport-node';
import { Bus } from '#common/bus';
import { USAGE_CONSUMER, USAGE_STREAM } from '#contracts/usage';
import { WitnessSubjects, type WitnessedEnd, type WitnessQuery } from '#contracts/witnessed-ends';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { ledgerMetrics, type LedgerMetrics } from './ledger-metrics';
import { LedgerRepository } from './ledger.repository';
import { OwnerWatch } from './owner-watch';
import { readWitnessedEnds } from './usage-batch.schema';

const LOOK_EVERY_MS = 2_000;
/** So long gateways may take to say what they have seen; how many there are, nobody knows here. */
const WITNESS_LIMIT_MS = 1_000;

/**
 * Closes the requests of a chat-service that is gone, once everything that it has published is in the ledger: a request
 * without an end is the mark of a killed process, and would be missing in every sum. The answers whose end had left it
 * are known to the gateways.
 */
@Injectable()
export class OrphanCloser implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly metrics: LedgerMetrics = ledgerMetrics();
  /** Owners found gone -> the last message of the stream at that time. */
  private readonly gone = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: Bus,
    private readonly owners: OwnerWatch,
    private readonly repository: LedgerRepository,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.looking;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.looking = this.look()
        // Postgres or NATS is away, which others report; what is open stays open.
        .catch((error: unknown) => this.logger.debug({ msg: 'could not look for orphans', err: error }))
        .finally(() => {
          if (this.timer !== undefined) this.schedule();
        });
    }, LOOK_EVERY_MS);
  }

  private async look(): Promise<void> {
    const at = performance.now();
    const gone = (await this.repository.openOwners()).filter((owner) => this.owners.isGone(owner, at));
    for (const owner of this.gone.keys()) if (!gone.includes(owner)) this.gone.delete(owner);
    if (gone.length === 0) return;
    const manager = await jetstreamManager(this.bus.connection);
    const { state } = await manager.streams.info(USAGE_STREAM);
    const { ack_floor } = await manager.consumers.info(USAGE_STREAM, USAGE_CONSUMER);
    for (const owner of gone) {
      const lastMessage = this.gone.get(owner);
      if (lastMessage === undefined) this.gone.set(owner, state.last_seq);
      else if (ack_floor.stream_seq >= lastMessage) await this.close(owner);
    }
  }

  private async close(owner: string): Promise<void> {
    const { interrupted, completed } = await this.repository.closeOrphans(owner, await this.witnessed(owner));
    this.gone.delete(owner);
    this.owners.forget(owner);
    if (interrupted + completed === 0) return;
    this.metrics.orphans.inc(interrupted + completed);
    this.logger.warn({
      msg: 'closed the requests of a chat-service that is gone: as completed those that a gateway has seen the end of, the others as interrupted',
      owner,
      interrupted,
      completed,
    });
  }

  private async witnessed(owner: string): Promise<WitnessedEnd[]> {
    const query: WitnessQuery = { owner };
    const answers = await this.bus.connection.requestMany(WitnessSubjects.ends, JSON.stringify(query), {
      strategy: 'timer',
      maxWait: WITNESS_LIMIT_MS,
    });
    const seen = new Map<string, WitnessedEnd>();
    try {
      for await (const answer of answers)
        for (const end of readWitnessedEnds(answer.json())) seen.set(end.requestId, end);
    } catch (error) {
      // There is no gateway, or the permissions of NATS are of before there was this subject: nobody has seen anything.
      if (!(error instanceof NoRespondersError || error instanceof PermissionViolationError)) throw error;
    }
    return [...seen.values()];
  }
}
