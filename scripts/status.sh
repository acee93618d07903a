#!/bin/sh
# scripts/status.sh [--json]
#
# Every process with its health, the engines, the GPUs. Exit: 0 healthy, 1 degraded, 3 stopped. ./status.

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
exec "$root/status" "$@"
