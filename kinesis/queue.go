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
	next       *lane     // in a laneList or the free list
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
//	I1 a lane is in one place: a list, the heap, or a request in flight
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

// gated says that so many records are being retried, two requests of them, that new ones
// must wait. Without it a throttled shard would have the whole buffer tried again and again,
// each record with a small chance, and some would time out although the shard could have
// taken them all in turn.
func (q *queue) gated() bool {
	return len(q.waiting)+q.retry.n+q.flying >= 2*maxRequestRecords
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
		add(q.popReady())
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
		q.retry.push(l)
		return false
	}
	if o.err != nil && o.retry {
		due := now.Add(q.backoff(r.attempts)).Truncate(grain)
		if !due.After(r.deadline(q.timeout, q.maxAge)) {
			l.retrying = true
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
	l.head, r.next, r.lane = r.next, nil, nil
	l.retrying = false
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
		for _, first := range []*lane{q.ready.head, q.retry.head} {
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
