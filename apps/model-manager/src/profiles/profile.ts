import { z } from 'zod';
import { fallbackSchema } from './fallback';

/** Values that a flag of vLLM can have; an object travels as JSON, a list as several values. */
const flagValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.union([z.string(), z.number()])),
  z.record(z.string(), z.unknown()),
]);

const gpu = z.union([z.int().min(0), z.string().regex(/^(GPU|MIG)-/, 'must be an index or a UUID (GPU-...)')]);

const positive = z.int().min(1);

/**
 * The flags of vLLM that profiles use most, for editors. Any other flag may stand in a profile too: the engine's own
 * command line refuses what it does not know.
 */
const usualFlags = {
  revision: z.string().describe('Branch, tag or commit of the model repository.'),
  dtype: z
    .enum(['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'])
    .describe('What the weights are computed in.'),
  quantization: z.string().describe('Only where the checkpoint does not say it itself.'),
  kvCacheDtype: z.string().describe('`auto`, `fp8`, `int8_per_token_head`, ...: what keys and values are kept in.'),
  kvCacheMemoryBytes: z
    .union([positive, z.string()])
    .describe('KV cache of each GPU in bytes; overrides gpuMemoryUtilization. From a measured boot.'),
  maxNumSeqs: positive.describe('Sequences that run at once.'),
  maxNumBatchedTokens: positive.describe('Tokens of one step.'),
  pipelineParallelSize: positive.describe('Stages that the layers are dealt to.'),
  enforceEager: z.boolean().describe('No CUDA graphs: slower, and less memory.'),
  chatTemplate: z.string().describe('For a model whose tokenizer has none: a file, or the template itself.'),
  enablePrefixCaching: z.boolean(),
  trustRemoteCode: z.boolean().describe("Runs the repository's own Python code."),
  enableAutoToolChoice: z.boolean(),
  toolCallParser: z.string(),
  reasoningParser: z.string(),
  limitMmPerPrompt: z.record(z.string(), z.unknown()).describe('Images, videos and so on that one prompt may have.'),
  speculativeConfig: z.record(z.string(), z.unknown()).describe('Speculative decoding.'),
};

/** One engine of a profile: vLLM's own flag names in camelCase, plus `gpus`. */
export const engineSettingsSchema = z
  .object({
    model: z.string().min(1).max(400).describe('Hugging Face id, or a folder.'),
    gpus: z.array(gpu).min(1).max(64).optional().describe('Indices as nvidia-smi counts, or UUIDs.'),
    tensorParallelSize: positive.optional().describe('GPUs that share every layer.'),
    maxModelLen: z
      .union([z.int().min(-1), z.string()])
      .optional()
      .describe('Context in tokens: 8192, 8K, auto.'),
    gpuMemoryUtilization: z.number().gt(0).max(1).optional().describe("Part of each GPU's memory that vLLM may use."),
  })
  .catchall(flagValue);

const profileName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'must be lower case letters, digits, ".", "_" and "-"');

export const profileSchema = z.strictObject({
  name: profileName.describe('As the file is called.'),
  title: z.string().max(200).optional(),
  description: z.string().max(4_000).optional().describe('For whom it is, and what it costs.'),
  /** Names that mean this profile's model. */
  aliases: z.array(z.string().min(1).max(256)).max(64).default([]).describe('Other names of its model.'),
  /** Sampling parameters for requests that name none. */
  defaults: z.record(z.string(), z.unknown()).default({}).describe('Sampling of requests that name none.'),
  /** What to do when the memory of a GPU runs out. */
  fallbacks: z
    .array(fallbackSchema)
    .max(16)
    .default([])
    .describe('When GPU memory runs out: settings that need less of it, or names of other profiles, in this order.'),
  engines: z.array(engineSettingsSchema).min(1).max(16),
});

/** The schema for editors: the same, with the usual flags spelled out. */
export const editorSchema = profileSchema.extend({
  engines: z
    .array(engineSettingsSchema.extend(z.object(usualFlags).partial().shape))
    .min(1)
    .max(16)
    .describe('One engine, or one a GPU.'),
});

export type FlagValue = z.output<typeof flagValue>;
export type EngineSettings = z.output<typeof engineSettingsSchema>;
export type Profile = z.output<typeof profileSchema>;
