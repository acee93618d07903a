#!/bin/sh
# scripts/restart.sh [what ./start takes]
#
# Stops Tandem, running answers first, and starts it again.
#   --compose, as the first word: the Tandem of deploy/compose

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
if is_for_compose "$@"; then
  [ "${1-}" != --compose ] || shift
  "$root/scripts/stop.sh" --compose || die 'it did not stop, so it is not started either.'
  exec "$root/scripts/start.sh" --compose "$@"
fi
"$root/stop" || die 'it did not stop, so it is not started either.'
exec "$root/start" "$@"
