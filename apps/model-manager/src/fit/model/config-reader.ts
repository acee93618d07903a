/** A model's description is unusable: which field, and why. It may come from a client, so it is their error. */
export class ModelConfigError extends Error {
  override readonly name = 'ModelConfigError';

  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** No model comes near these; a figure past them is a mistake or an attack, and would only overflow what follows. */
export const LIMITS = {
  layers: 2_048,
  dimension: 4_194_304,
  heads: 65_536,
  vocabulary: 16_777_216,
  positions: 1_073_741_824,
  experts: 65_536,
} as const;

/** Reads fields of a Hugging Face config.json: own properties only, of the right type, within limits. */
export class ConfigReader {
  constructor(private readonly config: Readonly<Record<string, unknown>>) {}

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** A whole number from 1 to `max`; null when no name has one. The first name that is there counts. */
  integer(names: string | readonly string[], max: number, min = 1): number | null {
    for (const name of typeof names === 'string' ? [names] : names) {
      const value = this.raw(name);
      if (value === undefined) continue;
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
        throw new ModelConfigError(name, `must be a whole number from ${min} to ${max}`);
      return value;
    }
    return null;
  }

  /** @throws ModelConfigError when none of the names is there. */
  required(names: readonly [string, ...string[]], max: number): number {
    const value = this.integer(names, max);
    if (value === null) throw new ModelConfigError(names[0], 'is missing: the model cannot be described without it');
    return value;
  }

  /** A finite number above 0. */
  number(name: string, max: number): number | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || value > max)
      throw new ModelConfigError(name, `must be a number above 0, up to ${max}`);
    return value;
  }

  text(names: string | readonly string[]): string | null {
    for (const name of typeof names === 'string' ? [names] : names) {
      const value = this.raw(name);
      if (value === undefined) continue;
      if (typeof value !== 'string' || value.length > 200)
        throw new ModelConfigError(name, 'must be a text of up to 200 characters');
      return value;
    }
    return null;
  }

  flag(name: string): boolean | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (typeof value !== 'boolean') throw new ModelConfigError(name, 'must be true or false');
    return value;
  }

  texts(name: string): string[] | null {
    return this.list(name, (value): value is string => typeof value === 'string', 'texts');
  }

  integers(name: string): number[] | null {
    return this.list(
      name,
      (value): value is number => typeof value === 'number' && Number.isSafeInteger(value),
      'whole numbers',
    );
  }

  /** A nested object; null when there is none. */
  object(name: string): ConfigReader | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (typeof value !== 'object' || Array.isArray(value)) throw new ModelConfigError(name, 'must be an object');
    return new ConfigReader(value as Record<string, unknown>);
  }

  /** The same fields with those of `inner` before them. */
  with(inner: ConfigReader): ConfigReader {
    return new ConfigReader({ ...this.config, ...inner.config });
  }

  private list<T>(name: string, is: (value: unknown) => value is T, what: string): T[] | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (!Array.isArray(value) || value.length > LIMITS.layers || !value.every(is))
      throw new ModelConfigError(name, `must be a list of up to ${LIMITS.layers} ${what}`);
    return value;
  }

  /** Null counts as absent: config.json writes it for what a model does not have. */
  private raw(name: string): unknown {
    return Object.hasOwn(this.config, name) ? (this.config[name] ?? undefined) : undefined;
  }
}
