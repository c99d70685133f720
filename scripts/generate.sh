#!/usr/bin/env bash
# Writes the generated files: schemas/ from the wire types, docs/openapi.json from the API. `--check` compares instead.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
  cargo run --quiet --locked -p beckn-wire --example schemas -- "$out/schemas"
  cargo run --quiet --locked --bin wattmandi -- openapi > "$out/openapi.json"
  diff -r schemas "$out/schemas" && diff docs/openapi.json "$out/openapi.json" && echo "generated files ok"
else
  cargo run --quiet --locked -p beckn-wire --example schemas -- schemas
  cargo run --quiet --locked --bin wattmandi -- openapi > docs/openapi.json
fi
