package kinesis

import (
	"fmt"
	"hash/crc32"
)

// A record lies in a log as a frame, all numbers little-endian:
//
//	 0  CRC-32C of everything behind it
//	 4  length of the frame
//	 8  index in the shard
//	16  arrival, Unix milliseconds
//	24  length of the partition key
//	26  flags
//	27  0
//	28  data, then the partition key
//
// The key comes last so that data can be decoded in place before the key is known.
const (
	frameHeader = 28
	flagKMS     = 1
	// maxFrame bounds what a reader believes: 10 MiB of data and a key of 256 code points.
	maxFrame = frameHeader + 10<<20 + 4*256
)

// frame is one record in a buffer.
type frame []byte

func (f frame) size() int      { return int(le.Uint32(f[4:])) }
func (f frame) index() uint64  { return le.Uint64(f[8:]) }
func (f frame) arrived() int64 { return int64(le.Uint64(f[16:])) }
func (f frame) keyLen() int    { return int(le.Uint16(f[24:])) }
func (f frame) kms() bool      { return f[26]&flagKMS != 0 }
func (f frame) data() []byte   { return f[frameHeader : len(f)-f.keyLen()] }
func (f frame) key() []byte    { return f[len(f)-f.keyLen():] }

// seal fills in the header of a frame whose data and key are in place.
func (f frame) seal(crc *crc32.Table, index uint64, arrived int64, keyLen int, kms bool) {
	le.PutUint32(f[4:], uint32(len(f)))
	le.PutUint64(f[8:], index)
	le.PutUint64(f[16:], uint64(arrived))
	le.PutUint16(f[24:], uint16(keyLen))
	f[26], f[27] = 0, 0
	if kms {
		f[26] = flagKMS
	}
	le.PutUint32(f, crc32.Checksum(f[4:], crc))
}

// header says whether b starts with a plausible frame header, and how long the frame is.
func header(b []byte) (int, bool) {
	if len(b) < frameHeader {
		return 0, false
	}
	n := frame(b).size()
	return n, n >= frameHeader && n <= maxFrame && frame(b).keyLen() <= n-frameHeader && b[27] == 0
}

// cutFrame takes the first frame off b and checks it.
func cutFrame(b []byte, crc *crc32.Table) (f frame, rest []byte, err error) {
	n, ok := header(b)
	switch {
	case !ok:
		return nil, b, fmt.Errorf("no frame header in %d bytes", len(b))
	case n > len(b):
		return nil, b, fmt.Errorf("frame of %d bytes cut off at %d", n, len(b))
	case crc32.Checksum(b[4:n], crc) != le.Uint32(b):
		return nil, b, fmt.Errorf("checksum of a frame of %d bytes does not match", n)
	}
	return frame(b[:n:n]), b[n:], nil
}
