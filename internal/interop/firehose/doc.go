// Package firehose holds what firehose.Delivery writes against readers that nobody here
// wrote: records of random shape go in as JSON, pyarrow and DuckDB read the table back, and
// both must give the records that went in.
package firehose
