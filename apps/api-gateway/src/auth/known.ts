/** One thing that is looked up, as the cache holds it. */
interface Entry<V> {
  value: V | null;
  /** Monotonic milliseconds until which the value is taken without a question. */
  freshUntil: number;
  /** True when news may have been missed: the next reader waits for the answer of the source. */
  suspect: boolean;
}

export interface KnownSettings {
  /** After this a value is asked for again, behind the back of the request that finds it old. */
  refreshMs: number;
  /** How long "there is no such thing" is believed. */
  absentMs: number;
  /** Entries at most; things that are absent have a bound of their own, so that guessing does not push out the known. */
  max: number;
}

/**
 * A bounded cache in front of a source that may be away. Fresh: answered at once, synchronously. Old: answered at once
 * and asked for again in the background. Unknown: the source is asked, once for all who wait. Source away: what is known
 * stays known, for as long as it takes.
 */
export class Known<V> {
  private readonly present = new Map<string, Entry<V>>();
  private readonly absent = new Map<string, Entry<V>>();
  private readonly loading = new Map<string, Promise<V | null>>();

  constructor(
    private readonly load: (key: string) => Promise<V | null>,
    private readonly settings: KnownSettings,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The value, null when there is none; a promise only when the source must be asked. */
  get(key: string): V | null | Promise<V | null> {
    const entry = this.present.get(key) ?? this.absent.get(key);
    if (entry === undefined) return this.ask(key);
    if (entry.suspect) return this.ask(key).catch(() => this.trust(entry));
    if (entry.freshUntil <= this.now()) {
      if (entry.value === null) return this.ask(key);
      this.trust(entry);
      // Away: what is known stays. The next try comes when the entry is old again.
      this.ask(key).catch(() => undefined);
    }
    return entry.value;
  }

  /** Forgets one thing: it changed. An answer that is already on its way is not kept. */
  forget(key: string): void {
    this.present.delete(key);
    this.absent.delete(key);
    this.loading.delete(key);
  }

  /** Forgets everything that `matches`. Walks over all entries: for rare news. */
  forgetWhere(matches: (value: V) => boolean): void {
    for (const [key, { value }] of this.present) if (value !== null && matches(value)) this.forget(key);
    this.absent.clear();
    this.loading.clear();
  }

  /** News may have been missed: every entry is checked before it is used again. */
  suspectAll(): void {
    for (const entry of this.present.values()) entry.suspect = true;
    this.absent.clear();
    this.loading.clear();
  }

  get size(): number {
    return this.present.size + this.absent.size;
  }

  /** Takes an old entry for a while longer, so that a source that is away is not asked for each request. */
  private trust(entry: Entry<V>): V | null {
    entry.suspect = false;
    entry.freshUntil = this.now() + this.settings.absentMs;
    return entry.value;
  }

  private ask(key: string): Promise<V | null> {
    const running = this.loading.get(key);
    if (running !== undefined) return running;
    const asked: Promise<V | null> = this.load(key).then(
      (value) => {
        if (this.loading.get(key) === asked) this.keep(key, value);
        return value;
      },
      (error: unknown) => {
        if (this.loading.get(key) === asked) this.loading.delete(key);
        throw error;
      },
    );
    this.loading.set(key, asked);
    return asked;
  }

  private keep(key: string, value: V | null): void {
    this.forget(key);
    const map = value === null ? this.absent : this.present;
    const ttl = value === null ? this.settings.absentMs : this.settings.refreshMs;
    // What is in use comes to the end of the map at each refresh, so the first entry is one that is not.
    if (map.size >= this.settings.max) {
      const oldest = map.keys().next();
      if (oldest.done !== true) map.delete(oldest.value);
    }
    map.set(key, { value, freshUntil: this.now() + ttl, suspect: false });
  }
}
