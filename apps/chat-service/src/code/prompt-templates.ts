import { join } from 'node:path';
import { z } from 'zod';
import { CODE_MODEL_TYPES, MAX_CODE_TOKENS, type CodeModelType } from '#contracts/code';
import { ConfigError } from '#common/config';
import { fillIn, readTemplateFile, withPlaceholders } from '../templates/template-file';

/** What a template may speak of. */
const FIELDS = ['prompt', 'language', 'prefix', 'suffix', 'selection', 'error'] as const;
type Field = (typeof FIELDS)[number];
const field = z.enum(FIELDS);

const text = withPlaceholders(z.string(), FIELDS);

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
  const template = readTemplateFile(file, templateSchema);
  if (template.name !== name) throw new ConfigError(`${file}: name: must be ${name}`);
  return template;
}

/** The user's message: the parts whose field is given. What stands in a value is never read as a template. */
export function renderUser({ user }: PromptTemplate, values: TemplateValues): string {
  return user
    .filter(({ when }) => when === undefined || values[when] !== '')
    .map((part) => fillIn(part.text, values))
    .join('\n');
}
