package kcl_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// TestFleet lets two Go workers and a Java worker share one table of leases while they are
// killed, stopped and cut off, and the stream is split and merged: for 40 s, with LAKEKIT_FULL=1
// for five minutes and in every version, or for as long as LAKEKIT_FLEET says (20s, 1h).
func TestFleet(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	length := 40 * time.Second
	if peer.Full() {
		length = 5 * time.Minute
	}
	if s := os.Getenv("LAKEKIT_FLEET"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		version, how string
		full         bool
	}{
		{"2.7.2", "polling", false},
		{"3.0.3", "polling", true},
		{"3.5.1", "fanout", false},
	} {
		if c.full && !peer.Full() {
			continue
		}
		t.Run(c.version, func(t *testing.T) {
			t.Parallel()
			lake := peer.Lake(t, nil)
			f := &fleet{
				t: t, cfg: lake.Config(), client: awskinesis.NewFromConfig(lake.Config()), program: compile(t, c.version),
				task: task{endpoint: listen(t, lake), stream: "s", app: "app", how: c.how, from: "TRIM_HORIZON"}, journal: &journal{},
			}
			f.run(length)
		})
	}
}

// fleet is the workers of one application, of both kinds.
type fleet struct {
	t       *testing.T
	cfg     aws.Config
	client  *awskinesis.Client
	program program
	task    task
	journal *journal
	dice    *rand.Rand

	lives   int
	gophers []*gopher
	java    *java
	born    time.Time // of the Java worker
	done    sync.WaitGroup
}

func (f *fleet) run(length time.Duration) {
	t := f.t
	seed := uint64(time.Now().UnixNano())
	f.dice = rand.New(rand.NewPCG(seed, 0))
	createStream(t, f.client, f.task.stream, 4)
	feed := newFeed(t, f.cfg, f.task.stream)
	feeding, enough := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { feed.run(feeding, 10, 100*time.Millisecond) })
	background.Go(func() { f.watch(feeding) })
	defer func() {
		enough()
		background.Wait()
		for _, g := range f.gophers {
			g.cancel()
		}
		f.done.Wait()
		if t.Failed() {
			f.dump()
		}
	}()

	f.startJava()
	f.gophers = []*gopher{f.startGo(), f.startGo()}
	// One of 3.0 that joins Go workers is noticed within a minute, and must be elected first.
	f.journal.until(t, "a Java worker that reads", 3*time.Minute, func([]event) bool { return f.grown() })
	deeds := map[string]int{"kill -9 of Java": 1}
	f.java.kill()
	f.startJava()
	for end := time.Now().Add(length); time.Now().Before(end); {
		time.Sleep(time.Duration(1500+f.dice.IntN(3000)) * time.Millisecond)
		deeds[f.misdeed()]++
	}
	f.journal.until(t, "a Java worker that reads again", 4*time.Minute, func([]event) bool { return f.grown() })
	enough()
	background.Wait()
	puts := feed.done(t)
	f.journal.until(t, "all records", 90*time.Second, readAll(puts))

	for _, g := range f.gophers {
		g.cancel()
	}
	f.java.stop(t)
	f.done.Wait()
	es := f.journal.all()
	v := judge(t, puts, f.parents(), es)
	by := map[string]int{}
	for _, e := range es {
		if e.kind == "began" || e.kind == "record" {
			kind, _, _ := strings.Cut(e.worker, "-")
			by[kind+" "+e.kind]++
		}
	}
	t.Logf("seed %d: %v; %d records put, %d delivered, %d of them again; %v", seed, deeds, len(puts), v.records, v.again, by)
	if by["java began"] < 2 || by["go began"] < 4 {
		t.Errorf("the leases hardly move: %v", by)
	}
}

// misdeed does something to the fleet, or to the stream.
func (f *fleet) misdeed() string {
	for {
		switch f.dice.IntN(8) {
		case 0, 1:
			if !f.grown() {
				continue
			}
			f.java.kill()
			f.startJava()
			return "kill -9 of Java"
		case 2:
			if !f.grown() {
				continue
			}
			f.java.stop(f.t)
			f.startJava()
			return "end of Java"
		case 3, 4:
			i := f.dice.IntN(len(f.gophers))
			f.gophers[i].cut()
			f.gophers[i] = f.startGo()
			return "crash of Go"
		case 5:
			i := f.dice.IntN(len(f.gophers))
			f.gophers[i].cancel()
			f.gophers[i] = f.startGo()
			return "end of Go"
		case 6:
			f.reshard(true)
			return "split"
		case 7:
			f.reshard(false)
			return "merge"
		}
	}
}

// grown says that the Java worker has read something in this life. Of 3.0.3 that may take more
// than two minutes, the time for which a leader that was killed still has its lock.
func (f *fleet) grown() bool {
	return slices.ContainsFunc(f.journal.all(), func(e event) bool { return e.kind == "record" && e.worker == f.java.id })
}

// reshard splits the widest shard in the middle, or merges the two narrowest neighbours, so that
// each shard gets records, between 3 and 8 shards: as many as workers, or one may have none.
func (f *fleet) reshard(split bool) {
	t := f.t
	shards := slices.DeleteFunc(f.shards(), func(s types.Shard) bool { return s.SequenceNumberRange.EndingSequenceNumber != nil })
	edge := func(s *string) *big.Int {
		n, ok := new(big.Int).SetString(*s, 10)
		if !ok {
			t.Fatalf("hash key %q", *s)
		}
		return n
	}
	slices.SortFunc(shards, func(a, b types.Shard) int {
		return edge(a.HashKeyRange.StartingHashKey).Cmp(edge(b.HashKeyRange.StartingHashKey))
	})
	width := func(ss ...types.Shard) *big.Int {
		return new(big.Int).Sub(edge(ss[len(ss)-1].HashKeyRange.EndingHashKey), edge(ss[0].HashKeyRange.StartingHashKey))
	}
	if split && len(shards) < 8 || len(shards) <= 3 {
		s := slices.MaxFunc(shards, func(a, b types.Shard) int { return width(a).Cmp(width(b)) })
		middle := new(big.Int).Rsh(width(s), 1)
		splitShard(t, f.client, f.task.stream, *s.ShardId, middle.Add(middle, edge(s.HashKeyRange.StartingHashKey)).String())
		return
	}
	least := 0
	for i := range len(shards) - 1 {
		if width(shards[i:i+2]...).Cmp(width(shards[least:least+2]...)) < 0 {
			least = i
		}
	}
	merge(t, f.client, f.task.stream, *shards[least].ShardId, *shards[least+1].ShardId)
}

func (f *fleet) shards() []types.Shard {
	f.t.Helper()
	out, err := f.client.ListShards(f.t.Context(), &awskinesis.ListShardsInput{StreamName: &f.task.stream})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Shards
}

func (f *fleet) parents() map[string][]string {
	out := map[string][]string{}
	for _, s := range f.shards() {
		for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
			if p != nil {
				out[*s.ShardId] = append(out[*s.ShardId], *p)
			}
		}
	}
	return out
}

// watch notes each checkpoint that the table shows.
func (f *fleet) watch(ctx context.Context) {
	seen := map[string]place{}
	for ctx.Err() == nil {
		ls, err := kinesis.Leases(ctx, f.cfg, f.task.app)
		for _, l := range ls {
			if p := (place{l.Checkpoint, l.Sub}); err == nil && seen[l.Shard] != p {
				seen[l.Shard] = p
				f.journal.add(event{at: time.Now().UnixMicro(), worker: "table", kind: "table", shard: l.Shard, place: p})
			}
		}
		select { // an error is one of a table that is not there yet
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// dump shows the last errors of the Go workers and the rows of the application's tables.
func (f *fleet) dump() {
	errs := slices.DeleteFunc(f.journal.all(), func(e event) bool { return e.kind != "error" })
	for _, e := range errs[max(0, len(errs)-20):] {
		f.t.Log(e)
	}
	client := dynamodb.NewFromConfig(f.cfg)
	for _, table := range []string{f.task.app, f.task.app + "-CoordinatorState", f.task.app + "-WorkerMetricStats"} {
		out, err := client.Scan(context.Background(), &dynamodb.ScanInput{TableName: &table})
		if err != nil {
			continue // not every version has it
		}
		for _, row := range out.Items {
			var b strings.Builder
			for name, v := range row {
				fmt.Fprintf(&b, " %s=%v", name, v)
			}
			f.t.Logf("%s:%s", table, b.String())
		}
	}
}

func (f *fleet) startJava() {
	f.lives++
	f.java = f.program.start(f.t, f.journal, fmt.Sprintf("java-%d", f.lives), f.task)
	f.born = time.Now()
}

// gopher is a worker of ours, in this process but with a network of its own.
type gopher struct {
	id     string
	dead   atomic.Bool
	cancel context.CancelFunc
	inner  aws.HTTPClient
}

var errCut = errors.New("no route to host")

func (g *gopher) Do(r *http.Request) (*http.Response, error) {
	if g.dead.Load() {
		return nil, errCut
	}
	return g.inner.Do(r)
}

// cut is as near to kill -9 as a goroutine comes: nothing gets out any more.
func (g *gopher) cut() {
	g.dead.Store(true)
	g.cancel()
}

func (f *fleet) startGo() *gopher {
	f.lives++
	g := &gopher{id: fmt.Sprintf("go-%d", f.lives), inner: f.cfg.HTTPClient}
	cfg := f.cfg
	cfg.HTTPClient = g
	deliver := handler(f.journal, g.id)
	fanOut := ""
	if f.task.how == "fanout" {
		fanOut = f.task.app // the KCL's name for it: they take the subscriptions over from each other
	}
	c, err := kinesis.NewConsumer(cfg, f.task.stream, f.task.app, func(ctx context.Context, b *stream.Batch) error {
		if g.dead.Load() {
			return errCut
		}
		return deliver(ctx, b)
	}, &kinesis.ConsumerOptions{
		WorkerID: g.id, FanOut: fanOut, PollInterval: 200 * time.Millisecond, FailoverTime: 3 * time.Second, DrainTimeout: 3 * time.Second,
		StartAt: func(ctx context.Context, shard string) (stream.Position, bool, error) {
			// The lease decides; this is to know what it says.
			ls, err := kinesis.Leases(ctx, cfg, f.task.app)
			if err != nil {
				return stream.Position{}, false, err
			}
			for _, l := range ls {
				if l.Shard == shard {
					f.journal.add(event{at: time.Now().UnixMicro(), worker: g.id, kind: "began", shard: shard, place: place{l.Checkpoint, l.Sub}})
				}
			}
			return stream.Position{}, false, nil
		},
		OnError: func(_ context.Context, err error) {
			// Tried again; of interest when the test fails, with what happened around it.
			if !g.dead.Load() {
				f.journal.add(event{at: time.Now().UnixMicro(), worker: g.id, kind: "error", key: err.Error()})
			}
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	f.done.Go(func() {
		if err := c.Run(ctx); err != nil && !g.dead.Load() {
			f.journal.fail(fmt.Sprintf("%s: %v", g.id, err))
		}
	})
	return g
}
