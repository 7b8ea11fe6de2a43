package stream_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/lakekit/lakekit/stream"
)

// counter counts words and makes its counts durable now and then: until then it holds
// the batches that it has counted.
type counter struct {
	mu    sync.Mutex
	words map[string]int
	held  []func(error)
}

// Handle is the [stream.Handler] under test.
func (c *counter) Handle(_ context.Context, b *stream.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range b.Records {
		if len(r.Data) == 0 {
			return &stream.PoisonError{Pos: r.Pos, Err: fmt.Errorf("the record is empty")}
		}
		for _, w := range strings.Fields(string(r.Data)) {
			c.words[w]++
		}
	}
	c.held = append(c.held, b.Hold())
	return nil
}

// Flush would write the counts; then the batches in them are done.
func (c *counter) Flush(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, done := range c.held {
		done(err)
	}
	c.held = nil
}

// A handler needs no consumer to be tested: NewBatch makes what it is given, and its hold
// function shows when the handler calls a batch done.
func Example() {
	records := func(texts ...string) (rs []stream.Record) {
		for i, s := range texts {
			rs = append(rs, stream.Record{Data: []byte(s), Key: "k", Pos: stream.Position{Shard: "shardId-000000000000", Seq: fmt.Sprint(i + 1)}})
		}
		return rs
	}
	open := 0
	hold := func() func(error) {
		open++
		return func(err error) {
			open--
			fmt.Println("done:", err)
		}
	}
	c := &counter{words: map[string]int{}}
	ctx := context.Background()

	err := c.Handle(ctx, stream.NewBatch("shardId-000000000000", records("to be", "or not to be"), false, hold))
	fmt.Println(c.words["be"], err, "held:", open)

	c.Flush(nil)
	fmt.Println("held:", open)

	err = c.Handle(ctx, stream.NewBatch("shardId-000000000000", records("that is", ""), false, hold))
	fmt.Println(err)
	// Output:
	// 2 <nil> held: 1
	// done: <nil>
	// held: 0
	// stream: record shardId-000000000000/2.0 cannot be handled: the record is empty
}
