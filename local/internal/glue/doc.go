// Package glue is the local lake's Glue Data Catalog: databases, tables and their
// versions, partitions, partition indexes and column statistics. It speaks the service's
// JSON protocol.
//
// # Consistency
//
// Requests happen one after the other. UpdateTable with the VersionId of a version that
// is no longer the current one is refused with ConcurrentModificationException, which is
// what Iceberg's commits through the catalog rest on. Names of databases, tables and
// functions are kept in lower case, as the service keeps them.
//
// # Durability
//
// A change is in the log before it is answered (see package wal). A change that the disk
// refuses is answered with InternalFailure and has not happened.
//
// # What it does not model
//
// Jobs, crawlers, schema registries, Lake Formation and resource policies, transactions
// of governed tables, federated catalogs, SearchTables, and the service's own writing of
// Iceberg metadata (OpenTableFormatInput): requests for them are refused by name. Column
// types are not checked, as the service does not check them either.
package glue
