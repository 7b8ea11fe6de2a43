package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// ExamplePlanReshard measures a load most of whose keys lie together, cuts the shards there, and
// shows what it would do before it does it.
func ExamplePlanReshard() {
	ctx := context.Background()
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	_, err = awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{
		StreamName: aws.String("clicks"), ShardCount: aws.Int32(2),
	})
	if err != nil {
		log.Fatal(err)
	}
	// A consumer measures with hot.Handler(handler); what it would see stands here.
	hot, err := kinesis.NewHotKeys(nil)
	if err != nil {
		log.Fatal(err)
	}
	hot.Observe(stream.NewBatch("shardId-000000000000", skewed(3000), false, nil))

	plan, err := kinesis.PlanReshard(ctx, cfg, "clicks", hot.Profile(), 3, &kinesis.ReshardOptions{
		OnProgress: func(p kinesis.ReshardProgress) { fmt.Printf("%d of %d done\n", p.Done, p.Steps) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan) // the dry run
	if err := plan.Apply(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// stream "clicks": 2 shards to 3, 3 operations, about 1m30s
	//   heaviest shard: 85.1% of the load, then 33.4%; an even share is 33.3%
	//   a month: $21.90, then $32.85 (+10.95); $0.015 per shard hour (us-east-1, as of October 2026)
	//   1. SplitShard shardId-000000000000 at 19247844454588606018962549892418895872
	//   2. SplitShard (new) at 39072033860474577904691984877381222400
	//   3. MergeShards (new) + shardId-000000000001 at 170141183460469231731687303715884105728
	// 1 of 3 done
	// 2 of 3 done
	// 3 of 3 done
}

// skewed gives records of many keys, 70 % of which lie in the lowest eighth of the hash space.
func skewed(n int) []stream.Record {
	rs := make([]stream.Record, 0, n)
	low, high := 0, 0
	for i := 0; len(rs) < n; i++ {
		key := fmt.Sprintf("user-%d", i)
		if hashrange.Of(key).Hi>>61 == 0 {
			if low == n*7/10 {
				continue
			}
			low++
		} else {
			if high == n-n*7/10 {
				continue
			}
			high++
		}
		rs = append(rs, stream.Record{Key: key, Data: []byte("{}")})
	}
	return rs
}

func profileOf(t *testing.T, rs []stream.Record) *kinesis.Profile {
	t.Helper()
	h, err := kinesis.NewHotKeys(&kinesis.HotKeysOptions{ByRecords: true})
	if err != nil {
		t.Fatal(err)
	}
	h.Observe(stream.NewBatch("s", rs, false, nil))
	return h.Profile()
}

func plan(t *testing.T, cfg aws.Config, p *kinesis.Profile, shards int, opts *kinesis.ReshardOptions) *kinesis.ReshardPlan {
	t.Helper()
	got, err := kinesis.PlanReshard(t.Context(), cfg, "clicks", p, shards, opts)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// openShards gives the ranges of the open shards, by hash key.
func openShards(t *testing.T, client *awskinesis.Client) []string {
	t.Helper()
	out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{
		StreamName: aws.String("clicks"), ShardFilter: &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest},
	})
	if err != nil {
		t.Fatal(err)
	}
	var rs []hashrange.Range
	for _, s := range out.Shards {
		r, err := hashrange.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(a, b hashrange.Range) int { return a.First.Compare(b.First) })
	var text []string
	for _, r := range rs {
		text = append(text, r.String())
	}
	return text
}

func rangesOf(shards []kinesis.ShardLoad) []string {
	var text []string
	for _, s := range shards {
		text = append(text, s.StartingHashKey+"-"+s.EndingHashKey)
	}
	return text
}

func wantShards(t *testing.T, client *awskinesis.Client, want []kinesis.ShardLoad) {
	t.Helper()
	if got := openShards(t, client); !slices.Equal(got, rangesOf(want)) {
		t.Errorf("the open shards are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(rangesOf(want), "\n"))
	}
}

// TestReshardEndsThrottling puts 3,000 records a second into four shards, which take 4,000: seven
// in ten come to the first shard, which takes 1,000. UpdateShardCount to eight, at twice the price,
// mends nothing. Four that are cut by what was measured do.
func TestReshardEndsThrottling(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		rs := skewed(3000)
		throttled := func() (n int) {
			time.Sleep(2 * time.Second)
			for range 10 {
				began := time.Now()
				for batch := range slices.Chunk(rs, 300) {
					in := &awskinesis.PutRecordsInput{StreamName: aws.String("clicks")}
					for i := range batch {
						in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: batch[i].Data, PartitionKey: &batch[i].Key})
					}
					out, err := client.PutRecords(t.Context(), in)
					if err != nil {
						t.Fatal(err)
					}
					n += int(*out.FailedRecordCount)
					time.Sleep(50 * time.Millisecond)
				}
				time.Sleep(time.Second - time.Since(began))
			}
			return n
		}
		before := throttled()
		_, err := client.UpdateShardCount(t.Context(), &awskinesis.UpdateShardCountInput{
			StreamName: aws.String("clicks"), TargetShardCount: aws.Int32(8), ScalingType: kinesistypes.ScalingTypeUniformScaling,
		})
		if err != nil {
			t.Fatal(err)
		}
		waitActive(t, client, "clicks")
		uniform := throttled()
		p := plan(t, cfg, profileOf(t, rs), 4, nil)
		if err := p.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := throttled()
		was, is := p.Heaviest()
		t.Logf("of 30,000 records %d were throttled with four even shards, %d with eight, and %d with four as planned; the heaviest of the eight has %.1f %% of the load, of the four %.1f %%, after %d operations",
			before, uniform, after, was*100, is*100, len(p.Steps))
		if before < 9000 || uniform < 9000 || after != 0 {
			t.Errorf("%d, %d and %d records were throttled", before, uniform, after)
		}
		wantShards(t, client, p.After)
		// As planned it is; there is nothing more to do.
		if p := plan(t, cfg, profileOf(t, rs), 4, nil); len(p.Steps) != 0 || !strings.Contains(p.String(), "nothing to do") {
			t.Errorf("planned again:\n%s", p)
		}
		if err := p.Apply(t.Context()); err != nil {
			t.Errorf("applied again: %v", err)
		}
	})
}

// TestReshardAgreesOnEvenLoads wants the shards that UpdateShardCount makes where the load is
// even: it is as good there, and leaves nothing to do.
func TestReshardAgreesOnEvenLoads(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		even := &kinesis.Profile{Bins: make([]uint64, 1<<16)}
		for i := range even.Bins {
			even.Bins[i] = 1 << 20
		}
		for _, n := range []int32{6, 3, 5} {
			p := plan(t, cfg, even, int(n), nil)
			_, err := client.UpdateShardCount(t.Context(), &awskinesis.UpdateShardCountInput{
				StreamName: aws.String("clicks"), TargetShardCount: &n, ScalingType: kinesistypes.ScalingTypeUniformScaling,
			})
			if err != nil {
				t.Fatal(err)
			}
			waitActive(t, client, "clicks")
			// How it rounds is not documented: the first 20 digits tell.
			for i, got := range openShards(t, client) {
				if want := rangesOf(p.After)[i]; got[:min(20, len(got))] != want[:min(20, len(want))] {
					t.Errorf("to %d, shard %d: %s, want %s", n, i, got, want)
				}
			}
			if p := plan(t, cfg, even, int(n), nil); len(p.Steps) > 0 {
				t.Errorf("to %d, after UpdateShardCount:\n%s", n, p)
			}
		}
	})
}

// TestReshardUnderLoad reshards a stream while a producer and a consumer are at it: no record is
// lost, none comes twice, and each key's order stays.
func TestReshardUnderLoad(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		w := runWorker(t, cfg, nil, nil)
		keys := someKeys(30)
		put := make(chan struct{})
		go func() {
			defer close(put)
			putSlowly(t, cfg, keys, 120, 250*time.Millisecond)
		}()
		for _, n := range []int{5, 3, 6} {
			p := plan(t, cfg, profileOf(t, skewed(2000)), n, nil)
			if err := p.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantShards(t, client, p.After)
		}
		<-put
		until(t, "all records", 10*time.Minute, func() bool { return len(w.seen()) >= 120*len(keys) })
		w.stop()
		inOrder(t, w.seen(), keys, 120)
	})
}

// putSlowly puts n events of each key, with a pause behind each round.
func putSlowly(t *testing.T, cfg aws.Config, keys []string, n int, pause time.Duration) {
	p, err := kinesis.NewProducer(cfg, "clicks", keyOf, nil)
	if err != nil {
		t.Error(err)
		return
	}
	for i := range n {
		for _, k := range keys {
			if _, err := p.Put(t.Context(), event{Key: k, N: i}); err != nil {
				t.Error(err)
				return
			}
		}
		time.Sleep(pause)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestReshardKilled cancels Apply before and after each of its operations takes place, and
// goes on with the same plan, or with a new one.
func TestReshardKilled(t *testing.T) {
	for name, renewed := range map[string]bool{"the same plan": false, "a new plan": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 5, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				profile := profileOf(t, skewed(2000))
				cfg, w := tap(cfg)
				var stop context.CancelFunc
				kills := 0
				kill := func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
					kills++
					if kills%2 == 1 { // before it happens
						stop()
						return nil, r.Context().Err()
					}
					resp, err := do()
					stop()
					if err == nil {
						_ = resp.Body.Close()
					}
					return nil, context.Canceled
				}
				w.on("SplitShard", -1, kill)
				w.on("MergeShards", -1, kill)
				p := plan(t, cfg, profile, 7, nil)
				want, steps := rangesOf(p.After), len(p.Steps)
				if steps < 6 {
					t.Fatalf("too few steps to tell much:\n%s", p)
				}
				for runs := 0; ; runs++ {
					ctx, cancel := context.WithCancel(t.Context())
					stop = cancel
					err := p.Apply(ctx)
					cancel()
					if err == nil {
						break
					}
					if !errors.Is(err, context.Canceled) || runs > 2*steps+2 {
						t.Fatalf("run %d: %v", runs, err)
					}
					if renewed {
						time.Sleep(time.Second)
						p = plan(t, cfg, profile, 7, nil)
					}
				}
				if got := openShards(t, client); !slices.Equal(got, want) {
					t.Errorf("the open shards are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		})
	}
}

// TestReshardFaults lets each call of Apply go wrong in each way, and wants the stream as planned.
func TestReshardFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*local.Lake){
		"more than five operations a second": func(l *local.Lake) {
			l.Fault("kinesis:SplitShard", local.Throttle().Times(9))
			l.Fault("kinesis:MergeShards", local.Throttle().Times(9))
		},
		"in use": func(l *local.Lake) {
			l.Fault("kinesis:SplitShard", local.Fail(400, "ResourceInUseException", "Stream clicks under account 000000000000 not ACTIVE").After(1).Times(4))
		},
		"lost replies": func(l *local.Lake) {
			l.Fault("kinesis:SplitShard", local.LoseReply())
			l.Fault("kinesis:MergeShards", local.LoseReply())
		},
		"listings an operation behind": func(l *local.Lake) {
			l.Fault("kinesis:ListShards", local.Stale(3*time.Second).After(1).Times(40))
		},
		"failures": func(l *local.Lake) {
			for _, op := range []local.Operation{"kinesis:SplitShard", "kinesis:MergeShards", "kinesis:ListShards", "kinesis:DescribeStreamSummary"} {
				l.Fault(op, local.Fail(500, "InternalFailure", "").After(1).Times(7))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
				client := createStream(t, lake.Config(), "clicks", 4)
				time.Sleep(10 * time.Second) // what is stale has the stream
				var told []int
				p := plan(t, lake.Config(), profileOf(t, skewed(2000)), 5, &kinesis.ReshardOptions{
					OnProgress: func(p kinesis.ReshardProgress) { told = append(told, p.Done) },
				})
				fault(lake)
				if err := p.Apply(t.Context()); err != nil {
					t.Fatal(err)
				}
				var all []int
				for i := range p.Steps {
					all = append(all, i+1)
				}
				if !slices.Equal(told, all) {
					t.Errorf("steps %v are told of %d", told, len(p.Steps))
				}
				wantShards(t, client, p.After)
			})
		})
	}
}

// TestReshardGivesUp wants the error of what does not pass, and the five minutes of what might.
func TestReshardGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect local.Effect
		op     local.Operation
		within time.Duration
		want   string
	}{
		"never again":   {local.Throttle(), "kinesis:SplitShard", 7 * time.Minute, "no step was done for 5m0s (0 of "},
		"not allowed":   {local.Fail(400, "AccessDeniedException", "not you"), "kinesis:SplitShard", time.Minute, "AccessDeniedException"},
		"not there":     {local.Fail(400, "ResourceNotFoundException", ""), "kinesis:DescribeStreamSummary", time.Minute, `the stream "clicks" does not exist in us-east-1`},
		"always behind": {local.Stale(time.Hour), "kinesis:ListShards", 7 * time.Minute, "already been merged or split"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
				createStream(t, lake.Config(), "clicks", 2)
				p := plan(t, lake.Config(), profileOf(t, skewed(2000)), 3, nil)
				lake.Fault(c.op, c.effect)
				began := time.Now()
				err := p.Apply(t.Context())
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `reshard stream "clicks"`) || time.Since(began) > c.within {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
			})
		})
	}
}

// TestReshardRival lets someone else split a shard meanwhile: Apply stops and leaves it.
func TestReshardRival(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		var rival []string
		p := plan(t, cfg, profileOf(t, skewed(2000)), 4, &kinesis.ReshardOptions{OnProgress: func(p kinesis.ReshardProgress) {
			if p.Done != 2 {
				return
			}
			out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{
				StreamName: aws.String("clicks"), ShardFilter: &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest},
			})
			if err != nil {
				t.Fatal(err)
			}
			last := out.Shards[len(out.Shards)-1]
			r, err := hashrange.ParseRange(*last.HashKeyRange.StartingHashKey, *last.HashKeyRange.EndingHashKey)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
				StreamName: aws.String("clicks"), ShardToSplit: last.ShardId, NewStartingHashKey: aws.String(r.Mid().String()),
			})
			if err != nil {
				t.Fatal(err)
			}
			waitActive(t, client, "clicks")
			rival = openShards(t, client)
		}})
		err := p.Apply(t.Context())
		if !errors.Is(err, kinesis.ErrReshardedElsewhere) {
			t.Fatalf("got %v", err)
		}
		// The operation that it was about to ask for may still come: one boundary more or less.
		got := openShards(t, client)
		if len(got) < len(rival)-1 || len(got) > len(rival)+1 {
			t.Errorf("Apply went on after it: from\n%s\nto\n%s", strings.Join(rival, "\n"), strings.Join(got, "\n"))
		}
		// A new plan takes the rival's shards for what there is.
		p = plan(t, cfg, profileOf(t, skewed(2000)), 4, nil)
		if err := p.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantShards(t, client, p.After)
	})
}

// TestReshardTwice applies one plan in two places at once.
func TestReshardTwice(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		profile := profileOf(t, skewed(2000))
		plans := []*kinesis.ReshardPlan{plan(t, cfg, profile, 6, nil), plan(t, cfg, profile, 6, nil)}
		errs := make(chan error)
		for _, p := range plans {
			go func() { errs <- p.Apply(t.Context()) }()
		}
		for range plans {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		wantShards(t, client, plans[0].After)
	})
}

// TestPlanReshardText shows a plan with a key that no cut divides, its price and its peak.
func TestPlanReshardText(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		rs := skewed(1000)
		for range 1000 {
			rs = append(rs, stream.Record{Key: "everyone"})
		}
		p := plan(t, cfg, profileOf(t, rs), 4, &kinesis.ReshardOptions{
			Load: &kinesis.Load{RecordsPerSecond: 3000, BytesPerRecord: 200, Consumers: 2},
		})
		text := p.String()
		for _, want := range []string{
			`stream "clicks": 2 shards to 4, `,
			"heaviest shard: 58.2% of the load, then 50.0%; an even share is 25.0%",
			"at the peak it is 175% full (records in), then 150% (records in)",
			"a month: $21.90, then $43.80 (+21.90); $0.015 per shard hour (us-east-1, as of ",
			`key "everyone" has 50.0% of the load: no cut divides a key`,
			"SplitShard shardId-000000000000 at ",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if len(p.HotKeys) != 1 || p.HotKeys[0].Key != "everyone" || p.Takes != time.Duration(len(p.Steps))*kinesis.ReshardStepTime {
			t.Errorf("%+v, %s", p.HotKeys, p.Takes)
		}
		if shards := openShards(t, client); len(shards) != 2 {
			t.Error("a plan changes the stream")
		}
	})
}

func TestPlanReshardRefuses(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		good := profileOf(t, skewed(100))
		for _, c := range []struct {
			stream  string
			profile *kinesis.Profile
			shards  int
			opts    *kinesis.ReshardOptions
			want    []string
		}{
			{"", nil, -1, &kinesis.ReshardOptions{Load: &kinesis.Load{}}, []string{"no name", "no profile", "-1 shards are not from 0", "RecordsPerSecond"}},
			{"nothing", good, 2, nil, []string{`the stream "nothing" does not exist in us-east-1`}},
			{"clicks", &kinesis.Profile{}, 2, nil, []string{"65,536 bins"}},
			{"clicks", profileOf(t, nil), 2, nil, []string{"the profile is empty"}},
		} {
			_, err := kinesis.PlanReshard(t.Context(), cfg, c.stream, c.profile, c.shards, c.opts)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q: got %v, want %q", c.stream, err, want)
				}
			}
		}
		tapped, w := tap(cfg)
		w.on("DescribeLimits", 1, func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
			return answer(200, map[string]int{"ShardLimit": 10, "OpenShardCount": 9, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50}), nil
		})
		p := plan(t, tapped, good, 4, nil)
		if !strings.Contains(p.String(), "may have 10 shards open in us-east-1 and has 9; this needs 3 more") {
			t.Errorf("no word of the limit:\n%s", p)
		}
		if err := p.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "2 shards short") || len(openShards(t, client)) != 1 {
			t.Errorf("above the limit: %v", err)
		}
		w.on("DescribeLimits", 9, refuse("LimitExceededException", "once a second"))
		if p := plan(t, tapped, good, 4, nil); len(p.Notes) > 0 {
			t.Errorf("throttled, it is read in the end:\n%s", p)
		}
		w.on("DescribeLimits", 1, refuse("AccessDeniedException", "no"))
		if p := plan(t, tapped, good, 4, nil); !strings.Contains(p.String(), "limit of shards is not known") {
			t.Errorf("no word of the limit:\n%s", p)
		}
		cfg.Region = "mars-1"
		if p := plan(t, cfg, good, 4, nil); !strings.Contains(p.String(), `the price is not known: no shard hour's in region "mars-1"`) {
			t.Errorf("no word of the price:\n%s", p)
		}
		cfg.Region = "us-east-1"
		_, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{
			StreamName: aws.String("by-itself"), StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeOnDemand},
		})
		if err != nil {
			t.Fatal(err)
		}
		waitActive(t, client, "by-itself")
		if _, err := kinesis.PlanReshard(t.Context(), cfg, "by-itself", good, 2, nil); err == nil || !strings.Contains(err.Error(), "on-demand mode") {
			t.Errorf("on demand: %v", err)
		}
	})
}
