import type { Sequence } from '../engine/sequence';
import type { ChatRequest } from './chat-request';
import { chatLogprob, tokenLogprob } from './logprobs';
import { fullUsage, newId, type ReplyHead } from './reply';

interface Choice {
  text: string;
  readonly tokens: number[];
  sequence: Sequence | null;
}

/** A chat answer in one piece. */
export class ChatAnswer {
  private readonly choices: readonly Choice[];
  private unfinished: number;

  constructor(
    private readonly request: ChatRequest,
    private readonly head: ReplyHead,
    private readonly onEnd: (body: unknown) => void,
  ) {
    this.unfinished = request.sampling.n;
    this.choices = Array.from({ length: request.sampling.n }, () => ({ text: '', tokens: [], sequence: null }));
  }

  readonly onToken = (sequence: Sequence, token: number, text: string): void => {
    const choice = this.choices[sequence.index];
    if (choice === undefined) return;
    choice.text += text;
    choice.tokens.push(token);
    choice.sequence = sequence;
    if (sequence.finishReason === null) return;
    this.unfinished--;
    if (this.unfinished === 0) this.onEnd(this.body());
  };

  private body(): unknown {
    const { id, created, model, fingerprint } = this.head;
    const completionTokens = this.choices.reduce((sum, { tokens }) => sum + tokens.length, 0);
    return {
      id,
      object: 'chat.completion',
      created,
      model,
      choices: this.choices.map((choice, index) => this.choice(choice, index)),
      service_tier: null,
      system_fingerprint: fingerprint,
      usage: fullUsage(this.head, completionTokens, this.choices[0]?.sequence?.cachedTokens ?? 0),
      prompt_logprobs: null,
      prompt_token_ids: this.request.sampling.returnTokenIds ? this.request.promptIds : null,
      prompt_text: null,
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    };
  }

  private choice({ text, tokens, sequence }: Choice, index: number): unknown {
    const { toolCall, topLogprobs, sampling, echo } = this.request;
    const complete = sequence?.finishReason === 'stop';
    const calls =
      toolCall !== null && complete
        ? [
            {
              id: `chatcmpl-tool-${newId()}`,
              type: 'function',
              function: { name: toolCall.name, arguments: toolCall.argumentsJson },
            },
          ]
        : null;
    const called = toolCall?.named === true ? '' : null;
    return {
      index,
      message: {
        role: 'assistant',
        content: calls === null ? (echo ?? '') + text : called,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        ...(calls === null ? {} : { tool_calls: calls }),
        reasoning: null,
      },
      logprobs:
        topLogprobs === null
          ? null
          : { content: tokens.map((token, at) => chatLogprob(tokenLogprob(token, at + 1, topLogprobs))) },
      finish_reason: calls !== null && toolCall?.named === false ? 'tool_calls' : (sequence?.finishReason ?? null),
      stop_reason: sequence?.stopReason ?? null,
      token_ids: sampling.returnTokenIds ? tokens : null,
      routed_experts: null,
    };
  }
}
