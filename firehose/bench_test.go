package firehose

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lakekit/lakekit/stream"
)

// BenchmarkHandle takes in a batch of 500 records over three partitions, without the uploads
// but for those that the buffer's size brings about.
func BenchmarkHandle(b *testing.B) {
	bk := newBucket()
	bk.latency = 0
	d, err := New(bk.config(), clicks(b, nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	var rs []stream.Record
	size := 0
	for i := range 500 {
		r := fmt.Sprintf(`{"id":"%08x-4778-45af-0157-bab6cc3f4c79","event_ts":"2026-05-24T%02d:59:59.%03dZ","price":%d.25,"tags":["a","b"]}`, i*2654435761, 9+i%3, i, i)
		rs = append(rs, stream.Record{Data: []byte(r), Arrived: time.Now()})
		size += len(r)
	}
	batch := stream.NewBatch("shard-0", rs, false, nil)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Handle(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := d.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// TestHandleAllocates holds Handle to a few allocations per batch, none per record.
func TestHandleAllocates(t *testing.T) {
	d, err := New(newBucket().config(), clicks(t, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	var rs []stream.Record
	for i := range 1000 {
		rs = append(rs, stream.Record{Data: []byte(at(fmt.Sprintf("%02d:%02d:00", 9+i%3, i%60)))})
	}
	batch := stream.NewBatch("shard-0", rs, false, nil)
	run := func() {
		if err := d.Handle(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > 60 {
		t.Errorf("%v allocations for a batch of 1000 records", n)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
