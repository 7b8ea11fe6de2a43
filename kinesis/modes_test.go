package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// modes runs f as lake does, with workers that poll and with workers that use fan-out: what
// the user sees of both is the same.
func modes(t *testing.T, shards int32, f func(t *testing.T, cfg aws.Config, client *awskinesis.Client)) {
	t.Helper()
	for _, mode := range []string{"polling", fanOut} {
		t.Run(mode, func(t *testing.T) {
			lake(t, shards, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				cfg.AppID = mode
				f(t, cfg, client)
			})
		})
	}
}

// fanOut is the mode whose workers subscribe, told to runWorker by the AppID of its Config.
const fanOut = "fan-out"

// TestModesAgree has an application that polls and one that subscribes read the same stream:
// aggregates and plain records, a split, a merge, a poisoned record, and workers that come
// and go. Each shard's records come in the same order to both, once, and the leases end alike.
func TestModesAgree(t *testing.T) {
	fanLake(t, 2, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		cfg.AppID = "" // each application says for itself
		type app struct {
			table, fanOut string
			mu            sync.Mutex
			got           map[string][]string // by shard
			poison        []string
			ws            []*worker
		}
		apps := []*app{{table: "polls"}, {table: "subscribes", fanOut: "subscribes"}}
		run := func(a *app) {
			w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
				a.mu.Lock()
				defer a.mu.Unlock()
				for _, r := range b.Records {
					if strings.Contains(string(r.Data), `"n":7}`) && r.Key == "user-3" {
						return &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: errors.New("seven")}
					}
					a.got[b.Shard] = append(a.got[b.Shard], fmt.Sprintf("%s.%d %s %s %v", r.Pos.Seq, r.Pos.Sub, r.Key, r.Data, r.Arrived))
				}
				if b.End {
					a.got[b.Shard] = append(a.got[b.Shard], "end")
				}
				return nil
			}, &kinesis.ConsumerOptions{LeaseTable: a.table, FanOut: a.fanOut, MaxRecords: 7, Poison: func(_ context.Context, p *stream.PoisonError) error {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.poison = append(a.poison, p.Pos.Seq)
				return nil
			}})
			a.ws = append(a.ws, w)
		}
		for _, a := range apps {
			a.got = map[string][]string{}
			run(a)
		}
		p, err := kinesis.NewProducer(cfg, "clicks", keyOf, &kinesis.ProducerOptions[event]{Aggregate: true})
		if err != nil {
			t.Fatal(err)
		}
		keys := someKeys(30)
		for i := range 40 {
			switch i {
			case 10:
				split(t, client, shardID(0)) // 2, 3
			case 20:
				for _, a := range apps {
					a.ws[0].stop()
					run(a)
				}
			case 30:
				merge(t, client, shardID(3), shardID(1)) // 4
			}
			for _, k := range keys {
				mustPut(t, p, event{Key: k, N: i})
			}
			putEvents(t, cfg, keys[:3], 1000+i, 1)
			time.Sleep(20 * time.Second)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		var rows [2][]kinesis.Lease
		for i, a := range apps {
			a.ws[1].stop()
			a.ws[0].quiet()
			a.ws[1].quiet()
			if rows[i], err = kinesis.Leases(t.Context(), cfg, a.table); err != nil {
				t.Fatal(err)
			}
			for j := range rows[i] {
				rows[i][j].Counter = 0
			}
		}
		polls, subscribes := apps[0], apps[1]
		distinct, ends := map[string]bool{}, 0 // a reshard makes the producer put aggregates again
		for _, shard := range slices.Sorted(maps.Keys(polls.got)) {
			for _, r := range polls.got[shard] {
				if r == "end" {
					ends++
					continue
				}
				f := strings.Fields(r)
				distinct[f[1]+f[2]] = true
			}
			if diff := cmp.Diff(polls.got[shard], subscribes.got[shard]); diff != "" {
				t.Errorf("%s (-polling +fan-out):\n%s", shard, diff)
			}
		}
		if diff := cmp.Diff(rows[0], rows[1]); diff != "" {
			t.Errorf("leases (-polling +fan-out):\n%s", diff)
		}
		if diff := cmp.Diff(polls.poison, subscribes.poison); diff != "" || len(polls.poison) != 1 {
			t.Errorf("poison %v (-polling +fan-out):\n%s", polls.poison, diff)
		}
		if want := 40*33 - 1; len(distinct) != want || ends != 3 {
			t.Errorf("%d records, want %d, and %d ends, want 3", len(distinct), want, ends)
		}
	})
}
