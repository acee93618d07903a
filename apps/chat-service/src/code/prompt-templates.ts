import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CODE_MODEL_TYPES, MAX_CODE_TOKENS, type CodeModelType } from '#contracts/code';
import { ConfigError } from '#common/config';

/** What a template may speak of. */
const FIELDS = ['prompt', 'language', 'prefix', 'suffix', 'selection', 'error'] as const;
type Field = (typeof FIELDS)[number];
const field = z.enum(FIELDS);
const PLACEHOLDER = /\{\{(\w+)\}\}/g;

const text = z.string().refine((value) => placeholders(value).every((name) => field.safeParse(name).success), {
  message: `knows only the placeholders ${FIELDS.map((name) => `{{${name}}}`).join(', ')}`,
});

const templateSchema = z.strictObject({
  name: z.enum(CODE_MODEL_TYPES),
  version: z.int().min(1),
  system: z.string().min(1),
  user: z.array(z.strictObject({ when: field.optional(), text })).min(1),
  sampling: z.strictObject({
    temperature: z.number().min(0).max(2),
    topP: z.number().gt(0).max(1),
    maxTokens: z.int().min(1).max(MAX_CODE_TOKENS),
  }),
  window: z.strictObject({ prefixChars: z.int().min(0), suffixChars: z.int().min(0) }),
  stop: z.array(z.string().min(1)).max(16),
});

export type PromptTemplate = z.output<typeof templateSchema>;
export type TemplateValues = Readonly<Record<Field, string>>;

/** Reads the templates of a folder, one file for each model type. @throws ConfigError that names file and field. */
export function readTemplates(folder: string): Readonly<Record<CodeModelType, PromptTemplate>> {
  return Object.fromEntries(
    CODE_MODEL_TYPES.map((name) => [name, readTemplate(join(folder, `${name}.yaml`), name)]),
  ) as Record<CodeModelType, PromptTemplate>;
}

function readTemplate(file: string, name: CodeModelType): PromptTemplate {
  let given: unknown;
  try {
    given = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = templateSchema.safeParse(given);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new ConfigError(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
  }
  if (read.data.name !== name) throw new ConfigError(`${file}: name: must be ${name}`);
  return read.data;
}

/** The user's message: the parts whose field is given. What stands in a value is never read as a template. */
export function renderUser({ user }: PromptTemplate, values: TemplateValues): string {
  return user
    .filter(({ when }) => when === undefined || values[when] !== '')
    .map((part) => part.text.replace(PLACEHOLDER, (_, name: Field) => values[name]))
    .join('\n');
}

function placeholders(value: string): string[] {
  return [...value.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}
