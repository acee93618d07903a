#!/bin/sh
# scripts/start.sh [--port N] [--engine simulator|process|external] [--engine-url URL] [--json]
#
# Starts Tandem on this machine and waits until it is ready: ./start, with all that it takes.

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"
exec "$root/start" "$@"
