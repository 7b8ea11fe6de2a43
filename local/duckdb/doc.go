// Package duckdb is the engine that runs Athena's queries in a local lake:
//
//	lake, err := local.Open(&local.Options{Dir: "lake-data", Athena: duckdb.Engine()})
//
// It turns a statement's tree into DuckDB's SQL, so that DuckDB gives Athena's answer: 7/2
// is 3, division by zero is an error, concat with NULL is NULL, date_diff counts whole
// units, now() is Go's clock. A function or a conversion for which that has not been made
// sure is refused by its name.
//
// # Limits
//
// DuckDB is C++: the package needs cgo and a C++ compiler when a program is built. Without
// them it builds too, [Available] is false, and each query fails with what to install.
//
// Queries may use 256 MiB of memory together and two threads, and spill to the lake's
// folder beyond that. A query ends with its context. Doubles are written as Java does.
//
// # What differs from Athena
//
// approx_distinct is exact. The order of rows that ORDER BY leaves open, and of a map's
// entries, is DuckDB's or sorted. Timestamps have the microseconds of the file until they
// are written out, with milliseconds.
package duckdb

import "github.com/lakekit/lakekit/local"

// Engine makes an engine for [local.Options]. It belongs to the lake that is opened with it,
// which closes it.
func Engine() local.AthenaEngine { return newEngine() }
