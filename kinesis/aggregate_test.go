package kinesis_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// received is what a consumer gets of every key, without what comes again.
func received(t *testing.T, cfg aws.Config, n int) map[string][]stream.Position {
	t.Helper()
	at := map[string][]stream.Position{}
	last := map[string]int{}
	total := 0
	w := &worker{}
	run := runWorker(t, cfg, kinesis.Typed(func(_ context.Context, e event, pos stream.Position) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch next := last[e.Key]; {
		case e.N == next:
			last[e.Key]++
			at[e.Key] = append(at[e.Key], pos)
			total++
		case e.N > next:
			t.Errorf("key %s: %d comes where %d should", e.Key, e.N, next)
		}
		return nil
	}), nil)
	until(t, "every record", 5*time.Minute, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return total >= n
	})
	run.stop()
	return at
}

// stored gives the Kinesis records that the open and closed shards have, as they are.
func stored(t *testing.T, client *awskinesis.Client) (rs []kinesistypes.Record) {
	t.Helper()
	list, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Shards {
		it, err := client.GetShardIterator(t.Context(), &awskinesis.GetShardIteratorInput{
			StreamName: aws.String("clicks"), ShardId: s.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, got.Records...)
	}
	return rs
}

func TestProducerAggregates(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Aggregate: true})
		const keys, each = 200, 10
		acks := map[string][]kinesis.Ack{}
		for i := range each {
			for k := range keys {
				key := fmt.Sprint("user-", k)
				acks[key] = append(acks[key], mustPut(t, p, event{Key: key, N: i}))
			}
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(stored(t, client)); n > 4*each+10 {
			t.Errorf("%d Kinesis records for %d values", n, keys*each)
		}
		at := received(t, cfg, keys*each)
		for key, as := range acks {
			for i, a := range as {
				if pos, err := a.Wait(t.Context()); err != nil || pos != at[key][i] {
					t.Fatalf("%s %d: acknowledged at %v (%v), read at %v", key, i, pos, err, at[key][i])
				}
			}
		}
		// A record that is alone is no aggregate, and a large one neither.
		before := len(stored(t, client))
		mustPut(t, p, event{Key: "user-1", N: each})
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		rs := stored(t, client)
		aggregates := slices.DeleteFunc(slices.Clone(rs), func(r kinesistypes.Record) bool { return *r.PartitionKey != "a" })
		if got := len(rs) - len(aggregates); got != 1 || len(rs) != before+1 {
			t.Errorf("%d plain records, want the one that was alone", got)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAggregateAcrossASplit: the request is on its way while the shard is split. The
// aggregate lands in the child that owns its first record, and half of its records are not
// that child's: acknowledging the other half, as the KPL does, would lose it in the KCL.
func TestAggregateAcrossASplit(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		tapped, w := tap(cfg)
		w.on("PutRecords", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			_, err := client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
				StreamName: aws.String("clicks"), ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
			})
			if err != nil {
				t.Error(err)
			}
			waitActive(t, client, "clicks")
			return do()
		})
		p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: true})
		acks := []kinesis.Ack{mustPut(t, p, event{Key: "a"}), mustPut(t, p, event{Key: "user-1"}), mustPut(t, p, event{Key: "a", N: 1})}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var shards []string
		for _, a := range acks {
			pos, err := a.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			shards = append(shards, pos.Shard)
		}
		if want := []string{shardID(1), shardID(2), shardID(1)}; !slices.Equal(shards, want) {
			t.Errorf("acknowledged in %v, want %v", shards, want)
		}
		if n := w.count("PutRecords"); n < 2 {
			t.Errorf("%d requests: the aggregate was taken for delivered", n)
		}
		if at := received(t, cfg, 3); len(at["a"]) != 2 || len(at["user-1"]) != 1 {
			t.Errorf("received %v", at)
		}
	})
}

func TestProducerAggregatesWhileTheStreamIsResharded(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Aggregate: true, Linger: 20 * time.Millisecond})
		done := make(chan struct{})
		go func() {
			defer close(done)
			split := func(id, at string) {
				_, err := client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: aws.String("clicks"), ShardToSplit: &id, NewStartingHashKey: &at})
				if err != nil {
					t.Error(err)
				}
				waitActive(t, client, "clicks")
			}
			time.Sleep(time.Second)
			split(shardID(0), "85070591730234615865843651857942052864")
			split(shardID(1), "255211775190703847597530955573826158592")
			a, b := shardID(3), shardID(4)
			if _, err := client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{StreamName: aws.String("clicks"), ShardToMerge: &a, AdjacentShardToMerge: &b}); err != nil {
				t.Error(err)
			}
			waitActive(t, client, "clicks")
		}()
		const keys, each = 50, 60
		for i := range each {
			for k := range keys {
				mustPut(t, p, event{Key: fmt.Sprint("user-", k), N: i})
			}
			time.Sleep(100 * time.Millisecond)
		}
		<-done
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		received(t, cfg, keys*each)
	})
}

func TestProducerGoesOnWithoutTheShards(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		tapped, w := tap(cfg)
		w.on("ListShards", 1, refuse("AccessDeniedException", "no"))
		p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: true})
		put := func() {
			t.Helper()
			for k := range 10 {
				mustPut(t, p, event{Key: fmt.Sprint(k)})
			}
			if err := p.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		put()
		if n := len(stored(t, client)); n != 10 {
			t.Errorf("%d Kinesis records, want ten as they are", n)
		}
		time.Sleep(2 * time.Second) // the shards are listed again
		put()
		if n := len(stored(t, client)); n != 11 {
			t.Errorf("%d Kinesis records, want an aggregate behind the ten", n)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestStaleShards: a listing that stays as it was before a split, or never comes, holds
// nobody up and is not asked for again and again.
func TestStaleShards(t *testing.T) {
	for name, hang := range map[string]bool{"stale": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				before, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("clicks")})
				if err != nil {
					t.Fatal(err)
				}
				tapped, w := tap(cfg)
				p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: true, Linger: 10 * time.Millisecond})
				const keys = 20
				put := func(n int) {
					for k := range keys {
						mustPut(t, p, event{Key: fmt.Sprint("user-", k), N: n})
					}
				}
				put(0)
				if err := p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.on("ListShards", -1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
					if hang {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					s := before.Shards[0]
					return answer(http.StatusOK, map[string]any{"Shards": []any{map[string]any{
						"ShardId": s.ShardId, "HashKeyRange": s.HashKeyRange, "SequenceNumberRange": map[string]any{"StartingSequenceNumber": s.SequenceNumberRange.StartingSequenceNumber},
					}}}), nil
				})
				_, err = client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
					StreamName: aws.String("clicks"), ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
				})
				if err != nil {
					t.Fatal(err)
				}
				waitActive(t, client, "clicks")
				listings := w.count("ListShards")
				for n := 1; n <= 100; n++ {
					put(n)
					time.Sleep(100 * time.Millisecond)
				}
				began := time.Now()
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(began); d > 10*time.Second {
					t.Errorf("the last records took %v", d)
				}
				if n := w.count("ListShards") - listings; n > 10 {
					t.Errorf("the shards were listed %d times in ten seconds", n)
				}
				received(t, cfg, keys*101)
			})
		})
	}
}
