import { CodedError } from '#contracts/errors';
import { resolveModel, type ModelsState } from '#contracts/models';

/** Whether a key that is limited to `allowed` may use the model of this name: by the name itself, or by what it stands for. */
export function mayUseModel(state: ModelsState | null, name: string, allowed: readonly string[] | null): boolean {
  if (allowed === null || allowed.includes(name)) return true;
  const found = resolveModel(state, name);
  if (found.kind === 'unknown') return false;
  const names = found.kind === 'ready' ? found.candidates.map((one) => one.servedName) : found.servedNames;
  return names.some((one) => allowed.includes(one));
}

/** A name in a path may be as long as the headers; as much of it is repeated to its sender. */
const MAX_NAME_CHARS = 256;

/** A model that a key may not use does not exist for it. */
export function modelNotFound(name: string): CodedError {
  const shown = name.slice(0, MAX_NAME_CHARS).toWellFormed();
  return new CodedError('model_not_found', `The model \`${shown}\` does not exist or you do not have access to it.`, {
    param: 'model',
  });
}
