#!/bin/sh
# scripts/stop.sh [--json]
#
# Stops Tandem: running answers are finished first (DRAIN_TIMEOUT_MS, 60 s at most). ./stop.
#   --compose, as the first word: the Tandem of deploy/compose; its data stay

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
if is_for_compose "$@"; then
  [ "${1-}" != --compose ] || shift
  compose down "$@"
  exit
fi
exec "$root/stop" "$@"
