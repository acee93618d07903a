/** Something that the user can act on: its message is shown as it is, without a stack. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
}

/** What to tell the user of any failure, in one line where we know what it means. */
export function plainReason(error: unknown): string {
  if (error instanceof Trouble) return error.message;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || /No space left on device/.test(error.message)) return `the disk is full (${error.message})`;
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return `no permission: ${error.message}`;
  return error.message;
}
