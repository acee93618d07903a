import type { Bus } from '#common/bus';
import type { Logger } from 'nestjs-pino';
import { KeptDocuments } from './kept-documents';

export interface RecordKind<T> {
  bucket: string;
  /** Its parts may hold any character. */
  keyOf(record: T): readonly string[];
  /** Null for what is no such record: one of another version. */
  parse(document: unknown): T | null;
}

/** Small records that are kept, all of them in memory too: a few hundred that are needed at once. */
export class RecordBucket<T> {
  private readonly records = new Map<string, T>();
  private readonly documents: KeptDocuments;
  /** Changed by us while they were read: what was kept of them is older. */
  private readonly changed = new Set<string>();

  constructor(
    bus: Bus,
    private readonly kind: RecordKind<T>,
    logger: Pick<Logger, 'warn'>,
  ) {
    this.documents = new KeptDocuments(bus, kind.bucket, logger);
  }

  /** Resolves when all that is kept is here; waits for JetStream as long as it takes. */
  async begin(): Promise<void> {
    for (const [key, document] of await this.documents.read()) {
      const record = this.kind.parse(document);
      if (record !== null && !this.changed.has(key)) this.records.set(key, record);
    }
  }

  end(): void {
    this.documents.end();
  }

  values(): T[] {
    return [...this.records.values()];
  }

  save(record: T): void {
    const key = this.keyOf(record);
    this.changed.add(key);
    this.records.set(key, record);
    void this.documents.put(key, record);
  }

  remove(record: T): void {
    const key = this.keyOf(record);
    this.changed.add(key);
    this.records.delete(key);
    void this.documents.remove(key);
  }

  /** Of characters that a key of JetStream may have. */
  private keyOf(record: T): string {
    return this.kind
      .keyOf(record)
      .map((part) => part.replace(/[^A-Za-z0-9_=-]/g, '_'))
      .join('.');
  }
}
