package kinesis

import (
	"context"
	"slices"
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
	turn   chan struct{} // holds one: who takes it may use what follows, and list the shards

	layout   *layout
	failures int
	retry    time.Time // not before
}

func newShardMap(client *awskinesis.Client, stream, region string) *shardMap {
	return &shardMap{client: client, stream: stream, region: region, turn: make(chan struct{}, 1)}
}

// get gives the layout, or nil while it cannot be had. It is listed again when the one
// that there is is stale.
func (m *shardMap) get(ctx context.Context, stale *layout) *layout {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil
	}
	if m.layout != stale {
		return m.layout
	}
	if time.Now().Before(m.retry) {
		return nil
	}
	call, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	listed, err := listShards(call, m.client, m.stream, m.region, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
	var fresh *layout
	if err == nil {
		fresh = newLayout(listed, m.layout)
	}
	if fresh == nil { // the stream may be between two layouts
		m.failures++
		m.retry = time.Now().Add(backoff(m.failures, time.Second, 30*time.Second))
	} else {
		m.failures = 0
	}
	m.layout = fresh
	return fresh
}
