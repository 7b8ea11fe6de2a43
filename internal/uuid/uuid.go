// Package uuid makes random identifiers of the kind that AWS gives to tables and queries.
package uuid

import (
	"crypto/rand"
	"fmt"
)

// New gives a random UUID, version 4 (RFC 9562), such as 5d4f5f85-6e18-4bc6-8ace-a1b2a9b7ba85.
func New() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
