// Package kinesis puts typed values into Amazon Kinesis data streams and consumes them.
package kinesis
