import { CodedError } from '#contracts/errors';
import { resolveModel, type ModelsState } from '#contracts/models';

/** Whether a key that is limited to `allowed` may use the model of this name: by the name itself, or by what it stands for. */
export function mayUseModel(state: ModelsState | null, name: string, allowed: readonly string[] | null): boolean {
  return usableModel(state, name, allowed) !== null;
}

/**
 * The name by which a key that is limited to `allowed` is given what it asks for; null: it may not use it. Where it may by what
 * the name stands for, that is the answer: an alias, or `default`, may stand for other models too, and for another one after
 * a switch through which the request waits.
 */
export function usableModel(state: ModelsState | null, name: string, allowed: readonly string[] | null): string | null {
  if (allowed === null || allowed.includes(name)) return name;
  const found = resolveModel(state, name);
  if (found.kind === 'unknown') return null;
  const names = found.kind === 'ready' ? found.candidates.map((one) => one.servedName) : found.servedNames;
  return names.find((one) => allowed.includes(one)) ?? null;
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
