// Package parquet proves that readers which nobody here wrote agree with what
// internal/parquetout writes: pyarrow, DuckDB, Polars and parquet-go. It has tests only.
//
// The Python readers run as package peer says; parquet-go's test needs nothing and always runs.
package parquet
