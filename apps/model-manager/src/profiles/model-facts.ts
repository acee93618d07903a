import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelKnowledge } from '../fit/fit-model';
import { ModelConfigError } from '../fit/model/config-reader';
import { describeModel } from '../fit/model/describe-model';
import type { ModelShape } from '../fit/model/model-shape';
import { say } from '../fit/say';

/**
 * The models that the files in `models/` describe. They are read once: new facts come with a new version.
 */
export class ModelFacts {
  private readonly known = new Map<string, ModelKnowledge>();

  constructor(folder: string) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) this.read(folder, file);
  }

  /** By Hugging Face id, whatever its case; a local folder is known by its last part. */
  find(id: string): ModelKnowledge {
    const found = this.known.get(id.toLowerCase()) ?? this.byLastPart(id);
    return found ?? { kind: 'unknown', why: say('model_unknown', { model: id.slice(0, 200) }) };
  }

  /** Ids of models with the same layers and sizes in fewer bits, smallest first. */
  siblings(id: string): string[] {
    const own = this.find(id);
    if (own.kind === 'unknown') return [];
    return [...this.known.values()]
      .flatMap((other) => (other.kind === 'known' && isSmallerSibling(other.shape, own.shape) ? [other.shape] : []))
      .sort((one, other) => (one.checkpointBytes ?? 0) - (other.checkpointBytes ?? 0))
      .map((shape) => shape.id);
  }

  private byLastPart(id: string): ModelKnowledge | undefined {
    if (!/^[./~]/.test(id)) return undefined;
    const folder = id.replace(/\/+$/, '').split('/').at(-1)?.toLowerCase() ?? '';
    const ids = [...this.known.keys()].filter((key) => key.split('/').at(-1) === folder);
    return ids.length === 1 ? this.known.get(ids[0] ?? '') : undefined;
  }

  private read(folder: string, file: string): void {
    const facts: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    if (typeof facts !== 'object' || facts === null || !('id' in facts) || typeof facts.id !== 'string') return;
    const bytes =
      'checkpoint_bytes' in facts && typeof facts.checkpoint_bytes === 'number' ? facts.checkpoint_bytes : null;
    this.known.set(facts.id.toLowerCase(), describe(facts.id, facts, bytes));
  }
}

/** A model from its config.json, or why it cannot be told what it takes. */
export function describe(id: string, config: object, checkpointBytes: number | null): ModelKnowledge {
  try {
    return { kind: 'known', shape: describeModel(id, { ...config }, checkpointBytes) };
  } catch (error) {
    if (error instanceof ModelConfigError)
      return {
        kind: 'unknown',
        why: say('model_not_described', { model: id, field: error.field, problem: error.message }),
      };
    throw error;
  }
}

function isSmallerSibling(other: ModelShape, own: ModelShape): boolean {
  return (
    other.id !== own.id &&
    other.layers === own.layers &&
    other.hiddenSize === own.hiddenSize &&
    other.intermediateSize === own.intermediateSize &&
    other.queryHeads === own.queryHeads &&
    other.kvHeads === own.kvHeads &&
    (other.experts?.count ?? 0) === (own.experts?.count ?? 0) &&
    (other.quantization?.bits ?? 16) < (own.quantization?.bits ?? 16) &&
    related(other.id, own.id)
  );
}

/** The same family by name: Qwen2.5-14B's AWQ weights are no replacement for R1 Distill, which has the same shape. */
function related(one: string, other: string): boolean {
  const words = (id: string): Set<string> =>
    new Set(
      (id.split('/').at(-1) ?? id)
        .toLowerCase()
        .split(/[-_]/)
        .filter((word) => !/^(awq|gptq|int[48]|4bit|w4a16|v\d|fp8|nvfp4|gptqmodel)$/.test(word)),
    );
  const own = words(one);
  const theirs = words(other);
  return own.size === theirs.size && [...own].every((word) => theirs.has(word));
}
