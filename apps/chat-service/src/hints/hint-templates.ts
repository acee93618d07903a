import { join } from 'node:path';
import { z } from 'zod';
import { HINT_LOCALES, MAX_HINT_TOKENS, type HintLevel, type HintLocale } from '#contracts/hints';
import { fillIn, readTemplateFile, withPlaceholders } from '../templates/template-file';
import { RULES } from './rules/finding';

/** What a template may speak of. */
const FIELDS = ['problem', 'code', 'language'] as const;
type Field = (typeof FIELDS)[number];

const text = z.string().trim().min(1);
const byLevel = <T extends z.ZodType>(value: T) => z.strictObject({ 1: value, 2: value, 3: value });
const userText = withPlaceholders(text, FIELDS);

const templateSchema = z.strictObject({
  name: z.literal('hint'),
  version: z.int().min(1),
  system: text,
  levels: byLevel(text),
  locales: z.strictObject({ en: text, ko: text }),
  user: z.array(z.strictObject({ when: z.enum(FIELDS).optional(), text: userText })).min(1),
  again: text,
  sampling: z.strictObject({
    temperature: z.number().min(0).max(2),
    topP: z.number().gt(0).max(1),
    maxTokens: z.int().min(1).max(MAX_HINT_TOKENS),
  }),
  window: z.strictObject({ problemChars: z.int().min(100), codeChars: z.int().min(100) }),
  check: z.strictObject({ newCodeLines: byLevel(z.int().min(0)), maxChars: z.int().min(100) }),
});

/** Of a rule, `{{line}}` is where it was found. */
const textsSchema = z.strictObject({
  version: z.int().min(1),
  /** Instead of the answer of a model that gave too much away, and where the rules find nothing. */
  safe: byLevel(text),
  rules: z.strictObject(
    Object.fromEntries(RULES.map((rule) => [rule, byLevel(text)])) as Record<
      (typeof RULES)[number],
      ReturnType<typeof byLevel<typeof text>>
    >,
  ),
});

export type HintTemplate = z.output<typeof templateSchema>;
export type HintTexts = z.output<typeof textsSchema>;
export type TemplateValues = Readonly<Record<Field, string>>;

export interface HintTemplates {
  readonly hint: HintTemplate;
  readonly texts: Readonly<Record<HintLocale, HintTexts>>;
}

/** Reads the templates of a folder. @throws ConfigError that names file and field. */
export function readHintTemplates(folder: string): HintTemplates {
  return {
    hint: readTemplateFile(join(folder, 'hint.yaml'), templateSchema),
    texts: Object.fromEntries(
      HINT_LOCALES.map((locale) => [locale, readTemplateFile(join(folder, `texts.${locale}.yaml`), textsSchema)]),
    ) as Record<HintLocale, HintTexts>,
  };
}

/** The user's message: the parts whose field is given. What stands in a value is never read as a template. */
export function renderUser({ user }: HintTemplate, values: TemplateValues): string {
  return user
    .filter(({ when }) => when === undefined || values[when].trim() !== '')
    .map((part) => fillIn(part.text, values))
    .join('\n');
}

/** What stands for the whole: used by rules and refusals in the user's language. */
export function safeHint({ texts }: HintTemplates, level: HintLevel, locale: HintLocale): string {
  return texts[locale].safe[level];
}
