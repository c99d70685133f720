# Sourced by test.sh and bench.sh: a PostgreSQL and a Redis of our own, each on a port of its own, gone when the
# shell ends. Gives WATTMANDI_TEST_POSTGRES and WATTMANDI_TEST_REDIS.

services_dir=$(mktemp -d "${TMPDIR:-/tmp}/wattmandi-services.XXXXXX")
services_as=()

services_stop() {
  [ -n "${pg_bin:-}" ] && "${services_as[@]}" "$pg_bin/pg_ctl" -D "$services_dir/pg" -m immediate stop >/dev/null 2>&1
  [ -n "${redis_pid:-}" ] && kill "$redis_pid" 2>/dev/null
  rm -rf "$services_dir"
  return 0
}
trap services_stop EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

services_start() {
  local pg_port
  pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$pg_bin" ] || pg_bin=$(dirname "$(command -v postgres)")
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres
    services_as=(runuser -u postgres --)
    chown postgres "$services_dir"
  fi
  pg_port=$(free_port)
  "${services_as[@]}" "$pg_bin/initdb" -D "$services_dir/pg" -U wattmandi -A trust -E UTF8 --locale=C >/dev/null
  "${services_as[@]}" "$pg_bin/pg_ctl" -D "$services_dir/pg" -w -t 60 -l "$services_dir/pg.log" \
    -o "-p $pg_port -k $services_dir -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=${PG_FSYNC:-off} -c max_locks_per_transaction=256" \
    start >/dev/null || { cat "$services_dir/pg.log" >&2; return 1; }
  export WATTMANDI_TEST_POSTGRES="postgres://wattmandi@127.0.0.1:$pg_port/postgres"
  redis_start
}

# Nothing of it is kept on disk.
redis_start() {
  local port tries=0
  port=$(free_port)
  redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize no \
    >"$services_dir/redis.log" 2>&1 &
  redis_pid=$!
  until redis-cli -p "$port" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$services_dir/redis.log" >&2; return 1; }
    sleep 0.1
  done
  export WATTMANDI_TEST_REDIS="redis://127.0.0.1:$port"
}
