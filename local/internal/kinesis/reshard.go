package kinesis

import (
	"fmt"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// split closes a shard and opens two that share its range, the second one from key on.
func (st *stream) split(account, id, key string, now int64) error {
	h, err := st.eligible(account, id)
	if err != nil {
		return err
	}
	at, err := hashrange.Parse(key)
	if err != nil {
		return awswire.Errorf("InvalidArgumentException", "NewStartingHashKey %s is not a hash key", key)
	}
	// Both children get at least one key.
	if !h.rng.First.Less(at) || h.rng.Last.Less(at) {
		return awswire.Errorf("InvalidArgumentException",
			"NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than the shard's StartingHashKey %s and at most the shard's EndingHashKey %s.",
			key, id, st.Name, account, h.First, h.Last)
	}
	now = max(now, h.Created+1000)
	h.Closed = now
	st.child(hashrange.Range{First: h.rng.First, Last: at.Prev()}, h.Index, -1, now)
	st.child(hashrange.Range{First: at, Last: h.rng.Last}, h.Index, -1, now)
	st.index()
	return nil
}

// merge closes two neighbours and opens one shard with both their ranges.
func (st *stream) merge(account, id, adjacent string, now int64) error {
	a, err := st.eligible(account, id)
	if err != nil {
		return err
	}
	b, err := st.eligible(account, adjacent)
	if err != nil {
		return err
	}
	if !a.rng.Adjacent(b.rng) {
		return awswire.Errorf("InvalidArgumentException",
			"Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
			id, adjacent, st.Name, account)
	}
	now = max(now, a.Created+1000, b.Created+1000)
	a.Closed, b.Closed = now, now
	r := hashrange.Range{First: a.rng.First, Last: b.rng.Last}
	if b.rng.First.Less(a.rng.First) {
		r = hashrange.Range{First: b.rng.First, Last: a.rng.Last}
	}
	st.child(r, a.Index, b.Index, now)
	st.index()
	return nil
}

// eligible gives a shard that may be split or merged.
func (st *stream) eligible(account, id string) (*shard, error) {
	h := st.shard(id)
	if h == nil {
		return nil, awswire.Errorf("ResourceNotFoundException",
			"Could not find shard %s in stream %s under account %s.", id, st.Name, account)
	}
	if h.Closed != 0 {
		return nil, awswire.Errorf("InvalidArgumentException",
			"Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			id, st.Name, account)
	}
	return h, nil
}

// child opens a shard. Its creation lies at least a second behind its parents', so that its
// sequence numbers, which begin with that second, lie behind theirs.
func (st *stream) child(r hashrange.Range, parent, adjacent, now int64) {
	m := shardMeta{
		Index: st.NextShard, First: r.First.String(), Last: r.Last.String(), Parent: parent, Adjacent: adjacent, Created: now,
	}
	st.shards = append(st.shards, &shard{shardMeta: m, id: shardName(m.Index), rng: r})
	st.NextShard++
}

// children gives the shards that were opened when this one was closed.
func (st *stream) children(h *shard) []*shard {
	var c []*shard
	for _, o := range st.shards {
		if o.Parent == h.Index || o.Adjacent == h.Index {
			c = append(c, o)
		}
	}
	return c
}

// parents gives the ids of a shard's parents.
func (h *shard) parents() []string {
	var p []string
	for _, n := range []int64{h.Parent, h.Adjacent} {
		if n >= 0 {
			p = append(p, shardName(n))
		}
	}
	return p
}

func (h *shard) String() string { return fmt.Sprintf("%s %s", h.id, h.rng) }
