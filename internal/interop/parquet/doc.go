// Package parquet proves that readers which nobody here wrote agree with what
// internal/parquetout writes: pyarrow, DuckDB, Polars and parquet-go. It has tests only.
//
// The Python readers come from the environment that internal/interop/venv.sh makes;
// without it their test is skipped, or fails when LAKEKIT_INTEROP=1.
package parquet
