import { z } from 'zod';
import type { CodeUsage } from '#contracts/code';

/** What one event of an engine says, for those who read its text. */
export interface EngineChunk {
  text: string;
  finishReason: string | null;
  usage: CodeUsage | null;
}

const usageSchema = z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) });

/** The shape of vLLM's and OpenAI's chunks and whole answers, chat or completion; only what is read. */
interface WireAnswer {
  choices?: {
    text?: string | null;
    delta?: { content?: string | null };
    message?: { content?: string | null };
    finish_reason?: string | null;
  }[];
  usage?: unknown;
}

/** Reads whole SSE events; comments and `[DONE]` say nothing here. */
export function readChunks(events: string): EngineChunk[] {
  return events
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:') && !line.startsWith('data: [DONE]') && !line.startsWith('data:[DONE]'))
    .map((line) => readAnswer(line.slice('data:'.length)));
}

/** Reads one chunk, or a whole answer. @throws SyntaxError when it is no JSON. */
export function readAnswer(json: string): EngineChunk {
  const { choices, usage } = JSON.parse(json) as WireAnswer;
  const choice = choices?.[0];
  const counted = usageSchema.safeParse(usage);
  return {
    text: choice?.delta?.content ?? choice?.text ?? choice?.message?.content ?? '',
    finishReason: choice?.finish_reason ?? null,
    usage: counted.success
      ? { inputTokens: counted.data.prompt_tokens, outputTokens: counted.data.completion_tokens }
      : null,
  };
}
