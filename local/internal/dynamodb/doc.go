// Package dynamodb is the local lake's DynamoDB: tables with global secondary indexes,
// items, expressions in both their generations, transactions, and nothing that leases and
// locks do not need. It speaks the service's JSON protocol.
//
// # Consistency
//
// Requests happen one after the other, so every read is strongly consistent, whether it
// asks for that or not, and a transaction never conflicts. An index is current when the
// write is answered.
//
// # Durability
//
// A write is in the log before it is answered (see package wal). A write that the disk
// refuses is answered with InternalFailure and has not happened.
//
// # What it does not model
//
// Local secondary indexes, streams, global tables, PartiQL, export, import and backups
// other than the setting of point-in-time recovery: requests for them are refused by
// name. Throughput settings are kept and shown, and never throttle; items whose time to
// live is over stay, as the service allows for a while. Changes of tables are complete
// when they are answered: only the answer shows CREATING, UPDATING or DELETING.
// ReturnValues UPDATED_OLD and UPDATED_NEW show whole attributes where a document path
// changed a part of one, as DynamoDB Local does.
package dynamodb
