#!/bin/sh
# Fetches kinesalite from the npm registry, without running its install scripts, and prints
# its folder. It wants npm; node runs it. Run again, it does nothing.
#
#   LAKEKIT_CACHE=/some/folder internal/interop/kinesis/fetch.sh
set -eu

version=3.3.3
cache=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}
dir=$cache/kinesalite-$version

if [ ! -e "$dir/node_modules/kinesalite/cli.js" ]; then
	# Beside the folder first, so that an interrupted fetch is done over.
	rm -rf "$dir.part"
	mkdir -p "$dir.part"
	npm install --prefix "$dir.part" --ignore-scripts --no-audit --no-fund --silent "kinesalite@$version" >&2
	rm -rf "$dir"
	mv "$dir.part" "$dir"
fi
echo "$dir"
