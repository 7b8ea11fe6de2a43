// Package ndjson measures the main job, NDJSON to partitioned Parquet on one core, beside
// other engines: gen makes click events, deliver is lakekit's side, peers has the others' and
// the script that proves the results equal. run.sh runs them in turn and prints medians.
//
//	go run ./internal/interop/bench/ndjson/gen -n 2900000 -seed 1 -out /tmp/l.ndjson
//	internal/interop/bench/ndjson/run.sh /tmp/l.ndjson 5
package ndjson
