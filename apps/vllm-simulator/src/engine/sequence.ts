import { Detokenizer, EOS } from '#testing/simulated-tokens';
import type { FinishReason } from './counters';

/** Where the tokens of an answer come from. Position 0 is the first; EOS ends it. */
export interface TokenSource {
  tokenAt(position: number, endless?: boolean): number;
}

export interface SequenceParams {
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly stop: readonly string[];
  readonly includeStop: boolean;
}

/** Takes what one sequence says, as it says it. `text` is '' while a character or a stop string may be incomplete. */
export type TokenSink = (sequence: Sequence, token: number, text: string) => void;

/** One answer in the making: one choice of one request. Times are milliseconds of the monotonic clock. */
export class Sequence {
  generated = 0;
  finishReason: FinishReason | null = null;
  /** The stop string that ended it, or null. */
  stopReason: string | null = null;
  cachedTokens = 0;
  scheduledMs = 0;
  firstTokenMs = 0;
  lastTokenMs = 0;
  /** The client has gone: the engine must forget the sequence without a word. */
  abandoned = false;

  private readonly detokenizer = new Detokenizer();
  private text = '';
  private sent = 0;
  private readonly heldBack: number;

  constructor(
    readonly index: number,
    readonly promptIds: readonly number[],
    readonly params: SequenceParams,
    private readonly source: TokenSource,
    private readonly sink: TokenSink,
    readonly arrivedMs: number,
  ) {
    // As vLLM: so much text is withheld that no stop string can have begun in what was sent.
    const longest = Math.max(0, ...params.stop.map((stop) => stop.length));
    this.heldBack = params.includeStop || longest === 0 ? 0 : longest - 1;
  }

  /** Makes one token. */
  advance(): void {
    const { params } = this;
    const endless = params.ignoreEos || this.generated < params.minTokens;
    const token = this.source.tokenAt(this.generated, endless);
    this.generated++;
    if (token === EOS && !endless) {
      this.finish('stop', token);
      return;
    }
    const piece = this.detokenizer.push(token);
    if (params.stop.length === 0) {
      if (this.generated >= params.maxTokens) this.finishReason = 'length';
      this.sink(this, token, piece);
      return;
    }
    const searchedFrom = this.text.length;
    this.text += piece;
    if (this.generated > params.minTokens && this.stopped(searchedFrom)) this.finish('stop', token);
    else if (this.generated >= params.maxTokens) this.finish('length', token);
    else this.sink(this, token, this.release(this.text.length - this.heldBack));
  }

  /** Ends it from outside: what was withheld is sent. */
  abort(): void {
    this.generated++;
    this.finish('abort', this.source.tokenAt(this.generated - 1, true));
  }

  private finish(reason: FinishReason, token: number): void {
    this.finishReason = reason;
    this.sink(this, token, this.release(this.text.length));
  }

  private release(end: number): string {
    if (end <= this.sent) return '';
    const text = this.text.slice(this.sent, end);
    this.sent = end;
    return text;
  }

  /** Looks for a stop string that ends in the newest text, and cuts the text there. */
  private stopped(newTextAt: number): boolean {
    let cut = -1;
    for (const stop of this.params.stop) {
      const at = this.text.indexOf(stop, Math.max(0, newTextAt - stop.length + 1));
      if (at >= 0 && (cut < 0 || at < cut)) {
        cut = at;
        this.stopReason = stop;
      }
    }
    if (cut < 0) return false;
    const kept = this.params.includeStop ? cut + (this.stopReason?.length ?? 0) : cut;
    this.text = this.text.slice(0, kept);
    return true;
  }
}
