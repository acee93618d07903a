import { Injectable } from '@nestjs/common';
import { DEFAULT_MODEL, isComing, isReady } from '#contracts/models';
import { ModelsDirectory } from '#common/models-directory';
import { mayUseModel, modelNotFound } from '../streaming/model-access';

/** OpenAI's model object, with the context length that vLLM adds to it. */
export interface OpenAiModel {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  max_model_len: number | null;
}

/** The models that a caller may ask for now, under every name that they have; one that loads makes its requests wait. */
@Injectable()
export class ModelList {
  constructor(private readonly directory: ModelsDirectory) {}

  list(allowed: readonly string[] | null): OpenAiModel[] {
    const models = new Map<string, OpenAiModel>();
    for (const engine of this.directory.state?.engines ?? []) {
      if (!isReady(engine) && !isComing(engine)) continue;
      for (const { id, aliases, created, maxModelLen } of engine.models) {
        for (const name of [id, ...aliases]) {
          models.set(name, { id: name, object: 'model', created, owned_by: 'tandem', max_model_len: maxModelLen });
        }
        if (!models.has(DEFAULT_MODEL))
          models.set(DEFAULT_MODEL, {
            id: DEFAULT_MODEL,
            object: 'model',
            created,
            owned_by: 'tandem',
            max_model_len: maxModelLen,
          });
      }
    }
    return [...models.values()].filter(({ id }) => mayUseModel(this.directory.state, id, allowed));
  }

  /** @throws CodedError `model_not_found` */
  get(name: string, allowed: readonly string[] | null): OpenAiModel {
    const found = this.list(allowed).find(({ id }) => id === name);
    if (found !== undefined) return found;
    throw modelNotFound(name);
  }
}
