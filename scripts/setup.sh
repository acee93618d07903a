#!/bin/sh
# scripts/setup.sh [--install] [--yes]
#
# Looks at what this machine has and says what is missing: Node.js, disk, ports, the GPU's driver, vLLM, Docker's GPU toolkit.
# Changes nothing. Exit: 0 when Tandem can start here, 1 when something it needs is missing.
#   --install  installs vLLM into a virtual environment (about 6 GB), after asking
#   --yes      does not ask
#   --compose  as the first word: looks for what deploy/compose needs (Docker, driver, toolkit, disk, ports), and makes its
#              secrets, certificate and .env

. "$(dirname -- "$0")/lib.sh"
help_if_asked "$@"

containers=''
if is_for_compose "$@"; then
  containers=yes
  [ "${1-}" != --compose ] || shift
fi
install=''
yes=''
for word in "$@"; do
  case $word in
    --install) install=yes ;;
    --yes) yes=yes ;;
    *) die "it does not know $word (see --help)." ;;
  esac
done

missing=0
good() { printf '  ok       %s\n' "$1"; }
note() { printf '  note     %s\n' "$1"; }
bad() {
  printf '  MISSING  %s\n' "$1"
  missing=1
}
there() { command -v "$1" >/dev/null 2>&1; }
# free_gb FOLDER: 0 where it is not there.
free_gb() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }' | grep . || echo 0; }

# Says which cards the driver shows; 1 where none answers.
cards() {
  smi=${NVIDIA_SMI_COMMAND:-nvidia-smi}
  there "$smi" && "$smi" -L 2>/dev/null | grep -q '^GPU' || return 1
  "$smi" --query-gpu=index,name,memory.total,driver_version --format=csv,noheader | while read -r card; do good "GPU $card"; done
}
toolkit() {
  if docker info --format '{{json .}}' 2>/dev/null | grep -qi 'nvidia'; then
    good "Docker with NVIDIA's container toolkit"
  else
    note 'Docker knows no NVIDIA runtime: https://docs.nvidia.com/datacenter/cloud-native/container-toolkit'
  fi
}
# edge_port NAME DEFAULT: a port of nginx, as .env of deploy/compose or this shell has it.
edge_port() {
  given=$(printenv "$1" || sed -n "s/^$1=//p" "$root/deploy/compose/.env" 2>/dev/null) || given=''
  given=${given:-$2}
  number=${given##*:}
  if ! there ss; then
    note "port $number: whether it is free cannot be seen without ss"
  elif ss -Hltn "sport = :$number" | grep -q .; then
    note "port $number is taken (by Tandem itself, if it runs): $1 in deploy/compose/.env is another"
  else
    good "port $number is free"
  fi
}

if [ -n "$containers" ]; then
  echo 'Containers'
  if version=$(docker compose version --short 2>/dev/null); then
    good "Docker Compose $version"
  else
    bad 'Docker with Compose 2.30 or newer: https://docs.docker.com/engine/install'
  fi
  if docker info >/dev/null 2>&1; then good 'Docker answers'; else bad 'Docker does not answer this user'; fi
  disk=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
  free_gb=$(free_gb "${disk:-/var/lib/docker}")
  if [ "$free_gb" -ge 60 ]; then
    good "disk: $free_gb GB free for images and models in ${disk:-/var/lib/docker}"
  else
    note "disk: $free_gb GB free in ${disk:-/var/lib/docker}; vLLM's image and the default model take 60 GB"
  fi
  edge_port TANDEM_HTTP_PORT 80
  edge_port TANDEM_HTTPS_PORT 443
  if cards; then toolkit; else note 'no GPU answers: compose.yaml wants one; compose.dev.yaml is for hosts without'; fi
  [ "$missing" -ne 0 ] || sh "$root/deploy/compose/setup.sh" || missing=1
  [ "$missing" -ne 0 ] || echo 'Tandem can start here: scripts/start.sh --compose'
  exit "$missing"
fi

echo 'Tandem itself'
if there node && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] 2>/dev/null; then
  good "Node.js $(node -v)"
else
  bad 'Node.js 20 or newer: https://nodejs.org'
fi
if there npm; then good "npm $(npm -v)"; else bad 'npm: it comes with Node.js'; fi
if there nats-server; then good "$(nats-server -v)"; else note 'nats-server: ./start fetches it, or builds it with Go'; fi
free_gb=$(free_gb "$root")
if [ "$free_gb" -ge 5 ]; then good "disk: $free_gb GB free here"; else bad "disk: 5 GB for Tandem itself, $free_gb GB are free"; fi
port=${PORT:-8080}
if there node; then
  # A port that can be bound is free; asking who listens needs tools that not every machine has.
  if node -e "require('net').createServer().once('error',()=>process.exit(1)).listen($port,()=>process.exit(0))"; then
    good "port $port is free"
  else
    note "port $port is taken (by Tandem itself, if it runs): ./start --port N"
  fi
fi

echo 'Engine'
if cards; then
  free_model_gb=$(free_gb "${HF_HOME:-$HOME}")
  if [ "$free_model_gb" -ge 60 ]; then
    good "disk for models: $free_model_gb GB free in ${HF_HOME:-$HOME}"
  else
    note "disk for models: $free_model_gb GB free in ${HF_HOME:-$HOME}; the default model takes 30 GB (HF_HOME moves them)"
  fi
  if there "${VLLM_COMMAND:-vllm}"; then
    good "vLLM: $(command -v "${VLLM_COMMAND:-vllm}")"
  else
    note 'vLLM is not installed: Tandem starts with simulated answers (scripts/setup.sh --install)'
  fi
  if there docker; then toolkit; fi
else
  note 'no GPU answers: Tandem starts with simulated answers, or with an engine elsewhere (--engine-url)'
fi

if [ -n "$install" ]; then
  there python3 || die 'vLLM needs Python 3.10 or newer.'
  venv=${VLLM_VENV:-$home/vllm}
  [ -n "$yes" ] || confirmed "Install vLLM 0.32.0 into $venv (about 6 GB)?" || exit "$missing"
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install --quiet 'vllm==0.32.0'; then
    die 'vLLM could not be installed; pip says why above.'
  fi
  echo "Installed. Put this into .env: VLLM_COMMAND=$venv/bin/vllm"
fi
[ "$missing" -eq 0 ] && echo 'Tandem can start here: ./start'
exit "$missing"
