package check

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// maxShards is how many shards a run's stream has open at most: splits beyond do not happen.
const maxShards = 8

// reshard splits and merges as the lines come, one after the other.
func (r *run) reshard() {
	client := awskinesis.NewFromConfig(r.lake.Config())
	for {
		select {
		case x := <-r.reshards:
			what, err := r.reshardOnce(client, x)
			r.mu.Lock()
			if err == nil {
				r.struck(x)
				r.note("%s", what)
			} else {
				r.note("line %d could not strike: %v", x.number, err)
			}
			r.mu.Unlock()
		case <-r.stopping.Done():
			return
		}
	}
}

// shard is a shard of the run's stream.
type shard struct {
	id      string
	keys    hashrange.Range
	closed  bool
	parents []string
}

// origin says how the shard came to be.
func (s shard) origin() string {
	switch len(s.parents) {
	case 0:
		return ""
	case 1:
		return "made by the split of " + s.parents[0]
	}
	return "made by the merge of " + s.parents[0] + " and " + s.parents[1]
}

// shards gives all shards. It does not ask with ListShards, which lines count.
func shards(ctx context.Context, client *awskinesis.Client) (out []shard, err error) {
	in := &awskinesis.DescribeStreamInput{StreamName: aws.String(streamName)}
	for {
		d, err := client.DescribeStream(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, s := range d.StreamDescription.Shards {
			keys, err := hashrange.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
			if err != nil {
				return nil, err
			}
			h := shard{id: *s.ShardId, keys: keys, closed: s.SequenceNumberRange.EndingSequenceNumber != nil}
			for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
				if p != nil {
					h.parents = append(h.parents, *p)
				}
			}
			out = append(out, h)
		}
		if !aws.ToBool(d.StreamDescription.HasMoreShards) {
			return out, nil
		}
		in.ExclusiveStartShardId = &out[len(out)-1].id
	}
}

func (r *run) reshardOnce(client *awskinesis.Client, x *line) (what string, err error) {
	if err := r.active(client); err != nil {
		return "", err
	}
	all, err := shards(r.stopping, client)
	if err != nil {
		return "", err
	}
	open := slices.DeleteFunc(all, func(s shard) bool { return s.closed })
	slices.SortFunc(open, func(a, b shard) int { return a.keys.First.Compare(b.keys.First) })
	at := part(hashrange.All(), x.where)
	i := slices.IndexFunc(open, func(s shard) bool { return s.keys.Contains(at) })
	if i < 0 {
		return "", fmt.Errorf("no open shard owns %s", at)
	}
	switch s := open[i]; {
	case x.kind == Split && len(open) >= maxShards:
		return "", fmt.Errorf("there are %d shards already", len(open))
	case x.kind == Split:
		cut := part(s.keys, x.cut)
		_, err = client.SplitShard(r.stopping, &awskinesis.SplitShardInput{
			StreamName: aws.String(streamName), ShardToSplit: &s.id, NewStartingHashKey: aws.String(cut.String()),
		})
		what = "split of " + s.id
	case len(open) == 1:
		return "", fmt.Errorf("there is one shard only")
	default:
		if i == len(open)-1 {
			i--
		}
		a, b := open[i], open[i+1]
		_, err = client.MergeShards(r.stopping, &awskinesis.MergeShardsInput{
			StreamName: aws.String(streamName), ShardToMerge: &a.id, AdjacentShardToMerge: &b.id,
		})
		what = "merge of " + a.id + " and " + b.id
	}
	return what, err
}

// part gives the key that lies so far into a range, never its first one when it has others.
func part(rg hashrange.Range, f float64) hashrange.Key {
	first, _ := new(big.Int).SetString(rg.First.String(), 10)
	last, _ := new(big.Int).SetString(rg.Last.String(), 10)
	size := new(big.Int).Sub(last, first)
	size.Mul(size, big.NewInt(int64(f*(1<<32)))).Rsh(size, 32)
	k, err := hashrange.Parse(first.Add(first, size).String())
	if err != nil {
		panic(err) // it lies between two keys
	}
	if k == rg.First && rg.First != rg.Last {
		return k.Next()
	}
	return k
}
