package kcl_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is a place in a shard: the sequence number, or TRIM_HORIZON, LATEST or SHARD_END, and the
// place inside an aggregate.
type place struct {
	seq string
	sub uint64
}

func (p place) rank() int {
	switch p.seq {
	case "TRIM_HORIZON":
		return 0
	case "LATEST":
		return 1
	case "SHARD_END":
		return 3
	}
	return 2
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.rank(), q.rank()), cmp.Compare(len(p.seq), len(q.seq)), strings.Compare(p.seq, q.seq), cmp.Compare(p.sub, q.sub))
}

// event is one thing that a worker did, or the table of leases was seen to say.
type event struct {
	at     int64 // Unix microseconds, of one machine's clock
	worker string
	// kind is what Worker.java tells; of a Go worker began and record alone. table is a
	// checkpoint that was seen in the table.
	kind, shard string
	place       place
	key, digest string
	aggregated  bool
}

func (e event) String() string {
	return fmt.Sprintf("%s %s %s %s %s.%d %s", time.UnixMicro(e.at).Format("05.000000"), e.worker, e.kind, e.shard, e.place.seq, e.place.sub, e.key)
}

// journal is what all workers of an application did.
type journal struct {
	mu     sync.Mutex
	events []event
	failed string // why waiting is of no use
}

func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

func (j *journal) fail(why string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed = cmp.Or(j.failed, why)
}

// all gives the events in the order of their time.
func (j *journal) all() []event {
	j.mu.Lock()
	defer j.mu.Unlock()
	es := slices.Clone(j.events)
	slices.SortStableFunc(es, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return es
}

// until waits until the events are as they should be.
func (j *journal) until(t *testing.T, what string, limit time.Duration, ok func(es []event) bool) {
	t.Helper()
	for end := time.Now().Add(limit); ; {
		es := j.all()
		j.mu.Lock()
		failed := j.failed
		j.mu.Unlock()
		if ok(es) {
			return
		}
		if failed != "" || time.Now().After(end) {
			t.Fatalf("%s: not within %v; %s\n%s", what, limit, failed, tail(es))
		}
		select {
		case <-t.Context().Done():
			t.Fatal(what, t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func tail(es []event) string {
	var b strings.Builder
	for _, e := range es[max(0, len(es)-40):] {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// has says whether an event of the kind happened to each of the shards.
func has(kind string, shards ...string) func(es []event) bool {
	return func(es []event) bool {
		for _, s := range shards {
			if !slices.ContainsFunc(es, func(e event) bool { return e.kind == kind && e.shard == s }) {
				return false
			}
		}
		return true
	}
}

type shardPlace struct {
	shard string
	place place
}

// readAll says whether every record was delivered, at its place.
func readAll(puts []put) func(es []event) bool {
	return func(es []event) bool { return len(missing(puts, es)) == 0 }
}

func missing(puts []put, es []event) (out []put) {
	seen := map[shardPlace]bool{}
	for _, e := range es {
		if e.kind == "record" {
			seen[shardPlace{e.shard, e.place}] = true
		}
	}
	for _, p := range puts {
		if !seen[shardPlace{p.shard, p.place}] {
			out = append(out, p)
		}
	}
	return out
}

// verdict is what the events come to.
type verdict struct {
	records, again int // deliveries, and those of records that had been delivered before
	sessions       int // how often a worker began a shard
}

// judge holds what the workers did against the contract of the KCL, which is ours: every record
// that was put is delivered, at its place, with its key and data; a worker begins a shard at the
// checkpoint in the table and from there on delivers in order, each record once; a checkpoint
// never moves back, so that only what was delivered after the last checkpoint is delivered
// again; and a shard's children begin when all of it was delivered.
func judge(t *testing.T, puts []put, parents map[string][]string, es []event) verdict {
	t.Helper()
	var v verdict
	complaints := 0
	complain := func(format string, args ...any) {
		if complaints++; complaints <= 10 {
			t.Errorf(format, args...)
		}
	}
	for _, p := range missing(puts, es) {
		complain("missing: %+v", p)
	}
	at, content := map[shardPlace]put{}, map[string]bool{}
	left := map[string]map[place]bool{} // by shard, what was not delivered yet
	for _, p := range puts {
		at[shardPlace{p.shard, p.place}] = p
		content[p.key+p.digest] = true
		if left[p.shard] == nil {
			left[p.shard] = map[place]bool{}
		}
		left[p.shard][p.place] = true
	}
	type session struct{ worker, shard string }
	reached := map[session]place{} // what the session has delivered
	written := map[string]place{}  // by shard, the farthest checkpoint that was written
	table := map[string]place{}    // by shard, what the table said last
	seen := map[shardPlace]bool{}
	for _, e := range es {
		k := session{e.worker, e.shard}
		switch e.kind {
		case "began":
			v.sessions++
			reached[k] = e.place
			if c, ok := written[e.shard]; ok && e.place.compare(c) < 0 {
				complain("%v: begins before the checkpoint %v", e, c)
			}
			for _, parent := range parents[e.shard] {
				if n := len(left[parent]); n > 0 {
					complain("%v: begins while %d records of its parent %s were not delivered", e, n, parent)
				}
			}
		case "table", "checkpointed", "ended":
			if c, ok := table[e.shard]; ok && e.kind == "table" && e.place.compare(c) < 0 {
				complain("%v: the checkpoint was %v", e, c)
			}
			if e.kind == "table" {
				table[e.shard] = e.place
			}
			if c, ok := written[e.shard]; !ok || e.place.compare(c) > 0 {
				written[e.shard] = e.place
			}
		case "record":
			v.records++
			id := shardPlace{e.shard, e.place}
			if p, ok := at[id]; ok && (p.key != e.key || p.digest != e.digest) {
				complain("%v: the key is %q and the digest %s, want %q and %s", e, e.key, e.digest, p.key, p.digest)
			} else if !content[e.key+e.digest] {
				complain("%v: nobody put it", e)
			}
			if last, ok := reached[k]; !ok || e.place.compare(last) <= 0 {
				complain("%v: delivered behind %v", e, last)
			}
			reached[k] = e.place
			if seen[id] {
				v.again++
			}
			seen[id] = true
			delete(left[e.shard], e.place)
		}
	}
	if complaints > 10 {
		t.Errorf("and %d more", complaints-10)
	}
	return v
}
