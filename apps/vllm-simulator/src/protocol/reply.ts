import { randomBytes } from 'node:crypto';

/** What every answer to one request repeats. */
export interface ReplyHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly fingerprint: string | null;
  readonly promptTokens: number;
  readonly cachedTokensShown: boolean;
}

export const newId = (): string => randomBytes(8).toString('hex');

export interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
}

export const usageOf = (promptTokens: number, completionTokens: number): Usage => ({
  prompt_tokens: promptTokens,
  total_tokens: promptTokens + completionTokens,
  completion_tokens: completionTokens,
});

/** The usage of a whole answer has its details, null unless they are asked for. */
export const fullUsage = (head: ReplyHead, completionTokens: number, cachedTokens: number): unknown => ({
  ...usageOf(head.promptTokens, completionTokens),
  prompt_tokens_details: head.cachedTokensShown ? { cached_tokens: cachedTokens } : null,
  completion_tokens_details: null,
});

/** The usage of a stream's last event leaves out what is null. */
export const streamUsage = (head: ReplyHead, completionTokens: number, cachedTokens: number): unknown => ({
  ...usageOf(head.promptTokens, completionTokens),
  ...(head.cachedTokensShown ? { prompt_tokens_details: { cached_tokens: cachedTokens } } : {}),
});

export const fingerprintTail = (head: ReplyHead): string =>
  head.fingerprint === null ? '' : `,"system_fingerprint":${JSON.stringify(head.fingerprint)}`;
