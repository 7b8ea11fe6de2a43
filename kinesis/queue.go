package kinesis

import (
	"container/heap"
	"iter"
	"time"
)

// What one PutRecords request may hold: the service's limits.
const (
	maxRequestRecords = 500
	maxRequestBytes   = 10 << 20
)

// grain is the coarseness of backoffs and how long a small request that is in a hurry
// waits for one in flight. Without it, records that retry and records that wait for a
// record of their key would each go in a request of its own.
const grain = 20 * time.Millisecond

// outcome is what became of one record of a request.
type outcome struct {
	shard, seq string
	err        error // nil: the stream has the record
	retry      bool  // err may pass
	throttled  bool  // the shard took too much
	limit      int   // above 0: the request was refused as a whole, try again at once in smaller ones
}

// lane is the queue of one key. Its head alone may be sent or retried, so that a key's
// records reach the stream in the order of their Puts.
type lane struct {
	key        string
	head, tail *parcel
	due        time.Time // while in the backoff heap
	urgent     bool      // the head's linger was over when the lane became ready
	retrying   bool      // the head has been attempted
	layout     *layout   // for which shard is
	shard      int
	counted    *layout // in whose jams it is counted
	next       *lane   // in a laneList or the free list
}

type laneList struct {
	head, tail *lane
	n          int
}

func (l *laneList) push(x *lane) {
	x.next = nil
	if l.tail == nil {
		l.head = x
	} else {
		l.tail.next = x
	}
	l.tail = x
	l.n++
}

func (l *laneList) pop() *lane {
	x := l.head
	l.head = x.next
	if l.head == nil {
		l.tail = nil
	}
	x.next = nil
	l.n--
	return x
}

// laneHeap orders lanes in backoff by when they are due.
type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *laneHeap) Push(x any)        { *h = append(*h, x.(*lane)) }
func (h *laneHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return x
}

// queue decides which records go into the next request. It has no clock, goroutine or
// lock of its own. Its invariants:
//
//	I1 a lane is in one place: a list, a jam, the heap, or a request in flight
//	I2 of a lane at most one record is in flight, and it is the oldest
//	I3 a record leaves only through settle or drop, once
type queue struct {
	linger    time.Duration
	timeout   time.Duration
	maxAge    time.Duration // 0: none
	unordered bool
	backoff   func(attempt int) time.Duration

	lanes      map[string]*lane
	ready      laneList // heads never sent
	readyBytes int
	urgent     int
	retry      laneList  // heads whose backoff is over
	waiting    laneHeap  // heads in backoff
	flying     int       // retried records in flight
	layout     *layout   // nil: not known, which is so until shards throttle
	jams       []jam     // by layout.open
	parked     int       // lanes in them
	hurried    time.Time // since when take holds back what need not linger; zero: it does not
	free       *lane
}

// add queues a record.
func (q *queue) add(r *parcel) {
	if !q.unordered {
		if l := q.lanes[r.key]; l != nil {
			l.tail.next = r
			l.tail = r
			r.lane = l
			return
		}
	}
	l := q.free
	if l == nil {
		l = new(lane)
	} else {
		q.free = l.next
	}
	*l = lane{key: r.key, head: r, tail: r}
	r.lane = l
	if !q.unordered {
		if q.lanes == nil {
			q.lanes = map[string]*lane{}
		}
		q.lanes[r.key] = l
	}
	q.pushReady(l, false)
}

func (q *queue) pushReady(l *lane, urgent bool) {
	l.urgent = urgent
	if urgent {
		q.urgent++
	}
	q.readyBytes += l.head.wire()
	q.ready.push(l)
}

func (q *queue) popReady() *lane {
	l := q.ready.pop()
	if l.urgent {
		q.urgent--
	}
	q.readyBytes -= l.head.wire()
	return l
}

// jam is what one shard's throttling holds up.
type jam struct {
	retrying int // heads that have been attempted
	parked   laneList
}

// gate is how many records are tried again before new ones must wait: of all shards while
// the layout is not known, and of each shard then. Without it a throttled shard would have
// the whole buffer tried again and again, each record with a small chance, and some would
// time out although the shard could have taken them all in turn.
const gate = 2 * maxRequestRecords

// retried is how many records are being tried again.
func (q *queue) retried() int { return len(q.waiting) + q.retry.n + q.flying }

func (q *queue) gated() bool { return q.layout == nil && q.retried() >= gate }

// relayout makes the gate one of each shard, or one of all without a layout.
func (q *queue) relayout(l *layout) {
	for i := range q.jams {
		q.unpark(i, q.jams[i].parked.n)
	}
	q.layout, q.jams = l, nil
	if l == nil {
		return
	}
	q.jams = make([]jam, len(l.open))
	for _, x := range q.waiting {
		q.count(x)
	}
	for x := q.retry.head; x != nil; x = x.next {
		q.count(x)
	}
}

// count counts a lane whose head is tried again in its shard's jam, once.
func (q *queue) count(l *lane) {
	if q.layout != nil && l.counted != q.layout {
		q.jams[q.shardOf(l)].retrying++
		l.counted = q.layout
	}
}

// uncount is count's end.
func (q *queue) uncount(l *lane) {
	if q.layout != nil && l.counted == q.layout {
		q.jams[l.shard].retrying--
	}
	l.counted = nil
}

// shardOf is the place of a lane's shard in the layout.
func (q *queue) shardOf(l *lane) int {
	if l.layout != q.layout {
		l.layout = q.layout
		l.shard = q.layout.find(hashOf(userRecord{key: l.head.key, hash: l.head.hash}))
	}
	return l.shard
}

// unpark makes n of a shard's lanes ready again.
func (q *queue) unpark(shard, n int) {
	q.parked -= n
	for range n {
		q.pushReady(q.jams[shard].parked.pop(), true)
	}
}

// unjam makes lanes ready again whose shards have come through.
func (q *queue) unjam() {
	for i := range q.jams {
		if j := &q.jams[i]; j.parked.n > 0 && j.retrying < gate {
			q.unpark(i, min(j.parked.n, gate-j.retrying))
		}
	}
}

// park takes a lane of a shard that is jammed from the ready ones; it says whether it is.
func (q *queue) park() bool {
	if q.layout == nil {
		return false
	}
	shard := q.shardOf(q.ready.head)
	if q.jams[shard].retrying < gate {
		return false
	}
	q.jams[shard].parked.push(q.popReady())
	q.parked++
	return true
}

// take gives the records of the next request, or none when it is better to wait. A full
// request goes at once. One that is not waits for records that linger; records that need
// not linger (retries, those that waited for a record of their key, all of them when flush
// is set) go at once when nothing is in flight, which idle says, and otherwise after a
// grain, so that they go together.
func (q *queue) take(now time.Time, flush, idle bool) []*parcel {
	for len(q.waiting) > 0 && !q.waiting[0].due.After(now) {
		q.retry.push(heap.Pop(&q.waiting).(*lane))
	}
	if q.parked > 0 {
		q.unjam()
	}
	for q.ready.n > 0 && q.park() {
	}
	open := q.ready.n > 0 && !q.gated()
	full := open && (q.ready.n >= maxRequestRecords || q.readyBytes >= maxRequestBytes) || q.retry.n >= maxRequestRecords
	lingered := open && !q.ready.head.head.queued.Add(q.linger).After(now)
	hurry := q.retry.n > 0 || open && (q.urgent > 0 || flush)
	if !full && !lingered {
		if !hurry {
			q.hurried = time.Time{}
			return nil
		}
		if q.hurried.IsZero() {
			q.hurried = now
		}
		if !idle && now.Before(q.hurried.Add(grain)) {
			return nil
		}
	}
	q.hurried = time.Time{}
	limit, size := maxRequestRecords, 0
	batch := make([]*parcel, 0, min(limit, q.retry.n+q.ready.n))
	fits := func(r *parcel) bool {
		l := limit
		if r.limit > 0 {
			l = min(l, r.limit)
		}
		if len(batch) >= l || len(batch) > 0 && size+r.wire() > maxRequestBytes {
			return false
		}
		limit = l
		return true
	}
	add := func(l *lane) {
		r := l.head
		if r.attempts == 0 {
			r.first = now
		}
		r.attempts++
		size += r.wire()
		batch = append(batch, r)
	}
	for q.retry.n > 0 && fits(q.retry.head.head) {
		l := q.retry.pop()
		q.flying++
		add(l)
	}
	for open && q.ready.n > 0 && fits(q.ready.head.head) {
		if !q.park() {
			add(q.popReady())
		}
	}
	if len(batch) == 0 { // all of them were of jammed shards
		return nil
	}
	return batch
}

// next says when take will have something to give that it does not give now; the zero
// time means not before something else happens.
func (q *queue) next() time.Time {
	t := q.hurried
	if !t.IsZero() {
		t = t.Add(grain)
	}
	sooner := func(u time.Time) {
		if t.IsZero() || u.Before(t) {
			t = u
		}
	}
	if len(q.waiting) > 0 {
		sooner(q.waiting[0].due)
	}
	if q.ready.n > 0 && !q.gated() {
		sooner(q.ready.head.head.queued.Add(q.linger))
	}
	return t
}

// settle takes what became of a record that take gave. It says whether the record is
// done with; if not it goes out again after a backoff.
func (q *queue) settle(r *parcel, o outcome, now time.Time) bool {
	l := r.lane
	if l.retrying {
		q.flying--
	}
	if o.err != nil && o.limit > 0 {
		r.limit, r.result = o.limit, o
		l.retrying = true
		q.count(l)
		q.retry.push(l)
		return false
	}
	if o.err != nil && o.retry {
		due := now.Add(q.backoff(r.attempts)).Truncate(grain)
		if !due.After(r.deadline(q.timeout, q.maxAge)) {
			l.retrying = true
			q.count(l)
			l.due = due
			heap.Push(&q.waiting, l)
			r.result = o
			return false
		}
	}
	r.result = o
	q.advance(l, now)
	return true
}

// advance lets the head of a lane go and makes the next record ready.
func (q *queue) advance(l *lane, now time.Time) {
	r := l.head
	q.uncount(l)
	l.head, r.next, r.lane = r.next, nil, nil
	l.retrying, l.layout = false, nil
	if l.head == nil {
		if !q.unordered {
			delete(q.lanes, l.key)
		}
		*l = lane{next: q.free}
		q.free = l
		return
	}
	q.pushReady(l, !l.head.queued.Add(q.linger).After(now))
}

// heads gives the lanes that are not in flight.
func (q *queue) heads() iter.Seq[*lane] {
	return func(yield func(*lane) bool) {
		lists := []*lane{q.ready.head, q.retry.head}
		for i := range q.jams {
			lists = append(lists, q.jams[i].parked.head)
		}
		for _, first := range lists {
			for l := first; l != nil; l = l.next {
				if !yield(l) {
					return
				}
			}
		}
		for _, l := range q.waiting {
			if !yield(l) {
				return
			}
		}
	}
}

// drop takes out every record that is not in flight, in order per key.
func (q *queue) drop() []*parcel {
	q.relayout(nil) // nothing is parked then
	var rs []*parcel
	empty := func(l *lane) {
		for r := l.head; r != nil; {
			n := r.next
			r.next, r.lane = nil, nil
			rs = append(rs, r)
			r = n
		}
		delete(q.lanes, l.key)
	}
	for q.retry.n > 0 {
		empty(q.retry.pop())
	}
	for len(q.waiting) > 0 {
		empty(heap.Pop(&q.waiting).(*lane))
	}
	for q.ready.n > 0 {
		empty(q.popReady())
	}
	return rs
}
