#!/bin/sh
# scripts/restart.sh [what ./start takes]
#
# Stops Tandem, running answers first, and starts it again.

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
"$root/stop" || die 'it did not stop, so it is not started either.'
exec "$root/start" "$@"
