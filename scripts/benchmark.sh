#!/bin/sh
# scripts/benchmark.sh [SCENARIO] [--url URL] [--duration 5m] [--out FOLDER] [--headers-only]
#
# Loads a running Tandem with k6, and writes report.md and report.html with charts. The key is read from TANDEM_API_KEY.
#   SCENARIO        ramp: 1 -> 5 -> 10 users in 5 minutes (the default); smoke: one user, 10 s; spike: 5 -> 50 -> 5, 2 minutes;
#                   soak: five users for an hour
#   --url URL       default: the Tandem that was started here, else http://127.0.0.1:8080
#   --duration D    of all stages together, such as 90s, 5m, 1h
#   --out FOLDER    default: ${TANDEM_HOME:-.tandem}/benchmarks/<time>
#   --compose       as the first word: the Tandem of deploy/compose, through its nginx, with its key and its certificate
#   --headers-only  with the k6 on PATH, which cannot read a stream: times of the headers only, and no report
# Needs Go, with which a k6 that can read streams is built once (tools/k6). Exit: 0; 99 where a promise does not hold.

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"

containers=''
if is_for_compose "$@"; then
  containers=yes
  [ "${1-}" != --compose ] || shift
fi
scenario=ramp
url=''
duration=''
out=$home/benchmarks/$(date -u +%Y%m%dT%H%M%SZ)
plain=''
while [ $# -gt 0 ]; do
  case $1 in
    ramp | smoke | spike | soak) scenario=$1 ;;
    --url) url=${2-} && shift ;;
    --duration) duration=${2-} && shift ;;
    --out) out=${2-} && shift ;;
    --headers-only) plain=yes ;;
    *) die "it does not know $1 (see --help)." ;;
  esac
  shift
done
if [ -n "$containers" ]; then
  secrets=$root/deploy/compose/secrets
  bound=$(compose port web 8443) || die 'nginx of deploy/compose does not run: scripts/start.sh --compose'
  url=${url:-https://localhost:${bound##*:}}
  TANDEM_API_KEY=${TANDEM_API_KEY:-$(cat "$secrets/api_key")}
  # One for k6, one for Node.
  export TANDEM_API_KEY SSL_CERT_FILE="$secrets/tls_certificate" NODE_EXTRA_CA_CERTS="$secrets/tls_certificate"
fi
[ -n "${TANDEM_API_KEY-}" ] || die 'TANDEM_API_KEY is not set: the key that the first start printed, or one from the Keys page.'
node=$root/node_modules/node/bin/node
[ -x "$node" ] || die 'Tandem is not installed here yet: ./start installs it.'
[ -n "$url" ] || url=$("$root/status" --json 2>/dev/null | sed -n 's/.*"url":"\([^"]*\)".*/\1/p')
[ -n "$url" ] || url=http://127.0.0.1:8080

if [ -n "$plain" ]; then
  command -v k6 >/dev/null || die 'k6 is not on PATH: https://grafana.com/docs/k6, or "go install go.k6.io/k6@v1.8.1".'
  printf 'The times below are those of the headers, not of the first token.\n'
  k6 run --env "URL=$url" --env "KEY=$TANDEM_API_KEY" --env "SCENARIO=$scenario" --env "DURATION=$duration" "$root/k6/headers-only.js"
  exit
fi

k6=${XDG_CACHE_HOME:-$HOME/.cache}/tandem/deploy/bin/k6-sse
if [ ! -x "$k6" ] || [ -n "$(find "$root/tools/k6/main.go" -newer "$k6")" ]; then
  command -v go >/dev/null || die 'Go is not on PATH; with it a k6 that can read streams is built. Without: --headers-only.'
  printf 'Building k6, once: it takes a minute or two\n'
  mkdir -p "$(dirname "$k6")"
  (cd "$root/tools/k6" && go build -trimpath -ldflags '-s -w' -o "$k6" .) || die 'k6 could not be built.'
fi

mkdir -p "$out"
command="scripts/benchmark.sh $scenario${duration:+ --duration $duration}"
"$node" "$root/tools/k6/about.mjs" "$url" "$command" >"$out/about.json" || exit 1
"$k6" run --quiet --env "URL=$url" --env "KEY=$TANDEM_API_KEY" --env "SCENARIO=$scenario" --env "DURATION=$duration" \
  --env "SUMMARY=$out/summary.json" --out "json=$out/points.json" "$root/k6/chat.js"
ended=$?
[ -f "$out/summary.json" ] || die "k6 ended with $ended and without a summary."
"$node" "$root/tools/k6/report.mjs" "$out" || exit 1
rm -f "$out/points.json"
printf 'Reports: %s/report.md and report.html\n' "$out"
exit "$ended"
