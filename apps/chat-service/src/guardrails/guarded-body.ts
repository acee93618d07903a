import { bodyText } from '../generation/body-text';
import type { Detector, Verdict } from './detection';
import { guardText } from './guarded-text';

/** Names and numbers of the protocol, which no model reads as text, or that only mean what they say exactly. */
const UNREAD = new Set(['role', 'type', 'id', 'tool_call_id', 'index', 'detail', 'ignore_eos', 'cache_salt']);

/** Of a tool's parameters, which templates write into the prompt with their names: what JSON Schema says itself. */
const SCHEMA_WORDS = new Set(
  (
    '$anchor $defs $id $ref $schema additionalProperties allOf anyOf array boolean const contains default definitions ' +
    'dependentRequired dependentSchemas deprecated description else enum examples exclusiveMaximum exclusiveMinimum format if ' +
    'integer items maxContains maxItems maxLength maxProperties maximum minContains minItems minLength minProperties minimum ' +
    'multipleOf not null number object oneOf pattern patternProperties prefixItems properties propertyNames readOnly required ' +
    'strict string then title type unevaluatedItems unevaluatedProperties uniqueItems writeOnly'
  ).split(' '),
);

export interface GuardedBody {
  /** Null: as it was. */
  body: Buffer | null;
  verdicts: Verdict[];
  blocked: boolean;
  /** A prompt of token ids: nobody here can read it. */
  unreadable: boolean;
}

/** Looks through every text of a request, as the gateway has checked it: JSON. */
export function guardBody(body: Uint8Array, detectors: readonly Detector[]): GuardedBody {
  const given = JSON.parse(bodyText(body)) as unknown;
  const walk = new Walk(detectors);
  const read = walk.value(given);
  return {
    body: walk.changed ? Buffer.from(JSON.stringify(read)) : null,
    verdicts: [...walk.verdicts],
    blocked: walk.blocked,
    unreadable: walk.unreadable,
  };
}

class Walk {
  readonly verdicts = new Set<Verdict>();
  blocked = false;
  changed = false;
  unreadable = false;

  constructor(private readonly detectors: readonly Detector[]) {}

  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return this.array(value);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.member(name, item)]));
  }

  private member(name: string, item: unknown): unknown {
    if (name === 'prompt') return this.prompt(item);
    if (name === 'parameters') return this.schema(item);
    return UNREAD.has(name) && typeof item === 'string' ? item : this.value(item);
  }

  /** Everything in it is read, names as well. */
  private schema(value: unknown): unknown {
    if (typeof value === 'string') return SCHEMA_WORDS.has(value) ? value : this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.schema(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.schema(name), this.schema(item)] as const),
    );
  }

  private prompt(prompt: unknown): unknown {
    if (Array.isArray(prompt) && prompt.some((item) => typeof item === 'number' || Array.isArray(item)))
      this.unreadable = true;
    return this.value(prompt);
  }

  /** The engine puts the parts of a message together: a word may begin in one and end in the next. */
  private array(items: readonly unknown[]): unknown {
    const each = items.map((item) => this.value(item));
    const texts = each.filter(isTextPart);
    if (texts.length < 2) return each;
    const joined = texts.map(({ text }) => text).join('\n');
    const whole = this.text(joined);
    if (whole === joined) return each;
    const [first] = texts;
    return each.map((item) => (isTextPart(item) ? { ...item, text: item === first ? whole : '' } : item));
  }

  private text(text: string): string {
    const guarded = guardText(text, this.detectors);
    for (const verdict of guarded.verdicts) this.verdicts.add(verdict);
    this.blocked ||= guarded.blocked;
    if (guarded.blocked || guarded.text === text) return text;
    this.changed = true;
    return guarded.text;
  }
}

function isTextPart(item: unknown): item is { type: string; text: string } {
  return typeof item === 'object' && item !== null && 'text' in item && typeof item.text === 'string';
}
