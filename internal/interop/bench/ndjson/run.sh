#!/bin/sh
# run.sh SRC [N]: lakekit, DuckDB and Polars in turn, N times each (5), on one core; then their
# results are proven equal, and the medians printed. Results lie in $BENCH (a temporary folder).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$1
n=${2:-5}
core=${CORE:-1}
work=${BENCH:-$(mktemp -d)}
python=${PYTHON:-$("$here/../../venv.sh")}
mkdir -p "$work"
: >"$work/results.jsonl"
(cd "$here" && go build -o "$work/deliver" ./deliver)
cat "$src" >/dev/null # into the page cache
for _ in $(seq "$n"); do
	taskset -c "$core" "$work/deliver" "$src" "$work/lakekit" | tee -a "$work/results.jsonl"
	for peer in ${PEERS:-duckdb polars}; do
		(cd "$here/peers" && taskset -c "$core" "$python" "${peer}_peer.py" "$src" "$work/$peer") | tee -a "$work/results.jsonl"
	done
done
dirs="$work/lakekit"
for peer in ${PEERS:-duckdb polars}; do dirs="$dirs $work/$peer"; done
# shellcheck disable=SC2086 # the folders are words
"$python" "$here/peers/verify.py" "$src" $dirs
"$python" "$here/peers/medians.py" "$work/results.jsonl"
