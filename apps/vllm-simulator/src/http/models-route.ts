import { newId } from '../protocol/reply';
import type { ServerState } from './server-state';

/** The body of GET /v1/models: one entry for each served name. */
export function modelList({ options, limits }: ServerState): unknown {
  const created = Math.floor(Date.now() / 1000);
  const permission = (): unknown => ({
    id: `modelperm-${newId()}`,
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  });
  return {
    object: 'list',
    data: options.servedNames.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'vllm',
      root: options.model,
      parent: null,
      max_model_len: limits.maxModelLen,
      permission: [permission()],
    })),
  };
}
