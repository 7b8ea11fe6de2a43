package kinesis

import (
	"container/heap"
	"math"
	"slices"
	"time"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
)

const (
	// aggregateSize is when an aggregate is worth sending: the KPL's AggregationMaxSize. What
	// is larger travels alone.
	aggregateSize = 51200
	// aggregateMax is how large one may grow while it cannot be sent, because its shard has
	// another one on its way: a shard has one at a time, and so gets up to this in a round trip.
	aggregateMax = 256 << 10
)

// aggregator gathers user records into one aggregate after the other for each shard and
// decides which go into the next request. It has no clock, goroutine or lock of its own.
// Its invariants:
//
//	A1 a bin is idle, in one of the lists, or in flight
//	A2 of a bin at most one parcel is in flight, and it is the oldest: what one shard owns
//	   reaches it in the order of the Puts
//	A3 the records of an open bin's builder are those of its last parcel
//	A4 a parcel leaves only through settle, repack or drop, once
type aggregator struct {
	linger  time.Duration
	timeout time.Duration
	maxAge  time.Duration // 0: none
	backoff func(attempt int) time.Duration
	memory  *memory

	layout    *layout // nil: not known yet, and one bin has everything
	bins      []*bin  // by layout.open
	ready     []*bin  // to go with the next request
	lingering binHeap // waiting for company
	waiting   binHeap // in backoff
	held      int     // bins that wait for a new layout
}

// bin is what is on its way to one shard.
type bin struct {
	shard      string // as far as is known
	head, tail *parcel
	open       bool // the tail takes more
	builder    aggregate.Builder
	hint       int // how large its last aggregate was
	state      binState
	due        time.Time // in a heap
	index      int       // in a heap
	limiter    limiter
	stats      ShardStats // what it counts
}

type binState int

const (
	binIdle binState = iota
	binLingering
	binReady
	binWaiting
	binFlying
	binHeld
)

// binHeap orders bins by when they are due.
type binHeap []*bin

func (h binHeap) Len() int           { return len(h) }
func (h binHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h binHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *binHeap) Push(x any) {
	b := x.(*bin)
	b.index = len(*h)
	*h = append(*h, b)
}

func (h *binHeap) Pop() any {
	old := *h
	b := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return b
}

func (a *aggregator) bin(hash hashrange.Key) *bin {
	if a.layout == nil {
		return a.bins[0]
	}
	return a.bins[a.layout.find(hash)]
}

// join adds a record to the aggregate that its shard has open, if that takes it. full says
// that it has become worth sending.
// now is asked for with maxAge only: the records of an aggregate grow old together.
func (a *aggregator) join(r userRecord, hash hashrange.Key, gen *generation, cost int, now time.Time) (at slot, full, ok bool) {
	b := a.bin(hash)
	p := b.tail
	if !b.open || p.gen != gen || r.wire() >= aggregateSize {
		return slot{}, false, false
	}
	if a.maxAge > 0 && now.Sub(p.queued) > max(a.linger, a.maxAge/16) {
		return slot{}, false, false
	}
	limit := aggregateMax
	if b.limiter.limited() {
		limit = aggregateSize // the smaller, the more likely the shard takes it
	}
	if !a.append(b, r, limit) {
		return slot{}, false, false
	}
	p.n++
	p.cost += cost
	if hash.Less(p.keys.First) {
		p.keys.First = hash
	}
	if p.keys.Last.Less(hash) {
		p.keys.Last = hash
	}
	if full = b.state == binLingering && b.builder.Size()+r.wire() > aggregateSize; full {
		heap.Remove(&a.lingering, b.index)
		a.pushReady(b)
	}
	return slot{p, p.n - 1}, full, true
}

// append adds a record to a bin's builder, which gets the memory that it needs.
func (a *aggregator) append(b *bin, r userRecord, limit int) bool {
	if need := len(r.data) + 32; b.builder.Memory() < need {
		a.memory.put(b.builder.Move(a.memory.get(2*b.builder.Size() + need)))
	}
	return b.builder.AddWithin(aggregate.Record{Key: r.key, ExplicitHashKey: r.hash, Data: r.data}, limit)
}

// add queues a record whose payload may be kept if it is large: Put's data otherwise.
func (a *aggregator) add(r userRecord, hash hashrange.Key, gen *generation, cost int, now time.Time) slot {
	if at, _, ok := a.join(r, hash, gen, cost, now); ok {
		return at
	}
	b := a.bin(hash)
	a.close(b)
	if b.state == binLingering { // its head gets no more company
		heap.Remove(&a.lingering, b.index)
		a.pushReady(b)
	}
	p := &parcel{n: 1, cost: cost, queued: now, route: hash, keys: hashrange.Range{First: hash, Last: hash}, gen: gen}
	if r.wire() >= aggregateSize {
		p.key, p.hash, p.data = r.key, r.hash, r.data
	} else {
		b.builder.Use(a.memory.get(max(b.hint, len(r.data)+32)))
		a.append(b, r, math.MaxInt)
		b.open = true
	}
	a.push(b, p)
	return slot{p, 0}
}

// push puts a parcel behind the others of a bin.
func (a *aggregator) push(b *bin, p *parcel) {
	p.bin, p.next = b, nil
	if b.tail == nil {
		b.head = p
	} else {
		b.tail.next = p
	}
	b.tail = p
	if b.state == binIdle {
		a.queue(b)
	}
}

// close ends the open aggregate of a bin. One that has a single record becomes that record.
func (a *aggregator) close(b *bin) {
	if !b.open {
		return
	}
	p := b.tail
	b.hint = b.builder.Size()
	b.open = false
	p.data = b.builder.Take()
	if p.n == 1 {
		for _, r := range p.records() {
			p.key, p.hash, p.data = r.key, r.hash, r.data
		}
	}
}

// first is the size of its first parcel.
func (b *bin) first() int {
	if b.open && b.head == b.tail {
		return b.builder.Size()
	}
	return b.head.wire()
}

// queue puts a bin that is not in flight where its head belongs.
func (a *aggregator) queue(b *bin) {
	switch {
	case b.head == nil:
		b.state = binIdle
	case b.open && b.head == b.tail && b.builder.Size() < aggregateSize:
		b.state, b.due = binLingering, b.head.queued.Add(a.linger)
		heap.Push(&a.lingering, b)
	default:
		a.pushReady(b)
	}
}

func (a *aggregator) pushReady(b *bin) {
	b.state = binReady
	a.ready = append(a.ready, b)
}

func (a *aggregator) wait(b *bin, due time.Time) {
	b.state, b.due = binWaiting, due
	heap.Push(&a.waiting, b)
}

// take gives the parcels of the next request, one of each shard at most, or none when it is
// better to wait. A full aggregate goes at once, and so does what is tried again. When the
// first of those that are not full has lingered, or flush is set, all of them go: requests
// are dearer than aggregates.
func (a *aggregator) take(now time.Time, flush bool) (batch []*parcel) {
	if a.layout == nil {
		return nil
	}
	for len(a.waiting) > 0 && !a.waiting[0].due.After(now) {
		a.pushReady(heap.Pop(&a.waiting).(*bin))
	}
	if len(a.lingering) > 0 && (flush || !a.lingering[0].due.After(now)) {
		for _, b := range a.lingering {
			a.pushReady(b)
		}
		clear(a.lingering)
		a.lingering = a.lingering[:0]
	}
	limit, size, n := maxRequestRecords, 0, 0
	for _, b := range a.ready {
		if d := b.limiter.delay(now, b.first()); d > 0 { // what is open gets more company meanwhile
			a.wait(b, now.Add(d))
			n++
			continue
		}
		if b.head == b.tail {
			a.close(b)
		}
		p := b.head
		l := limit
		if p.limit > 0 {
			l = min(l, p.limit)
		}
		if len(batch) >= l || len(batch) > 0 && size+p.wire() > maxRequestBytes {
			break
		}
		limit = l
		n++
		size += p.wire()
		b.limiter.spend(p.wire())
		b.state = binFlying
		if p.attempts == 0 {
			p.first = now
		}
		p.attempts++
		batch = append(batch, p)
	}
	a.ready = slices.Delete(a.ready, 0, n)
	return batch
}

// next says when take will have something to give that it does not give now; the zero time
// means not before something else happens.
func (a *aggregator) next() (t time.Time) {
	if a.layout == nil {
		return t
	}
	if len(a.lingering) > 0 {
		t = a.lingering[0].due
	}
	if len(a.waiting) > 0 && (t.IsZero() || a.waiting[0].due.Before(t)) {
		t = a.waiting[0].due
	}
	return t
}

// settle takes what became of a parcel that take gave. It says whether the parcel is done
// with. If not it goes out again after a backoff, or waits for a new layout.
func (a *aggregator) settle(p *parcel, o outcome, now time.Time) bool {
	b := p.bin
	switch {
	case o.err == nil:
		b.limiter.passed(now)
		if !a.owns(o.shard, p) {
			p.landed, p.result = true, o
			b.state = binHeld
			a.held++
			return false
		}
		b.stats.Records++
		b.stats.Bytes += int64(p.wire())
	case o.limit > 0:
		p.limit, p.result = o.limit, o
		a.pushReady(b)
		return false
	case o.retry:
		longest := 5 * time.Second
		if o.throttled {
			b.limiter.throttled(now)
			b.stats.Throttled++
			longest = time.Second // the limiter has learned
		}
		due := now.Add(min(a.backoff(p.attempts), longest)).Truncate(grain)
		if !due.After(p.deadline(a.timeout, a.maxAge)) {
			p.result = o
			a.wait(b, due)
			return false
		}
	}
	p.result = o
	a.advance(b)
	return true
}

// advance lets the first parcel of a bin go.
func (a *aggregator) advance(b *bin) {
	p := b.head
	b.head, p.next, p.bin = p.next, nil, nil
	if b.head == nil {
		b.tail = nil
	}
	a.queue(b)
}

// owns says whether all of a parcel's records are a shard's that took it. If not, consumers
// drop those that are not, or, as the KCL does, all of them. So all are put again.
func (a *aggregator) owns(shard string, p *parcel) bool {
	if p.key != "" || shard == p.bin.shard {
		return true
	}
	owned, ok := a.layout.ranges[shard]
	return ok && owned.Contains(p.keys.First) && owned.Contains(p.keys.Last)
}

// relayout begins with a new layout, or without one: a single bin then, from which nothing
// is taken. Nothing may be in flight. It gives what is done with, because the shard where it
// landed owns it after all, and what has to be added again, in the order of the Puts of
// each key.
func (a *aggregator) relayout(fresh *layout) (done, again []*parcel) {
	before := map[string]*bin{}
	a.layout = fresh
	for _, b := range a.bins {
		before[b.shard] = b
		a.close(b)
		for p := b.head; p != nil; {
			next := p.next
			p.next = nil
			if p.landed && fresh != nil && a.owns(p.result.shard, p) {
				done = append(done, p)
			} else {
				again = append(again, p)
			}
			p.bin = nil
			p = next
		}
	}
	a.ready, a.lingering, a.waiting, a.held = nil, nil, nil, 0
	a.bins = []*bin{new(bin)}
	if fresh != nil {
		a.bins = make([]*bin, len(fresh.open))
		for i, o := range fresh.open {
			a.bins[i] = &bin{shard: o.id}
			if b := before[o.id]; b != nil {
				a.bins[i].limiter, a.bins[i].stats = b.limiter, b.stats
			}
		}
	}
	return done, again
}

// drop takes out every parcel that is not in flight, in order per shard.
func (a *aggregator) drop() (ps []*parcel) {
	for _, b := range a.bins {
		a.close(b)
		p := b.head
		if b.state == binFlying {
			p, b.head.next, b.tail = p.next, nil, p
		} else {
			b.head, b.tail, b.state = nil, nil, binIdle
		}
		for p != nil {
			next := p.next
			p.next, p.bin = nil, nil
			ps = append(ps, p)
			p = next
		}
	}
	a.ready, a.lingering, a.waiting, a.held = nil, nil, nil, 0
	return ps
}
