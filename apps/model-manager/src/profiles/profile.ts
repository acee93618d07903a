import { z } from 'zod';

/** Values that a flag of vLLM can have; an object travels as JSON, a list as several values. */
const flagValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.union([z.string(), z.number()])),
  z.record(z.string(), z.unknown()),
]);

const gpu = z.union([z.int().min(0), z.string().regex(/^(GPU|MIG)-/, 'must be an index or a UUID (GPU-...)')]);

/** One engine of a profile: vLLM's own flag names in camelCase, plus `gpus`. */
export const engineSettingsSchema = z
  .object({
    model: z.string().min(1),
    gpus: z.array(gpu).min(1).optional(),
    tensorParallelSize: z.int().min(1).optional(),
    maxModelLen: z.union([z.int().min(-1), z.string()]).optional(),
    gpuMemoryUtilization: z.number().gt(0).max(1).optional(),
  })
  .catchall(flagValue);

export const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower case letters, digits, ".", "_" and "-"'),
  title: z.string().optional(),
  description: z.string().optional(),
  /** Names that mean this profile's model. */
  aliases: z.array(z.string().min(1)).default([]),
  /** Sampling parameters for requests that name none. */
  defaults: z.record(z.string(), z.unknown()).default({}),
  /** Profiles to step down to when this one does not fit. */
  fallbacks: z.array(z.string()).default([]),
  engines: z.array(engineSettingsSchema).min(1),
});

export type FlagValue = z.output<typeof flagValue>;
export type EngineSettings = z.output<typeof engineSettingsSchema>;
export type Profile = z.output<typeof profileSchema>;
