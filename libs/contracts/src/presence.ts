import type { BackendStatus } from './code';
import type { HintBackendStatus } from './hints';

/**
 * Heartbeats, both ways: a chat-service ends the streams of a gateway that fell silent, a gateway ends (with an error
 * event) the streams of a chat-service that fell silent. Core NATS; every frame message counts as a beat too.
 */
export const PresenceSubjects = {
  gateway: 'gateway.v1.heartbeat',
  chat: 'chat.v1.heartbeat',
} as const;

export interface Heartbeat {
  instanceId: string;
  /** Streams this instance holds now. */
  inFlight: number;
  /** Of these, requests that wait for an engine. */
  waiting?: number;
  /** Of a chat-service: requests that people wait for, running or queued. */
  people?: number;
  /** Of a chat-service: requests that ran into a timeout or deadline since its start. */
  timeouts?: number;
  /** Of a chat-service: who would answer code now. */
  backend?: BackendStatus;
  /** Of a chat-service: who would give hints now. */
  hints?: HintBackendStatus;
  /** The last beat of an instance that leaves in good order. */
  leaving?: boolean;
}

export const HEARTBEAT_INTERVAL_MS = 1_000;
/** Four missed beats. A loaded two-core machine was seen to stall an event loop for more than one second, never for three. */
export const HEARTBEAT_LOST_AFTER_MS = 4_000;
