import { CodedError } from '#contracts/errors';
import { resolveModel, type ModelsState } from '#contracts/models';

/** Whether a key that is limited to `allowed` may use the model of this name: by the name itself, or by what it stands for. */
export function mayUseModel(state: ModelsState | null, name: string, allowed: readonly string[] | null): boolean {
  if (allowed === null || allowed.includes(name)) return true;
  const found = resolveModel(state, name);
  return found.kind === 'ready' && found.candidates.some((one) => allowed.includes(one.servedName));
}

/** A model that a key may not use does not exist for it. */
export function modelNotFound(name: string): CodedError {
  return new CodedError('model_not_found', `The model \`${name}\` does not exist or you do not have access to it.`, {
    param: 'model',
  });
}
