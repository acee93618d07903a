import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '#common/config';

const PLACEHOLDER = /\{\{(\w+)\}\}/g;

/** Reads a YAML file of prompts or texts. @throws ConfigError that names file and field. */
export function readTemplateFile<T extends z.ZodType>(file: string, schema: T): z.output<T> {
  let given: unknown;
  try {
    given = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new ConfigError(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

/** The text, with no other placeholders than these fields. */
export function withPlaceholders(text: z.ZodString, fields: readonly string[]): z.ZodString {
  return text.refine((value) => [...value.matchAll(PLACEHOLDER)].every(([, name = '']) => fields.includes(name)), {
    message: `knows only the placeholders ${fields.map((name) => `{{${name}}}`).join(', ')}`,
  });
}

/** Puts the values in their places. What stands in a value is never read as a template. */
export function fillIn<Field extends string>(text: string, values: Readonly<Record<Field, string>>): string {
  return text.replace(PLACEHOLDER, (_, name: Field) => values[name]);
}
