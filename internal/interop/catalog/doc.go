// Package catalog holds what others say about package catalog's output: sqlglot reads the
// DDL that it renders, DuckDB infers the types of the same records, pyarrow writes the Parquet
// files whose columns it finds, and the parser that deliveries use takes the records whose
// schema it inferred.
package catalog
