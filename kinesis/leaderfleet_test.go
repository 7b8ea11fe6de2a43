package kinesis_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// holders counts the leases that are not complete by their owners, those on their way not
// counted.
func holders(t *testing.T, cfg aws.Config) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, l := range leases(t, cfg) {
		if c := text(l["checkpoint"]); c != "" && c != "SHARD_END" && l["checkpointOwner"] == nil {
			count[text(l["leaseOwner"])]++
		}
	}
	return count
}

// within is until for what takes minutes.
func within(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

func eachHome(t *testing.T, f func(t *testing.T, h sideHome)) {
	t.Run("3.0", func(t *testing.T) { f(t, home303) })
	t.Run("3.5", func(t *testing.T) { f(t, home351) })
}

// TestObeysALeader: Go workers join a fleet, get their share from its leader without
// taking anything themselves, give back what it wants back, and have all when it is gone.
func TestObeysALeader(t *testing.T) {
	eachHome(t, func(t *testing.T, h sideHome) {
		lake(t, 6, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
			keys := someKeys(40)
			h.prepare(t, cfg, "CLIENT_VERSION_3X")
			java := runJava(t, cfg, h, "j1")
			time.Sleep(3 * time.Second)
			putEvents(t, cfg, keys, 0, 2)
			a := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go-a"})
			within(t, "both have three", 2*time.Minute, func() bool { c := holders(t, cfg); return c["j1"] == 3 && c["go-a"] == 3 })
			b := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go-b"})
			even := func() bool { c := holders(t, cfg); return c["j1"] == 2 && c["go-a"] == 2 && c["go-b"] == 2 }
			within(t, "all have two", 2*time.Minute, even)
			for range 60 { // and nothing moves without the leader
				time.Sleep(2 * time.Second)
				if !even() {
					t.Fatalf("holders %v", holders(t, cfg))
				}
			}
			if lost := java.robbed(); len(lost) > 0 {
				t.Errorf("the Java worker lost %v", lost)
			}
			putEvents(t, cfg, keys, 2, 2)
			b.stop()
			if m := h.told(t, cfg, "go-b"); m != nil {
				t.Errorf("a worker that has stopped is still announced: %v", m)
			}
			until(t, "a and Java have all", time.Minute, func() bool { c := holders(t, cfg); return c["go-a"]+c["j1"] == 6 })
			java.die()
			died := time.Now()
			within(t, "a has all", 4*time.Minute, func() bool { return holders(t, cfg)["go-a"] == 6 })
			if d := time.Since(died); d < 90*time.Second || d > 130*time.Second {
				t.Errorf("a dead leader is replaced after %v, want the 2m of its lock", d)
			}
			time.Sleep(10 * time.Second)
			a.stop()
			a.quiet()
			b.quiet()
			seen := map[event]bool{}
			for _, e := range slices.Concat(a.seen(), b.seen()) {
				seen[e] = true
			}
			if len(seen) != 4*len(keys) {
				t.Errorf("%d of %d events", len(seen), 4*len(keys))
			}
		})
	})
}

// TestLeaderKeepsWhatIsFree: what a leader has not assigned is not taken while there is
// one, however long it is free or expired, and is at once when the leader stops for good.
func TestLeaderKeepsWhatIsFree(t *testing.T) {
	eachHome(t, func(t *testing.T, h sideHome) {
		lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
			h.prepare(t, cfg, "CLIENT_VERSION_3X_WITH_ROLLBACK")
			java := runJava(t, cfg, h, "j1")
			java.setAssign(false)
			time.Sleep(time.Second)
			w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
			time.Sleep(10 * time.Minute)
			if c := holders(t, cfg); c[""] != 2 {
				t.Fatalf("holders %v", c)
			}
			java.stop(t)
			until(t, "go has all", 10*time.Second, func() bool { return holders(t, cfg)["go"] == 2 })
			// Another leads, and a worker that has all is left alone until it assigns.
			second := runJava(t, cfg, h, "j2")
			within(t, "both have one", 2*time.Minute, func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j2"] == 1 })
			time.Sleep(time.Minute)
			second.stop(t)
			stopped := time.Now()
			until(t, "go has all again", time.Minute, func() bool { return holders(t, cfg)["go"] == 2 })
			if d := time.Since(stopped); d > 10*time.Second {
				t.Errorf("what was free was taken after %v", d)
			}
			w.stop()
			w.quiet()
		})
	})
}

// TestTellsTheLeader looks at the metrics row.
func TestTellsTheLeader(t *testing.T) {
	eachHome(t, func(t *testing.T, h sideHome) {
		lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
			h.prepare(t, cfg, "CLIENT_VERSION_3X")
			counted, wire := tap(cfg)
			w := runWorker(t, counted, nil, &kinesis.ConsumerOptions{WorkerID: "go", FailoverTime: 10 * time.Minute}) // it renews every 200 s
			until(t, "the row", 5*time.Second, func() bool { return h.told(t, cfg, "go") != nil })
			before := wire.count("UpdateItem")
			for range 20 {
				time.Sleep(31 * time.Second)
				m := h.told(t, cfg, "go")
				lut, err := strconv.ParseInt(text(m["lut"]), 10, 64)
				if age := time.Now().Unix() - lut; err != nil || age > 45 || text(m["slu"]) != text(m["lut"]) || text(m["sup"]) != "1" ||
					text(m["entityType"]) != "WORKER_METRIC_STATS" || m["sts"] == nil || m["opr"] == nil || len(m) != 7 {
					t.Fatalf("%d s old: %v", age, m)
				}
			}
			if n := wire.count("UpdateItem") - before; n > 20+4 {
				t.Errorf("%d writes in ten minutes", n)
			}
			w.stop()
			if m := h.told(t, cfg, "go"); m != nil {
				t.Errorf("left behind: %v", m)
			}
			w.quiet()
		})
	})
}

// TestRestartUnderALeader: what names the worker when it starts is taken at once, as it is
// by a Java worker.
func TestRestartUnderALeader(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runJava(t, cfg, home351, "j1")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "both have one", 2*time.Minute, func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j1"] == 1 })
		w.stop()
		java.setAssign(false)
		for shard, l := range leases(t, cfg) {
			if l["checkpoint"] != nil && l["leaseOwner"] == nil {
				edit(t, cfg, shard, row{"leaseOwner": s("go")})
			}
		}
		began := time.Now()
		counter := func() string {
			for _, l := range leases(t, cfg) {
				if text(l["leaseOwner"]) == "go" {
					return text(l["leaseCounter"])
				}
			}
			return ""
		}
		was := counter()
		w2 := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		until(t, "it is renewed", 10*time.Second, func() bool { return counter() != was })
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("taken after %v", d)
		}
		w2.stop()
		w2.quiet()
	})
}

// TestHoldsWhatMayNotBeReadYet: a leader assigns the lease of a merged shard one of whose
// parents is still read.
func TestHoldsWhatMayNotBeReadYet(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runJava(t, cfg, home351, "j1")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "both have one", 2*time.Minute, func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j1"] == 1 })
		java.setAssign(false)
		keys := someKeys(20)
		putEvents(t, cfg, keys, 0, 1)
		merge(t, client, shardID(0), shardID(1))
		putEvents(t, cfg, keys, 1, 1)
		until(t, "the child's lease", time.Minute, func() bool { return leases(t, cfg)[shardID(2)] != nil })
		child := leases(t, cfg)[shardID(2)]
		if text(child["entityType"]) != "LEASE" {
			t.Errorf("a lease in a table of 3.5: %v", child)
		}
		edit(t, cfg, shardID(2), row{"leaseOwner": s("go")})
		time.Sleep(time.Minute)
		held := leases(t, cfg)[shardID(2)]
		if text(held["leaseCounter"]) <= text(child["leaseCounter"]) || text(held["checkpoint"]) != "TRIM_HORIZON" {
			t.Errorf("it is not held: %v", held)
		}
		for _, e := range w.seen() {
			if e.N != 0 {
				t.Fatal("a record of the child is delivered before those of its parent")
			}
		}
		// The other parent is done: it is the Java worker's, so its records are not seen here.
		for shard, l := range leases(t, cfg) {
			if text(l["leaseOwner"]) == "j1" {
				edit(t, cfg, shard, row{"checkpoint": s("SHARD_END")})
			}
		}
		until(t, "the child is read", 30*time.Second, func() bool {
			return slices.ContainsFunc(w.seen(), func(e event) bool { return e.N == 1 })
		})
		w.stop()
		w.quiet()
	})
}

// TestLoadIsWritten: a leader weighs leases by what their owners write at renewals.
func TestLoadIsWritten(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_UPGRADE_FROM_2X")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		for i := range 60 {
			putEvents(t, cfg, someKeys(50), i, 1)
			time.Sleep(time.Second)
		}
		kbps, err := strconv.ParseFloat(text(leases(t, cfg)[shardID(0)]["throughputKBps"]), 64)
		if err != nil || kbps < 0.7 || kbps > 1.4 { // 50 records of 22 bytes in a little more than a second
			t.Errorf("%v KiB/s, %v", kbps, err)
		}
		time.Sleep(10 * time.Minute)
		if got := text(leases(t, cfg)[shardID(0)]["throughputKBps"]); got != "0" {
			t.Errorf("%s KiB/s when nothing comes", got)
		}
		w.stop()
		w.quiet()
		for shard, l := range leases(t, cfg) {
			if strings.HasPrefix(shard, "shardId") && text(l["entityType"]) != "LEASE" {
				t.Errorf("%s: %v", shard, l)
			}
		}
	})
}

// deny refuses an operation on one table, as IAM does.
func deny(w *wire, op, table string) {
	w.on(op, -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(body, []byte(`"TableName":"`+table+`"`)) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			return do()
		}
		return answer(http.StatusBadRequest, map[string]string{"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not authorized to perform dynamodb:" + op}), nil
	})
}

// TestSideTablesThatMayNotBeRead are reported once; the worker goes on by itself.
func TestSideTablesThatMayNotBeRead(t *testing.T) {
	for _, c := range []struct{ op, table, want string }{
		{"Scan", "app-CoordinatorState", `read the table "app-CoordinatorState", in which`},
		{"UpdateItem", "app-WorkerMetricStats", `in the table "app-WorkerMetricStats": `},
	} {
		t.Run(c.op, func(t *testing.T) {
			lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
				home303.prepare(t, cfg, "CLIENT_VERSION_3X")
				java := runJava(t, cfg, home303, "j1")
				java.setAssign(false)
				time.Sleep(3 * time.Second)
				denied, wire := tap(cfg)
				deny(wire, c.op, c.table)
				w := runWorker(t, denied, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
				until(t, "go takes what is free", 10*time.Second, func() bool { return holders(t, cfg)["go"] == 2 })
				time.Sleep(10 * time.Minute)
				w.stop()
				errs := w.errors()
				if len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) || !strings.Contains(errs[0].Error(), "(allow dynamodb:"+c.op) {
					t.Errorf("OnError: %v", errs)
				}
			})
		})
	}
}

// TestNoSideTables: an application that has never seen 3.x is asked for nothing but its
// lease table, and says nothing.
func TestNoSideTables(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		tapped, wire := tap(cfg)
		others := 0
		for _, op := range []string{"Scan", "GetItem", "UpdateItem", "DescribeTable", "DeleteItem"} {
			wire.on(op, -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				if !bytes.Contains(body, []byte(`"TableName":"app"`)) {
					others++
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				return do()
			})
		}
		w := runWorker(t, tapped, nil, nil)
		putEvents(t, cfg, someKeys(5), 0, 1)
		time.Sleep(20 * time.Minute)
		w.stop()
		w.quiet()
		if others > 0 {
			t.Errorf("%d calls for other tables", others)
		}
		if n := wire.count("DescribeTable"); n > 25 {
			t.Errorf("the lease table was described %d times in 20 minutes", n)
		}
		if l := leases(t, cfg)[shardID(0)]; l["throughputKBps"] != nil || l["entityType"] != nil {
			t.Errorf("a lease of 2.x: %v", l)
		}
	})
}

// TestSideTablesFail: a worker that cannot know whom to obey takes nothing, and one that
// knows goes on with that.
func TestSideTablesFail(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home303.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runJava(t, cfg, home303, "j1")
		java.setAssign(false)
		time.Sleep(3 * time.Second)
		failing, wire := tap(cfg)
		var down atomic.Bool
		down.Store(true)
		wire.on("Scan", -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if down.Load() && bytes.Contains(body, []byte("app-CoordinatorState")) {
				return answer(http.StatusBadRequest, map[string]string{"__type": "ThrottlingException", "message": "slow down"}), nil
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			return do()
		})
		w := runWorker(t, failing, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		time.Sleep(time.Minute)
		if c := holders(t, cfg); c["go"] != 0 {
			t.Errorf("without knowing whom to obey it took %v", c)
		}
		down.Store(false)
		java.setAssign(true)
		even := func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j1"] == 1 }
		within(t, "both have one", 2*time.Minute, even)
		down.Store(true)
		time.Sleep(80 * time.Second)
		if !even() {
			t.Errorf("holders %v", holders(t, cfg))
		}
		w.stop()
		for _, err := range w.errors() {
			if !strings.Contains(err.Error(), `read the table "app-CoordinatorState"`) {
				t.Errorf("OnError: %v", err)
			}
		}
	})
}

// TestGivesBackUnderALeader is told in the middle of a batch.
func TestGivesBackUnderALeader(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runJava(t, cfg, home351, "j1")
		java.setAssign(false)
		time.Sleep(3 * time.Second)
		started := make(chan struct{}, 10)
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			started <- struct{}{}
			time.Sleep(8 * time.Second)
			return ctx.Err()
		}, &kinesis.ConsumerOptions{WorkerID: "go"})
		time.Sleep(3 * time.Second)
		for i := range 2 {
			edit(t, cfg, shardID(i), row{"leaseOwner": s("go")})
		}
		putEvents(t, cfg, someKeys(1), 0, 3)
		<-started
		var busy string
		for i := range 2 {
			edit(t, cfg, shardID(i), row{"leaseOwner": s("j1"), "checkpointOwner": s("go")})
		}
		until(t, "the lease is handed over", 20*time.Second, func() bool { return holders(t, cfg)["j1"] == 2 })
		for i := range 2 {
			if len(checkpoint(t, cfg, shardID(i))) > 50 {
				busy = shardID(i)
			}
		}
		if busy == "" {
			t.Error("what the handler has done is not checkpointed")
		}
		w.stop()
		w.quiet()
	})
}

// TestNothingIsStolenBetweenLeaders: the lock is free for a moment.
func TestNothingIsStolenBetweenLeaders(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "go has all", time.Minute, func() bool { return holders(t, cfg)["go"] == 4 })
		java := runJava(t, cfg, home351, "j1")
		java.setAssign(false)
		time.Sleep(10 * time.Second)
		for i := range 4 {
			edit(t, cfg, shardID(i), row{"leaseOwner": s("j1"), "checkpointOwner": s("go")})
		}
		until(t, "j1 has all", 20*time.Second, func() bool { return holders(t, cfg)["j1"] == 4 })
		for end := time.Now().Add(45 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
			_, err := dynamodb.NewFromConfig(cfg).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("app"), Key: row{"leaseKey": s("Leader")}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if c, lost := holders(t, cfg), java.robbed(); c["j1"] != 4 || len(lost) > 0 {
			t.Errorf("holders %v, j1 lost %v", c, lost)
		}
		w.stop()
		w.quiet()
	})
}

// TestJavaWorkersCome to an application of Go workers, and bring tables of their own: the
// mark that they leave on a lease is seen at once, the index within a minute.
func TestJavaWorkersCome(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "go has all", time.Minute, func() bool { return holders(t, cfg)["go"] == 2 })
		time.Sleep(10 * time.Second) // not when it looks anyway
		createTable(t, cfg, home303.coordinator, home303.coordinatorKey)
		createTable(t, cfg, home303.metrics, home303.metricsKey)
		home303.setVersion(t, cfg, "CLIENT_VERSION_3X")
		runJava(t, cfg, home303, "j1")
		edit(t, cfg, shardID(0), row{"throughputKBps": n("0.5")})
		until(t, "it tells of itself", 6*time.Second, func() bool { return home303.told(t, cfg, "go") != nil })
		within(t, "both have one", 2*time.Minute, func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j1"] == 1 })
		w.stop()
		w.quiet()
	})
}

// TestTellsWhateverElseFails: while the shards cannot be listed for a lease that is gone, the
// leader hears of the worker.
func TestTellsWhateverElseFails(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		failing, wire := tap(cfg)
		w := runWorker(t, failing, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "go has all", time.Minute, func() bool { return holders(t, cfg)["go"] == 2 })
		wire.on("ListShards", -1, refuse("LimitExceededException", "slow down"))
		_, err := dynamodb.NewFromConfig(cfg).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("app"), Key: row{"leaseKey": s(shardID(1))}})
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			time.Sleep(30 * time.Second)
			lut, err := strconv.ParseInt(text(home351.told(t, cfg, "go")["lut"]), 10, 64)
			if age := time.Now().Unix() - lut; err != nil || age > 30 {
				t.Fatalf("told %d s ago", age)
			}
		}
		w.stop()
	})
}

// TestWorkerIDThatIsTaken by a row of another kind.
func TestWorkerIDThatIsTaken(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "Migration3.0"})
		time.Sleep(20 * time.Second)
		w.stop()
		if m := leases(t, cfg)["Migration3.0"]; len(m) != 5 || text(m["cv"]) != "CLIENT_VERSION_3X" {
			t.Errorf("the row has become %v", m)
		}
		errs := w.errors()
		if len(errs) == 0 || len(errs) > 3 || !strings.Contains(errs[0].Error(), `the WorkerID "Migration3.0" is the key of another row there: choose another`) {
			t.Errorf("OnError: %v", errs)
		}
	})
}
