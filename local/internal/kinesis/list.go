package kinesis

import (
	"slices"

	"github.com/lakekit/lakekit/internal/awswire"
)

// ShardFilter says which shards ListShards names.
type ShardFilter struct {
	Type      string
	ShardID   string `json:"ShardId,omitempty"`
	Timestamp *awswire.Millis
}

// check says whether the filter has what its type wants.
func (f *ShardFilter) check() error {
	switch {
	case f.Type == "AFTER_SHARD_ID" && f.ShardID == "":
		return awswire.Errorf("InvalidArgumentException", "ShardId must be specified in ShardFilter when its Type is %s.", f.Type)
	case (f.Type == "AT_TIMESTAMP" || f.Type == "FROM_TIMESTAMP") && f.Timestamp == nil:
		return awswire.Errorf("InvalidArgumentException", "Timestamp must be specified in ShardFilter when its Type is %s.", f.Type)
	}
	return nil
}

// list gives the shards that pass the filter at a time, by index. A shard that was closed
// longer ago than the retention period is not there any more.
func (st *stream) list(f *ShardFilter, now int64) []*shard {
	return slices.Collect(func(yield func(*shard) bool) {
		for _, h := range st.shards {
			if !st.expired(h, now) && st.passes(f, h, now) && !yield(h) {
				return
			}
		}
	})
}

func (st *stream) passes(f *ShardFilter, h *shard, now int64) bool {
	if f == nil {
		return true
	}
	switch f.Type {
	case "AFTER_SHARD_ID":
		return h.id > f.ShardID
	case "AT_LATEST":
		return h.Closed == 0
	case "AT_TRIM_HORIZON":
		// Those that were open at the oldest moment that is kept: the horizon, or the
		// stream's birth while it is younger than that.
		return h.Created <= max(st.horizon(now), st.Created)
	case "AT_TIMESTAMP":
		t := max(int64(*f.Timestamp), st.horizon(now), st.Created)
		return h.Created <= t && (h.Closed == 0 || h.Closed > t)
	case "FROM_TIMESTAMP":
		// Open shards and those that were open at the time or later.
		return h.Closed == 0 || h.Closed > max(int64(*f.Timestamp), st.horizon(now))
	}
	return true // FROM_TRIM_HORIZON
}

// ShardDescription is a shard as Describe and List show it.
type ShardDescription struct {
	ShardID               string `json:"ShardId"`
	ParentShardID         string `json:"ParentShardId,omitempty"`
	AdjacentParentShardID string `json:"AdjacentParentShardId,omitempty"`
	HashKeyRange          hashKeyRange
	SequenceNumberRange   sequenceNumberRange
}

type hashKeyRange struct{ StartingHashKey, EndingHashKey string }

type sequenceNumberRange struct {
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

func describe(h *shard) ShardDescription {
	d := ShardDescription{
		ShardID:             h.id,
		HashKeyRange:        hashKeyRange{h.First, h.Last},
		SequenceNumberRange: sequenceNumberRange{StartingSequenceNumber: h.start().String()},
	}
	if h.Parent >= 0 {
		d.ParentShardID = shardName(h.Parent)
	}
	if h.Adjacent >= 0 {
		d.AdjacentParentShardID = shardName(h.Adjacent)
	}
	if h.Closed != 0 {
		d.SequenceNumberRange.EndingSequenceNumber = h.end().String()
	}
	return d
}

// childShard is a child as GetRecords shows it.
type childShard struct {
	ShardID      string `json:"ShardId"`
	ParentShards []string
	HashKeyRange hashKeyRange
}

func (st *stream) childShards(h *shard) []childShard {
	var out []childShard
	for _, c := range st.children(h) {
		out = append(out, childShard{ShardID: c.id, ParentShards: c.parents(), HashKeyRange: hashKeyRange{c.First, c.Last}})
	}
	return out
}
