package kinesis_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
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

// TestProducerWaitsForTheNextListing reshards faster than the producer may list the shards: what
// landed in a wrong shard must not wait for another Put.
func TestProducerWaitsForTheNextListing(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Aggregate: true})
		keys := someKeys(10)
		for n := range 6 {
			for _, k := range keys {
				mustPut(t, p, event{Key: k, N: n})
			}
			if err := p.Flush(timeout(t, time.Minute)); err != nil {
				t.Fatalf("flush %d: %v", n, err)
			}
			if n%2 == 0 {
				split(t, client, shardID(n/2*3))
			} else {
				merge(t, client, shardID(n/2*3+1), shardID(n/2*3+2))
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		received(t, cfg, 6*len(keys))
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
		put()                       // with which they are asked for; nobody waits for the answer
		time.Sleep(time.Second)
		put()
		if n := len(stored(t, client)); n != 21 {
			t.Errorf("%d Kinesis records, want an aggregate behind twenty as they are", n)
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

// TestAggregatesOfOneKey: a key that has all the records gains from aggregation too, and
// keeps its order through throttling.
func TestAggregatesOfOneKey(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		tapped, w := tap(cfg)
		w.on("PutRecords", -1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			time.Sleep(30 * time.Millisecond) // a round trip
			return do()
		})
		p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: true})
		const n = 20_000
		began := time.Now()
		for i := range n {
			mustPut(t, p, event{Key: "a", N: i, Pad: strings.Repeat("x", 160)})
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The shard takes 1 MB a second, and one second's worth at once.
		if d := time.Since(began); d > 6*time.Second {
			t.Errorf("4 MB took %v", d)
		}
		t.Logf("%v in %d requests", time.Since(began), w.count("PutRecords"))
		received(t, cfg, n)
	})
}

// TestHotShardHoldsUpNoOther fills one shard's queue far beyond what it takes.
func TestHotShardHoldsUpNoOther(t *testing.T) {
	for name, aggregate := range map[string]bool{"plain": false, "aggregate": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				tapped, w := tap(cfg)
				p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: aggregate, Timeout: time.Minute})
				hot := slices.DeleteFunc(someKeys(10_000), func(k string) bool { return hashrange.Of(k).Hi>>63 == 1 })
				for _, k := range hot {
					mustPut(t, p, event{Key: k, Pad: strings.Repeat("x", 1000)})
				}
				time.Sleep(time.Second)
				for i := range 20 {
					ack := mustPut(t, p, event{Key: "user-1", N: i})
					began := time.Now()
					if _, err := ack.Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
					if d := time.Since(began); d > 150*time.Millisecond {
						t.Errorf("record %d of the idle shard took %v", i, d)
					}
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				st := p.Stats()
				t.Logf("%d records: %d tried again, %d listings", st.Put, st.Retried, w.count("ListShards"))
				if st.Acked != int64(len(hot)+20) {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// TestProducersShareAShard: three that want more than a shard takes waste few attempts.
func TestProducersShareAShard(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		tapped, w := tap(cfg)
		w.on("PutRecords", -1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			time.Sleep(15 * time.Millisecond)
			return do()
		})
		const each, pad = 6000, 1000
		var work sync.WaitGroup
		began := time.Now()
		for i := range 3 {
			p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: true, Timeout: time.Minute})
			work.Go(func() {
				for n := range each {
					mustPut(t, p, event{Key: fmt.Sprint("key-", i), N: n, Pad: strings.Repeat("x", pad)})
				}
				if err := p.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		d, requests := time.Since(began), w.count("PutRecords")
		t.Logf("18 MB in %v and %d requests", d, requests)
		// In aggregates of 256 KiB it takes 70.
		if d > 25*time.Second || requests > 140 {
			t.Errorf("18 MB took %v and %d requests of a shard that takes 1 MB a second", d, requests)
		}
	})
}

func TestExplicitHashKey(t *testing.T) {
	for name, aggregate := range map[string]bool{"plain": false, "aggregate": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{
					Aggregate: aggregate, ExplicitHashKey: func(e event) string { return e.Pad },
				})
				for pad, want := range map[string]int{
					"":  0, // the hash of "a" is in the lower half
					"0": 0, "170141183460469231731687303715884105727": 0,
					"170141183460469231731687303715884105728": 1, "340282366920938463463374607431768211455": 1,
				} {
					// Two of them, so that there is an aggregate.
					first, ack := mustPut(t, p, event{Key: "a", Pad: pad}), mustPut(t, p, event{Key: "a", Pad: pad})
					if err := p.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
					for _, a := range []kinesis.Ack{first, ack} {
						if pos, err := a.Wait(t.Context()); err != nil || pos.Shard != shardID(want) {
							t.Errorf("%q: in %v (%v), want shard %d", pad, pos, err, want)
						}
					}
				}
				for _, bad := range []string{"-1", "01", "x", "340282366920938463463374607431768211456"} {
					if _, err := p.Put(t.Context(), event{Key: "a", Pad: bad}); err == nil || !strings.Contains(err.Error(), "the explicit hash key \""+bad+"\" is not a number from 0 to") {
						t.Errorf("%q: %v", bad, err)
					}
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestPayloadIsCopied: the caller's bytes are the caller's again when Put returns.
func TestPayloadIsCopied(t *testing.T) {
	for name, aggregate := range map[string]bool{"plain": false, "aggregate": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { return "k" }, &kinesis.ProducerOptions[[]byte]{Aggregate: aggregate})
				if err != nil {
					t.Fatal(err)
				}
				for _, size := range []int{10, 60_000} {
					data := bytes.Repeat([]byte("x"), size)
					if _, err := p.Put(t.Context(), data); err != nil {
						t.Fatal(err)
					}
					data[0] = 'y'
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				rs := stored(t, client)
				for _, r := range rs {
					if bytes.ContainsRune(r.Data, 'y') {
						t.Error("the payload is the caller's slice")
					}
				}
				if len(rs) != 2 {
					t.Errorf("%d records", len(rs))
				}
			})
		})
	}
}
