package kcl_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/kinesis"
)

// put is a record that the stream took.
type put struct {
	shard       string
	place       place
	key, digest string
}

// feed puts records, half of them in aggregates, and remembers where they went.
type feed struct {
	plain, packed *kinesis.Producer[string]
	wait          sync.WaitGroup

	mu   sync.Mutex
	n    int
	puts []put
	errs []error
}

func key(v string) string { k, _, _ := strings.Cut(v, ":"); return k }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

func newFeed(t *testing.T, cfg aws.Config, stream string) *feed {
	t.Helper()
	f := &feed{}
	encode := func(v string) ([]byte, error) { return []byte(v), nil }
	var err error
	if f.plain, err = kinesis.NewProducer(cfg, stream, key, &kinesis.ProducerOptions[string]{Encode: encode}); err != nil {
		t.Fatal(err)
	}
	if f.packed, err = kinesis.NewProducer(cfg, stream, key, &kinesis.ProducerOptions[string]{Encode: encode, Aggregate: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range []*kinesis.Producer[string]{f.plain, f.packed} {
			if err := p.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return f
}

// put puts n records under keys of their own, half of them in aggregates.
func (f *feed) put(ctx context.Context, n int) {
	for i := range n {
		f.mu.Lock()
		f.n++
		v := fmt.Sprintf("k%d:%d", f.n%997, f.n)
		f.mu.Unlock()
		p := f.plain
		if i%2 == 1 {
			p = f.packed
		}
		ack, err := p.Put(ctx, v)
		if err != nil {
			f.fail(err)
			return
		}
		f.wait.Go(func() {
			pos, err := ack.Wait(context.Background())
			if err != nil {
				f.fail(err)
				return
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.puts = append(f.puts, put{pos.Shard, place{pos.Seq, pos.Sub}, key(v), digest([]byte(v))})
		})
	}
}

// run puts n records every interval until ctx ends.
func (f *feed) run(ctx context.Context, n int, interval time.Duration) {
	for {
		f.put(context.WithoutCancel(ctx), n)
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

// done waits for what was put and gives it.
func (f *feed) done(t *testing.T) []put {
	t.Helper()
	f.wait.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, err := range f.errs {
		t.Error(err)
	}
	return f.puts[:len(f.puts):len(f.puts)]
}
