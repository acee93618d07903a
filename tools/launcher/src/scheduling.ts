/**
 * How late a timer of a process may be, nanoseconds (PR_SET_TIMERSLACK, prctl(2); Linux's own default is 50,000). Go's
 * runtime has a thread that sleeps for 20 µs at a time while anything runs: in nats-server it was a third of the CPU time.
 * Nothing of ours is timed finer than in milliseconds.
 */
const TIMER_SLACK_NS = 2_000_000;

/**
 * Both are inherited by what runs in its place. Where one is not to be had (no Linux, a container that forbids it, no
 * util-linux), the program runs as it would have.
 */
const SCRIPT = [
  `{ echo ${TIMER_SLACK_NS} >/proc/self/timerslack_ns; } 2>/dev/null`,
  'chrt -b 0 true 2>/dev/null && exec chrt -b 0 "$@"',
  'exec "$@"',
].join('\n');

/**
 * The command that runs a program so that it finishes what it has at hand: as SCHED_BATCH (sched(7)) it does not push
 * another process from the processor when a message comes for it, so the next one comes in the same turn and costs no change
 * of the process. A token passes through three processes on few cores; docs/decisions/002 has what it brought.
 */
export function unhurried(command: string, args: readonly string[]): { command: string; args: string[] } {
  return { command: '/bin/sh', args: ['-c', SCRIPT, 'sh', command, ...args] };
}
