# shellcheck shell=sh
# What the scripts share. Each is a thin way to ./start, ./stop and ./status, for those who look in scripts/ first; with
# --compose as its first word, or TANDEM_COMPOSE=yes, to the Tandem of deploy/compose.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
# shellcheck disable=SC2034 # of the scripts that read it
home=${TANDEM_HOME:-$root/.tandem}

# die MESSAGE: says it and ends with 1.
die() {
  printf '%s: %s\n' "$(basename -- "$0")" "$1" >&2
  exit 1
}

# help_if_asked "$@": prints the comment at the head of the script for -h and --help.
help_if_asked() {
  for word in "$@"; do
    case $word in
      -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    esac
  done
}

# is_for_compose "$@": whether it is the Tandem of deploy/compose that is meant. A script then drops its first word.
is_for_compose() {
  [ "${1-}" = --compose ] || [ "${TANDEM_COMPOSE-}" = yes ]
}

# compose WORD...: Docker Compose for deploy/compose, with the files that COMPOSE_FILE names.
compose() {
  command -v docker >/dev/null || die 'docker is not on PATH.'
  COMPOSE_FILE=${COMPOSE_FILE:-$root/deploy/compose/compose.yaml} docker compose "$@"
}

# confirmed QUESTION: asks on the terminal; without one the answer is no.
confirmed() {
  [ -t 0 ] || die "$1 Nobody is there to answer: add --yes if it is meant."
  printf '%s [y/N] ' "$1"
  read -r answer
  case $answer in
    y | Y | yes) return 0 ;;
    *) return 1 ;;
  esac
}
