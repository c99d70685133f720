#!/usr/bin/env bash
# Writes the generated files: schemas/ from the wire types, docs/openapi.json from the API, from that the types of the
# clients. `--check` compares instead, and says what would break clients of the last release.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
  cargo run --quiet --locked -p beckn-wire --example schemas -- "$out/schemas"
  cargo run --quiet --locked --bin wattmandi -- openapi > "$out/openapi.json"
  diff -r schemas "$out/schemas" && diff docs/openapi.json "$out/openapi.json" && echo "generated files ok"
  python3 scripts/openapi_types.py --check
  python3 scripts/openapi_diff.py docs/openapi.released.json docs/openapi.json
  # The types are compiled where there is a Node; CI has one.
  if command -v npm >/dev/null && (cd clients/typescript && npm ci --silent --no-audit --no-fund); then
    (cd clients/typescript && npm run --silent check)
    echo "TypeScript ok"
  elif [ "${CI:-}" = true ]; then
    echo "wattmandi: CI needs Node and the npm registry" >&2
    exit 1
  else
    echo "TypeScript: no Node or no registry here, not compiled"
  fi
else
  cargo run --quiet --locked -p beckn-wire --example schemas -- schemas
  cargo run --quiet --locked --bin wattmandi -- openapi > docs/openapi.json
  python3 scripts/openapi_types.py
fi
