// Package aggregate is the record format of the Kinesis Producer Library, in which one
// Kinesis record carries many user records: a magic number, a protobuf message with the
// partition keys, the explicit hash keys and the records, and the MD5 of that message
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
//
// A payload that is not of this form is an ordinary record, never an error.
package aggregate

import (
	"bytes"
	"crypto/md5"
)

// Overhead is what the format adds to its protobuf message, in bytes.
const Overhead = len(magic) + md5.Size

const magic = "\xf3\x89\x9a\xc2"

// Record is a user record.
type Record struct {
	// Key is the partition key.
	Key string
	// ExplicitHashKey is in decimal; empty when there is none.
	ExplicitHashKey string
	// Data is the payload.
	Data []byte
}

// open gives the protobuf message of a payload that has the format's frame.
func open(payload []byte) (message []byte, ok bool) {
	if len(payload) <= Overhead || string(payload[:len(magic)]) != magic {
		return nil, false
	}
	end := len(payload) - md5.Size
	message = payload[len(magic):end]
	sum := md5.Sum(message) // a checksum: the format says so
	return message, bytes.Equal(sum[:], payload[end:])
}
