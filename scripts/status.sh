#!/bin/sh
# scripts/status.sh [--json]
#
# Every process with its health, the engines, the GPUs. Exit: 0 healthy, 1 degraded, 3 stopped. ./status.
#   --compose, as the first word: the containers of deploy/compose, with the same exit codes

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
if is_for_compose "$@"; then
  [ "${1-}" != --compose ] || shift
  # A container without a health check is well as long as it runs.
  states=$(compose ps --all --format '{{.State}} {{.Health}}') || exit 1
  compose ps --all "$@"
  [ -n "$states" ] || exit 3
  printf '%s\n' "$states" | grep -qv -e '^running healthy$' -e '^running *$' && exit 1
  exit 0
fi
exec "$root/status" "$@"
