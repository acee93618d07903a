import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '#common/config';

/** The tokens by which a model is asked for what stands between two texts. */
export interface FillInTheMiddle {
  prefix: string;
  suffix: string;
  middle: string;
  /** Texts at which the answer is over. */
  stop: string[];
}

/** What the code assistant must know of a model. */
export interface CodeFacts {
  /** Null: the model is asked by a chat prompt. */
  fim: FillInTheMiddle | null;
  /** Its chat template ends with `<think>`, so the answer begins within the thinking. */
  templateOpensThinking: boolean;
}

const token = z.string().min(1).max(64);
const factsSchema = z.object({
  id: z.string().min(1),
  fim: z.object({ prefix: token, suffix: token, middle: token, stop: z.array(token).max(16) }).nullish(),
  template_opens_thinking: z.boolean().default(false),
});

const UNKNOWN: CodeFacts = { fim: null, templateOpensThinking: false };

/** Facts about models, from the files in `models/`, found by the name under which an engine serves them. */
export class CodeFactsBook {
  private readonly known = new Map<string, CodeFacts>();

  /** @throws ConfigError that names the file. */
  constructor(folder: string) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) this.read(join(folder, file));
  }

  /** By Hugging Face id, whatever its case; a folder, or an id without its owner, by its last part. */
  find(servedName: string): CodeFacts {
    const name = servedName.toLowerCase().replace(/\/+$/, '');
    return this.known.get(name) ?? this.known.get(lastPart(name)) ?? UNKNOWN;
  }

  private read(file: string): void {
    const read = factsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!read.success)
      throw new ConfigError(`${file}: ${read.error.issues[0]?.path.join('.') ?? ''} is no fact about a model`);
    const { id, fim, template_opens_thinking: templateOpensThinking } = read.data;
    const facts = { fim: fim ?? null, templateOpensThinking };
    this.known.set(id.toLowerCase(), facts);
    this.known.set(lastPart(id.toLowerCase()), facts);
  }
}

function lastPart(name: string): string {
  return name.split('/').at(-1) ?? name;
}
