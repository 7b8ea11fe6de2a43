package check_test

import (
	"context"
	"testing"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

// A test of a pipeline of one's own: how records are put, and what a worker does.
func Example() {
	var t *testing.T // that of func TestPipeline(t *testing.T)

	check.Run(t, &check.Options{Seeds: 300}, func(p *check.Pipeline) {
		p.Produce(func(ctx context.Context, s *check.Source) error {
			key := func(r check.Record) string { return r.Key }
			producer, err := kinesis.NewProducer(s.Config(), p.Stream, key, &kinesis.ProducerOptions[check.Record]{
				Encode: func(r check.Record) ([]byte, error) { return r.Data, nil },
			})
			if err != nil {
				return err
			}
			for r := range s.Records(ctx) {
				if _, err := producer.Put(ctx, r); err != nil {
					return err
				}
			}
			return producer.Close(ctx) // nil: all of them are in the stream
		})
		p.Consume(func(ctx context.Context, w *check.Worker) error {
			handle := func(ctx context.Context, b *stream.Batch) error {
				for _, r := range b.Records {
					if err := w.Deliver(ctx, r.Pos, r.Data); err != nil {
						return err // it comes again
					}
				}
				return nil
			}
			consumer, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, handle, &kinesis.ConsumerOptions{
				WorkerID: w.ID(),
				OnError:  func(context.Context, error) {}, // what comes of it shows in the report
			})
			if err != nil {
				return err
			}
			return consumer.Run(ctx)
		})
	})
}
