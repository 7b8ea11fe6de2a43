#!/bin/sh
# Installs kinesis-mock (npm's kinesis-local) and moto's server, and prints their folders. It
# wants npm, and python3 with venv. Run again, it does nothing unless the pins below changed.
#
#   LAKEKIT_CACHE=/some/folder internal/interop/emulators/fetch.sh
set -eu

mock=0.6.2
moto=5.2.5
cache=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}

dir=$cache/kinesis-mock-$mock
if [ ! -e "$dir/node_modules/kinesis-local/main.js" ]; then
	# Beside the folder first, so that an interrupted install is done over.
	rm -rf "$dir.part"
	mkdir -p "$dir.part"
	npm install --silent --ignore-scripts --prefix "$dir.part" "kinesis-local@$mock" >&2
	rm -rf "$dir"
	mv "$dir.part" "$dir"
fi
echo "$dir"

dir=$cache/moto-$moto
if [ ! -e "$dir/installed" ]; then
	"${PYTHON:-python3}" -m venv "$dir" >&2
	"$dir/bin/pip" install --quiet --disable-pip-version-check "moto[server]==$moto" >&2
	# Last, so that an interrupted install is done over.
	: >"$dir/installed"
fi
echo "$dir"
