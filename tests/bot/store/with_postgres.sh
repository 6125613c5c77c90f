#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, whose URL is in PARLEY_TEST_POSTGRES; nothing of it is left.
# Without PostgreSQL (Debian: apt install postgresql) the command runs all the same, and its tests on SQLite only.
set -euo pipefail

initdb=$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1) || initdb=$(command -v initdb) || {
  echo "No PostgreSQL here: the store is tested on SQLite only (Debian: apt install postgresql)." >&2
  exec "$@"
}
bin=$(dirname "$(readlink -f "$initdb")")

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  user=$(id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody)
  as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --)
fi
dir=$("${as[@]}" mktemp -d "${TMPDIR:-/tmp}/parley-postgres.XXXXXX")
trap '"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT

password=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
cd "$dir" && "${as[@]}" sh -c "umask 077; echo $password > password"
"${as[@]}" "$bin/initdb" -D data -U parley --pwfile=password -A scram-sha-256 -E UTF8 --locale=C --no-sync >initdb.log ||
  { cat initdb.log >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D data -l server.log -w -o "-h '' -k $dir -F" start >/dev/null ||
  { cat server.log >&2; exit 1; }
cd "$OLDPWD"

export PARLEY_TEST_POSTGRES="postgresql://parley:$password@/postgres?host=$dir"
"$@"
