package kinesis

import (
	"context"
	"slices"
	"sync"
	"time"

	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// layout is which shard owns which hash keys, as one listing of the open shards had it.
type layout struct {
	open []owner // by range
	// ranges are those of the open shards and of the listing's before: a record may still
	// be answered by a shard that has been closed since.
	ranges map[string]hashrange.Range
}

type owner struct {
	id   string
	keys hashrange.Range
}

// newLayout gives nil when the listing does not cover every hash key once.
func newLayout(listed []shard, before *layout) *layout {
	l := &layout{ranges: map[string]hashrange.Range{}}
	if before != nil {
		for _, o := range before.open {
			l.ranges[o.id] = o.keys
		}
	}
	for _, s := range listed {
		keys, err := hashrange.ParseRange(s.first, s.last)
		if err != nil {
			return nil
		}
		l.open = append(l.open, owner{s.id, keys})
		l.ranges[s.id] = keys
	}
	slices.SortFunc(l.open, func(a, b owner) int { return a.keys.First.Compare(b.keys.First) })
	next := hashrange.Key{}
	for _, o := range l.open {
		if o.keys.First != next {
			return nil
		}
		next = o.keys.Last.Next()
	}
	if len(l.open) == 0 || next != (hashrange.Key{}) {
		return nil
	}
	return l
}

// find gives the index of the open shard that owns k.
func (l *layout) find(k hashrange.Key) int {
	i, _ := slices.BinarySearchFunc(l.open, k, func(o owner, k hashrange.Key) int { return o.keys.Last.Compare(k) })
	return i
}

// shardMap keeps the layout of a stream.
type shardMap struct {
	client *awskinesis.Client
	stream string
	region string

	mu struct {
		sync.Mutex
		layout  *layout
		last    *layout // the one before it, or itself
		listing bool
		listed  int       // how often in a row
		next    time.Time // not before
	}
}

// get gives the layout, or nil while it cannot be had: nobody waits for it but the one that
// lists the shards. A layout that is said to be stale is dropped. The service may go on
// giving it for a while, so that the listings have longer and longer pauses.
func (m *shardMap) get(ctx context.Context, stale *layout) *layout {
	now := time.Now()
	m.mu.Lock()
	if m.mu.layout != stale {
		defer m.mu.Unlock()
		return m.mu.layout
	}
	m.mu.layout = nil
	if m.mu.listing || now.Before(m.mu.next) {
		m.mu.Unlock()
		return nil
	}
	m.mu.listing = true
	if now.Sub(m.mu.next) > time.Minute {
		m.mu.listed = 0
	}
	last := m.mu.last
	m.mu.Unlock()

	call, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	shards, err := listShards(call, m.client, m.stream, m.region, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
	var fresh *layout
	if err == nil {
		fresh = newLayout(shards, last) // nil while the stream is between two layouts
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.listing = false
	m.mu.listed++
	m.mu.next = time.Now().Add(backoff(m.mu.listed, time.Second, 30*time.Second))
	m.mu.layout = fresh
	if fresh != nil {
		m.mu.last = fresh
	}
	return fresh
}
