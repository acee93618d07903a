/** Engines and their state, as model-manager announces them. */

export const ModelSubjects = {
  /** The whole picture, announced on every change and every few seconds. Core NATS. */
  state: 'models.v1.state',
  /** Request/reply: the picture now. */
  status: 'models.v1.status',
} as const;

/** JetStream KV bucket and key that keep the last announcement, so that one who starts late knows it. */
export const MODELS_BUCKET = 'models';
export const MODELS_STATE_KEY = 'state';

/** What an engine is doing. Each state holds exactly what is true in it. */
export type EngineState =
  | { kind: 'stopped' }
  | { kind: 'loading'; phase: string; percent: number; startedAt: number }
  | { kind: 'ready'; url: string; since: number }
  | { kind: 'failed'; cause: string; message: string; retryAt: number | null };

export interface ServedModel {
  /** The name that the engine answers to. */
  id: string;
  /** Other names that mean this model. */
  aliases: string[];
  /** Context length in tokens; null when the engine does not tell. */
  maxModelLen: number | null;
  /** Epoch seconds, as OpenAI's `created`. */
  created: number;
}

export interface EngineAnnouncement {
  id: string;
  driver: 'simulator' | 'process' | 'external';
  profile: string | null;
  state: EngineState;
  models: ServedModel[];
  /**
   * True for an external engine: it may serve names that its `/v1/models` does not list (adapters, routers), so an
   * unknown name is sent to it and its own 404 is what the client sees.
   */
  acceptsUnlistedModels: boolean;
}

export interface ModelsState {
  /** Grows with every change; survives restarts of model-manager (it is wall-clock milliseconds). */
  revision: number;
  /** The profile in force: what the model name `default` means. */
  profile: string | null;
  engines: EngineAnnouncement[];
}

/** The name that always means the profile in force. */
export const DEFAULT_MODEL = 'default';
