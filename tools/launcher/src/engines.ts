import { z } from 'zod';

const ASK_TIMEOUT_MS = 2_000;

const engineSchema = z.looseObject({
  id: z.string(),
  state: z.string(),
  model: z.string().nullish(),
  phase: z.string().nullish(),
  percent: z.number().nullish(),
  message: z.string().nullish(),
  url: z.string().nullish(),
  port: z.int().nullish(),
  pid: z.int().nullish(),
  uptimeS: z.number().nullish(),
});
export type EngineStatus = z.output<typeof engineSchema>;

const answerSchema = z.object({
  profile: z.string().nullish(),
  engines: z.array(engineSchema),
  gpus: z.array(z.looseObject({})).default([]),
});
export type EnginesAnswer = z.output<typeof answerSchema>;

const backendSchema = z.object({
  backend: z.string().nullable(),
  model: z.string().nullable(),
  reason: z.string().nullable(),
});
export type BackendAnswer = z.output<typeof backendSchema>;

const hintsSchema = backendSchema.extend({ mode: z.string() });
export type HintsAnswer = z.output<typeof hintsSchema>;

/** Who would answer the code assistant now, as chat-service says; null when it does not answer. */
export function askWhoAnswersCode(port: number): Promise<BackendAnswer | null> {
  return ask(port, '/backend', backendSchema);
}

/** The same of hints. */
export function askWhoGivesHints(port: number): Promise<HintsAnswer | null> {
  return ask(port, '/hints', hintsSchema);
}

/** What model-manager says of its engines and GPUs; null when it does not answer. */
export function askModelManager(port: number): Promise<EnginesAnswer | null> {
  return ask(port, '/status', answerSchema);
}

async function ask<T extends z.ZodType>(port: number, path: string, schema: T): Promise<z.output<T> | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    return response.ok ? schema.parse(await response.json()) : null;
  } catch {
    return null; // it is starting, or gone
  }
}
