import type { ToolCallText } from './tools';

/** What one token adds to a tool call as a parser sees it: its name, a piece of its arguments, or nothing to show. */
export type ToolCallStep =
  { readonly kind: 'nothing' } | { readonly kind: 'named' } | { readonly kind: 'arguments'; readonly piece: string };

/** How far a choice has come in writing a tool call. */
export class ToolCallProgress {
  named = false;
  private text = '';
  private sentArguments = 0;

  constructor(private readonly call: ToolCallText) {}

  /** True once all of the arguments were sent. */
  get complete(): boolean {
    return this.sentArguments === this.call.argumentsJson.length;
  }

  push(text: string): ToolCallStep {
    const { before, argumentsJson } = this.call;
    this.text += text;
    if (this.text.length < before.length) return { kind: 'nothing' };
    if (!this.named) {
      this.named = true;
      return { kind: 'named' };
    }
    const end = Math.min(this.text.length - before.length, argumentsJson.length);
    const piece = argumentsJson.slice(this.sentArguments, end);
    this.sentArguments = Math.max(this.sentArguments, end);
    return piece === '' ? { kind: 'nothing' } : { kind: 'arguments', piece };
  }
}
