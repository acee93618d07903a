/** Who may do what, and the news that it changed. */

export type Role = 'user' | 'admin';

/** The caller of a request after authentication. `keyId` is null for somebody signed in with a password. */
export interface Actor {
  userId: string;
  email: string;
  role: Role;
  keyId: string | null;
}

export const AccessSubjects = {
  /** A user or a key changed or is gone: gateways drop it from their caches. Core NATS, every gateway hears it. */
  changed: 'access.v1.changed',
} as const;

/** `ended`: nothing may go on in its name, not even an answer that is being streamed. */
export type AccessChanged =
  | { kind: 'user'; userId: string; ended?: 'disabled' | 'deleted' | undefined }
  | { kind: 'key'; keyId: string; ended?: 'deleted' | undefined };
