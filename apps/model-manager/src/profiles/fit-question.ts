import { CodedError } from '#contracts/errors';
import type { FitQuestion } from '#contracts/profiles';
import { z } from 'zod';
import type { FitGpu, FitHardware, ModelKnowledge } from '../fit/fit-model';
import { ModelConfigError } from '../fit/model/config-reader';
import { describeModel } from '../fit/model/describe-model';
import { engineSettingsSchema, profileSchema, type Profile } from './profile';

/** A what-if that was understood. */
export interface ReadQuestion {
  profile: { kind: 'named'; name: string } | { kind: 'given'; profile: Profile };
  /** Null: this host. */
  hardware: FitHardware | null;
  /** Stands for whatever model the profile names; null: the facts in `models/` say it. */
  model: ModelKnowledge | null;
  checkpointBytes: number | null;
}

const capability = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,2}(\.\d)?$/)
      .transform(Number),
  ])
  .pipe(z.number().min(1).max(99));
const mib = z.number().min(1).max(16_777_216);

const hardwareSchema = z.object({
  gpus: z
    .array(
      z.object({
        index: z.int().min(0).max(1_023).optional(),
        uuid: z.string().max(100).optional(),
        name: z.string().max(200),
        totalMib: mib,
        freeMib: z.number().min(0).max(16_777_216).nullish(),
        computeCapability: capability.nullish(),
      }),
    )
    .max(64),
});

/** @throws CodedError `invalid_value`, with the field; never anything else, whatever is in it. */
export function readQuestion(question: FitQuestion): ReadQuestion {
  const checkpointBytes = readBytes(question.checkpointBytes);
  return {
    profile: readProfile(question.profile, question.modelConfig !== undefined),
    hardware: question.hardware === undefined ? null : readHardware(question.hardware),
    model: question.modelConfig === undefined ? null : readModel(question, checkpointBytes),
    checkpointBytes,
  };
}

/** A profile's name, a profile, or the settings of one engine. */
function readProfile(given: unknown, modelGiven: boolean): ReadQuestion['profile'] {
  if (typeof given === 'string') {
    if (given === '' || given.length > 256) throw wrong('profile', 'it must be the name of a profile, or a profile');
    return { kind: 'named', name: given };
  }
  if (!isObject(given)) throw wrong('profile', 'it must be the name of a profile, or a profile');
  const unnamed = { name: 'what-if' };
  const model = modelGiven ? { model: 'the model given' } : {};
  if (!Object.hasOwn(given, 'engines')) {
    const engine = checked(engineSettingsSchema, { ...model, ...given }, 'profile');
    return { kind: 'given', profile: { ...unnamed, aliases: [], defaults: {}, fallbacks: [], engines: [engine] } };
  }
  const engines = Array.isArray(given['engines'])
    ? given['engines'].map((engine: unknown) => (isObject(engine) ? { ...model, ...engine } : engine))
    : given['engines'];
  return { kind: 'given', profile: checked(profileSchema, { ...unnamed, ...given, engines }, 'profile') };
}

function readHardware(given: unknown): FitHardware {
  const { gpus } = checked(hardwareSchema, given, 'hardware');
  return {
    gpus: gpus.map((gpu, position): FitGpu => {
      const freeMib = gpu.freeMib ?? null;
      if (freeMib !== null && freeMib > gpu.totalMib)
        throw wrong(`hardware.gpus[${position}].freeMib`, 'it must not be more than totalMib');
      return {
        index: gpu.index ?? position,
        uuid: gpu.uuid ?? null,
        name: gpu.name,
        totalMib: gpu.totalMib,
        freeMib,
        computeCapability: gpu.computeCapability ?? null,
      };
    }),
  };
}

function readModel({ modelConfig }: FitQuestion, checkpointBytes: number | null): ModelKnowledge {
  if (!isObject(modelConfig)) throw wrong('modelConfig', "it must be the model's config.json");
  try {
    return { kind: 'known', shape: describeModel('the model given', modelConfig, checkpointBytes) };
  } catch (error) {
    if (!(error instanceof ModelConfigError)) throw error;
    const param = error.field === 'checkpointBytes' ? error.field : `modelConfig.${error.field}`;
    throw wrong(param, `it ${error.message}`);
  }
}

function readBytes(given: unknown): number | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < 1_048_576 || given > 2 ** 44)
    throw wrong('checkpointBytes', 'it must be a whole number of bytes, from 1 MiB to 16 TiB');
  return given;
}

function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? [])
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('');
  throw wrong(`${name}${path}`.slice(0, 200), issue?.message ?? 'it is not valid');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrong = (param: string, reason: string): CodedError =>
  new CodedError('invalid_value', `Invalid '${param}': ${reason}.`, { param });
