/**
 * kill -9.
 * @throws Error without a pid: to `process.kill`, 0 is the group of the tests themselves
 */
export function killProcess(pid: number | null | undefined): void {
  if (pid === null || pid === undefined || pid <= 0) throw new Error('there is no process to kill');
  process.kill(pid, 'SIGKILL');
}
