import { hash } from 'node:crypto';
import type { GenerateRequest } from '#contracts/generate';

/** What a shared beginning must at least have: about 500 tokens, whose prefill takes an engine some tenths of a second. */
const PREFIX_BYTES = 2_048;
/** Who comes back after so many others finds its prefix thrown out of the engine's cache anyway. */
const MAX_REMEMBERED = 4_096;

/**
 * What tells requests apart whose prompts begin alike: a conversation of ours by its id; requests of the API by their first
 * two KiB, which are the same in each turn of a conversation, and in all requests of a program with a long system prompt.
 * Null where nothing is gained: the prompt is short, or has only begun.
 */
export function prefixKey(head: GenerateRequest, body: Uint8Array): string | null {
  if (head.chat?.kind === 'stored') return head.chat.conversationId;
  if (body.length < PREFIX_BYTES) return null;
  return hash('sha1', body.subarray(0, PREFIX_BYTES), 'base64');
}

/** Which engine read a prefix last, and has it in its cache. Only asked where a model has several engines. */
export class EngineAffinity {
  /** In the order of their last use. */
  private readonly engines = new Map<string, string>();

  engineOf(key: string | null): string | null {
    return key === null ? null : (this.engines.get(key) ?? null);
  }

  remember(key: string | null, engineId: string): void {
    if (key === null) return;
    this.engines.delete(key);
    this.engines.set(key, engineId);
    if (this.engines.size <= MAX_REMEMBERED) return;
    const [oldest] = this.engines.keys();
    if (oldest !== undefined) this.engines.delete(oldest);
  }
}
