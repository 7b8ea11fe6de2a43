// Package kcl holds the lake, the consumer and the producer against the Kinesis Client Library
// for Java, versions 2.7.2, 3.0.3 and 3.5.1: as clients of the local lake, streams and leases
// both, and as workers beside our own on one table of leases. fetch.sh gets them; Worker.java is
// the worker, compiled by the tests; package peer says when the tests run.
package kcl
