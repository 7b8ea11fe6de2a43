// Package emulators holds the producer and the consumer against the emulators of Kinesis that
// other people run in their tests: kinesis-mock (the one in LocalStack) and moto. fetch.sh gets
// them; package peer says when the tests run. The tests say what the emulators cannot do.
package emulators
