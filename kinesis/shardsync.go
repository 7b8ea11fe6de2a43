package kinesis

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// shard is what a listing says of a shard.
type shard struct {
	id      string
	parents []string
	first   string
	last    string
}

func shardOf(s kinesistypes.Shard) shard {
	sh := shard{id: aws.ToString(s.ShardId)}
	for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if aws.ToString(p) != "" {
			sh.parents = append(sh.parents, *p)
		}
	}
	if r := s.HashKeyRange; r != nil {
		sh.first, sh.last = aws.ToString(r.StartingHashKey), aws.ToString(r.EndingHashKey)
	}
	return sh
}

func childOf(c kinesistypes.ChildShard) shard {
	sh := shard{id: aws.ToString(c.ShardId), parents: slices.Clone(c.ParentShards)}
	if r := c.HashKeyRange; r != nil {
		sh.first, sh.last = aws.ToString(r.StartingHashKey), aws.ToString(r.EndingHashKey)
	}
	return sh
}

func (s shard) lease(checkpoint string) lease {
	return lease{shard: s.id, checkpoint: checkpoint, first: s.first, last: s.last, parents: s.parents}
}

// holes gives the hash ranges that no incomplete lease covers: shards that are lost, by a
// worker that died while it made the leases of a shard's children, say. A lease whose range
// is not known may cover anything, so there are no holes then.
func holes(rows []lease) []hashrange.Range {
	var rs []hashrange.Range
	for _, l := range rows {
		if l.complete() {
			continue
		}
		r, err := hashrange.ParseRange(l.first, l.last)
		if err != nil {
			return nil
		}
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(a, b hashrange.Range) int { return a.First.Compare(b.First) })
	var gaps []hashrange.Range
	next := hashrange.Key{}
	for _, r := range rs {
		if next.Less(r.First) {
			gaps = append(gaps, hashrange.Range{First: next, Last: r.First.Prev()})
		}
		if r.Last == hashrange.Max() {
			return gaps
		}
		if !r.Last.Less(next) {
			next = r.Last.Next()
		}
	}
	return append(gaps, hashrange.Range{First: next, Last: hashrange.Max()})
}

// fill gives the leases that close the gaps, from the listing of all shards, closed ones
// too. It goes on where the work stopped: a shard all of whose parents are done starts at
// its beginning; its own children come when it ends. Shards without known parents start
// at the application's initial checkpoint, like the first leases of all.
func fill(gaps []hashrange.Range, rows []lease, shards []shard, initial string) []lease {
	leases := map[string]lease{}
	for _, l := range rows {
		leases[l.shard] = l
	}
	listed := map[string]shard{}
	for _, s := range shards {
		listed[s.id] = s
	}
	descended := outgrown(shards, func(id string) bool { _, ok := leases[id]; return ok })
	done := func(id string) bool {
		if l, ok := leases[id]; ok {
			return l.complete()
		}
		_, ok := listed[id]
		return !ok || descended[id]
	}
	var made []lease
	for _, s := range shards {
		if _, ok := leases[s.id]; ok || descended[s.id] || !slices.ContainsFunc(gaps, s.overlaps) {
			continue
		}
		if slices.ContainsFunc(s.parents, func(p string) bool { return !done(p) }) {
			continue
		}
		checkpoint := initial
		for _, p := range s.parents {
			_, leased := leases[p]
			if _, ok := listed[p]; ok || leased {
				checkpoint = trimHorizon
			}
		}
		made = append(made, s.lease(checkpoint))
	}
	return made
}

// outgrown gives the shards that others come from, at any distance, of which one has a lease:
// they were done before that lease was made.
func outgrown(shards []shard, leased func(id string) bool) map[string]bool {
	listed := map[string]shard{}
	for _, s := range shards {
		listed[s.id] = s
	}
	out := map[string]bool{}
	var up func(s shard)
	up = func(s shard) {
		for _, p := range s.parents {
			if !out[p] {
				out[p] = true
				up(listed[p])
			}
		}
	}
	for _, s := range shards {
		if leased(s.id) {
			up(s)
		}
	}
	return out
}

func (s shard) overlaps(r hashrange.Range) bool {
	mine, err := hashrange.ParseRange(s.first, s.last)
	return err == nil && mine.Overlaps(r)
}

// finished gives the complete leases that nobody needs any more: all children have leases
// and have been read from (so that the parent's end cannot be wanted again), and the
// parents' leases are gone.
func finished(rows []lease) []lease {
	leases := map[string]lease{}
	for _, l := range rows {
		leases[l.shard] = l
	}
	var out []lease
	for _, l := range rows {
		if !l.complete() || len(l.children) == 0 {
			continue
		}
		unread := slices.ContainsFunc(l.children, func(c string) bool {
			cl, ok := leases[c]
			return !ok || cl.checkpoint == trimHorizon || cl.checkpoint == atTimestamp
		})
		parents := slices.ContainsFunc(l.parents, func(p string) bool { _, ok := leases[p]; return ok })
		if !unread && !parents {
			out = append(out, l)
		}
	}
	return out
}
