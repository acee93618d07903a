import { eventually } from '#testing/eventually';
import { type Ended, startChat } from '../faults/load';

/** A request, and how it ended for its client. */
export interface Asked {
  /** Id of the API key. A client has one of its own and asks for one thing after the other. */
  readonly keyId: string;
  readonly gateway: string;
  readonly prompt: string;
  /** So many, unless it is cut: the end of the answer is ignored. */
  readonly tokens: number;
  readonly stream: boolean;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly endedAt: number;
  /** The client went away before the end. */
  readonly left: boolean;
  readonly ended: Ended;
}

/** Who asks. */
export interface Credential {
  readonly id: string;
  readonly key: string;
}

/** What a client does, again and again. Tokens and milliseconds are between these bounds. */
interface Habit {
  readonly stream: boolean;
  readonly tokens: readonly [number, number];
  readonly leavesAfterMs?: readonly [number, number];
}

/** Of ten clients: six read streams, of which one a long one; two do not stream; two go away in the middle. */
const HABITS: readonly Habit[] = [
  { stream: true, tokens: [20, 120] },
  { stream: true, tokens: [20, 120] },
  { stream: true, tokens: [60, 200] },
  { stream: true, tokens: [300, 500] },
  { stream: false, tokens: [20, 80] },
  { stream: false, tokens: [100, 250] },
  { stream: true, tokens: [1_000, 1_000], leavesAfterMs: [100, 3_000] },
  { stream: false, tokens: [1_000, 1_000], leavesAfterMs: [100, 3_000] },
  { stream: true, tokens: [1, 30] },
  { stream: true, tokens: [100, 200] },
];

/** A client that was refused comes again after this. */
const AFTER_REFUSAL_MS = 200;

/** Clients that ask without a pause, so that there are always as many requests as clients. */
export class Clients {
  readonly asked: Asked[] = [];
  private readonly loops: Promise<void>[] = [];
  private stopping = false;

  constructor(
    private readonly gateways: readonly string[],
    private readonly credentials: readonly Credential[],
  ) {}

  start(): void {
    this.credentials.forEach((credential, index) => {
      this.loops.push(this.loop(credential, index));
    });
  }

  /** Lets what runs come to its end. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
  }

  /** Whether somebody who asks from now on is answered in full within this time. */
  async areServed(timeoutMs: number): Promise<boolean> {
    const since = Date.now();
    const isServed = (): boolean => this.asked.some(({ sentAt, ended }) => sentAt >= since && ended.complete);
    return eventually(isServed, { timeoutMs }).catch(() => false);
  }

  private async loop(credential: Credential, index: number): Promise<void> {
    const habit = HABITS[index % HABITS.length]!;
    // Not the index itself: every habit meets every gateway.
    const gateway = this.gateways[Math.floor(index / 2) % this.gateways.length]!;
    while (!this.stopping) {
      const { ended } = await this.ask(credential, gateway, habit);
      if (ended.status !== 200) await pause(AFTER_REFUSAL_MS);
    }
  }

  private async ask({ id, key }: Credential, gateway: string, habit: Habit): Promise<Asked> {
    const tokens = between(habit.tokens);
    const { stream } = habit;
    const sentAt = Date.now();
    const chat = startChat(gateway, key, { tokens, stream });
    chat.begun.catch(() => undefined);
    let left = false;
    const leaving =
      habit.leavesAfterMs &&
      setTimeout(() => {
        left = true;
        chat.leave();
      }, between(habit.leavesAfterMs));
    const ended = await chat.ended;
    clearTimeout(leaving);
    const { prompt } = chat;
    const asked = { keyId: id, gateway, prompt, tokens, stream, sentAt, endedAt: Date.now(), left, ended };
    this.asked.push(asked);
    return asked;
  }
}

function between([least, most]: readonly [number, number]): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
