#!/usr/bin/env bash
# usage: build-control-plane.sh FOLDER VERSION    builds the control plane of Kubernetes, etcd and kwok from Go modules
# kube-apiserver and its like are no modules that `go install` takes: their own go.mod replaces modules by folders.
set -euo pipefail
out=$(mkdir -p "${1:?}" && cd "$1" && pwd)
version=${2:?}
etcd=v3.7.3
kwok=v0.8.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mod=$(go mod download -json "k8s.io/kubernetes@v$version" | python3 -c 'import json,sys;print(json.load(sys.stdin)["GoMod"])')
python3 - "$mod" "$version" <<'PY'
import json, subprocess, sys
mod, version = sys.argv[1:]
own = json.loads(subprocess.check_output(["go", "mod", "edit", "-json", mod]))
staged = "v0." + version.split(".", 1)[1]
text = f"module controlplane\n\ngo {own['Go']}\n\nrequire k8s.io/kubernetes v{version}\n\n"
for replaced in own["Replace"]:
    if replaced["New"]["Path"].startswith("./staging"):
        path = replaced["Old"]["Path"]
        text += f"replace {path} => {path} {staged}\n"
open("go.mod", "w").write(text)
programs = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
packages = [f"k8s.io/kubernetes/cmd/{name}/app" for name in programs] + ["k8s.io/kubectl/pkg/cmd", "k8s.io/component-base/cli"]
imports = "".join(f'\t_ "{package}"\n' for package in packages)
open("tools.go", "w").write(f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n")
PY
go mod tidy >/dev/null 2>&1
base=k8s.io/component-base/version
for program in kube-apiserver kube-scheduler kube-controller-manager kubectl; do
  go build -trimpath -ldflags "-s -w -X $base.gitVersion=v$version -X $base.gitMajor=1 -X $base.gitMinor=$(echo "$version" | cut -d. -f2)" \
    -o "$out/$program" "k8s.io/kubernetes/cmd/$program"
done
mkdir etcd
(
  cd etcd
  printf 'module build\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 %s\n' $etcd > go.mod
  go build -mod=mod -trimpath -ldflags '-s -w' -o "$out/etcd" go.etcd.io/etcd/server/v3
)
GOBIN=$out go install -trimpath -ldflags '-s -w' sigs.k8s.io/kwok/cmd/kwok@$kwok
cache=$(go env GOMODCACHE)
# Without them kwok says "no stages found": they are what makes its nodes ready and its pods run.
for file in "$cache/sigs.k8s.io/kwok@$kwok"/kustomize/stage/{node/fast,node/heartbeat-with-lease,pod/fast}/*.yaml; do
  case $file in *kustomization.yaml) continue ;; esac
  echo ---
  cat "$file"
done > "$out/stages.yaml"
