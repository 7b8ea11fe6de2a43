package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// putAggregate puts events as the KPL does, to the shard that owns hash.
func putAggregate(t *testing.T, client *awskinesis.Client, hash string, keys ...string) (seq string) {
	t.Helper()
	var b aggregate.Builder
	for i, k := range keys {
		b.Add(aggregate.Record{Key: k, Data: fmt.Appendf(nil, `{"key":%q,"n":%d}`, k, i)})
	}
	return putRaw(t, client, hash, b.Append(nil))
}

func putRaw(t *testing.T, client *awskinesis.Client, hash string, data []byte) (seq string) {
	t.Helper()
	out, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{
		StreamName: aws.String("clicks"), PartitionKey: aws.String("a"), ExplicitHashKey: &hash, Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SequenceNumber
}

// seen is a handler that notes each record's key and sub-sequence number.
type seen struct {
	worker
	got    []string
	refuse string // the record that it fails at
}

func (s *seen) handle(_ context.Context, b *stream.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range b.Records {
		name := fmt.Sprintf("%s.%d", r.Key, r.Pos.Sub)
		if name == s.refuse {
			return &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: errors.New("no")}
		}
		s.got = append(s.got, name)
	}
	return nil
}

func (s *seen) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func TestAggregatesAreTakenApart(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		first := putAggregate(t, client, "0", "u1", "u2", "u1", "u3")
		second := putAggregate(t, client, "0", "u4", "u5")
		// A worker that fails in the middle of the first leaves a checkpoint there.
		s := &seen{refuse: "u1.2"}
		w := runWorker(t, cfg, s.handle, nil)
		lease := func() kinesis.Lease {
			ls, err := kinesis.Leases(t.Context(), cfg, "app")
			if err != nil || len(ls) != 1 {
				return kinesis.Lease{} // the worker has not made it yet
			}
			return ls[0]
		}
		until(t, "the checkpoint", time.Minute, func() bool { return lease().Checkpoint == first })
		w.stop()
		if l := lease(); l.Checkpoint != first || l.Sub != 1 {
			t.Errorf("the checkpoint is %s.%d, want %s.1", l.Checkpoint, l.Sub, first)
		}
		if got := s.list(); !slices.Equal(got, []string{"u1.0", "u2.1"}) {
			t.Errorf("before it came %v", got)
		}
		// The next worker goes on behind it, inside the aggregate.
		s = &seen{}
		w = runWorker(t, cfg, s.handle, nil)
		want := []string{"u1.2", "u3.3", "u4.0", "u5.1"}
		until(t, "the rest", time.Minute, func() bool { return len(s.list()) == len(want) })
		w.stop()
		if got := s.list(); !slices.Equal(got, want) {
			t.Errorf("behind it came %v, want %v", got, want)
		}
		if l := lease(); l.Checkpoint != second || l.Sub != 1 {
			t.Errorf("the checkpoint is %s.%d, want %s.1", l.Checkpoint, l.Sub, second)
		}
	})
}

// TestAggregateInTheWrongShard: of two even shards the first owns a, the second user-1.
func TestAggregateInTheWrongShard(t *testing.T) {
	modes(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		putAggregate(t, client, "0", "a", "user-1", "a")
		putAggregate(t, client, "0", "user-1", "user-1")
		putAggregate(t, client, "340282366920938463463374607431768211455", "user-1", "a")
		s := &seen{}
		w := runWorker(t, cfg, s.handle, nil)
		until(t, "the records", time.Minute, func() bool { return len(s.list()) >= 3 })
		time.Sleep(10 * time.Second) // more would come now
		w.stop()
		got := s.list()
		slices.Sort(got)
		if want := []string{"a.0", "a.2", "user-1.0"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAggregateThatContradictsItself(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		// One record whose explicit hash key is no number.
		var b aggregate.Builder
		b.Add(aggregate.Record{Key: "k", ExplicitHashKey: "x", Data: []byte("{}")})
		raw := b.Append(nil)
		putRaw(t, client, "0", raw)
		var poison []byte
		done := make(chan struct{})
		w := runWorker(t, cfg, kinesis.Typed(func(context.Context, event, stream.Position) error { return nil }), &kinesis.ConsumerOptions{
			Poison: func(_ context.Context, p *stream.PoisonError) error {
				poison = p.Data
				close(done)
				return nil
			},
		})
		<-done
		w.stop()
		if string(poison) != string(raw) {
			t.Errorf("the poison handler was given %x", poison)
		}
	})
}
