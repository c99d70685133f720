#!/usr/bin/env bash
# What every commit must pass: format, lints, dependencies and licences, generated files.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh audit
cargo fmt --all -- --check
cargo clippy --locked --workspace --all-targets -- -D warnings
# Crates for other systems are read too, and were not built.
cargo fetch --locked --quiet
cargo deny --offline --all-features check licenses bans sources 2>&1 | tail -n 3
# The advisory database lives outside the registries; where it cannot be reached, that is said and not hidden.
cargo deny check advisories >/dev/null 2>&1 && echo "advisories ok" || echo "advisories: database not reachable, not checked"
scripts/generate.sh --check
