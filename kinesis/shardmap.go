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

// same says whether two layouts have the same open shards.
func (l *layout) same(o *layout) bool { return slices.Equal(l.open, o.open) }

// shardMap lists the shards of a stream.
type shardMap struct {
	client *awskinesis.Client
	stream string
	region string
}

// list gives the layout, or nil when it cannot be had. before is the one before it.
func (m *shardMap) list(ctx context.Context, before *layout) *layout {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	shards, err := listShards(ctx, m.client, m.stream, m.region, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
	if err != nil {
		return nil
	}
	return newLayout(shards, before) // nil while the stream is between two layouts
}

// pace says when the shards may be listed. The service may go on giving a layout that is
// stale for a while, so that the listings have longer and longer pauses.
type pace struct {
	busy bool
	n    int       // how often in a row
	next time.Time // not before
}

func (p *pace) begin(now time.Time) bool {
	if p.busy || now.Before(p.next) {
		return false
	}
	if now.Sub(p.next) > time.Minute {
		p.n = 0
	}
	p.busy = true
	return true
}

func (p *pace) end(now time.Time) {
	p.busy = false
	p.n++
	p.next = now.Add(backoff(p.n, time.Second, 30*time.Second))
}
