package kinesis

import (
	"fmt"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// toSplit gives the shard and the key of a split that may be done.
func (st *stream) toSplit(account, id, key string) (*shard, hashrange.Key, error) {
	h, err := st.eligible(account, id)
	if err != nil {
		return nil, hashrange.Key{}, err
	}
	at, err := hashrange.Parse(key)
	// The service wants the first child to have two keys at least, and the second one too.
	if err != nil || !h.rng.First.Next().Less(at) || !at.Less(h.rng.Last) || h.rng.First == hashrange.Max() {
		return nil, hashrange.Key{}, awswire.Errorf("InvalidArgumentException",
			"NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
			key, h.id, st.Name, account, h.First, h.Last)
	}
	return h, at, nil
}

// toMerge gives the two shards of a merge that may be done, the first one's keys first.
func (st *stream) toMerge(account, id, adjacent string) (a, b *shard, err error) {
	if a, err = st.eligible(account, id); err != nil {
		return nil, nil, err
	}
	if b, err = st.eligible(account, adjacent); err != nil {
		return nil, nil, err
	}
	if a.rng.Last.Next() != b.rng.First || a.rng.Last == hashrange.Max() {
		return nil, nil, awswire.Errorf("InvalidArgumentException",
			"Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
			a.id, b.id, st.Name, account)
	}
	return a, b, nil
}

// eligible gives a shard that may be split or merged.
func (st *stream) eligible(account, id string) (*shard, error) {
	n, ok := resolveShard(id)
	if !ok {
		return nil, noShard(account, st.Name, id)
	}
	h := st.shard(n)
	switch {
	case h == nil:
		return nil, noShard(account, st.Name, shardName(n))
	case h.Closed != 0:
		return nil, awswire.Errorf("InvalidArgumentException",
			"Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			h.id, st.Name, account)
	}
	return h, nil
}

func noShard(account, stream, id string) error {
	return awswire.Errorf("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", id, stream, account)
}

// split closes a shard and opens two that share its range, the second one from key on. The
// stream must be indexed afterwards.
func (st *stream) split(h *shard, key hashrange.Key, now int64) {
	now = max(now, h.Created+1000)
	h.Closed = now
	st.child(hashrange.Range{First: h.rng.First, Last: key.Prev()}, h.Index, -1, now)
	st.child(hashrange.Range{First: key, Last: h.rng.Last}, h.Index, -1, now)
}

// merge closes two neighbours and opens one shard with both their ranges. The stream must be
// indexed afterwards.
func (st *stream) merge(a, b *shard, now int64) {
	now = max(now, a.Created+1000, b.Created+1000)
	a.Closed, b.Closed = now, now
	st.child(hashrange.Range{First: a.rng.First, Last: b.rng.Last}, a.Index, b.Index, now)
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
