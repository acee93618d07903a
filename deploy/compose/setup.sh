#!/bin/sh
# deploy/compose/setup.sh [HOST NAME]
#
# Makes what compose.yaml wants before its first start, and leaves alone what is there: secrets/ (a file each, random), a
# certificate that the browser does not know yet (put your own in secrets/tls_certificate and secrets/tls_key), and .env with
# the group of Docker's socket. Run it again after an upgrade: it adds what is new.

set -eu
case ${1-} in -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac
name=${1:-localhost}
cd -- "$(dirname -- "$0")"
# The folder is closed to other users; the files in it are read by the users of the containers.
umask 022
mkdir -p -m 700 secrets

# secret NAME VALUE: unless it is there.
secret() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
}
random() {
  openssl rand -hex 32
}

for service in gateway chat usage backup; do
  secret "${service}_database_url" "postgres://tandem_$service:$(random)@postgres:5432/tandem"
done
secret postgres_password "$(random)"
for service in gateway chat usage models backup; do
  [ -s "secrets/${service}_nats_url" ] || secret "${service}_nats_url" "nats://$service:$(random)@nats:4222"
  sed -n "s|^nats://\([a-z]*\):\([0-9a-f]*\)@.*|\1_password: \"\2\"|p" "secrets/${service}_nats_url"
done >secrets/nats_passwords
secret redis_url "redis://:$(random)@redis:6379/0"
# Counters of limits: they may be forgotten, so nothing is written to disk.
sed -n 's|^redis://:\([0-9a-f]*\)@.*|requirepass \1\nsave ""\nmaxmemory 128mb\nmaxmemory-policy volatile-ttl|p' secrets/redis_url \
  >secrets/redis_conf
secret jwt_secret "$(random)"
secret admin_password "$(random)"
secret api_key "sk-tandem-$(random)"
# Encrypts the keys of other servers that admins store. Whoever gave it to chat-service before has it in tandem.env, and
# chat-service starts with one of the two only.
if [ ! -s secrets/settings_encryption_key ] && grep -qs '^SETTINGS_ENCRYPTION_KEY=.' tandem.env; then
  secret settings_encryption_key "$(sed -n 's/^SETTINGS_ENCRYPTION_KEY=//p' tandem.env | tail -n 1 | tr -d "\"' ")"
  sed -i '/^SETTINGS_ENCRYPTION_KEY=/d' tandem.env
  echo "SETTINGS_ENCRYPTION_KEY of tandem.env now lies in secrets/settings_encryption_key."
fi
secret settings_encryption_key "$(random)"
for empty in hugging_face_token smtp_password; do
  [ -e "secrets/$empty" ] || : >"secrets/$empty"
done

if [ ! -s secrets/tls_certificate ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" -keyout secrets/tls_key -out secrets/tls_certificate 2>/dev/null
  chmod 644 secrets/tls_key
fi

if [ ! -e .env ]; then
  socket=${DOCKER_SOCKET:-/var/run/docker.sock}
  group=$(stat -c %g "$socket" 2>/dev/null || echo 0)
  {
    echo "TANDEM_SERVER_NAME=$name"
    echo "DOCKER_GID=$group"
    echo '# docker pull vllm/vllm-openai:v0.32.0 prints the digest; docs/compose.md.'
    echo "ENGINE_IMAGE=${ENGINE_IMAGE-}"
  } >.env
fi
echo "Ready. Sign in as admin@tandem.local with the password in $(pwd)/secrets/admin_password; an API key is in secrets/api_key."
grep -q '^ENGINE_IMAGE=.' .env || echo "First put the image of vLLM into $(pwd)/.env: ENGINE_IMAGE=vllm/vllm-openai@sha256:..."
