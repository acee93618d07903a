/**
 * What the fit check says, by code. These are the sentences of the API; whoever speaks another language has the code and the
 * values of each, and says it in their own.
 */
export const FIT_TEXTS = {
  in_engine: 'Engine {{engine}}: {{sentence}}',
  no_engine: 'The profile has no engine.',
  wrong_setting: 'engines[{{engine}}].{{setting}} {{problem}}.',
  model_unknown:
    'Nothing is known of the model {{model}}: it is not in models/. Send its config.json as modelConfig, with checkpointBytes, and it can be checked.',
  model_not_described: '{{model}} cannot be described: {{field}} {{problem}}.',
  draft_model_unknown:
    'The draft model {{model}} of speculativeConfig takes memory of its own that cannot be told beforehand: leave it out to have the rest checked.',

  no_gpu: 'No GPU can be seen on this host.',
  gpu_missing: 'The profile asks for GPU {{gpu}}, and the host has GPUs {{gpus}}.',
  gpu_missing_beside_one: 'The profile asks for GPU {{gpu}}, and the host has only GPU {{gpus}}.',
  too_few_gpus:
    'The engine needs {{needed}} GPUs (tensor, pipeline and data parallel sizes multiplied), and the host has {{have}}.',
  too_few_gpus_given:
    'The engine needs {{needed}} GPUs (tensor, pipeline and data parallel sizes multiplied), and the profile gives it {{have}}.',

  heads_not_divisible:
    'Total number of attention heads ({{heads}}) must be divisible by tensor parallel size ({{size}}): vLLM refuses to start.',
  kv_heads_not_divisible:
    'The {{heads}} KV heads can neither be divided by tensor parallel size {{size}} nor divide it: vLLM refuses to start.',
  state_heads_not_divisible:
    'The {{heads}} heads of the linear-attention layers cannot be divided by tensor parallel size {{size}}: vLLM refuses to start.',
  intermediate_not_divisible:
    'The intermediate size ({{intermediate}}) must be divisible by tensor parallel size ({{size}}): vLLM refuses to start.',
  too_many_stages: 'The model has {{layers}} layers, fewer than {{stages}} pipeline stages.',
  bfloat16_not_on_card:
    'bfloat16 needs a GPU of compute capability 8.0 or more, and {{card}} has {{hasCapability}}: use dtype float16.',
  float16_overflows: '{{modelType}} overflows in float16, and vLLM refuses it: use dtype bfloat16.',
  weights_not_on_card:
    '{{format}} weights need a GPU of compute capability {{leastCapability}} or more, and {{card}} has {{hasCapability}}.',
  cache_dtype_unknown: '"{{dtype}}" is no KV cache dtype that vLLM knows.',
  fp8_cache_not_on_card:
    'An FP8 KV cache needs compute capability 8.0 or more, and {{card}} has compute capability {{hasCapability}}: use kvCacheDtype auto.',
  fp8_latent_cache_not_on_card:
    'An FP8 KV cache of latent attention needs compute capability 8.9 or more, and {{card}} has compute capability {{hasCapability}}: use kvCacheDtype auto.',
  fp8_cache_with_sinks:
    'The attention sinks of gpt-oss rule FlashInfer out before Hopper, so an FP8 KV cache does not work ({{card}} has compute capability {{hasCapability}}): use kvCacheDtype auto.',
  fp8_per_head_cache_not_on_card:
    'fp8_per_token_head computes in FP8, which needs compute capability 8.9, and {{card}} has compute capability {{hasCapability}}: use int8_per_token_head.',
  nvfp4_cache_not_on_card:
    'An NVFP4 KV cache needs compute capability 10.0 or more, and {{card}} has compute capability {{hasCapability}}: use fp8 or int8_per_token_head.',
  per_head_cache_with_latent: '{{dtype}} does not work with latent attention: use kvCacheDtype auto.',
  context_over_model:
    "maxModelLen {{askedTokens}} is greater than the {{mostTokens}} that the model's config.json allows: vLLM refuses to start.",

  weights_over_card:
    'The weights take {{weightsGib}} GiB on each GPU, and GPU {{gpu}} ({{card}}) has {{totalGib}} GiB in all.',
  weights_over_budget:
    'gpuMemoryUtilization {{utilisation}} of GPU {{gpu}} is {{budgetGib}} GiB, less than the {{weightsGib}} GiB of weights that it has to hold.',
  budget_over_free:
    'gpuMemoryUtilization {{utilisation}} of GPU {{gpu}} is {{budgetGib}} GiB, but only {{freeGib}} GiB of {{totalGib}} GiB are free: vLLM refuses to start.',
  no_cache_left:
    'gpuMemoryUtilization {{utilisation}} of GPU {{gpu}} is {{budgetGib}} GiB: the weights take {{weightsGib}} GiB of it and what vLLM needs to run takes the rest, so no KV cache is left.',
  pinned_cache_over_free:
    'The weights and the pinned KV cache take {{neededGib}} GiB on GPU {{gpu}}, and {{freeGib}} GiB are free.',
  cache_too_small:
    'One request of {{lengthTokens}} tokens needs {{neededGib}} GiB of KV cache on each GPU, and about {{leftGib}} GiB are left: a context of about {{longestTokens}} tokens would fit.',
  cache_may_be_too_small:
    'One request of {{lengthTokens}} tokens needs {{neededGib}} GiB of KV cache on each GPU; between {{lowGib}} and {{highGib}} GiB are left, so some boots will be refused.',
  budget_close_to_free:
    'Of {{neededGib}} GiB that the engine asks for on GPU {{gpu}}, between {{lowGib}} and {{highGib}} GiB are free once it starts.',
  little_left_for_graphs:
    "Next to nothing is left on GPU {{gpu}} outside of vLLM's {{neededGib}} GiB: the CUDA graphs may not find room.",
  fits: '{{weightsGib}} GiB of weights and about {{cacheGib}} GiB of KV cache on each GPU: {{cacheTokens}} tokens, or {{timesAtOnce}} requests of {{lengthTokens}} tokens at once.',
  fits_without_cache: '{{weightsGib}} GiB of weights on each GPU; the model keeps no KV cache.',

  fp8_weight_only: 'FP8 weights run weight-only through Marlin here: they save memory, but compute stays at 16 bits.',
  nvfp4_weight_only:
    'NVFP4 weights run weight-only through Marlin here: they save memory, but compute stays at 16 bits.',
  fp8_cache_by_flashinfer: 'An 8-bit float KV cache works here only through FlashInfer, which vLLM then chooses.',
  kv_heads_held_twice:
    'The model has {{heads}} KV heads: with tensor parallel size {{size}} some are held twice, so the KV cache does not shrink further.',
  of_this_model: '{{remark}}.',
  from_a_boot:
    'The figures start from a boot on this host with vLLM {{version}}; pin kvCacheMemoryBytes: {{bytes}} in the profile, and every boot gives the same cache.',
  from_a_cold_boot:
    'That boot compiled its kernels: the next one has them at hand, and may have up to 1 GiB more cache.',
  was_too_large: 'Without that boot the KV cache would have been predicted {{percent}} % too large.',
  was_too_small: 'Without that boot the KV cache would have been predicted {{percent}} % too small.',

  smallest_utilisation:
    '{{utilisation}} is the smallest utilisation that works: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  longest_context:
    '{{lengthTokens}} tokens is about the longest context that fits: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  half_the_cache:
    'Keys and values in 8 bits take half the memory: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  on_one_gpu: 'On one GPU it fits: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  on_gpus:
    'On {{gpus}} GPUs it fits: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  fewer_bits:
    'The same model in fewer bits fits: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
  both_together:
    'Only both together fit: {{lowTokens}} to {{highTokens}} tokens of cache at a context of {{lengthTokens}}.',
} as const;

export type FitCode = keyof typeof FIT_TEXTS;

type Places<Text extends string> = Text extends `${string}{{${infer Name}}}${infer Rest}` ? Name | Places<Rest> : never;

/** What a sentence needs to be said. */
export type FitValues<Code extends FitCode> = Readonly<Record<Places<(typeof FIT_TEXTS)[Code]>, string | number>>;

/** A sentence of the fit check, to be said in any language. */
export interface FitMessage {
  code: FitCode;
  /** By the names in the sentence: `...Gib` have two decimals, `...Tokens` are counted in thousands. */
  values: Readonly<Record<string, string | number>>;
  /** Which engine of the profile it is about; null where there is only one, or it is about all. */
  engine: number | null;
}

/** Writes numbers as a language does. Made once for each language: making one costs more than a whole check. */
export class FitTexts {
  private readonly fixed: Readonly<Record<string, Intl.NumberFormat>>;
  private readonly plain: Intl.NumberFormat;

  /** @param sentences those of `FIT_TEXTS`, in this language */
  constructor(
    language: string,
    private readonly sentences: Readonly<Record<FitCode, string>>,
  ) {
    const decimals = (count: number): Intl.NumberFormat =>
      new Intl.NumberFormat(language, { minimumFractionDigits: count, maximumFractionDigits: count });
    this.fixed = { Gib: decimals(2), Capability: decimals(1), AtOnce: decimals(1), Tokens: decimals(0) };
    this.plain = new Intl.NumberFormat(language, { useGrouping: false, maximumFractionDigits: 20 });
  }

  say({ code, values, engine }: FitMessage): string {
    const sentence = this.fill(code, values);
    return engine === null ? sentence : this.fill('in_engine', { engine, sentence });
  }

  private fill(code: FitCode, values: FitMessage['values']): string {
    return this.sentences[code].replace(/{{(\w+)}}/g, (_place, name: string) => this.written(name, values[name] ?? ''));
  }

  private written(name: string, value: string | number): string {
    if (typeof value === 'string') return value;
    const [kind = ''] = /(?:Gib|Capability|AtOnce|Tokens)$/.exec(name) ?? [];
    return (this.fixed[kind] ?? this.plain).format(value);
  }
}
