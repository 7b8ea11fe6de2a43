// Package kcl holds the lake, the consumer and the producer against Amazon's Kinesis libraries for
// Java: the Kinesis Client Library 2.7.2, 3.0.3 and 3.5.1 as clients of the local lake, streams
// and leases both, and as workers beside ours on one table of leases; and the Kinesis Producer
// Library 1.1.1, whose aggregates our consumer reads.
// fetch.sh gets them; Worker.java and Sender.java are the programs around them, compiled by the
// tests; package peer says when the tests run.
package kcl
