package kinesis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/stream"
)

func newAggregator(shards int) *aggregator {
	a := &aggregator{
		linger: 100 * time.Millisecond, timeout: 30 * time.Second, memory: new(memory),
		backoff: func(n int) time.Duration { return time.Duration(n) * 100 * time.Millisecond },
	}
	a.relayout(nil)
	if shards > 0 {
		a.relayout(layoutOf(shards, 0))
	}
	return a
}

// layoutOf cuts all hash keys into n shards that are numbered from first.
func layoutOf(n, first int) *layout {
	var l []shard
	for i, r := range hashrange.Split(n) {
		l = append(l, shard{id: fmt.Sprint("shard-", first+i), first: r.First.String(), last: r.Last.String()})
	}
	return newLayout(l, nil)
}

func pack(a *aggregator, now time.Time, key, data string) slot {
	r := userRecord{key: key, data: []byte(data)}
	return a.add(r, hashOf(r), nil, 0, now)
}

func contents(p *parcel) (s []string) {
	for _, r := range p.records() {
		s = append(s, r.key+string(r.data))
	}
	return s
}

func TestAggregatorLingersAndGrows(t *testing.T) {
	t.Parallel()
	a := newAggregator(1)
	pack(a, t0, "a", "1")
	pack(a, t0.Add(50*time.Millisecond), "b", "2")
	if b := a.take(t0.Add(99*time.Millisecond), false); b != nil {
		t.Fatalf("sent before the linger time: %v", contents(b[0]))
	}
	if got := a.next(); !got.Equal(t0.Add(100 * time.Millisecond)) {
		t.Fatalf("next is %v", got)
	}
	now := t0.Add(100 * time.Millisecond)
	first := a.take(now, false)
	if len(first) != 1 || fmt.Sprint(contents(first[0])) != "[a1 b2]" {
		t.Fatalf("got %v", first)
	}
	// While it is on its way the next one grows beyond 50 KiB, but not beyond 256 KiB.
	n := 0
	for range 300 {
		pack(a, now, "a", strings.Repeat("x", 1000))
		n++
	}
	if b := a.take(now.Add(time.Hour), true); b != nil {
		t.Fatal("a shard has two on its way")
	}
	if !a.settle(first[0], outcome{shard: "shard-0"}, now) {
		t.Fatal("not settled")
	}
	second := a.take(now, false)
	if len(second) != 1 || second[0].wire() < 250<<10 || second[0].wire() > aggregateMax {
		t.Fatalf("a request of %d bytes", second[0].wire())
	}
	a.settle(second[0], outcome{shard: "shard-0"}, now)
	if third := a.take(now, true); len(third) != 1 || second[0].n+third[0].n != n {
		t.Fatalf("%d records are left, want %d", third[0].n, n-second[0].n)
	}
	// A full one goes without lingering, a large one and one that is alone as they are.
	a = newAggregator(1)
	for range 51 {
		pack(a, t0, "a", strings.Repeat("x", 1000))
	}
	if b := a.take(t0, false); len(b) != 1 || b[0].n != 51 {
		t.Fatalf("got %v", b)
	}
	a = newAggregator(1)
	pack(a, t0, "a", "1")
	pack(a, t0, "b", strings.Repeat("x", 60_000))
	for _, key := range []string{"a", "b"} {
		b := a.take(t0, false)
		if len(b) != 1 || b[0].key != key {
			t.Fatalf("got %v, want the record of %s as it is", b, key)
		}
		a.settle(b[0], outcome{}, t0)
	}
}

// TestAggregatorBacksOffPerShard: what one shard refuses holds up no other.
func TestAggregatorBacksOffPerShard(t *testing.T) {
	t.Parallel()
	a := newAggregator(2)
	keys := [2]string{"a", "user-1"} // of the lower and the upper half
	pack(a, t0, keys[0], "1")
	pack(a, t0, keys[1], "1")
	b := a.take(t0, true)
	if len(b) != 2 {
		t.Fatalf("%d parcels, want one for each shard", len(b))
	}
	for _, p := range b {
		if p.key == keys[0] {
			a.settle(p, outcome{err: errors.New("slow down"), retry: true, throttled: true}, t0)
			continue
		}
		a.settle(p, outcome{shard: p.bin.shard}, t0)
	}
	pack(a, t0, keys[0], "2")
	pack(a, t0, keys[1], "2")
	if b := a.take(t0, true); len(b) != 1 || b[0].key != keys[1] {
		t.Fatalf("got %v, want the other shard's", b)
	}
	if at := a.next(); at.Before(t0.Add(80*time.Millisecond)) || at.After(t0.Add(200*time.Millisecond)) {
		t.Fatalf("the refused one goes at %v", at.Sub(t0))
	}
	if b := a.take(a.next(), false); len(b) != 1 || b[0].key != keys[0] || b[0].attempts != 2 {
		t.Fatalf("got %v, want the refused one", b)
	}
}

// TestAggregatorRandom drives random puts, outcomes and layouts, and checks A1 to A4 and the
// order per key against a list of what was put.
func TestAggregatorRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		a := newAggregator(0)
		shards, numbered := 0, 0
		now := t0
		want, got := map[string][]string{}, map[string][]string{}
		var requests [][]*parcel
		n, done, moved := 0, 0, 0
		settled := func(p *parcel) {
			for _, r := range p.records() {
				done++
				got[r.key] = append(got[r.key], string(r.data))
			}
		}
		settle := func(i int) {
			b := requests[i]
			requests = append(requests[:i], requests[i+1:]...)
			whole := rnd.IntN(10) == 0
			for _, p := range b {
				o := outcome{shard: p.bin.shard}
				switch {
				case whole && len(b) > 1:
					o = outcome{err: errors.New("refused"), limit: (len(b) + 1) / 2}
				case rnd.IntN(4) == 0:
					o = outcome{err: errors.New("later"), retry: true, throttled: rnd.IntN(2) == 0}
				case rnd.IntN(20) == 0:
					o.shard = "elsewhere"
				}
				if a.settle(p, o, now) {
					settled(p)
				}
			}
		}
		relayout := func() {
			for len(requests) > 0 {
				settle(0)
			}
			shards, numbered = 1+rnd.IntN(6), numbered+10
			fresh := layoutOf(shards, numbered)
			if rnd.IntN(3) == 0 { // where some have landed, and which owns them
				fresh.ranges["elsewhere"] = hashrange.All()
			}
			over, again := a.relayout(fresh)
			for _, p := range over {
				settled(p)
			}
			for _, p := range again {
				moved++
				for _, r := range p.records() {
					a.add(r, hashOf(r), nil, 0, now)
				}
			}
		}
		for step := 0; step < 400 || done < n; step++ {
			if step > 100_000 {
				t.Fatalf("seed %d: %d of %d records never settle", seed, n-done, n)
			}
			switch op := rnd.IntN(5); {
			case op == 0 && step < 400:
				for range rnd.IntN(20) {
					key := fmt.Sprint(rnd.IntN(30), "/")
					n++
					data := fmt.Sprint(n, strings.Repeat(" ", rnd.IntN(2)*rnd.IntN(60_000)))
					want[key] = append(want[key], data)
					pack(a, now, key, data)
				}
			case op == 1:
				now = now.Add(time.Duration(rnd.IntN(300)) * time.Millisecond)
			case op == 2 && len(requests) > 0:
				settle(rnd.IntN(len(requests)))
			case op == 3 && (rnd.IntN(30) == 0 || a.held > 0):
				relayout()
			default:
				b := a.take(now, rnd.IntN(2) == 0)
				if b == nil {
					continue
				}
				in := map[*bin]bool{}
				size := 0
				for _, p := range b {
					size += p.wire()
					if in[p.bin] || p.bin.head != p || p.bin.state != binFlying {
						t.Fatalf("seed %d: not the first of its shard, or not alone", seed)
					}
					in[p.bin] = true
				}
				if len(b) > maxRequestRecords || size > maxRequestBytes {
					t.Fatalf("seed %d: a request of %d records and %d bytes", seed, len(b), size)
				}
				requests = append(requests, b)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d: the order per key changed (-put +settled):\n%s", seed, d)
		}
		for _, b := range a.bins {
			if b.head != nil || b.tail != nil || b.open || b.state != binIdle {
				t.Fatalf("seed %d: the empty aggregator still has %+v", seed, b)
			}
		}
		if moved == 0 {
			t.Fatalf("seed %d: nothing was moved to another layout", seed)
		}
	}
}

func TestAggregatorDropGivesWhatIsNotInFlight(t *testing.T) {
	t.Parallel()
	a := newAggregator(1)
	pack(a, t0, "a", "1")
	b := a.take(t0, true)
	pack(a, t0, "a", "2")
	pack(a, t0, "b", "3")
	ps := a.drop()
	if len(ps) != 1 || fmt.Sprint(contents(ps[0])) != "[a2 b3]" {
		t.Fatalf("dropped %v", ps)
	}
	if !a.settle(b[0], outcome{shard: "shard-0"}, t0) || a.take(t0, true) != nil || len(a.drop()) != 0 {
		t.Fatal("something is left")
	}
}

func TestLimiterLearns(t *testing.T) {
	t.Parallel()
	var l limiter
	if l.limited() || l.delay(t0, 10<<20) != 0 {
		t.Fatal("limited before the shard throttled")
	}
	now := t0
	// accepted says how many records of size bytes pass in d; the shard takes them all.
	accepted := func(d time.Duration, size int) (n int) {
		for end := now.Add(d); now.Before(end) && l.limited(); {
			wait := l.delay(now, size)
			if now = now.Add(wait); wait == 0 {
				l.spend(size)
				l.passed(now)
				n++
			}
		}
		return n
	}
	l.throttled(now)
	if n := accepted(time.Second, 50<<10); n < 18 || n > 22 {
		t.Errorf("%d records of 50 KiB in the first second, want what a shard takes: 20", n)
	}
	if n := accepted(time.Second, 10); n < 950 || n > 1050 {
		t.Errorf("%d small records a second, want 1,000", n)
	}
	for range 4 {
		l.throttled(now)
	}
	if n := accepted(time.Second, 10); n < 320 || n > 450 {
		t.Errorf("%d small records in the second after four throttlings, want some 370", n)
	}
	accepted(8*time.Second, 10)
	if n := accepted(time.Second, 10); n < 950 || n > 1050 {
		t.Errorf("%d small records a second after nine seconds, want 1,000 again", n)
	}
	for range 100 {
		l.throttled(now)
	}
	if n := accepted(time.Second, 10); n < 15 {
		t.Errorf("%d small records in a second of a shard that throttles everything: it is never tried again", n)
	}
	accepted(limiterForget+10*time.Second, 10)
	if l.limited() {
		t.Error("limited for ever")
	}
}

// TestDeaggregationAllocatesNothing for a record: once for all keys of an aggregate.
func TestDeaggregationAllocatesNothing(t *testing.T) {
	var b aggregate.Builder
	const n = 250
	for i := range n {
		b.Add(aggregate.Record{Key: fmt.Sprint("user-", i), Data: make([]byte, 200)})
	}
	at := "49590338271490256608559692538361571095921575989136588898"
	r := kinesistypes.Record{Data: b.Append(nil), PartitionKey: &at, SequenceNumber: &at}
	d := deaggregator{shard: "shardId-000000000000", keys: hashrange.Split(2)[0]}
	var out []stream.Record
	take := func() { out = d.append(out[:0], &r, place{}) }
	take()
	if len(out) < n/3 || len(out) > 2*n/3 {
		t.Fatalf("%d of %d records are the shard's", len(out), n)
	}
	if got := testing.AllocsPerRun(100, take); got > 1 {
		t.Errorf("%v allocations for an aggregate of %d records", got, n)
	}
}
