import type { SimulatorConfig } from '../config';
import type { ServeOptions } from '../cli/serve-options';
import type { Engine } from '../engine/engine';
import type { Limits } from '../protocol/chat-request';

export const VLLM_VERSION = '0.32.0';

/** What the routes know about the server they belong to. */
export interface ServerState {
  readonly options: ServeOptions;
  readonly config: SimulatorConfig;
  readonly engine: Engine;
  readonly limits: Limits;
  readonly kvCacheTokens: number;
  readonly fingerprint: string | null;
  readonly startedAtS: number;
  /** Requests in the handlers, for /load. */
  load: number;
  httpRequests: Map<string, number>;
}

/** `vllm-0.32.0-tp2-<hash>`: version, parallelism, and a hash of the configuration. */
export function systemFingerprint(options: ServeOptions, hash: string): string | null {
  switch (options.fingerprintMode) {
    case 'none':
      return null;
    case 'custom':
      return options.fingerprintValue;
    case 'hash':
      return `vllm-${VLLM_VERSION}-${hash}`;
    default:
      return [`vllm-${VLLM_VERSION}`, options.tensorParallelSize > 1 ? `tp${options.tensorParallelSize}` : [], hash]
        .flat()
        .join('-');
  }
}
