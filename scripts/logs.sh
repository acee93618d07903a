#!/bin/sh
# scripts/logs.sh [SERVICE] [--since 10m] [--level warn] [--follow]
#
# Lines of the log of a service, oldest first; without a name it says which there are. "gateway" is "api-gateway", and so on.
#   --since AGE    not older than that: 30s, 10m, 2h, 1d
#   --level LEVEL  warn, error or fatal: lines of this level and above
#   --follow       goes on with what comes
#   --compose      as the first word: of the containers of deploy/compose, as far back as Docker keeps them

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"

containers=''
if is_for_compose "$@"; then
  containers=yes
  [ "${1-}" != --compose ] || shift
fi
service=''
since=''
level=0
follow=''
while [ $# -gt 0 ]; do
  case $1 in
    --since)
      number=${2%[smhd]}
      case $number in '' | *[!0-9]*) die '--since wants an age such as 30s, 10m, 2h or 1d.' ;; esac
      case $2 in
        *s) seconds=$number ;;
        *m) seconds=$((number * 60)) ;;
        *h) seconds=$((number * 3600)) ;;
        *d) seconds=$((number * 86400)) ;;
        *) die '--since wants an age such as 30s, 10m, 2h or 1d.' ;;
      esac
      at=$(($(date +%s) - seconds))
      # GNU's date, else BSD's. As the lines have it, so that text is compared with text.
      since=$(date -u -d "@$at" +%Y-%m-%dT%H:%M:%S 2>/dev/null || date -u -r "$at" +%Y-%m-%dT%H:%M:%S)
      shift
      ;;
    --level)
      case ${2-} in
        warn) level=40 ;;
        error) level=50 ;;
        fatal) level=60 ;;
        *) die '--level is warn, error or fatal.' ;;
      esac
      shift
      ;;
    --follow | -f) follow=yes ;;
    -*) die "it does not know $1 (see --help)." ;;
    *) service=$1 ;;
  esac
  shift
done

if [ -n "$containers" ]; then
  there=$(compose config --services | sort | tr '\n' ' ')
else
  there=$(find "$home/logs" -name '*.log' -exec basename {} .log \; 2>/dev/null | sort | tr '\n' ' ')
  [ -n "$there" ] || die "there are no logs in $home/logs: Tandem has not been started here."
fi
case $service in
  '') die "of which service? There are: $there" ;;
  gateway) service=api-gateway ;;
  chat) service=chat-service ;;
  models | manager) service=model-manager ;;
  usage) service=usage-service ;;
  nats) [ -n "$containers" ] || service=nats-server ;;
esac
case $service in */*) die "there is no log of $service. There are: $there" ;; esac
file=$home/logs/$service.log
if [ -n "$containers" ]; then
  case " $there" in *" $service "*) ;; *) die "there is no log of $service. There are: $there" ;; esac
elif [ ! -f "$file" ]; then
  die "there is no log of $service. There are: $there"
fi

# A line of JSON has its time (ISO 8601, UTC) and its level; one that has neither (a stack, another program's words)
# goes with the line before it.
chosen() {
  awk -v since="$since" -v level="$level" '
    BEGIN { shown = (since == "" && level == 0); names["trace"] = 10; names["debug"] = 20; names["info"] = 30
            names["warn"] = 40; names["error"] = 50; names["fatal"] = 60 }
    match($0, /"time":"[0-9TZ:.-]+/) {
      time = substr($0, RSTART + 8, RLENGTH - 8)
      rank = 30
      if (match($0, /"level":("[a-z]+"|[0-9]+)/)) {
        word = substr($0, RSTART + 8, RLENGTH - 8); gsub(/"/, "", word)
        rank = (word in names) ? names[word] : word + 0
      }
      shown = (time >= since && rank >= level)
    }
    shown { print; fflush() }'
}

if [ -n "$containers" ]; then
  compose logs --no-color --no-log-prefix ${since:+--since "${since}Z"} ${follow:+--follow} "$service" | chosen
elif [ -n "$follow" ]; then
  tail -n +1 -F "$file" 2>/dev/null | chosen
else
  # What was rotated away comes first.
  for old in "$file.3" "$file.2" "$file.1" "$file"; do
    [ ! -f "$old" ] || cat "$old"
  done | chosen
fi
