// Package lakekit is the root of the module; see its packages: stream, catalog, kinesis,
// firehose, athena and local.
package lakekit
