import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { SYSTEM_ACTOR } from '#contracts/access';
import { GuardrailSubjects, type GuardFound } from '#contracts/guardrails';
import { Bus } from '#common/bus';
import { AuditLog } from '../audit/audit-log';

/** Of all gateways, one hears of each. */
const QUEUE = 'api-gateway-audit';
/** Who tries again and again writes one entry a minute for each rule, with how often. */
const GATHER_MS = 60_000;
const MOST_GATHERED = 5_000;

/** Writes into the audit what guardrails found: who, which rule, how often; never the text. */
@Injectable()
export class FoundAudit implements OnModuleInit, OnApplicationShutdown {
  private readonly gathered = new Map<string, { last: GuardFound; times: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly audit: AuditLog,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe(GuardrailSubjects.found, (message) => this.hear(message.json<GuardFound>()), QUEUE);
    this.timer = setInterval(() => this.writeGathered(), GATHER_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.writeGathered();
  }

  private hear(found: GuardFound): void {
    if (found.userId === SYSTEM_ACTOR.userId) return;
    const key = JSON.stringify([found.userId, found.keyId, found.rule, found.direction]);
    const known = this.gathered.get(key);
    if (known !== undefined) {
      known.last = found;
      known.times += 1;
      return;
    }
    if (this.gathered.size < MOST_GATHERED) this.gathered.set(key, { last: found, times: 0 });
    this.write(found, 1);
  }

  private writeGathered(): void {
    for (const { last, times } of this.gathered.values()) if (times > 0) this.write(last, times);
    this.gathered.clear();
  }

  private write({ userId, userEmail, keyId, ...found }: GuardFound, times: number): void {
    const actor = { userId, email: userEmail, role: 'user', keyId } as const;
    const { kind, action, direction, rule, requestId } = found;
    this.audit
      .note(
        actor,
        'guardrails.found',
        { kind: 'request', id: requestId, name: rule },
        { kind, action, direction, times },
      )
      .catch((error: unknown) =>
        this.logger.warn({
          msg: 'what guardrails found could not be written into the audit, and is missing there; the request went on as its policy says',
          err: error,
        }),
      );
  }
}
