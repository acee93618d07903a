#!/bin/sh
# scripts/setup.sh [--install] [--yes]
#
# Looks at what this machine has and says what is missing: Node.js, disk, ports, the GPU's driver, vLLM, Docker's GPU toolkit.
# Changes nothing. Exit: 0 when Tandem can start here, 1 when something it needs is missing.
#   --install  installs vLLM into a virtual environment (about 6 GB), after asking
#   --yes      does not ask
#   --compose  as the first word: looks for what deploy/compose needs, and makes its secrets, certificate and .env

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

if [ -n "$containers" ]; then
  echo 'Containers'
  if version=$(docker compose version --short 2>/dev/null); then
    good "Docker Compose $version"
  else
    bad 'Docker with Compose 2.30 or newer: https://docs.docker.com/engine/install'
  fi
  if docker info >/dev/null 2>&1; then good 'Docker answers'; else bad 'Docker does not answer this user'; fi
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
free_gb=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1048576) }')
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
if there "${NVIDIA_SMI_COMMAND:-nvidia-smi}" && "${NVIDIA_SMI_COMMAND:-nvidia-smi}" -L 2>/dev/null | grep -q '^GPU'; then
  "${NVIDIA_SMI_COMMAND:-nvidia-smi}" --query-gpu=index,name,memory.total,driver_version --format=csv,noheader |
    while read -r card; do good "GPU $card"; done
  free_model_gb=$(df -Pk "${HF_HOME:-$HOME}" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }')
  if [ "${free_model_gb:-0}" -ge 60 ]; then
    good "disk for models: $free_model_gb GB free in ${HF_HOME:-$HOME}"
  else
    note "disk for models: ${free_model_gb:-0} GB free in ${HF_HOME:-$HOME}; the default model takes 30 GB (HF_HOME moves them)"
  fi
  if there "${VLLM_COMMAND:-vllm}"; then
    good "vLLM: $(command -v "${VLLM_COMMAND:-vllm}")"
  else
    note 'vLLM is not installed: Tandem starts with simulated answers (scripts/setup.sh --install)'
  fi
  if there docker; then
    if docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q nvidia; then
      good "Docker with NVIDIA's runtime"
    else
      note 'Docker has no NVIDIA runtime: https://docs.nvidia.com/datacenter/cloud-native/container-toolkit'
    fi
  fi
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
