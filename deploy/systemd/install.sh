#!/bin/sh
# deploy/systemd/install.sh [--preset prod|dev] [--root DIR]
#
# Installs Tandem as systemd units on a host with Node.js, PostgreSQL 15 or newer and systemd, and starts it: the user, the
# roles of the database, secrets, settings and units. What is there stays: run it again after an upgrade. As root.
#   --preset prod  vLLM by model-manager, API on 127.0.0.1:8080 behind nginx (the default)
#   --preset dev   the simulator, API on all addresses, debug logs
#   --root DIR     writes everything below DIR, and neither starts nor asks anything: to look at it first

set -eu
case ${1-} in -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

die() {
  echo "install.sh: $1" >&2
  exit 1
}

preset=prod
to=''
while [ $# -gt 0 ]; do
  case $1 in
    --preset) preset=${2-} && shift ;;
    --root) to=${2-} && shift ;;
    *) die "it does not know $1 (see --help)." ;;
  esac
  shift
done
case $preset in prod | dev) ;; *) die 'the preset is prod or dev.' ;; esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
node=$root/node_modules/node/bin/node
[ -x "$node" ] || die "build Tandem first: npm ci && npm run build (in $root)."
[ -f "$root/dist/apps/api-gateway/src/main.js" ] || die "build Tandem first: npm run build (in $root)."
nats=$(command -v nats-server || find "${XDG_CACHE_HOME:-$HOME/.cache}/tandem/bin" -name 'nats-server-*' 2>/dev/null | sort | tail -n 1) || true
[ -n "$nats" ] || die 'nats-server 2.11 or newer is not on PATH.'
vllm=$(command -v vllm || echo /opt/vllm/bin/vllm)

etc=$to/etc/tandem
umask 077
mkdir -p "$etc/secrets" "$etc/nats" "$to/etc/systemd/system" "$to/var/backups/tandem"
chmod 755 "$etc"

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}
# secret SERVICE NAME VALUE: unless it is there.
secret() {
  mkdir -p "$etc/secrets/$1"
  [ -s "$etc/secrets/$1/$2" ] || printf '%s\n' "$3" >"$etc/secrets/$1/$2"
}
# nats_secret SERVICE USER
nats_secret() {
  secret "$1" nats_url "nats://$2:$(random)@127.0.0.1:4222"
}
for pair in api-gateway:gateway chat-service:chat usage-service:usage model-manager:models backup:backup; do
  nats_secret "${pair%:*}" "${pair#*:}"
done
for pair in api-gateway:gateway chat-service:chat usage-service:usage backup:backup; do
  secret "${pair%:*}" database_url "postgres://tandem_${pair#*:}:$(random)@127.0.0.1:5432/tandem"
done
secret chat-service settings_encryption_key "$(random)"
secret api-gateway jwt_secret "$(random)"
secret api-gateway admin_password "$(random)"
secret api-gateway api_key "sk-tandem-$(random)"

# The users and subjects of NATS are the same everywhere; where it listens and stores is not.
cat "$etc"/secrets/*/nats_url | sed -n 's|^nats://\([a-z]*\):\([0-9a-f]*\)@.*|\1_password: "\2"|p' >"$etc/nats/passwords"
sed -e 's|^include .*|include ./passwords|' -e 's|^port: 4222|host: 127.0.0.1\nport: 4222|' -e 's|^http: 8222|http: "127.0.0.1:8222"|' \
  -e 's|store_dir: /data|store_dir: /var/lib/tandem/nats|' "$root/deploy/nats/nats.conf" >"$etc/nats/nats.conf"

# settings FILE: from standard input, unless it is there.
settings() {
  if [ -e "$etc/$1" ]; then cat >/dev/null; else cat >"$etc/$1"; fi
}
level=info && engine=process && host=127.0.0.1
if [ "$preset" = dev ]; then level=debug && engine=simulator && host=0.0.0.0; fi
# A credential that is a folder is one file each, with its name before it (systemd.exec(5), LoadCredential=).
settings tandem.env <<X
# Settings of all services; $root/.env.sample says which there are.
LOG_LEVEL=$level
MALLOC_ARENA_MAX=1
X
for pair in api-gateway:8080 chat-service:8081 model-manager:8082 usage-service:8083; do
  name=${pair%:*}
  credentials=/run/credentials/tandem@$name.service
  {
    echo "PORT=${pair#*:}"
    echo "NATS_URL_FILE=$credentials/secrets_nats_url"
    case $name in
      model-manager) printf 'ENGINE_DRIVER=%s\nENGINE_STATE_DIR=/var/lib/tandem/engines\nHF_HOME=/var/lib/tandem/huggingface\n' "$engine" ;;
      *) echo "DATABASE_URL_FILE=$credentials/secrets_database_url" ;;
    esac
    [ "$name" != api-gateway ] || printf '%s\n' "HOST=$host" "TRUSTED_PROXIES=127.0.0.1" "JWT_SECRET_FILE=$credentials/secrets_jwt_secret" \
      "TANDEM_ADMIN_PASSWORD_FILE=$credentials/secrets_admin_password" "TANDEM_API_KEY_FILE=$credentials/secrets_api_key"
  } | settings "$name.env"
done
# Of a version before, the settings of chat-service stay as they are, and may have one of their own.
if ! grep -Eqs '^SETTINGS_ENCRYPTION_KEY(_FILE)?=' "$etc/chat-service.env" "$etc/tandem.env"; then
  echo 'SETTINGS_ENCRYPTION_KEY_FILE=/run/credentials/tandem@chat-service.service/secrets_settings_encryption_key' >>"$etc/chat-service.env"
fi
settings vllm.env <<X
VLLM_MODEL=deepseek-ai/DeepSeek-R1-Distill-Qwen-14B
VLLM_TENSOR_PARALLEL=2
VLLM_ARGUMENTS=--max-model-len 8192
X

umask 022
for unit in "$here"/*.service "$here"/*.timer "$here"/*.target "$here"/*.d/*.conf; do
  target=$to/etc/systemd/system/${unit#"$here"/}
  mkdir -p "$(dirname -- "$target")"
  sed -e "s|@ROOT@|$root|g" -e "s|@NODE@|$node|g" -e "s|@NATS@|$nats|g" -e "s|@VLLM@|$vllm|g" -e "s|@ETC@|$etc|g" "$unit" >"$target"
done
if [ -n "$to" ]; then
  echo "Written below $to; nothing was started."
  exit 0
fi

id tandem >/dev/null 2>&1 || useradd --system --home-dir /var/lib/tandem --shell /usr/sbin/nologin tandem
chown -R root:tandem "$etc/nats" && chmod 750 "$etc/nats" && chmod 640 "$etc/nats"/*
chown tandem:tandem /var/backups/tandem
psql_as_owner() {
  runuser -u postgres -- psql --quiet --set ON_ERROR_STOP=1 "$@"
}
[ "$(psql_as_owner -Atc "SELECT 1 FROM pg_database WHERE datname = 'tandem'")" = 1 ] ||
  psql_as_owner -c 'CREATE DATABASE tandem' -c 'REVOKE ALL ON DATABASE tandem FROM PUBLIC'
for pair in api-gateway:gateway chat-service:chat usage-service:usage backup:backup; do
  role=${pair#*:}
  more='' && [ "$role" != backup ] || more=REPLICATION
  password=$(sed -n 's|^postgres://[^:]*:\([0-9a-f]*\)@.*|\1|p' "$etc/secrets/${pair%:*}/database_url")
  [ "$(psql_as_owner -Atc "SELECT 1 FROM pg_roles WHERE rolname = 'tandem_$role'")" = 1 ] ||
    echo "CREATE ROLE tandem_$role LOGIN $more;" | psql_as_owner
  echo "ALTER ROLE tandem_$role PASSWORD '$password'; GRANT CONNECT ON DATABASE tandem TO tandem_$role;" | psql_as_owner
  [ "$role" = backup ] || psql_as_owner -d tandem -c "CREATE SCHEMA IF NOT EXISTS $role AUTHORIZATION tandem_$role"
done
systemctl daemon-reload
systemctl enable --now tandem.target tandem-backup.timer
echo "Tandem starts: systemctl status tandem.target. Sign in as admin@tandem.local; the password is in $etc/secrets/api-gateway/admin_password."
