#!/bin/sh
# scripts/stop.sh [--json]
#
# Stops Tandem: running answers are finished first (DRAIN_TIMEOUT_MS, 60 s at most). ./stop.

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
exec "$root/stop" "$@"
