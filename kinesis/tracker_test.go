package kinesis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lakekit/lakekit/stream"
)

func recordsFrom(first, n int) []stream.Record {
	rs := make([]stream.Record, n)
	for i := range rs {
		rs[i].Pos = stream.Position{Shard: "s", Seq: fmt.Sprint(first + i)}
	}
	return rs
}

func TestTrackerWaitsForEveryHoldInOrder(t *testing.T) {
	t.Parallel()
	var tr tracker
	a := tr.deliver(recordsFrom(10, 3), false)
	d1, _ := tr.hold(a)
	d2, _ := tr.hold(a)
	tr.returned(a)
	b := tr.deliver(recordsFrom(13, 2), true)
	tr.returned(b)
	d2(nil)
	d2(nil) // the second call does nothing
	if tr.done.Seq != "" || tr.end {
		t.Fatalf("checkpoint %v passes a hold", tr.done)
	}
	d1(nil)
	if tr.done.Seq != "14" || !tr.end || !tr.idle() {
		t.Fatalf("done %v end %v", tr.done, tr.end)
	}
	if _, ok := tr.hold(b); ok {
		t.Fatal("a hold after the handler has returned")
	}
}

func TestTrackerRestart(t *testing.T) {
	t.Parallel()
	var tr tracker
	a := tr.deliver(recordsFrom(10, 3), false)
	tr.returned(a)
	b := tr.deliver(recordsFrom(13, 2), false)
	late, _ := tr.hold(b)
	tr.returned(b)
	c := tr.deliver(recordsFrom(15, 2), false)
	bad, _ := tr.hold(c)
	tr.returned(c)
	bad(errors.New("disk full"))
	if tr.err == nil {
		t.Fatal("done(err) is not seen")
	}
	first, at := tr.restart()
	if !at || first.Seq != "13" || tr.done.Seq != "12" {
		t.Fatalf("restart at %v (%v), done %v: want 13 behind 12", first, at, tr.done)
	}
	d := tr.deliver(recordsFrom(13, 1), false)
	late(nil) // T3
	if tr.done.Seq != "12" {
		t.Fatal("a hold of an earlier epoch moved the checkpoint")
	}
	tr.returned(d)
	if tr.done.Seq != "13" {
		t.Fatalf("done %v", tr.done)
	}
	if _, at := tr.restart(); at {
		t.Fatal("nothing is open, yet restart names a record")
	}
}

func TestTrackerCut(t *testing.T) {
	t.Parallel()
	var tr tracker
	rs := recordsFrom(10, 5)
	a := tr.deliver(rs, true)
	held, _ := tr.hold(a)
	tr.cut(a, rs, 2)
	p := tr.deliver(rs[2:3], false)
	tr.returned(p)
	rest := tr.deliver(rs[3:], true)
	tr.returned(rest)
	if tr.done.Seq != "" {
		t.Fatal("the records before the poison are held")
	}
	held(nil)
	if tr.done.Seq != "14" || !tr.end {
		t.Fatalf("done %v end %v", tr.done, tr.end)
	}
	// The poison first in the batch, with a hold: nothing passes the hold.
	a = tr.deliver(rs, false)
	held, _ = tr.hold(a)
	tr.cut(a, rs, 0)
	tr.returned(tr.deliver(rs[:1], false))
	if first, at := tr.restart(); !at || first.Seq != "10" {
		t.Fatalf("restart at %v %v", first, at)
	}
	held(nil)
}

func TestTrackerAbandon(t *testing.T) {
	t.Parallel()
	var tr tracker
	a := tr.deliver(recordsFrom(1, 1), false)
	da, _ := tr.hold(a)
	tr.returned(a)
	b := tr.deliver(recordsFrom(2, 1), false)
	db, _ := tr.hold(b)
	tr.returned(b)
	c := tr.deliver(recordsFrom(3, 1), false)
	tr.returned(c)
	db(errors.New("lost"))
	tr.abandon()
	da(nil)
	if tr.done.Seq != "1" || !tr.idle() || tr.err != nil {
		t.Fatalf("done %v, idle %v, err %v", tr.done, tr.idle(), tr.err)
	}
}

// TestTrackerRandom compares with a model that keeps, for each record, whether it is done.
func TestTrackerRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var tr tracker
		type hold struct {
			done       func(error)
			from, to   int
			epoch      int
			calledOnce bool
		}
		pending := map[int]int{} // record -> its open holds in this epoch
		next, floor, epoch := 1, 0, 0
		var holds []*hold
		for range 200 {
			switch rnd.IntN(6) {
			case 0, 1: // deliver
				n := 1 + rnd.IntN(4)
				rs := recordsFrom(next, n)
				e := tr.deliver(rs, false)
				for range rnd.IntN(3) {
					d, ok := tr.hold(e)
					if !ok {
						t.Fatal("no hold while the handler runs")
					}
					holds = append(holds, &hold{done: d, from: next, to: next + n, epoch: epoch})
					for i := range n {
						pending[next+i]++
					}
				}
				tr.returned(e)
				next += n
			case 2, 3, 4:
				if len(holds) == 0 {
					continue
				}
				h := holds[rnd.IntN(len(holds))]
				var err error
				if rnd.IntN(20) == 0 {
					err = errors.New("lost")
				}
				h.done(err)
				if !h.calledOnce && h.epoch == epoch && err == nil {
					for i := h.from; i < h.to; i++ {
						pending[i]--
					}
				}
				h.calledOnce = true
			case 5:
				if tr.err == nil && rnd.IntN(4) > 0 {
					continue
				}
				first, at := tr.restart()
				want := floor + 1
				if at != (want < next) || at && first.Seq != fmt.Sprint(want) {
					t.Fatalf("seed %d: restart at %v %v, want %d of %d", seed, first, at, want, next)
				}
				next, epoch, pending = want, epoch+1, map[int]int{}
			}
			for floor+1 < next && pending[floor+1] == 0 {
				floor++
			}
			want := ""
			if floor > 0 {
				want = fmt.Sprint(floor)
			}
			// T1, T2: batches complete as a whole, so the model's floor is never inside one.
			if tr.done.Seq != want {
				t.Fatalf("seed %d: checkpoint %q, want %q", seed, tr.done.Seq, want)
			}
		}
	}
}

func TestCompareSeq(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"9", "10", -1}, {"10", "10", 0}, {"49590338271490256608559692538361571095921575989136588898", "9", 1}, {"", "0", -1}} {
		if got := compareSeq(c.a, c.b); got != c.want {
			t.Errorf("compareSeq(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
