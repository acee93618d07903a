#!/bin/sh
# .github/release-notes.sh VERSION: prints what CHANGELOG.md says of it; 1 when it says nothing, so that nothing is released.
set -eu
notes=$(awk -v version="$1" '
  /^## / { inside = (index($0, version) > 0); next }
  inside { print }' "$(dirname -- "$0")/../CHANGELOG.md")
[ -n "$(printf '%s' "$notes" | tr -d '[:space:]')" ] || {
  echo "CHANGELOG.md says nothing about $1" >&2
  exit 1
}
printf '%s\n' "$notes"
