package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lakekit/lakekit/stream"
)

// ledger keeps what was put and what was delivered, and says what that breaks. It has no
// lock, clock or goroutine of its own.
type ledger struct {
	keys     map[string]*keyLog
	names    []string // of keys, in the order of their first put
	open     int      // records that were put, not given up, and never delivered
	seen     int      // first deliveries
	holdings map[holding]*reading
	ends     map[string]string        // worker -> how it ended
	thefts   map[string]time.Duration // shard -> when its lease was last stolen
	cuts     map[string]time.Duration // worker -> until when it could not reach the lake
	found    map[event]int            // record -> how often it was collected; nil when nothing collects
	strange  []string
	back     []string // deliveries that went back for no reason
	again    map[string]int
}

// keyLog is one key's records by their numbers.
type keyLog struct {
	records []recordLog
	newest  int // the highest number that was delivered, -1 when none was
	late    []lateness
}

type recordLog struct {
	failed     error
	deliveries []delivery
}

type delivery struct {
	worker string
	pos    stream.Position
	at     time.Duration
}

// lateness is a record that was first delivered behind a later one of its key.
type lateness struct{ n, behind int }

// holding is a worker's hold on a shard, from the taking of its lease to the next.
type holding struct{ worker, shard string }

// reading is how far a holding has come.
type reading struct {
	last    stream.Position
	taken   time.Duration // when the lease was last taken
	refused time.Duration // when a delivery was last refused
	excused bool          // the next delivery may go back
}

func newLedger() *ledger {
	return &ledger{
		keys: map[string]*keyLog{}, holdings: map[holding]*reading{}, ends: map[string]string{},
		thefts: map[string]time.Duration{}, cuts: map[string]time.Duration{}, again: map[string]int{},
	}
}

// put says that the pipeline was given the key's next record.
func (l *ledger) put(key string, n int) {
	k := l.keys[key]
	if k == nil {
		k = &keyLog{newest: -1}
		l.keys[key], l.names = k, append(l.names, key)
	}
	for len(k.records) <= n {
		k.records = append(k.records, recordLog{})
	}
	l.open++
}

// record finds a record that was put.
func (l *ledger) record(key string, n int) (*keyLog, *recordLog) {
	k := l.keys[key]
	if k == nil || n < 0 || n >= len(k.records) {
		return nil, nil
	}
	return k, &k.records[n]
}

// failed says that the pipeline has given a record up.
func (l *ledger) failed(key string, n int, err error) {
	_, r := l.record(key, n)
	if r == nil || r.failed != nil {
		return
	}
	if len(r.deliveries) == 0 {
		l.open--
	}
	r.failed = err
}

// took says that a worker has taken a shard's lease: it begins where the lease says.
func (l *ledger) took(worker, shard string, at time.Duration) {
	r := l.reading(worker, shard)
	r.taken, r.excused = at, true
}

func (l *ledger) reading(worker, shard string) *reading {
	h := holding{worker, shard}
	if l.holdings[h] == nil {
		l.holdings[h] = &reading{taken: -1, refused: -1, excused: true}
	}
	return l.holdings[h]
}

// refused says that a delivery of the shard has failed, so that it comes again.
func (l *ledger) refused(worker, shard string, at time.Duration) {
	r := l.reading(worker, shard)
	r.refused, r.excused = at, true
}

// excuse says that something else has failed in the worker, for which a handler may go back.
func (l *ledger) excuse(worker string) {
	for h, r := range l.holdings {
		if h.worker == worker {
			r.excused = true
		}
	}
}

// delivered counts a delivery.
func (l *ledger) delivered(worker string, pos stream.Position, key string, n int, at time.Duration) {
	k, r := l.record(key, n)
	if r == nil {
		l.strange = append(l.strange, fmt.Sprintf("record %d of key %s, which was never put, by %s from %s", n, key, worker, place(pos)))
		return
	}
	if pos.Shard != "" && pos.Seq != "" {
		h := l.reading(worker, pos.Shard)
		if !h.excused && comparePos(pos, h.last) <= 0 {
			l.back = append(l.back, fmt.Sprintf("%s delivered %s (record %d of key %s) behind %s, with nothing refused and its lease not lost in between", worker, place(pos), n, key, place(h.last)))
		}
		h.last, h.excused = pos, false
	}
	if len(r.deliveries) > 0 {
		l.again[l.why(r.deliveries, worker, pos)]++
	} else {
		l.seen++
		if r.failed == nil {
			l.open--
		}
		if n < k.newest {
			k.late = append(k.late, lateness{n, k.newest})
		}
		k.newest = max(k.newest, n)
	}
	r.deliveries = append(r.deliveries, delivery{worker, pos, at})
}

// The causes of a duplicate.
const (
	becausePut     = "put more than once"
	becauseRefused = "delivered again after a refused delivery"
	becauseStolen  = "delivered again after a lease was stolen"
	becauseCut     = "delivered again after its worker was cut off"
	becauseTaken   = "delivered again after a lease was taken anew"
	becauseFound   = "collected more than once"
	becauseUnknown = "delivered again for another reason"
	// The others name how the first worker ended.
	becauseEnd = "delivered again after its worker was "
)

// why says what has probably caused a further delivery of a record.
func (l *ledger) why(before []delivery, worker string, pos stream.Position) string {
	i := slices.IndexFunc(before, func(d delivery) bool { return d.pos == pos })
	if pos.Seq == "" {
		i = 0 // nobody knows where it was
	}
	if i < 0 {
		return becausePut
	}
	d := before[i]
	h := l.holdings[holding{worker, pos.Shard}]
	stolen, cut := l.thefts[pos.Shard], l.cuts[d.worker]
	switch how := l.ends[d.worker]; {
	case d.worker == worker && h != nil && h.refused >= d.at && h.refused >= h.taken:
		return becauseRefused
	case d.worker != worker && how != "":
		return becauseEnd + how
	case stolen > 0 && (stolen >= d.at || d.worker != worker): // the old owner notices late
		return becauseStolen
	case cut > 0 && cut >= d.at:
		return becauseCut
	case d.worker != worker || h != nil && h.taken >= d.at:
		return becauseTaken
	}
	return becauseUnknown
}

// Finding is a record that broke a promise.
type Finding struct {
	// Key and N say which record of the load it is: the N-th of its key, from 0.
	Key string
	N   int
	// What says what became of it.
	What string
}

// collected counts a record that was found in what the pipeline has brought about.
func (l *ledger) collected(key string, n int) {
	if _, r := l.record(key, n); r == nil {
		l.strange = append(l.strange, fmt.Sprintf("record %d of key %s, which was never put, was collected", n, key))
		return
	}
	l.found[event{deliverTo, recordName(key, n)}]++
}

// count says how often a record has arrived: in what was collected, or delivered.
func (l *ledger) count(key string, n int, r recordLog) int {
	if l.found != nil {
		return l.found[event{deliverTo, recordName(key, n)}]
	}
	return len(r.deliveries)
}

// lost are the records that were acknowledged and never arrived.
func (l *ledger) lost() (out []Finding) {
	for _, name := range l.names {
		for n, r := range l.keys[name].records {
			if r.failed == nil && l.count(name, n, r) == 0 {
				out = append(out, Finding{Key: name, N: n})
			}
		}
	}
	return out
}

// repeated are the records that arrived more than once.
func (l *ledger) repeated() (out []Finding) {
	for _, name := range l.names {
		for n, r := range l.keys[name].records {
			c := l.count(name, n, r)
			if c < 2 {
				continue
			}
			f := Finding{Key: name, N: n, What: fmt.Sprintf("collected %d times", c)}
			if l.found == nil {
				f.What = "delivered by"
				for _, d := range r.deliveries {
					f.What += fmt.Sprintf(" %s from %s after %.3fs;", d.worker, place(d.pos), d.at.Seconds())
				}
			}
			out = append(out, f)
		}
	}
	return out
}

// disordered are the records that were first delivered behind a later one of their key.
func (l *ledger) disordered() (out []Finding) {
	for _, name := range l.names {
		k := l.keys[name]
		for _, x := range k.late {
			if k.records[x.n].failed != nil {
				continue // nobody promised it
			}
			d, later := k.records[x.n].deliveries[0], k.records[x.behind].deliveries[0]
			out = append(out, Finding{name, x.n, fmt.Sprintf("first delivered after %.3fs by %s from %s, behind record %d, which came after %.3fs by %s from %s",
				d.at.Seconds(), d.worker, place(d.pos), x.behind, later.at.Seconds(), later.worker, place(later.pos))})
		}
	}
	return out
}

// givenUp counts the records that the pipeline gave up itself.
func (l *ledger) givenUp() (n int) {
	for _, k := range l.keys {
		for _, r := range k.records {
			if r.failed != nil {
				n++
			}
		}
	}
	return n
}

// comparePos compares places of one shard. Sequence numbers are decimal text without
// leading zeros.
func comparePos(a, b stream.Position) int {
	return cmp.Or(cmp.Compare(len(a.Seq), len(b.Seq)), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Sub, b.Sub))
}

// place writes a position.
func place(p stream.Position) string {
	if p.Shard == "" {
		return "an unknown shard"
	}
	s := p.Shard + "/" + p.Seq
	if p.Sub > 0 {
		s += fmt.Sprintf(".%d", p.Sub)
	}
	return s
}
