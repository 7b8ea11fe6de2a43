package kinesis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/hashrange"
)

func newQueue(unordered bool) *queue {
	return &queue{
		linger: 100 * time.Millisecond, timeout: 30 * time.Second, unordered: unordered,
		backoff: func(n int) time.Duration { return time.Duration(n) * 100 * time.Millisecond },
	}
}

func put(q *queue, now time.Time, key, data string) *parcel {
	r := &parcel{key: key, data: []byte(data), queued: now}
	q.add(r)
	return r
}

func names(batch []*parcel) string {
	var b strings.Builder
	for _, r := range batch {
		fmt.Fprintf(&b, "%s%s ", r.key, r.data)
	}
	return strings.TrimSpace(b.String())
}

var t0 = time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)

func TestQueueLingersThenSendsOneRecordPerKey(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	put(q, t0, "a", "1")
	put(q, t0, "a", "2")
	put(q, t0, "b", "1")
	if got := q.take(t0, false, true); got != nil {
		t.Fatalf("sent before the linger time: %s", names(got))
	}
	if got := q.next(); !got.Equal(t0.Add(100 * time.Millisecond)) {
		t.Fatalf("next is %v", got)
	}
	now := t0.Add(100 * time.Millisecond)
	first := q.take(now, false, true)
	if got := names(first); got != "a1 b1" {
		t.Fatalf("first request holds %q, want a1 b1", got)
	}
	if got := q.take(now, true, true); got != nil {
		t.Fatalf("a2 overtakes a1 in flight: %s", names(got))
	}
	q.settle(first[0], outcome{}, now)
	if got := names(q.take(now, false, true)); got != "a2" {
		t.Fatalf("behind a1 comes %q, want a2 at once (its linger is over)", got)
	}
}

func TestQueueUnorderedSharesRequests(t *testing.T) {
	t.Parallel()
	q := newQueue(true)
	for i := range 3 {
		put(q, t0, "a", fmt.Sprint(i))
	}
	if got := names(q.take(t0, true, true)); got != "a0 a1 a2" {
		t.Fatalf("got %q", got)
	}
}

func TestQueueCutsByCountAndBytes(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	for i := range 700 {
		put(q, t0, fmt.Sprintf("k%d", i), "x")
	}
	if n := len(q.take(t0, false, true)); n != 500 {
		t.Fatalf("a full request went with %d records, want 500 without lingering", n)
	}
	if n := len(q.take(t0, false, true)); n != 0 {
		t.Fatalf("%d records did not linger", n)
	}
	if n := len(q.take(t0, true, true)); n != 200 {
		t.Fatalf("flush sent %d", n)
	}

	q = newQueue(false)
	big := strings.Repeat("x", 4<<20-1)
	for _, k := range []string{"a", "b", "c"} {
		put(q, t0, k, big)
	}
	if n := len(q.take(t0, false, true)); n != 2 {
		t.Fatalf("%d records of 4 MiB in a request of 10 MiB", n)
	}
	// 10 MiB with keys, exactly, is one request.
	q = newQueue(false)
	put(q, t0, "k", strings.Repeat("x", 10<<20-1))
	put(q, t0, "l", "")
	if n := len(q.take(t0, false, true)); n != 1 {
		t.Fatalf("%d records in a request of 10 MiB and one byte", n)
	}
}

func TestQueueRetriesWithBackoffUntilTimeout(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	r := put(q, t0, "a", "1")
	put(q, t0, "a", "2")
	cause := errors.New("throttled")
	now, attempts := t0, 0
	for {
		b := q.take(now, true, true)
		if names(b) != "a1" {
			t.Fatalf("at %v: %q, want a1 alone", now.Sub(t0), names(b))
		}
		attempts++
		if q.settle(r, outcome{err: cause, retry: true}, now) {
			break
		}
		if got := q.take(now, true, true); got != nil {
			t.Fatalf("%q goes without backoff", names(got))
		}
		now = q.next()
	}
	if now.Sub(t0) > 30*time.Second || attempts < 10 || !errors.Is(r.result.err, cause) {
		t.Fatalf("gave up after %v and %d attempts with %v", now.Sub(t0), attempts, r.result.err)
	}
	if got := names(q.take(now, true, true)); got != "a2" {
		t.Fatalf("behind the failure comes %q, want a2", got)
	}
}

func TestQueueHalvesRefusedRequests(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	for i := range 64 {
		put(q, t0, fmt.Sprint(i), "")
	}
	bad := errors.New("refused")
	var failed, put []string
	requests := 0
	for {
		b := q.take(t0, true, true)
		if b == nil {
			break
		}
		requests++
		spoiled := false
		for _, r := range b {
			spoiled = spoiled || r.key == "17"
		}
		for _, r := range b {
			o := outcome{}
			if spoiled {
				o = outcome{err: bad}
				if len(b) > 1 {
					o.limit = (len(b) + 1) / 2
				}
			}
			if q.settle(r, o, t0) {
				if o.err != nil {
					failed = append(failed, r.key)
				} else {
					put = append(put, r.key)
				}
			}
		}
	}
	if len(failed) != 1 || failed[0] != "17" || len(put) != 63 || requests > 16 {
		t.Fatalf("%d requests: failed %v, put %d", requests, failed, len(put))
	}
}

func TestQueueGatesNewRecordsBehindRetries(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	for i := range 5000 {
		put(q, t0, fmt.Sprint(i), "")
	}
	throttle := outcome{err: errors.New("throttled"), retry: true}
	attempted := map[*parcel]bool{}
	for now := t0; now.Before(t0.Add(5 * time.Second)); now = now.Add(10 * time.Millisecond) {
		for _, r := range q.take(now, true, true) {
			attempted[r] = true
			q.settle(r, throttle, now)
		}
	}
	if len(attempted) > 2*maxRequestRecords+maxRequestRecords {
		t.Fatalf("%d records were tried against a stream that takes none, want at most %d", len(attempted), 2*maxRequestRecords+maxRequestRecords)
	}
}

// TestQueueGatesEachShard: with a layout the shard that throttles holds up no other.
func TestQueueGatesEachShard(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	q.relayout(layoutOf(2, 0))
	throttle := outcome{err: errors.New("throttled"), retry: true}
	jammed := true
	attempted, passed := map[*parcel]bool{}, 0
	now := t0
	run := func(d time.Duration) {
		for end := now.Add(d); now.Before(end); now = now.Add(10 * time.Millisecond) {
			for b := q.take(now, true, true); b != nil; b = q.take(now, true, true) {
				for _, r := range b {
					if q.shardOf(r.lane) == 0 && jammed {
						attempted[r] = true
						q.settle(r, throttle, now)
						continue
					}
					passed++
					q.settle(r, outcome{}, now)
				}
			}
		}
	}
	const n = 5000
	upper := 0
	for i := range n {
		r := put(q, now, fmt.Sprint(i), "")
		upper += q.shardOf(r.lane)
	}
	run(5 * time.Second)
	if len(attempted) > gate+maxRequestRecords || len(attempted) < gate {
		t.Fatalf("%d records were tried against a shard that takes none, want about %d", len(attempted), gate)
	}
	if passed != upper {
		t.Fatalf("%d of the other shard's %d records passed", passed, upper)
	}
	if seen := 0; true {
		for range q.heads() {
			seen++
		}
		if seen != n-upper || q.parked == 0 {
			t.Fatalf("%d lanes are seen, want %d; %d are parked", seen, n-upper, q.parked)
		}
	}
	jammed = false
	run(10 * time.Second)
	if passed != n || q.parked != 0 || q.jams[0].retrying != 0 {
		t.Fatalf("%d of %d records passed after the jam; %+v", passed, n, q.jams)
	}
	jammed = true
	for i := range n {
		put(q, now, fmt.Sprint(i), "")
	}
	run(time.Second)
	fresh := layoutOf(3, 10)
	q.relayout(fresh)
	run(time.Second)
	first := 0
	for i := range n {
		if fresh.find(hashrange.Of(fmt.Sprint(i))) == 0 {
			first++
		}
	}
	if got := len(q.drop()); got != first || q.parked != 0 || q.ready.n != 0 {
		t.Fatalf("dropped %d, want %d", got, first)
	}
}

// TestQueueRandom drives random puts and outcomes and checks I1 to I3, order per key and
// the limits of each request against a list of what was put.
func TestQueueRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		unordered := seed%4 == 3
		q := newQueue(unordered)
		now := t0
		want, got := map[string][]string{}, map[string][]string{}
		inFlight := map[string]bool{}
		var requests [][]*parcel
		n, done := 0, 0
		settle := func(i int) {
			b := requests[i]
			requests = append(requests[:i], requests[i+1:]...)
			whole := rnd.IntN(10) == 0
			for _, r := range b {
				o := outcome{}
				switch {
				case whole && len(b) > 1:
					o = outcome{err: errors.New("refused"), limit: (len(b) + 1) / 2}
				case rnd.IntN(3) == 0:
					o = outcome{err: errors.New("later"), retry: true}
				}
				delete(inFlight, r.key)
				key, data := r.key, string(r.data)
				if q.settle(r, o, now) {
					done++
					got[key] = append(got[key], data)
				}
			}
		}
		for step := 0; step < 400 || done < n; step++ {
			if step > 100_000 {
				t.Fatalf("seed %d: %d of %d records never settle", seed, n-done, n)
			}
			switch op := rnd.IntN(4); {
			case op == 0 && step < 400:
				for range rnd.IntN(20) {
					key := fmt.Sprint(rnd.IntN(8))
					n++
					want[key] = append(want[key], fmt.Sprint(n))
					put(q, now, key, fmt.Sprint(n))
				}
			case op == 1:
				now = now.Add(time.Duration(rnd.IntN(200)) * time.Millisecond)
			case op == 2 && len(requests) > 0:
				settle(rnd.IntN(len(requests)))
			default:
				b := q.take(now, rnd.IntN(2) == 0, rnd.IntN(2) == 0)
				if b == nil {
					continue
				}
				if len(b) > maxRequestRecords {
					t.Fatalf("seed %d: %d records in a request", seed, len(b))
				}
				for _, r := range b {
					if !unordered && inFlight[r.key] {
						t.Fatalf("seed %d: two records of key %s in flight", seed, r.key)
					}
					inFlight[r.key] = true
				}
				requests = append(requests, b)
			}
			if rnd.IntN(40) == 0 {
				q.relayout([]*layout{nil, layoutOf(1, step), layoutOf(3, step)}[rnd.IntN(3)])
			}
			for i, j := range q.jams {
				if j.retrying < 0 || j.retrying > 8 && !unordered {
					t.Fatalf("seed %d: shard %d counts %d retried keys of 8", seed, i, j.retrying)
				}
			}
		}
		if unordered {
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d: the order per key changed (-put +settled):\n%s", seed, d)
		}
		if len(q.lanes) != 0 || q.ready.n+q.retry.n+len(q.waiting)+q.flying+q.readyBytes+q.urgent != 0 {
			t.Fatalf("seed %d: the empty queue still counts %+v", seed, q)
		}
	}
}

func TestQueueDropGivesWhatIsNotInFlight(t *testing.T) {
	t.Parallel()
	q := newQueue(false)
	put(q, t0, "a", "1")
	b := q.take(t0, true, true)
	put(q, t0, "a", "2")
	put(q, t0, "b", "1")
	if got := names(q.drop()); got != "b1" {
		t.Fatalf("dropped %q, want b1", got)
	}
	q.settle(b[0], outcome{}, t0)
	if got := names(q.drop()); got != "a2" {
		t.Fatalf("dropped %q, want a2", got)
	}
	if q.take(t0, true, true) != nil || len(q.lanes) != 0 {
		t.Fatal("something is left")
	}
}
