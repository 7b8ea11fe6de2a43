package kinesis

import (
	"cmp"

	"github.com/lakekit/lakekit/stream"
)

// compareSeq compares sequence numbers: decimal text without leading zeros.
func compareSeq(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func comparePos(a, b stream.Position) int {
	return cmp.Or(compareSeq(a.Seq, b.Seq), cmp.Compare(a.Sub, b.Sub))
}

// entry is a run of records that was delivered and may not be done yet.
type entry struct {
	first stream.Position // its first record; Seq is empty when it has none (the end of a shard)
	last  stream.Position // its last record; Seq is empty when it does not move the checkpoint
	end   bool
	open  int  // the handler's call and the holds that are not done
	shut  bool // the handler is through with it
	lost  bool // a hold was done with an error
}

// tracker turns work that is done in any order into checkpoints that advance in order. It
// has no lock, clock or goroutine of its own. Its invariants:
//
//	T1 the checkpoint never passes a record whose handler call or hold is not done
//	T2 the checkpoint never goes back within an epoch
//	T3 what belongs to an earlier epoch changes nothing
type tracker struct {
	epoch   int
	entries []*entry
	done    stream.Position // behind which everything is done; Seq is empty at the start
	end     bool            // the shard's last batch is done
	err     error           // the first done(err) of the epoch
}

// deliver opens an entry for records that the handler is about to see.
func (t *tracker) deliver(rs []stream.Record, end bool) *entry {
	e := &entry{open: 1, end: end}
	if len(rs) > 0 {
		e.first, e.last = rs[0].Pos, rs[len(rs)-1].Pos
	}
	t.entries = append(t.entries, e)
	return e
}

// hold adds a hold to an entry and gives its done function. ok is false when the handler
// has returned: there is nothing left to hold.
func (t *tracker) hold(e *entry) (done func(error), ok bool) {
	if e.shut {
		return nil, false
	}
	e.open++
	epoch, called := t.epoch, false
	return func(err error) {
		if called || epoch != t.epoch {
			return
		}
		called = true
		if err != nil {
			if t.err == nil {
				t.err = err
			}
			e.lost = true
			return // e stays open: nothing passes it before the next epoch
		}
		e.open--
		t.advance()
	}, true
}

// returned says that the handler is through with e.
func (t *tracker) returned(e *entry) {
	e.shut = true
	e.open--
	t.advance()
}

// cut ends an entry before its i-th record: the handler is through with those before it.
func (t *tracker) cut(e *entry, rs []stream.Record, i int) {
	e.end = false
	e.last = stream.Position{}
	if i > 0 {
		e.last = rs[i-1].Pos
	}
	t.returned(e)
}

func (t *tracker) advance() {
	n := 0
	for ; n < len(t.entries) && t.entries[n].shut && t.entries[n].open == 0; n++ {
		if e := t.entries[n]; e.last.Seq != "" {
			t.done = e.last
		}
		t.end = t.end || t.entries[n].end
		t.entries[n] = nil
	}
	t.entries = t.entries[n:]
}

// idle says that everything delivered is done.
func (t *tracker) idle() bool { return len(t.entries) == 0 }

// abandon forgets what failed and everything behind it, for a worker that stops: what is
// before it may still become done.
func (t *tracker) abandon() {
	for i, e := range t.entries {
		if e.lost || !e.shut {
			clear(t.entries[i:])
			t.entries = t.entries[:i]
			break
		}
	}
	t.err = nil
}

// restart forgets what is not done, whose done functions do nothing from now on, and says
// where to deliver from again: at a record, or behind the checkpoint when at is false.
func (t *tracker) restart() (first stream.Position, at bool) {
	if len(t.entries) > 0 && t.entries[0].first.Seq != "" {
		first, at = t.entries[0].first, true
	}
	t.epoch++
	t.entries, t.err = nil, nil
	return first, at
}
