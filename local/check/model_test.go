package check_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

// span is a shard and what it owns.
type span struct {
	id      string
	keys    hashrange.Range
	parents []string
	closed  bool
}

func spans(ctx context.Context, client *awskinesis.Client, name string) ([]span, error) {
	out, err := client.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		return nil, err
	}
	var list []span
	for _, s := range out.Shards {
		keys, err := hashrange.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
		if err != nil {
			return nil, err
		}
		list = append(list, span{*s.ShardId, keys, nil, s.SequenceNumberRange.EndingSequenceNumber != nil})
		for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
			if p != nil {
				list[len(list)-1].parents = append(list[len(list)-1].parents, *p)
			}
		}
	}
	return list, nil
}

// reader is a small consumer without leases: one worker reads all, from the beginning again
// after it was killed.
type reader struct {
	kcl         bool // drops a whole aggregate when one of its records is not the shard's, as the KCL does
	raw         bool // does not take aggregates apart
	newestFirst bool // does not wait for parents
	repeats     bool // delivers the last record of an answer twice
}

func (m reader) consume(p *check.Pipeline) func(context.Context, *check.Worker) error {
	return func(ctx context.Context, w *check.Worker) error {
		client := awskinesis.NewFromConfig(w.Config())
		next := map[string]*string{}
		last := map[string]string{}
		done := map[string]bool{}
		for ; ctx.Err() == nil; pause(ctx, 300*time.Millisecond) {
			list, err := spans(ctx, client, p.Stream)
			if err != nil {
				continue
			}
			if m.newestFirst {
				slices.Reverse(list)
			}
			for _, s := range list {
				if done[s.id] || !m.newestFirst && slices.ContainsFunc(s.parents, func(p string) bool { return !done[p] }) {
					continue
				}
				if next[s.id] == nil {
					in := &awskinesis.GetShardIteratorInput{StreamName: &p.Stream, ShardId: aws.String(s.id), ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon}
					if seq := last[s.id]; seq != "" {
						in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAfterSequenceNumber, &seq
					}
					it, err := client.GetShardIterator(ctx, in)
					if err != nil {
						continue
					}
					next[s.id] = it.ShardIterator
				}
				got, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: next[s.id]})
				if err != nil {
					next[s.id] = nil
					continue
				}
				for _, r := range got.Records {
					if !m.deliver(ctx, w, s, r) {
						return nil
					}
					last[s.id] = *r.SequenceNumber
				}
				if m.repeats && len(got.Records) > 0 && !m.deliver(ctx, w, s, got.Records[len(got.Records)-1]) {
					return nil
				}
				next[s.id] = got.NextShardIterator
				done[s.id] = next[s.id] == nil
			}
		}
		return nil
	}
}

// deliver delivers a Kinesis record; false means that the worker has to end.
func (m reader) deliver(ctx context.Context, w *check.Worker, s span, r kinesistypes.Record) bool {
	pos := stream.Position{Shard: s.id, Seq: *r.SequenceNumber}
	var a aggregate.Aggregate
	ok, err := a.Decode(r.Data)
	if m.raw || !ok || err != nil {
		return m.insist(ctx, w, pos, r.Data)
	}
	if m.kcl {
		for sub := range a.Records() {
			if !s.keys.Contains(a.Hash(sub)) {
				return true // AggregatorUtil.deaggregate: none of them
			}
		}
	}
	for sub, u := range a.Records() {
		if pos.Sub = sub; s.keys.Contains(a.Hash(sub)) && !m.insist(ctx, w, pos, u.Data) {
			return false
		}
	}
	return true
}

func (m reader) insist(ctx context.Context, w *check.Worker, pos stream.Position, data []byte) bool {
	for ctx.Err() == nil {
		if w.Deliver(ctx, pos, data) == nil {
			return true
		}
		pause(ctx, 100*time.Millisecond)
	}
	return false
}

// kpl is a small producer of aggregates. Of an aggregate that lands in another shard than it
// was meant for it takes for delivered what that shard owns, as the KPL does since 0.15.11
// (PR 576); with all it wants the shard to own all, as this module's producer does. Records of
// a key keep no order.
type kpl struct{ all bool }

func (m kpl) produce(p *check.Pipeline) func(context.Context, *check.Source) error {
	return func(ctx context.Context, s *check.Source) error {
		client := awskinesis.NewFromConfig(s.Config())
		var layout []span
		send := func(batch []check.Record) (again []check.Record) {
			for layout == nil {
				list, err := spans(ctx, client, p.Stream)
				if err != nil {
					pause(ctx, 500*time.Millisecond)
					continue
				}
				layout = slices.DeleteFunc(list, func(s span) bool { return s.closed })
			}
			in := &awskinesis.PutRecordsInput{StreamName: &p.Stream}
			var meant []span
			var parts [][]check.Record
			for _, o := range layout {
				var b aggregate.Builder
				var part []check.Record
				for _, r := range batch {
					if o.keys.Contains(hashrange.Of(r.Key)) {
						b.Add(aggregate.Record{Key: r.Key, Data: r.Data})
						part = append(part, r)
					}
				}
				if len(part) > 0 {
					meant, parts = append(meant, o), append(parts, part)
					in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{
						Data: b.Append(nil), PartitionKey: aws.String("a"), ExplicitHashKey: aws.String(o.keys.First.String()),
					})
				}
			}
			out, err := client.PutRecords(ctx, in)
			if err != nil {
				return batch
			}
			stale := false
			for i, e := range out.Records {
				if e.ErrorCode != nil {
					again = append(again, parts[i]...)
					continue
				}
				if *e.ShardId == meant[i].id {
					continue
				}
				stale = true
				now, err := spans(ctx, client, p.Stream)
				j := slices.IndexFunc(now, func(s span) bool { return s.id == *e.ShardId })
				if err != nil || j < 0 {
					again = append(again, parts[i]...)
					continue
				}
				out := slices.DeleteFunc(slices.Clone(parts[i]), func(r check.Record) bool { return now[j].keys.Contains(hashrange.Of(r.Key)) })
				if m.all && len(out) > 0 {
					out = parts[i]
				}
				again = append(again, out...)
			}
			if stale {
				layout = nil
			}
			return again
		}
		var again []check.Record
		for batch := range gather(ctx, s, 300*time.Millisecond) {
			again = send(append(again, batch...))
		}
		for len(again) > 0 && ctx.Err() == nil {
			pause(ctx, 100*time.Millisecond)
			again = send(again)
		}
		return ctx.Err()
	}
}

// finding1 are the options for what a reshard does to aggregates.
var finding1 = check.Options{Unordered: true, Workers: 1, Seeds: 40, Patience: 30 * time.Second}

// TestKPLWithKCL catches what the KPL's and the KCL's rules lose together: the KPL takes the
// records of a misplaced aggregate that fit the shard for delivered, and the KCL drops all of
// the aggregate.
func TestKPLWithKCL(t *testing.T) {
	f := caught(t, finding1, 1, []string{
		"acknowledged, never delivered, though in the stream at shardId-",
		"of which the shard owns ", "a shard made by the ",
	}, func(p *check.Pipeline) {
		p.Produce(kpl{}.produce(p))
		p.Consume(reader{kcl: true}.consume(p))
	})
	if len(f.Script) != 1 || !strings.Contains(f.Script[0], "the shard that owns") {
		t.Errorf("the script is %q, want the reshard alone", f.Script)
	}
}

// TestRulesThatLoseNothing: with either rule mended nothing is lost, and so this module's producer
// is safe with the KCL, and its consumer with the KPL.
func TestRulesThatLoseNothing(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(p *check.Pipeline){
		"its producer's rule with the KCL's": func(p *check.Pipeline) {
			p.Produce(kpl{all: true}.produce(p))
			p.Consume(reader{kcl: true}.consume(p))
		},
		"the KPL's rule with its consumer's": func(p *check.Pipeline) {
			p.Produce(kpl{}.produce(p))
			p.Consume(reader{}.consume(p))
		},
		"its producer with the KCL's rule": func(p *check.Pipeline) {
			p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{Aggregate: true}))
			p.Consume(reader{kcl: true}.consume(p))
		},
		"the KPL's rule with its consumer": func(p *check.Pipeline) {
			p.Produce(kpl{}.produce(p))
			p.Consume(consume(p, quick))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := finding1
			o.Seeds, o.Patience = 12, time.Minute
			check.Run(t, &o, setup)
		})
	}
}
