#!/bin/sh
# Makes the Python environment that the interop tests and benches read files with and call
# the local services from (boto3, the AWS CLI), and prints its interpreter. It wants python3
# with venv. Run again, it changes nothing unless the pins below did.
#
#   LAKEKIT_VENV=/some/folder internal/interop/venv.sh
set -eu

pins="duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1 sqlglot==30.30.0 boto3==1.43.11 awscli==1.45.11 cfn-lint==1.51.0"
cache=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}
dir=${LAKEKIT_VENV:-$cache/venv}
python=${PYTHON:-python3}

if [ "$(cat "$dir/pins" 2>/dev/null || true)" != "$pins" ]; then
	"$python" -m venv "$dir" >&2
	# shellcheck disable=SC2086 # the pins are words
	"$dir/bin/pip" install --quiet --disable-pip-version-check $pins >&2
	# Last, so that an interrupted install is done over.
	printf '%s' "$pins" >"$dir/pins"
fi
echo "$dir/bin/python"
