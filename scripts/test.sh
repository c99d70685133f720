#!/usr/bin/env bash
# Everything, on both databases, against real servers: Rust tests, then a foreign peer and a foreign verifier in Python.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh test
# shellcheck source=scripts/services.sh
source scripts/services.sh
services_start

export WATTMANDI_VECTORS="${WATTMANDI_VECTORS:-$(pwd)/../shared/vectors}"
if [ "${CI:-}" = true ] && [ ! -d "$WATTMANDI_VECTORS" ]; then
  echo "wattmandi: CI needs the vector folder at $WATTMANDI_VECTORS" >&2
  exit 1
fi

log="$services_dir/tests.log"
cargo build --locked --workspace --bins
cargo test --locked --workspace --no-fail-fast -- --show-output 2>&1 | tee "$log"
python3 tests/foreign/run.py

count() { grep -cE "$1" "$log" || true; }
echo
echo "vectors: $(count '^test .*vector.* \.\.\. ok$|^vectors: [0-9]+ passed') test runs over official vectors"
echo "sqlite: $(count '::sqlite \.\.\. ok$') passed, $(count '::sqlite \.\.\. FAILED$') failed"
echo "postgres: $(count '::postgres \.\.\. ok$') passed, $(count '::postgres \.\.\. FAILED$') failed"
echo "redis: $(count '::redis \.\.\. ok$') passed, $(count '::redis \.\.\. FAILED$') failed"
passed=$(grep -E '^test result:' "$log" | awk '{s += $4} END {print s + 0}')
failed=$(grep -E '^test result:' "$log" | awk '{s += $6} END {print s + 0}')
echo "$passed passed, $failed failed"
