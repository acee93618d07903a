import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { FIT_TEXTS, type FitCode, type FitMessage } from '#contracts/fit-texts';
import type { GpuProcess, GpuProcessOwner, GpuState, Hardware, ThrottleReason } from '#contracts/hardware';
import type {
  FitAnswer,
  FitCalibration,
  FitQuestion,
  FitRange,
  FitSuggestion,
  FitVerdict,
  GpuFit,
  ProfileList,
  ProfileView,
  RefusedProfile,
} from '#contracts/profiles';

const VERDICTS = ['fits', 'tight', 'no'] as const satisfies readonly FitVerdict[];
const OWNERS = ['ours', 'desktop', 'foreign'] as const satisfies readonly GpuProcessOwner[];
const THROTTLES = [
  'power cap',
  'hardware slowdown',
  'too hot',
  'power brake',
] as const satisfies readonly ThrottleReason[];

const Range = (description: string): PropertyDecorator =>
  ApiProperty({ type: [Number], minItems: 2, maxItems: 2, description: `${description} Lowest and highest.` });
const Free = (options: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ type: 'object', additionalProperties: true, ...options } as ApiPropertyOptions);
const Reading = (description: string): PropertyDecorator =>
  ApiProperty({ type: Number, nullable: true, description: `${description} Null where the card does not tell.` });

/** What is in it is checked where it is understood: by model-manager. */
export class FitQuestionDto implements FitQuestion {
  @Allow()
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }],
    description: 'The name of a profile, a profile, or the settings of one engine.',
    example: { model: 'Qwen/Qwen3-14B-AWQ', maxModelLen: 32768, gpuMemoryUtilization: 0.9 },
  })
  profile: unknown;

  @Allow()
  @Free({
    required: false,
    description:
      'Another host: `{"gpus":[{"name","totalMib","freeMib?","computeCapability?"}]}`. Without it, this one.',
    example: { gpus: [{ name: 'RTX 3090', totalMib: 24576 }] },
  })
  hardware?: unknown;

  @Allow()
  @Free({ required: false, description: "The model's Hugging Face config.json, for one that is not in models/." })
  modelConfig?: unknown;

  @Allow()
  @ApiProperty({ type: 'integer', required: false, description: "Size of the checkpoint's tensors in bytes." })
  checkpointBytes?: unknown;
}

export class FitMessageDto implements FitMessage {
  @ApiProperty({ enum: Object.keys(FIT_TEXTS), enumName: 'FitCode' })
  code!: FitCode;

  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    description: 'What stands in the sentence, by name.',
    example: { utilisation: 0.55, gpu: 0, budgetGib: 12.96, weightsGib: 13.95 },
  })
  values!: Record<string, string | number>;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The engine that it is about, where there are several.',
  })
  engine!: number | null;
}

/** For those who say it in another language than English. */
const Message = (of: string): PropertyDecorator =>
  ApiProperty({ type: FitMessageDto, description: `\`${of}\` by code and values, to be said in another language.` });

export class FitSuggestionDto implements FitSuggestion {
  @ApiProperty({ example: 'gpuMemoryUtilization: 0.74' })
  change!: string;

  @ApiProperty({ description: 'What it brings; it was checked.' })
  why!: string;

  @Message('why')
  whyMessage!: FitMessageDto;

  @Free({ description: 'The changed settings.' })
  settings!: Record<string, string | number | boolean>;

  @ApiProperty({
    type: [String],
    description: 'Settings that go with it: pinned GPUs, the quantization of other weights.',
  })
  removes!: string[];

  @ApiProperty({ type: 'integer', description: 'Index of the engine in the profile that it is for.' })
  engine!: number;
}

export class GpuFitDto implements GpuFit {
  @ApiProperty({ type: 'integer' })
  index!: number;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: 'integer', description: 'Index of the engine in the profile.' })
  engine!: number;

  @ApiProperty()
  totalGib!: number;

  @ApiProperty({ description: 'Free now; for another host, what was given, or an idle card.' })
  freeGib!: number;

  @ApiProperty({ description: "vLLM's budget: total times utilisation." })
  budgetGib!: number;

  @Range('Weights.')
  weightsGib!: FitRange;

  @Range('KV cache.')
  kvCacheGib!: FitRange;

  @Range('Peak while it runs.')
  activationGib!: FitRange;

  @Range('CUDA graphs.')
  cudaGraphGib!: FitRange;

  @Range("Libraries' workspaces and NCCL's buffers, inside of the budget.")
  runtimeGib!: FitRange;

  @Range("CUDA's context, outside of the budget.")
  outsideGib!: FitRange;
}

export class FitCalibrationDto implements FitCalibration {
  @ApiProperty()
  vllmVersion!: string;

  @ApiProperty({ description: 'Epoch milliseconds.' })
  measuredAt!: number;

  @ApiProperty({ type: 'integer' })
  boots!: number;

  @ApiProperty()
  kvCacheGib!: number;

  @ApiProperty({ type: 'integer' })
  kvCacheTokens!: number;

  @ApiProperty({ description: 'How far the check without calibration was off.' })
  errorPercent!: number;

  @ApiProperty({ description: 'By more than 5 %.' })
  off!: boolean;

  @ApiProperty({ description: 'Its kernels were compiled in that boot.' })
  coldCompile!: boolean;

  @ApiProperty({ type: 'integer', description: 'To pin in the profile as `kvCacheMemoryBytes`.' })
  suggestedKvCacheMemoryBytes!: number;
}

export class FitAnswerDto implements FitAnswer {
  @ApiProperty({ enum: VERDICTS, enumName: 'FitVerdict' })
  verdict!: FitVerdict;

  @ApiProperty({ description: 'One sentence.' })
  reason!: string;

  @Message('reason')
  reasonMessage!: FitMessageDto;

  @ApiProperty({ type: [FitSuggestionDto], description: 'The smallest changes with which it fits.' })
  suggestions!: FitSuggestionDto[];

  @Range('Tokens of cache, all engines together.')
  kvCacheTokens!: FitRange;

  @Range('Requests of full length at once, all engines together.')
  maxConcurrency!: FitRange;

  @Range('The longest request that one engine takes.')
  contextTokens!: FitRange;

  @ApiProperty({ type: 'integer' })
  maxModelLen!: number;

  @ApiProperty({ type: [GpuFitDto] })
  gpus!: GpuFitDto[];

  @ApiProperty({ description: 'False: nothing is known of the model, and there are no figures.' })
  described!: boolean;

  @ApiProperty({ type: [String] })
  notes!: string[];

  @ApiProperty({ type: [FitMessageDto], description: 'The notes in the same order, by code and values.' })
  noteMessages!: FitMessageDto[];

  @ApiProperty({ type: FitCalibrationDto, nullable: true, description: 'The boot that the figures start from.' })
  calibration!: FitCalibrationDto | null;
}

export class ProfileViewDto implements ProfileView {
  @ApiProperty({ example: 'r1-distill-qwen-14b' })
  name!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty({ description: 'For whom it is, and what it costs.' })
  description!: string;

  @ApiProperty({ type: [String] })
  aliases!: string[];

  @Free({ description: 'Sampling of requests that name none.' })
  defaults!: Record<string, unknown>;

  @ApiProperty({ type: [String] })
  fallbacks!: string[];

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  engines!: Record<string, unknown>[];

  @ApiProperty({ description: 'It is in force.' })
  active!: boolean;

  @ApiProperty({ type: FitAnswerDto })
  fit!: FitAnswerDto;
}

export class RefusedProfileDto implements RefusedProfile {
  @ApiProperty()
  file!: string;

  @ApiProperty({ type: 'integer', nullable: true })
  line!: number | null;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'An earlier, good version of it is still in force.' })
  keptOld!: boolean;
}

export class ProfileListDto implements ProfileList {
  @ApiProperty({ type: [ProfileViewDto] })
  items!: ProfileViewDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: there is one page.' })
  nextCursor!: null;

  @ApiProperty({ type: [RefusedProfileDto], description: 'Files that are not in force, and why.' })
  refused!: RefusedProfileDto[];
}

export class GpuProcessDto implements GpuProcess {
  @ApiProperty({ type: 'integer' })
  pid!: number;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  usedMib!: number;

  @ApiProperty({ enum: OWNERS, enumName: 'GpuProcessOwner' })
  owner!: GpuProcessOwner;
}

export class GpuStateDto implements GpuState {
  @ApiProperty({ type: 'integer' })
  index!: number;

  @ApiProperty()
  uuid!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  totalMib!: number;

  @ApiProperty()
  usedMib!: number;

  @ApiProperty()
  freeMib!: number;

  @Reading('What the driver keeps for itself.')
  reservedMib!: number | null;

  @Reading('Percent.')
  utilisation!: number | null;

  @Reading('Degrees Celsius.')
  temperature!: number | null;

  @Reading('Watts.')
  power!: number | null;

  @Reading('Watts.')
  powerLimit!: number | null;

  @Reading('8.6 for an RTX 3090.')
  computeCapability!: number | null;

  @ApiProperty({ enum: THROTTLES, enumName: 'ThrottleReason', isArray: true })
  throttleReasons!: ThrottleReason[];

  @ApiProperty({ type: [GpuProcessDto] })
  processes!: GpuProcessDto[];
}

export class HardwareDto implements Hardware {
  @ApiProperty({ type: [GpuStateDto] })
  gpus!: GpuStateDto[];

  @ApiProperty({ type: String, nullable: true })
  driver!: string | null;

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'string' } },
    description: "How each pair of GPUs is connected, in nvidia-smi's words; rows and columns by index.",
  })
  topology!: string[][];

  @ApiProperty({ type: String, nullable: true, description: 'Why no GPU can be seen; null when there is one.' })
  unavailable!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Epoch milliseconds of the last reading.' })
  readAt!: number | null;
}
