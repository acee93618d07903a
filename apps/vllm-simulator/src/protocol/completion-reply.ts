import type { EventWriter } from '../http/event-writer';
import type { Sequence } from '../engine/sequence';
import type { CompletionPrompt, CompletionRequest } from './completion-request';
import { completionLogprobs, tokenLogprob, type CompletionLogprobs, type TokenLogprob } from './logprobs';
import { fingerprintTail, fullUsage, streamUsage, usageOf, type ReplyHead } from './reply';

/** One choice: the `index`-th of all prompts' choices. */
class CompletionChoice {
  text = '';
  readonly tokens: number[] = [];
  readonly logprobs: TokenLogprob[] = [];
  private echoed = false;
  private offset = 0;

  constructor(
    private readonly request: CompletionRequest,
    readonly prompt: CompletionPrompt,
  ) {}

  /** The text that this token adds, the prompt before the first one if it is to be echoed. */
  take(token: number, text: string): { text: string; logprobs: CompletionLogprobs | null } {
    const { topLogprobs, echo, promptOnly } = this.request;
    const first = echo && !this.echoed;
    this.echoed = true;
    const added = (first ? this.prompt.text : '') + (promptOnly ? '' : text);
    this.text += added;
    this.tokens.push(token);
    if (topLogprobs === null) return { text: added, logprobs: null };
    const ids = [...(first ? this.prompt.ids : []), ...(promptOnly ? [] : [token])];
    const reported = ids.map((id, at) => tokenLogprob(id, this.logprobs.length + at + 1, topLogprobs));
    this.logprobs.push(...reported);
    const logprobs = completionLogprobs(reported, this.offset);
    this.offset += reported.reduce((sum, item) => sum + item.text.length, 0);
    return { text: added, logprobs: first ? withoutFirst(logprobs) : logprobs };
  }

  allLogprobs(): CompletionLogprobs | null {
    if (this.request.topLogprobs === null) return null;
    const all = completionLogprobs(this.logprobs, 0);
    return this.request.echo ? withoutFirst(all) : all;
  }
}

/** Nothing comes before the first token of a prompt, so it has no probability. */
function withoutFirst(logprobs: CompletionLogprobs): CompletionLogprobs {
  return {
    ...logprobs,
    token_logprobs: [null, ...logprobs.token_logprobs.slice(1)],
    top_logprobs: [null, ...logprobs.top_logprobs.slice(1)],
  };
}

function choicesOf(request: CompletionRequest): CompletionChoice[] {
  return request.prompts.flatMap((prompt) =>
    Array.from({ length: request.sampling.n }, () => new CompletionChoice(request, prompt)),
  );
}

/** The events of a streamed completion. */
export class CompletionStream {
  private readonly prefix: string;
  private readonly choices: readonly CompletionChoice[];
  private unfinished: number;
  private cachedTokens = 0;
  private readonly promptIdsSent = new Set<number>();

  constructor(
    private readonly request: CompletionRequest,
    private readonly head: ReplyHead,
    private readonly writer: EventWriter,
    private readonly onEnd: () => void,
  ) {
    const { id, created, model } = head;
    this.prefix = `{"id":${JSON.stringify(id)},"object":"text_completion","created":${created},"model":${JSON.stringify(model)},"choices":[`;
    this.choices = choicesOf(request);
    this.unfinished = this.choices.length;
  }

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    const choice = this.choices[sequence.index];
    if (choice === undefined) return;
    this.cachedTokens = sequence.cachedTokens;
    const { sampling, promptOnly } = this.request;
    const { text: added, logprobs } = choice.take(token, text);
    const ended = sequence.finishReason !== null;
    const reason = ended ? `"${sequence.finishReason ?? ''}"` : 'null';
    const firstIds = sampling.returnTokenIds && !this.promptIdsSent.has(sequence.index);
    this.promptIdsSent.add(sequence.index);
    const usage = sampling.continuousUsage
      ? `,"usage":${JSON.stringify(usageOf(choice.prompt.ids.length, sequence.generated))}`
      : '';
    const tail = ended && !sampling.includeUsage ? fingerprintTail(this.head) : '';
    this.writer.data(
      `${this.prefix}{"index":${sequence.index},"text":${JSON.stringify(added)},"logprobs":${JSON.stringify(logprobs)},` +
        `"finish_reason":${reason},"stop_reason":${JSON.stringify(sequence.stopReason)},` +
        `"prompt_token_ids":${firstIds ? JSON.stringify(choice.prompt.ids) : 'null'},` +
        `"token_ids":${sampling.returnTokenIds && !promptOnly ? `[${token}]` : 'null'}}]${usage}${tail}}`,
    );
    if (!ended) return;
    this.unfinished--;
    if (this.unfinished === 0) this.finish();
  };

  private finish(): void {
    if (this.request.sampling.includeUsage) {
      const completionTokens = this.choices.reduce((sum, { tokens }) => sum + tokens.length, 0);
      const usage = JSON.stringify(streamUsage(this.head, completionTokens, this.cachedTokens));
      this.writer.data(`${this.prefix}],"usage":${usage}${fingerprintTail(this.head)}}`);
    }
    this.writer.done();
    this.onEnd();
  }
}

/** A completion in one piece. */
export class CompletionAnswer {
  private readonly choices: readonly CompletionChoice[];
  private readonly sequences: (Sequence | undefined)[] = [];
  private unfinished: number;

  constructor(
    private readonly request: CompletionRequest,
    private readonly head: ReplyHead,
    private readonly onEnd: (body: unknown) => void,
  ) {
    this.choices = choicesOf(request);
    this.unfinished = this.choices.length;
  }

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    this.choices[sequence.index]?.take(token, text);
    this.sequences[sequence.index] = sequence;
    if (sequence.finishReason === null) return;
    this.unfinished--;
    if (this.unfinished === 0) this.onEnd(this.body());
  };

  private body(): unknown {
    const { id, created, model, fingerprint } = this.head;
    const completionTokens = this.choices.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const { returnTokenIds } = this.request.sampling;
    return {
      id,
      object: 'text_completion',
      created,
      model,
      choices: this.choices.map((choice, index) => ({
        index,
        text: choice.text,
        logprobs: choice.allLogprobs(),
        finish_reason: this.sequences[index]?.finishReason ?? null,
        stop_reason: this.sequences[index]?.stopReason ?? null,
        token_ids: returnTokenIds ? choice.tokens : null,
        prompt_logprobs: null,
        prompt_token_ids: returnTokenIds ? choice.prompt.ids : null,
        routed_experts: null,
      })),
      service_tier: null,
      system_fingerprint: fingerprint,
      usage: fullUsage(this.head, completionTokens, this.sequences[0]?.cachedTokens ?? 0),
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    };
  }
}
