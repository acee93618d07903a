#!/bin/sh
# scripts/cleanup.sh [--logs] [--build] [--data] [--yes]
#
# Frees disk. Asks before it deletes, and deletes nothing that runs.
#   --logs   logs of earlier starts
#   --build  what the next start builds or fetches again: dist, node_modules, .cache
#   --data   everything that Tandem knows: accounts, conversations, the ledger. There is no way back but a backup
#   --yes    does not ask
#   --compose, as the first word: of the Tandem of deploy/compose. Its data are volumes, its build images; Docker turns its
#            logs over by itself

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"

containers=''
if is_for_compose "$@"; then
  containers=yes
  [ "${1-}" != --compose ] || shift
fi
logs=''
build=''
data=''
yes=''
[ $# -gt 0 ] || die 'what is to be cleaned? --logs, --build or --data (see --help).'
for word in "$@"; do
  case $word in
    --logs) logs=yes ;;
    --build) build=yes ;;
    --data) data=yes ;;
    --yes) yes=yes ;;
    *) die "it does not know $word (see --help)." ;;
  esac
done

# Tandem runs where ./status does not answer 3. A clone that was never started answers 3 as well.
running() {
  "$root/status" >/dev/null 2>&1
  [ $? -ne 3 ]
}

if [ -n "$containers" ]; then
  [ -z "$(compose ps --all --quiet)" ] || die 'Tandem runs. Stop it first: scripts/stop.sh --compose'
  for what in ${data:+volumes} ${build:+images}; do
    if [ -z "$yes" ] && ! confirmed "Delete the $what of deploy/compose?"; then
      echo "$what: kept"
      continue
    fi
    case $what in volumes) compose down --volumes ;; images) compose down --rmi all ;; esac
    echo "$what: deleted"
  done
  exit
fi

# gone WHAT PATH...: deletes, once the answer is yes.
gone() {
  what=$1
  shift
  size=$(du -shc -- "$@" 2>/dev/null | tail -n 1 | cut -f 1)
  if [ -z "$yes" ] && ! confirmed "Delete $what (${size:-0})?"; then
    echo "$what: kept"
    return
  fi
  rm -rf -- "$@"
  echo "$what: deleted, ${size:-0} freed"
}

if [ -n "$data" ] || [ -n "$build" ]; then
  running && die 'Tandem runs. Stop it first: ./stop'
fi
if [ -n "$logs" ]; then
  if running; then
    # The services hold their files open: only what was rotated away.
    gone 'rotated logs' "$home"/logs/*.log.[0-9]*
  else
    gone 'logs' "$home/logs"
  fi
fi
# A folder that is not Tandem's is nobody's to delete, whatever TANDEM_HOME says.
if [ -n "$data" ]; then
  [ -f "$home/secrets.json" ] || die "$home is not the home of a Tandem."
  gone "all data in $home" "$home"
fi
if [ -n "$build" ]; then
  gone 'the build' "$root/dist" "$root/node_modules" "$root/.cache"
fi
