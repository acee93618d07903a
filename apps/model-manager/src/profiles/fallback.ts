import { z } from 'zod';

/** Settings with which an engine needs less memory; they are put over those of the profile. */
const stepSchema = z
  .strictObject({
    maxModelLen: z.int().min(1),
    gpuMemoryUtilization: z.number().gt(0).max(1),
    maxNumSeqs: z.int().min(1),
    maxNumBatchedTokens: z.int().min(1),
    kvCacheDtype: z.string(),
    kvCacheMemoryBytes: z.union([z.int().min(1), z.string()]),
    enforceEager: z.boolean(),
  })
  .partial()
  .refine((step) => Object.keys(step).length > 0, 'must change a setting');

/** What to do when the memory of a GPU runs out: other settings, or another profile by its name. */
export const fallbackSchema = z.union([stepSchema, z.string().min(1)]);

export type SettingsStep = z.output<typeof stepSchema>;
export type Fallback = z.output<typeof fallbackSchema>;

/** `maxModelLen: 4096, maxNumSeqs: 64`, or the name of a profile. */
export function describeFallback(fallback: Fallback): string {
  if (typeof fallback === 'string') return fallback;
  return Object.entries(fallback)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
