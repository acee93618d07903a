import type { Clients } from './clients';
import type { Stage, Twin } from './stage';

/** Tokens of engines that cannot be asked any more: known exactly, or between two bounds. */
export interface DeadEngineTokens {
  readonly least: number;
  readonly most: number;
}

/** What a fault did to the system. */
export interface Injected {
  /** Epoch milliseconds at which it struck. */
  readonly at: number;
  /** From then until the process was ready again; missing where nothing was ended. */
  readonly readyAgainMs?: number;
  /** Of the engines that died of it. */
  readonly deadEngines?: DeadEngineTokens;
  /** By so much the services' clock was set back, milliseconds. */
  readonly setBackMs?: number;
  /** Worth a line in the report. */
  readonly note?: string;
}

/**
 * Which requests must not notice anything. `all`: every one is answered in full. `running`: those that ran when the fault
 * struck; later ones may be refused. `other-gateways`, `other-chat-services`: those that the ended process had no part in.
 */
export type Spared = 'all' | 'running' | 'other-gateways' | 'other-chat-services' | 'none';

/** One thing that goes wrong, done to a real system under load. */
export interface Fault {
  /** For `--only`. */
  readonly name: string;
  /** For the table. */
  readonly title: string;
  /** Of the start; VLLM_SIM_*, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** Services of which a second one runs beside that of ./start. */
  readonly twins?: readonly Twin[];
  /** Prepares the home before the start; what it hands back undoes it. */
  readonly prepareHome?: (home: string) => () => void;
  readonly spares: Spared;
  /** For how long an engine may go on after the last token that a client saw, seconds; without it 2. */
  readonly unseenSeconds?: number;
  /** Age of the last checkpoint of a request whose chat-service died, seconds at most; without it there is none. */
  readonly checkpointSeconds?: number;
  /** Does it, and resolves when the system should be whole again. */
  inject(stage: Stage, clients: Clients): Promise<Injected>;
}
