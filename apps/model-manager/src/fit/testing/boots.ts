import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { EngineSettings } from '../../profiles/profile';
import { checkEngine, type EngineFit } from '../check-engine';
import { gpuFigures, type GpuFigures } from '../gpu-figures';
import { describeModel } from '../model/describe-model';
import type { ModelShape } from '../model/model-shape';
import { GIB, MIB } from '../units';
import { parseCsv } from './csv';

/** A row of a file of real boots, with what the fit check says of the same engine. */
export interface ComparedBoot {
  file: 'kv-boots' | 'more-boots';
  row: number;
  model: string;
  version: string;
  gpus: string;
  outcome: string;
  observed: { weightsGib: number | null; kvGib: number | null; tokens: number | null; refused: boolean };
  /** Null where the row does not give what a check needs; `why` says what. */
  fit: EngineFit | null;
  why: string | null;
  /** Booted with a version that did its sums in another way. */
  old: boolean;
}

const boot = z.object({
  model: z.string(),
  settings: z.record(z.string(), z.unknown()).default({}),
  gpu: z.string().optional(),
  util: z.number().optional(),
  miss: z.string().optional(),
});
const model = z.object({
  facts: z.string().optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  without: z.array(z.string()).default([]),
  checkpointBytes: z.number().nullable().optional(),
  weightsGib: z.number().optional(),
});
const inputs = z.object({
  models: z.record(z.string(), model),
  rows: z.record(z.string(), boot),
  moreRows: z.record(z.string(), boot),
  notComparable: z.record(z.string(), z.string()),
});

/** A model of `boot-inputs.json`, as the fit check describes it. */
export function bootModel(name: string, testing: string, models: string): ModelShape {
  return shapeOf(name, readInputs(testing).models, models);
}

function readInputs(testing: string): z.output<typeof inputs> {
  return inputs.parse(JSON.parse(readFileSync(join(testing, 'boot-inputs.json'), 'utf8')));
}

/** Every row of both files, compared. `models` is the folder of facts. */
export function compareBoots(testing: string, models: string): ComparedBoot[] {
  const given = readInputs(testing);
  const read = (name: string): Record<string, string>[] => parseCsv(readFileSync(join(testing, `${name}.csv`), 'utf8'));
  const compare = (file: ComparedBoot['file'], rows: Record<string, z.output<typeof boot>>): ComparedBoot[] =>
    read(file).map((row, index) => {
      const input = rows[String(index + 1)];
      const shape = input === undefined ? null : shapeOf(input.model, given.models, models);
      const missing = file === 'kv-boots' ? (given.notComparable[String(index + 1)] ?? null) : null;
      return {
        file,
        row: index + 1,
        ...described(row),
        fit:
          input === undefined || shape === null
            ? null
            : checkRow(row, input, shape, given.models[input.model]?.weightsGib),
        why: input === undefined ? (missing ?? 'what the check needs is not given') : (input.miss ?? null),
      };
    });
  return [...compare('kv-boots', given.rows), ...compare('more-boots', given.moreRows)];
}

function described(row: Record<string, string>): Omit<ComparedBoot, 'file' | 'row' | 'fit' | 'why'> {
  const outcome = row['outcome'] ?? '';
  const version = row['vllm_version'] ?? '';
  return {
    model: row['model'] ?? '',
    version,
    gpus: `${row['n_gpus_tp'] ?? ''} ${row['gpu'] ?? ''}`,
    outcome,
    observed: {
      weightsGib: figure(row['weights_gib_per_gpu']),
      kvGib: figure(row['kv_gib_per_gpu']),
      tokens: figure(row['kv_tokens']),
      refused: /^refused/.test(outcome),
    },
    old: /^0\.(\d|10)\b/.test(version),
  };
}

function figure(text: string | undefined): number | null {
  const match = /^~?([\d.]+)/.exec(text ?? '');
  return match === null ? null : Number(match[1]);
}

function shapeOf(name: string, known: Record<string, z.output<typeof model>>, folder: string): ModelShape {
  const entry = known[name];
  if (entry === undefined) throw new Error(`no model ${name} in boot-inputs.json`);
  const facts = entry.facts === undefined ? {} : readFacts(folder, entry.facts);
  const config = Object.fromEntries(
    Object.entries({ ...facts, ...entry.config, ...entry.with }).filter(([field]) => !entry.without.includes(field)),
  );
  const bytes = entry.checkpointBytes === undefined ? facts['checkpoint_bytes'] : entry.checkpointBytes;
  return describeModel(name, config, typeof bytes === 'number' ? bytes : null);
}

function readFacts(folder: string, id: string): Record<string, unknown> {
  const path = join(folder, `${id.replace('/', '__')}.json`);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
}

function checkRow(
  row: Record<string, string>,
  input: z.output<typeof boot>,
  shape: ModelShape,
  weightsGib: number | undefined,
): EngineFit {
  const parallel = Number(/^(\d+)x/.exec(row['n_gpus_tp'] ?? '')?.[1] ?? 1);
  const pipelined = 'pipelineParallelSize' in input.settings;
  const cacheDtype = row['kv_dtype'] === 'bf16' ? 'auto' : row['kv_dtype'];
  const settings: Record<string, unknown> = {
    model: input.model,
    tensorParallelSize: pipelined ? 1 : parallel,
    gpuMemoryUtilization: input.util ?? Number(row['util'] || 0.92),
    ...(cacheDtype === undefined || cacheDtype === '' ? {} : { kvCacheDtype: cacheDtype }),
    ...(row['max_model_len'] ? { maxModelLen: Number(row['max_model_len']) } : {}),
    ...(row['max_num_seqs'] ? { maxNumSeqs: Number(row['max_num_seqs']) } : {}),
    enforceEager: row['enforce_eager'] === 'True',
    ...input.settings,
  };
  const gpu = (index: number): GpuFigures =>
    gpuFigures({
      index,
      uuid: null,
      name: input.gpu ?? row['gpu'] ?? '',
      totalMib: totalMib(row, input.gpu),
      freeMib: null,
      computeCapability: null,
    });
  const known = weightsGib === undefined ? shape : { ...shape, checkpointBytes: checkpointFor(weightsGib, shape) };
  const others = Array.from({ length: parallel - 1 }, (_, index) => gpu(index + 1));
  return checkEngine(settings as EngineSettings, known, [gpu(0), ...others], null);
}

/** A checkpoint whose loaded part is what the log says: the encoder is loaded, layers for drafting are not. */
function checkpointFor(weightsGib: number, shape: ModelShape): number {
  return Math.round(weightsGib * GIB - shape.rotaryCacheBytes + shape.parameters.mtp * 1.5);
}

const SMI_MIB: Readonly<Record<string, number>> = {
  'RTX 3090': 24_576,
  'RTX 4090': 24_564,
  'RTX 5090': 32_607,
  L4: 23_034,
  L40S: 46_068,
  'A100 80GB': 81_920,
  'RTX A6000 48GB': 49_140,
};

/** CUDA's total where the log gives it, else nvidia-smi's for the card. */
function totalMib(row: Record<string, string>, gpu: string | undefined): number {
  const total = Number(row['gpu_total_gib'] || 0);
  if (total > 0) return Math.round((total * GIB) / MIB);
  return SMI_MIB[gpu ?? row['gpu'] ?? ''] ?? 24_576;
}
