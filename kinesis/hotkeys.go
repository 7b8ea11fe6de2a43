package kinesis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/stream"
)

// HotKeysOptions are the settings of a [HotKeys]. The zero value is good.
type HotKeysOptions struct {
	// Keys is how many keys are counted at once, 1 to 1,000,000; each takes about 100 bytes
	// and its text. Zero means 1,000.
	Keys int
	// ByRecords weighs each user record as 1. Otherwise it weighs what its key and payload
	// have in bytes, which is what binds where records are aggregated.
	ByRecords bool
}

// HotKeys measures how a consumer's load is spread over user keys and over the hash space,
// also inside aggregates, where the stream's own metrics see one record. It is safe for
// concurrent use.
//
// The heavy keys are a space-saving sketch (Metwally, Agrawal and El Abbadi 2005) of k
// counters, weighed. Of a total weight W, every key with more than W/k is among the
// counters; a counter is never below its key's true weight and at most W/k above it,
// which each [HotKey] states for itself. The spread is a histogram of 65,536 equal parts of
// the hash space whose counts are exact; half a mebibyte. Nothing is allocated for a record
// once each counter has held a key as long as the record's.
//
// Keys are told apart, and placed, by their MD5: a user record that was put under an
// explicit hash key counts where its partition key lies.
type HotKeys struct {
	byRecords bool
	limit     int

	mu struct {
		sync.Mutex
		sketch sketch
		bins   []uint64
		total  uint64
		text   []byte // of the key at hand
	}
}

// HotKey is a key and what it weighs.
type HotKey struct {
	Key string
	// AtMost and AtLeast bound its weight.
	AtMost, AtLeast uint64
}

// Profile is what was measured of a load. It keeps as JSON.
type Profile struct {
	// Total is the weight of all records.
	Total uint64
	// Bins are the weights of 65,536 equal parts of the hash space, lowest first.
	Bins []uint64
	// Keys are the heaviest keys, heaviest first.
	Keys []HotKey
}

const binBits = 16

// NewHotKeys makes an empty measurement; opts may be nil.
func NewHotKeys(opts *HotKeysOptions) (*HotKeys, error) {
	var o HotKeysOptions
	if opts != nil {
		o = *opts
	}
	o.Keys = orDefault(o.Keys, 1000)
	if o.Keys < 1 || o.Keys > 1_000_000 {
		return nil, fmt.Errorf("kinesis: hot keys: Keys: %d is not from 1 to 1,000,000", o.Keys)
	}
	h := &HotKeys{byRecords: o.ByRecords, limit: o.Keys}
	h.reset()
	return h, nil
}

func (h *HotKeys) reset() {
	h.mu.sketch = newSketch(h.limit)
	h.mu.bins = make([]uint64, 1<<binBits)
	h.mu.total = 0
}

// Observe counts a batch's records. Records that are delivered twice count twice.
func (h *HotKeys) Observe(b *stream.Batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range b.Records {
		r := &b.Records[i]
		weight := uint64(1)
		if !h.byRecords {
			weight = uint64(len(r.Key) + len(r.Data))
		}
		if weight == 0 {
			continue
		}
		h.mu.text = append(h.mu.text[:0], r.Key...)
		hash := hashrange.Of(h.mu.text)
		h.mu.bins[hash.Hi>>(64-binBits)] += weight
		h.mu.total += weight
		h.mu.sketch.add(hash, h.mu.text, weight)
	}
}

// Handler gives a handler that observes each batch which next has handled without error.
func (h *HotKeys) Handler(next stream.Handler) stream.Handler {
	return func(ctx context.Context, b *stream.Batch) error {
		err := next(ctx, b)
		if err == nil {
			h.Observe(b)
		}
		return err
	}
}

// Profile is a copy of what was measured so far.
func (h *HotKeys) Profile() *Profile {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &Profile{Total: h.mu.total, Bins: slices.Clone(h.mu.bins), Keys: h.mu.sketch.keys()}
}

// Reset begins anew.
func (h *HotKeys) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reset()
}

// Merge adds what another worker measured of other shards. The bins stay exact. A key that
// both know adds up; the bounds of one that only one of them knows are that one's, and
// hold where a key's records all lie in shards that one worker saw.
func (p *Profile) Merge(o *Profile) error {
	if len(p.Bins) != 1<<binBits || len(o.Bins) != 1<<binBits {
		return errors.New("kinesis: merge profiles: a profile has 65,536 bins")
	}
	p.Total += o.Total
	for i, w := range o.Bins {
		p.Bins[i] += w
	}
	at := map[string]int{}
	for i, k := range p.Keys {
		at[k.Key] = i
	}
	for _, k := range o.Keys {
		if i, ok := at[k.Key]; ok {
			p.Keys[i].AtMost += k.AtMost
			p.Keys[i].AtLeast += k.AtLeast
			continue
		}
		p.Keys = append(p.Keys, k)
	}
	slices.SortStableFunc(p.Keys, heavier)
	return nil
}

func heavier(a, b HotKey) int {
	return cmp.Or(cmp.Compare(b.AtMost, a.AtMost), cmp.Compare(b.AtLeast, a.AtLeast), cmp.Compare(a.Key, b.Key))
}

// sketch is a weighted space-saving sketch. Its invariants:
//
//	S1 heap is a min-heap of all counters by weight, and counters[i].at is the place of i in it.
//	S2 slots is a hash table with linear probing of all counters, at most half full.
//	S3 a counter's weight less its error is at most its key's weight, which is at most the
//	   counter's weight; a key without a counter weighs at most the least counter.
type sketch struct {
	limit    int
	counters []counter
	heap     []int32
	slots    []int32 // index of a counter, plus 1
}

type counter struct {
	hash          hashrange.Key
	weight, error uint64
	at            int32
	text          []byte
}

func newSketch(limit int) sketch {
	size := 4
	for size < 2*limit {
		size *= 2
	}
	return sketch{limit: limit, slots: make([]int32, size)}
}

func (s *sketch) add(hash hashrange.Key, text []byte, weight uint64) {
	slot := s.find(hash)
	if i := s.slots[slot]; i != 0 {
		s.counters[i-1].weight += weight
		s.down(int(s.counters[i-1].at))
		return
	}
	if len(s.counters) < s.limit {
		i := int32(len(s.counters))
		s.counters = append(s.counters, counter{hash: hash, weight: weight, at: i, text: slices.Clone(text)})
		s.heap = append(s.heap, i)
		s.slots[slot] = i + 1
		s.up(int(i))
		return
	}
	// The new key takes over the least counter, and its weight as the error.
	i := s.heap[0]
	c := &s.counters[i]
	s.remove(s.find(c.hash))
	c.hash, c.error, c.text = hash, c.weight, append(c.text[:0], text...)
	c.weight += weight
	s.slots[s.find(hash)] = i + 1
	s.down(0)
}

// find gives the slot of a hash, or the empty one where it belongs.
func (s *sketch) find(hash hashrange.Key) int {
	mask := len(s.slots) - 1
	for at := int(hash.Lo) & mask; ; at = (at + 1) & mask {
		if i := s.slots[at]; i == 0 || s.counters[i-1].hash == hash {
			return at
		}
	}
}

// remove empties a slot and moves up what was displaced by it.
func (s *sketch) remove(hole int) {
	mask := len(s.slots) - 1
	for at := (hole + 1) & mask; s.slots[at] != 0; at = (at + 1) & mask {
		home := int(s.counters[s.slots[at]-1].hash.Lo) & mask
		if (at-home)&mask >= (at-hole)&mask {
			s.slots[hole] = s.slots[at]
			hole = at
		}
	}
	s.slots[hole] = 0
}

func (s *sketch) less(a, b int) bool {
	return s.counters[s.heap[a]].weight < s.counters[s.heap[b]].weight
}

func (s *sketch) swap(a, b int) {
	s.heap[a], s.heap[b] = s.heap[b], s.heap[a]
	s.counters[s.heap[a]].at, s.counters[s.heap[b]].at = int32(a), int32(b)
}

func (s *sketch) up(i int) {
	for ; i > 0 && s.less(i, (i-1)/2); i = (i - 1) / 2 {
		s.swap(i, (i-1)/2)
	}
}

func (s *sketch) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(s.heap) {
			return
		}
		if right := least + 1; right < len(s.heap) && s.less(right, least) {
			least = right
		}
		if !s.less(least, i) {
			return
		}
		s.swap(i, least)
		i = least
	}
}

func (s *sketch) keys() []HotKey {
	keys := make([]HotKey, len(s.counters))
	for i, c := range s.counters {
		keys[i] = HotKey{Key: string(c.text), AtMost: c.weight, AtLeast: c.weight - c.error}
	}
	slices.SortFunc(keys, heavier)
	return keys
}
