#!/usr/bin/env bash
# The benches, each a ratio or a rate within one run, on release builds; a table at the end. It judges nothing: a busy
# machine makes figures worse, and the table says what was asked for.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh test
# A database that need not survive a power cut would be compared with one that must.
export PG_FSYNC=on
# shellcheck source=scripts/services.sh
source scripts/services.sh
services_start

log="$services_dir/bench.log"
bin="${CARGO_TARGET_DIR:-target}/release"
started=()
stop_started() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  started=()
}
trap 'stop_started; services_stop' EXIT

benches=(wire trade http discover plan)
# One selection of packages for both commands, so that nothing is compiled twice.
cargo build --release --locked --workspace --bins "${benches[@]/#/--bench=}"
for bench in "${benches[@]}"; do
  printf '\n== %s\n' "$bench" | tee -a "$log"
  # By itself the discovery stops at 100,000 offers.
  more=()
  [ "$bench" != discover ] || more=(-- --million)
  cargo bench --locked --quiet --workspace --bench "$bench" "${more[@]}" | tee -a "$log"
done

millis() { echo $(($(date +%s%N) / 1000000)); }
answers() { curl --silent --output /dev/null --fail --max-time 1 "$1"; }
until_ready() {
  local patience=$(($(millis) + 20000))
  until answers "$1"; do
    [ "$(millis)" -lt "$patience" ] || { echo "$1 does not become ready" >&2; return 1; }
    sleep 0.01
  done
}

# How soon `wattmandi serve` is ready, and what it takes when nobody asks anything: beside a catalog service, which is
# its registry, and the DISCOMs.
idle() {
  local dir="$services_dir/idle" catalog discoms api ops key_id public_key begun runs=5 ready=() rss pid
  mkdir -p "$dir"
  catalog=$(free_port) discoms=$(free_port) api=$(free_port) ops=$(free_port)
  "$bin/wattmandi" keys generate --subscriber-id bench.example --out "$dir/key.json" >"$dir/key.txt"
  key_id=$(awk '/^key id/ {print $3}' "$dir/key.txt")
  public_key=$(awk '/^public key/ {print $3}' "$dir/key.txt")
  cat >"$dir/seed.json" <<JSON
[{"subscriber_id": "bench.example", "url": "http://127.0.0.1:$api", "type": "BPP", "key_id": "$key_id",
  "signing_public_key": "$public_key", "network_memberships": ["indiaenergystack.in/test-ies-p2p-trading-network"]}]
JSON
  cat >"$dir/wattmandi.toml" <<TOML
[server]
listen = "127.0.0.1:$api"
ops_listen = "127.0.0.1:$ops"
database_url = "sqlite:$dir/wattmandi.db"
key_file = "$dir/key.json"
[network]
subscriber_id = "bench.example"
base_url = "http://127.0.0.1:$api"
registry_url = "http://127.0.0.1:$catalog/registry/dedi"
catalog_service_id = "$1"
[[network.discoms]]
code = "TEST_DISCOM_NORTH"
discom_id = "north.discom.example"
discom_uri = "http://127.0.0.1:$discoms"
ledger_id = "north.ledger.example"
ledger_uri = "http://127.0.0.1:$discoms"
TOML
  "$bin/cds-mock" --insecure-demo --listen "127.0.0.1:$catalog" --database "sqlite:$dir/cds.db" \
    --key-file "$dir/cds.key.json" --seed "$dir/seed.json" >"$dir/cds.log" 2>&1 &
  started+=($!)
  "$bin/discom-mock" --insecure-demo --listen "127.0.0.1:$discoms" --database "sqlite:$dir/discom.db" \
    --key-dir "$dir/keys" --registry "http://127.0.0.1:$catalog/registry/dedi" \
    --discom TEST_DISCOM_NORTH,north.discom.example,north.ledger.example >"$dir/discom.log" 2>&1 &
  started+=($!)
  until_ready "http://127.0.0.1:$catalog/registry/dedi/lookup/bench.example/subscribers.beckn.one/$key_id"
  for ((run = 0; run < runs; run++)); do
    begun=$(millis)
    "$bin/wattmandi" serve --insecure-demo --config "$dir/wattmandi.toml" >"$dir/serve.log" 2>&1 &
    pid=$!
    started+=("$pid")
    until_ready "http://127.0.0.1:$api/ready" || { cat "$dir/serve.log" >&2; return 1; }
    ready+=($(($(millis) - begun)))
    if [ "$run" -eq $((runs - 1)) ]; then
      sleep 2
      rss=$(awk '/^VmRSS/ {print $2}' "/proc/$pid/status")
    fi
    kill -INT "$pid" && wait "$pid"
  done
  mapfile -t ready < <(printf '%s\n' "${ready[@]}" | sort -n)
  # The first start also makes the database; it is among the runs.
  echo "ready after          ${ready[$((runs / 2))]} ms, at most ${ready[$((runs - 1))]} ms of $runs starts (under 1000 ms is asked for)"
  echo "idle memory          $((rss / 1024)) MiB resident (under 60 MB is asked for)"
}

printf '\n== serve\n' | tee -a "$log"
# Not in a pipe: what it starts must be known here to be stopped.
idle cds.wattmandi.example >"$services_dir/idle.log"
tee -a "$log" <"$services_dir/idle.log"
stop_started

printf '\n== all of it\n'
awk '
  function line(what, got, asked) { printf "%-52s %-28s %s\n", what, got, asked }
  /^== / { part = $2 }
  part == "wire" && /^ratio/ { line("verify + parse + sign, to its cryptography", $2, "at least 0.80") }
  part == "trade" && /^[^ ].*offers?$/ { offers = $0 }
  part == "trade" && /grouped commits/ { line("init + confirm, SQLite, " offers, $4 " trades/s", "") }
  part == "trade" && /one commit each/ { line("  one commit each", $5 " trades/s", "") }
  part == "trade" && /^  PostgreSQL/ { line("  PostgreSQL, fsync on", $2 " trades/s", "") }
  part == "trade" && /^  ratio/ { line("  grouped, to one commit each", $2, "at least 3.00") }
  part == "http" && /^messages/ { line("select and on_select over HTTP", $2 " messages/s", "") }
  part == "http" && /^share/ { line("  of the CPU time, cryptography", $4 " %", "") }
  part == "discover" && /^ratio [0-9]/ { line("discover of " $2 " to 10000 offers", $5, "at most 3.00") }
  part == "discover" && /^ratio of pub/ { line("  publish one slot", $9 " us", "under 5000 us") }
  part == "discover" && /^rebuilt/ { line("  index of " $2 " offers rebuilt", $5 " ms", "100000 in 5000 ms") }
  part == "discover" && /^memory of 24/ { line("  of offers of 24 hours", $5 " bytes", "at most 500"); next }
  part == "discover" && /^memory/ { line("  its memory, an offer", $2 " bytes", "at most 500") }
  part == "serve" && /^ready/ { line("serve is ready", $3 " ms", "under 1000 ms") }
  part == "serve" && /^idle/ { line("  its idle memory", $3 " MiB", "under 60 MB") }
' "$log"
