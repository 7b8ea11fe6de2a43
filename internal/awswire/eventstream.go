package awswire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// EventStreamType is the Content-Type of an event stream.
const EventStreamType = "application/vnd.amazon.eventstream"

// A message of an event stream is, all numbers big-endian:
//
//	length of the message, length of the headers, CRC-32 of these eight bytes
//	headers: length of the name (1 byte), name, 7 (a string), length of the value (2), value
//	payload
//	CRC-32 of everything before
const (
	messagePrelude = 12
	messageFrame   = messagePrelude + 4
	stringHeader   = 7
	// maxMessage is what the SDKs take: 16 MiB of payload and 128 KiB of headers.
	maxMessage = 16<<20 + 128<<10 + messageFrame
)

// Header is a header of an event stream's message.
type Header struct{ Name, Value string }

// AppendMessage appends a message of an event stream.
func AppendMessage(b []byte, headers []Header, payload []byte) []byte {
	size := 0
	for _, h := range headers {
		size += 1 + len(h.Name) + 1 + 2 + len(h.Value)
	}
	at, total := len(b), messageFrame+size+len(payload)
	b = slices.Grow(b, total)
	b = binary.BigEndian.AppendUint32(b, uint32(total))
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
	for _, h := range headers {
		b = append(b, byte(len(h.Name)))
		b = append(b, h.Name...)
		b = append(b, stringHeader)
		b = binary.BigEndian.AppendUint16(b, uint16(len(h.Value)))
		b = append(b, h.Value...)
	}
	b = append(b, payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
}

// CutMessage takes the first message off b. The payload lies in b. Headers that are not
// strings are refused: no service here sends any.
func CutMessage(b []byte) (headers []Header, payload, rest []byte, err error) {
	if len(b) < messageFrame {
		return nil, nil, b, fmt.Errorf("event stream: %d bytes are no message, which has %d at least", len(b), messageFrame)
	}
	total, size := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	switch {
	case crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]):
		return nil, nil, b, errors.New("event stream: the prelude's checksum does not match")
	case total > maxMessage || total < messageFrame+size:
		return nil, nil, b, fmt.Errorf("event stream: a message of %d bytes cannot have %d bytes of headers", total, size)
	case total > int64(len(b)):
		return nil, nil, b, fmt.Errorf("event stream: a message of %d bytes is cut off at %d", total, len(b))
	}
	end := total - 4
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return nil, nil, b, errors.New("event stream: the message's checksum does not match")
	}
	headers, err = cutHeaders(b[messagePrelude : messagePrelude+size])
	if err != nil {
		return nil, nil, b, err
	}
	return headers, b[messagePrelude+size : end], b[total:], nil
}

func cutHeaders(b []byte) ([]Header, error) {
	var headers []Header
	for len(b) > 0 {
		n := 1 + int(b[0])
		if len(b) < n+3 || b[n] != stringHeader {
			return nil, fmt.Errorf("event stream: header %d is not a string", len(headers)+1)
		}
		v := n + 3 + int(binary.BigEndian.Uint16(b[n+1:]))
		if len(b) < v {
			return nil, fmt.Errorf("event stream: header %d is cut off", len(headers)+1)
		}
		headers = append(headers, Header{string(b[1:n]), string(b[n+3 : v])})
		b = b[v:]
	}
	return headers, nil
}
