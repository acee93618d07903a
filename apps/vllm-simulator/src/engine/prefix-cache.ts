/** vLLM's block size on a GPU. */
export const BLOCK_TOKENS = 16;

/**
 * Which prompt blocks were seen before. Like vLLM's: whole blocks only, each hashed with everything before it, and
 * the last token is always computed, so a prompt seen before is never a hit as a whole.
 */
export class PrefixCache {
  private readonly blocks = new Set<number>();

  constructor(private readonly capacityBlocks: number) {}

  /** How many of the prompt's tokens were cached; remembers all of its whole blocks. */
  lookup(tokens: readonly number[]): number {
    const wholeBlocks = Math.floor(tokens.length / BLOCK_TOKENS);
    const usableBlocks = Math.floor((tokens.length - 1) / BLOCK_TOKENS);
    let hits = 0;
    let unbroken = true;
    let hash = 0x811c9dc5;
    for (let block = 0; block < wholeBlocks; block++) {
      for (let i = block * BLOCK_TOKENS; i < (block + 1) * BLOCK_TOKENS; i++) {
        hash = Math.imul(hash ^ (tokens[i] ?? 0), 0x01000193) ^ (hash >>> 15);
      }
      if (unbroken && this.blocks.delete(hash)) {
        if (block < usableBlocks) hits++;
      } else {
        unbroken = false;
      }
      // Deleted and added again: the order of the set is the order of last use.
      this.blocks.add(hash);
    }
    this.evict();
    return hits * BLOCK_TOKENS;
  }

  private evict(): void {
    for (const oldest of this.blocks) {
      if (this.blocks.size <= this.capacityBlocks) return;
      this.blocks.delete(oldest);
    }
  }
}
