/** Something that the user can act on: its message is shown as it is, without a stack. */
export class Trouble extends Error {
  name = 'Trouble';
}

/** Turns a failure of the file system into the reason that a user needs; anything else stays what it is. */
export function plainReason(error) {
  if (error instanceof Trouble) return error.message;
  if (error?.code === 'ENOSPC') return 'the disk is full';
  if (error?.code === 'EROFS' || error?.code === 'EACCES' || error?.code === 'EPERM')
    return `no permission: ${error.message}`;
  return error?.stack ?? String(error);
}
