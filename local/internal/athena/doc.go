// Package athena is the local lake's Athena: workgroups, query executions and their results,
// over the tables of the lake's Glue catalog and the objects of its S3.
//
// It runs what it understands: SELECT over one table, through an [Engine], and the DDL
// that makes and drops databases and tables and adds partitions. Everything else is
// refused by its name; nothing is guessed.
//
// # What it does not model
//
// Queues and capacity (a query starts at once), the history of queries after the lake is
// closed (their results stay in S3), prepared statements, notebooks, data catalogs other
// than AwsDataCatalog, and the pruning of row groups by their statistics: the bytes scanned
// are those of the column chunks that a query names, in the files of the partitions that it
// leaves.
package athena
