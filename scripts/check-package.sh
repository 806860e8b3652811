#!/usr/bin/env bash
# Packs the package, installs the tarball in an empty folder, runs its program, and tells what the installation weighs.
set -euo pipefail
here=$(pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

npx publint --strict
npm pack --silent --pack-destination "$scratch" >/dev/null
cd "$scratch"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error ./muster-*.tgz
expected=$(node -p "require('$here/package.json').version")
printed=$(npx muster --version)
[ "$printed" = "$expected" ] || { echo "muster --version printed $printed, expected $expected" >&2; exit 1; }
for file in dist/console/index.html dist/man/muster.1 dist/completions/muster.bash dist/THIRD-PARTY.txt; do
  [ -f "node_modules/muster/$file" ] || { echo "$file is not in the package" >&2; exit 1; }
done
npx muster demo --exit --port 0 --data "$scratch/demo" >"$scratch/out" || { cat "$scratch/out"; exit 1; }
npx muster check --data "$scratch/demo" >/dev/null

mib=$(du -sm node_modules | cut -f1)
duckdb=$(du -sm node_modules/@duckdb | cut -f1)
[ $((mib - duckdb)) -le 60 ] || { echo "expected at most 60 MiB beside DuckDB, got $((mib - duckdb))" >&2; exit 1; }
echo "the installed package runs: $mib MiB, $duckdb of them DuckDB"
