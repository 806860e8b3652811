#!/usr/bin/env bash
# Packs the package, installs the tarball in an empty folder and runs its program.
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
[ -f node_modules/muster/dist/console/index.html ] || { echo "the console is not in the package" >&2; exit 1; }
npx muster demo --exit --port 0 --data "$scratch/demo" >"$scratch/out" || { cat "$scratch/out"; exit 1; }
echo "the installed package runs"
