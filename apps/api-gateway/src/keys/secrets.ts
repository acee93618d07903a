import { randomBytes } from 'node:crypto';

const PREFIX = 'sk-tandem-';

/** A new API key: 256 random bits. */
export function newApiKey(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

/** What people recognise a key by: its begin and its last four characters. */
export function keyHint(key: string): string {
  return `${key.startsWith(PREFIX) ? PREFIX : key.slice(0, 3)}...${key.slice(-4)}`;
}
