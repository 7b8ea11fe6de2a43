package kcl_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// sender is the KPL in a process of its own, with its daemon.
type sender struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	log    lockedBuffer
	exited chan struct{}

	mu   sync.Mutex
	puts []put // what it calls delivered; without the place in an aggregate, which it does not tell
	err  error
}

// startSender starts a KPL that puts to a stream behind an address of ListenTLS.
func startSender(t *testing.T, url, stream string) *sender {
	t.Helper()
	jars := peer.Jars(t, "kpl-1.1.1", "internal/interop/kcl/fetch.sh")
	classPath := peer.Compile(t, "Sender.java", jars)
	s := &sender{exited: make(chan struct{})}
	s.cmd = exec.Command(peer.Java(t), "-Xmx256m", "-XX:+UseSerialGC", "-cp", classPath, "Sender", url[strings.LastIndexByte(url, ':')+1:], stream, t.TempDir())
	s.cmd.Stderr = &s.log
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.exited)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			f := strings.SplitN(lines.Text(), " ", 3)
			s.mu.Lock()
			if len(f) == 3 {
				s.puts = append(s.puts, put{f[0], place{f[1], 0}, key(f[2]), digest([]byte(f[2]))})
			} else {
				s.err = fmt.Errorf("it said %q", lines.Text())
			}
			s.mu.Unlock()
		}
		if err := s.cmd.Wait(); err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.exited
		if t.Failed() {
			t.Logf("the KPL logged:\n%s", s.log.String())
		}
	})
	return s
}

// run puts a number of records at about the rate a second.
func (s *sender) run(ctx context.Context, from, n, rate int) {
	const tick = 10 * time.Millisecond
	w := bufio.NewWriter(s.stdin)
	for i := range n {
		fmt.Fprintf(w, "k%d:%d\n", (from+i)%997, from+i)
		if i%max(1, rate/int(time.Second/tick)) == 0 {
			_ = w.Flush() // when the process has gone it says so itself
			select {
			case <-ctx.Done():
			case <-time.After(tick):
			}
		}
	}
	_ = w.Flush()
}

func (s *sender) delivered(t *testing.T) []put {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		t.Fatalf("the KPL: %v\n%s", s.err, s.log.String())
	}
	return s.puts[:len(s.puts):len(s.puts)]
}

func (s *sender) until(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(s.delivered(t)) < n; {
		if time.Now().After(end) {
			t.Fatalf("%d of %d records delivered; %s", len(s.delivered(t)), n, s.log.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// consume runs a Consumer of ours until the test ends, in the journal.
func consume(t *testing.T, cfg aws.Config, j *journal, id, stream, app string) {
	t.Helper()
	c, err := kinesis.NewConsumer(cfg, stream, app, handler(j, id), &kinesis.ConsumerOptions{WorkerID: id, PollInterval: 200 * time.Millisecond, FailoverTime: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// handler writes what it is given to the journal.
func handler(j *journal, id string) stream.Handler {
	return func(_ context.Context, b *stream.Batch) error {
		for _, r := range b.Records {
			j.add(event{at: time.Now().UnixMicro(), worker: id, kind: "record", shard: b.Shard, place: place{r.Pos.Seq, r.Pos.Sub}, key: r.Key, digest: digest(r.Data)})
		}
		return nil
	}
}

// TestKPL lets the KPL put over TLS. Our consumer and the KCL must see the same in its
// aggregates; and through a split ours must lose nothing that the KPL calls delivered.
func TestKPL(t *testing.T) {
	t.Parallel()
	lake := peer.Lake(t, nil)
	cfg := lake.Config()
	client := awskinesis.NewFromConfig(cfg)
	createStream(t, client, "s", 2)
	url, _ := listenTLS(t, lake)
	kpl := startSender(t, url, "s")
	ours, theirs := &journal{}, &journal{}
	consume(t, cfg, ours, "go", "s", "ours")
	w := compile(t, "2.7.2").start(t, theirs, "java", task{endpoint: listen(t, lake), stream: "s", app: "theirs", how: "polling", from: "TRIM_HORIZON"})

	// What is put right after its start goes unaggregated.
	kpl.run(t.Context(), 0, 2000, 2000)
	kpl.until(t, 2000)
	kpl.run(t.Context(), 2000, 8000, 2000)
	kpl.until(t, 10000)
	puts := kpl.delivered(t)
	warm := map[shardPlace]bool{}
	for _, p := range puts[2000:] {
		warm[shardPlace{p.shard, p.place}] = true
	}
	if len(warm) > 4000 {
		t.Errorf("8,000 user records in %d Kinesis records: the KPL does not aggregate", len(warm))
	}
	ours.until(t, "ours", 30*time.Second, func(es []event) bool { return len(es) >= len(puts) })
	theirs.until(t, "the KCL's", 90*time.Second, func(es []event) bool { return len(deliveries(es)) >= len(puts) })
	a, b := deliveries(ours.all()), deliveries(theirs.all())
	if len(a) != len(puts) || len(b) != len(puts) {
		t.Errorf("%d records put, ours are %d, the KCL's %d", len(puts), len(a), len(b))
	}
	for at, e := range b {
		if o := a[at]; o.key != e.key || o.digest != e.digest {
			t.Errorf("the KCL has %v, we have %v", e, o)
			break
		}
	}
	aggregates(t, puts, a)
	w.kill()

	// Through a split: what the KPL predicted wrong it takes for delivered in part.
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		kpl.run(t.Context(), 10000, 8000, 4000)
	}()
	for _, s := range []struct{ shard, at string }{{s0, "85070591730234615865843651857942052864"}, {s1, "255211775190703847597530955573826158592"}} {
		time.Sleep(600 * time.Millisecond)
		splitShard(t, client, "s", s.shard, s.at)
	}
	<-fed
	_ = kpl.stdin.Close()
	<-kpl.exited
	puts = kpl.delivered(t)
	if len(puts) != 18000 {
		t.Fatalf("%d records delivered, want 18000", len(puts))
	}
	ours.until(t, "ours after the split", 30*time.Second, func(es []event) bool {
		got := map[string]bool{}
		for _, e := range es {
			got[e.key+e.digest] = true
		}
		return len(got) == len(puts)
	})
	aggregates(t, puts, deliveries(ours.all()))
	t.Logf("%d records, %d of them in %d Kinesis records after the warm-up; %d aggregates came to a shard that does not own all of them", len(puts), 8000, len(warm), torn(deliveries(ours.all())))
}

func deliveries(es []event) map[shardPlace]event {
	out := map[shardPlace]event{}
	for _, e := range es {
		if e.kind == "record" {
			out[shardPlace{e.shard, e.place}] = e
		}
	}
	return out
}

// torn counts the aggregates of which records are left out.
func torn(got map[shardPlace]event) (n int) {
	type aggregate struct{ shard, seq string }
	count, last := map[aggregate]uint64{}, map[aggregate]uint64{}
	for at := range got {
		a := aggregate{at.shard, at.place.seq}
		count[a]++
		last[a] = max(last[a], at.place.sub)
	}
	for a, c := range count {
		if last[a] != c-1 {
			n++
		}
	}
	return n
}

// aggregates checks that each record is in the Kinesis record that the KPL names.
func aggregates(t *testing.T, puts []put, got map[shardPlace]event) {
	t.Helper()
	type content struct{ shard, seq, key, digest string }
	seen := map[content]bool{}
	for at, e := range got {
		seen[content{at.shard, at.place.seq, e.key, e.digest}] = true
	}
	lost := 0
	for _, p := range puts {
		if !seen[content{p.shard, p.place.seq, p.key, p.digest}] {
			if lost++; lost <= 5 {
				t.Errorf("not there: %+v", p)
			}
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d records are not where the KPL says", lost, len(puts))
	}
}
