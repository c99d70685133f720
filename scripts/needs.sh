#!/usr/bin/env bash
# Sees to it that what a step needs is there: `needs.sh build`, `needs.sh test`. Installs Debian packages when it may.
set -euo pipefail

fail() { echo "wattmandi: $*" >&2; exit 1; }

install() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "please install: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "please install as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  echo "wattmandi: installing ${missing[*]}"
  "${sudo[@]}" apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
}

build() {
  command -v cargo >/dev/null || fail "Rust 1.94 or newer is needed (rustup.rs)"
  command -v cc >/dev/null || install build-essential
}

case "${1:-build}" in
  build) build ;;
  test)
    build
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || install postgresql
    command -v redis-server >/dev/null || install redis-server
    command -v python3 >/dev/null || install python3
    python3 -c 'import venv, ensurepip' 2>/dev/null || install python3-venv
    command -v curl >/dev/null || install curl
    command -v jq >/dev/null || install jq
    ;;
  audit)
    build
    command -v python3 >/dev/null || install python3
    cargo deny --version >/dev/null 2>&1 || {
      echo "wattmandi: installing cargo-deny, once (some minutes)"
      cargo install --locked --quiet cargo-deny
    }
    ;;
  *) fail "needs.sh build|test|audit" ;;
esac
