package kinesis

import (
	"iter"
	"math/bits"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// The Kinesis Producer Library gives every aggregate this partition key.
const aggregateKey = "a"

// parcel is one Kinesis record on its way: a user record as it is, or the aggregate of
// several. It is tried, retried and settled as a whole. What an [Ack] asks is here.
type parcel struct {
	key  string // of the one user record; "" when it is an aggregate
	hash string // its explicit hash key in decimal; "" when it has none
	data []byte // its payload; of an aggregate what Builder.Take gave, nil while it is open
	n    int    // user records
	cost int    // what it has of the producer's room

	queued   time.Time // when Put accepted the first of them
	first    time.Time // the first attempt
	attempts int
	limit    int // at most so many parcels in its next request; 0 means the queue's
	next     *parcel
	lane     *lane // where it queues: in a lane of a queue
	bin      *bin  // or in a bin of an aggregator

	// Of those in a bin.
	route  hashrange.Key   // the first one's hash
	keys   hashrange.Range // from the lowest hash to the highest
	sealed bool            // data has its checksum
	landed bool            // in a shard whose range is not known: result says which

	// Guarded by the sender's mutex.
	settled bool
	result  outcome
	waiting chan struct{} // made by the first Wait, closed when settled or moved
	moved   []slot        // where its user records went when it was repacked
	gen     *generation
}

// slot is where a user record is.
type slot struct {
	p   *parcel
	sub int
}

// userRecord is a record as Put takes it.
type userRecord struct {
	key, hash string // hash is an explicit hash key in decimal, or ""
	data      []byte
}

// wire is its size in a request: key and payload.
func (r *userRecord) wire() int { return len(r.key) + len(r.data) }

// wire is its size in a request: key and payload. An explicit hash key does not count.
func (p *parcel) wire() int {
	switch {
	case p.key != "":
		return len(p.key) + len(p.data)
	case p.sealed:
		return len(aggregateKey) + len(p.data)
	}
	return len(aggregateKey) + len(p.data) + checksumSize
}

const checksumSize = 16

// deadline is until when it may be tried again.
func (p *parcel) deadline(timeout, maxAge time.Duration) time.Time {
	t := p.first.Add(timeout)
	if old := p.queued.Add(maxAge); maxAge > 0 && old.Before(t) {
		return old
	}
	return t
}

// records gives the user records with their sub-sequence numbers. The payloads are parts of
// the parcel's.
func (p *parcel) records() iter.Seq2[int, userRecord] {
	return func(yield func(int, userRecord) bool) {
		if p.key != "" {
			yield(0, userRecord{p.key, p.hash, p.data})
			return
		}
		data := p.data
		if p.sealed {
			data = data[:len(data)-checksumSize]
		}
		var a aggregate.Aggregate
		_, _ = a.DecodeUnsealed(data) // a builder made it
		for sub, r := range a.Records() {
			if !yield(int(sub), userRecord{r.Key, r.ExplicitHashKey, r.Data}) {
				return
			}
		}
	}
}

// memory keeps the buffers of aggregates, by powers of two.
type memory struct {
	pools [memoryClasses]sync.Pool // of *[]byte
}

const (
	memoryClasses = 11
	smallestClass = 10 // 1 KiB; the largest is 1 MiB
)

// get gives an empty buffer of n bytes or more.
func (m *memory) get(n int) []byte {
	class := max(bits.Len(uint(n-1)), smallestClass) - smallestClass
	if class >= memoryClasses {
		return make([]byte, 0, n)
	}
	if b, ok := m.pools[class].Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 0, 1<<(class+smallestClass))
}

// put takes a buffer back that nobody uses any more.
func (m *memory) put(b []byte) {
	class := bits.Len(uint(cap(b))) - 1 - smallestClass // what it is large enough for
	if class < 0 || class >= memoryClasses {
		return
	}
	b = b[:0]
	m.pools[class].Put(&b)
}
