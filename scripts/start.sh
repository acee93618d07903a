#!/bin/sh
# scripts/start.sh [--port N] [--engine simulator|process|external] [--engine-url URL] [--json]
#
# Starts Tandem on this machine and waits until it is ready: ./start, with all that it takes.
#   --compose, as the first word: the Tandem of deploy/compose (scripts/setup.sh --compose once before), images built where they miss

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
if is_for_compose "$@"; then
  [ "${1-}" != --compose ] || shift
  compose up --detach --wait "$@"
  exit
fi
exec "$root/start" "$@"
