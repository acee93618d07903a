import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** NIST SP 800-38D, 5.2.1.1: 96 bits. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/**
 * Encrypts a secret for storage (AES-256-GCM, a fresh nonce each time).
 * @param key 32 bytes.
 * @param purpose what it is for: it opens for nothing else.
 */
export function seal(secret: string, key: Buffer, purpose: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return [VERSION, ...[nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
}

/** Null: another key or purpose, or not what `seal` made. */
export function unseal(text: string, key: Buffer, purpose: string): string | null {
  const [version, ...parts] = text.split('.');
  const [nonce, tag, sealed] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (version !== VERSION || parts.length !== 3 || nonce?.length !== NONCE_BYTES || tag?.length !== TAG_BYTES)
    return null;
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed ?? Buffer.alloc(0)), decipher.final()]).toString('utf8');
  } catch {
    // GCM says no more than that it does not fit.
    return null;
  }
}
