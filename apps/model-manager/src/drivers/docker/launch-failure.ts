import type { FailureCause } from '../../engines/failures';
import { DockerError } from './docker-api';

/** What a daemon says when a container cannot be made or started, in the words of dockerd, runc and nvidia-container-cli. */
const REASONS: readonly (readonly [RegExp, FailureCause])[] = [
  [/port is already allocated|address already in use|ports are not available/i, 'port_in_use'],
  [/could not select device driver|nvidia-container-cli|unknown device|unresolvable CDI/i, 'gpu_not_available'],
  [/executable file .*not found|no such file or directory.*exec|exec .*no such file/i, 'command_not_found'],
  [/no space left on device/i, 'out_of_disk'],
  [
    /no such image|manifest unknown|not found: manifest|pull access denied|repository does not exist/i,
    'image_not_found',
  ],
];

/** Why the daemon could not start an engine. */
export function launchFailure(error: unknown): FailureCause {
  if (!(error instanceof DockerError)) return 'crashed';
  if (error.status === null) return 'driver_unreachable';
  const known = REASONS.find(([pattern]) => pattern.test(error.message));
  return known?.[1] ?? (error.status === 404 ? 'image_not_found' : 'driver_refused');
}
