/** Where answers are kept, and who of several chat-services generates one. */
export interface AnswerStore {
  /** @throws StoreAway (in the promise, where there is one) */
  get(key: string): Promise<Buffer | null> | Buffer | null;
  set(key: string, answer: Buffer): void;
  /**
   * Takes the right to generate an answer, until `release`; it ends by itself when this process does.
   * @returns false: another chat-service has it.
   * @throws StoreAway
   */
  lead(key: string): Promise<boolean> | boolean;
  /** Whether somebody has that right. @throws StoreAway */
  isLed(key: string): Promise<boolean> | boolean;
  release(key: string): void;
  clear(): void;
  close(): void;
}

/** Nobody knows what is kept: requests go on without the cache. */
export class StoreAway extends Error {}
