import { Injectable, type OnModuleInit } from '@nestjs/common';
import { WitnessSubjects, type AnswerEnd, type WitnessedEnd, type WitnessQuery } from '#contracts/witnessed-ends';
import { Bus } from '#common/bus';

/** Of each chat-service: what it does while one message to the ledger is on its way, and many times that. */
const ENDS_KEPT = 256;
/** Chat-services, those that are gone among them. */
const OWNERS_KEPT = 64;

interface Ends {
  readonly ring: { requestId: string; end: string }[];
  next: number;
}

/** The last answers that came here whole, by the chat-service that wrote them. */
@Injectable()
export class WitnessedEnds implements OnModuleInit {
  private readonly byOwner = new Map<string, Ends>();

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.subscribe(WitnessSubjects.ends, (message) => {
      message.respond(JSON.stringify(this.of(message.json<WitnessQuery>().owner)));
    });
  }

  /** @param end of the frame, as JSON; a view, valid during the call only. */
  add(owner: string, requestId: string, end: Buffer): void {
    if (end.length === 0) return;
    const ends = this.byOwner.get(owner) ?? this.begin(owner);
    ends.ring[ends.next] = { requestId, end: end.toString('latin1') };
    ends.next = (ends.next + 1) % ENDS_KEPT;
  }

  of(owner: string): WitnessedEnd[] {
    const ring = this.byOwner.get(owner)?.ring ?? [];
    return ring.map(({ requestId, end }) => ({ requestId, ...(JSON.parse(end) as AnswerEnd) }));
  }

  private begin(owner: string): Ends {
    const [oldest] = this.byOwner.keys();
    if (oldest !== undefined && this.byOwner.size >= OWNERS_KEPT) this.byOwner.delete(oldest);
    const ends: Ends = { ring: [], next: 0 };
    this.byOwner.set(owner, ends);
    return ends;
  }
}
