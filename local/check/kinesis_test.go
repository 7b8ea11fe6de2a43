package check_test

import (
	"context"
	"testing"
	"time"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

// produce puts the load with this module's producer.
func produce(p *check.Pipeline, opts kinesis.ProducerOptions[check.Record]) func(ctx context.Context, s *check.Source) error {
	return func(ctx context.Context, s *check.Source) error {
		opts := opts
		opts.Encode = func(r check.Record) ([]byte, error) { return r.Data, nil }
		producer, err := kinesis.NewProducer(s.Config(), p.Stream, func(r check.Record) string { return r.Key }, &opts)
		if err != nil {
			return err
		}
		for r := range s.Records(ctx) {
			if _, err := producer.Put(ctx, r); err != nil {
				return err
			}
		}
		return producer.Close(ctx)
	}
}

// consume reads with this module's consumer.
func consume(p *check.Pipeline, opts kinesis.ConsumerOptions) func(ctx context.Context, w *check.Worker) error {
	return func(ctx context.Context, w *check.Worker) error {
		opts := opts
		opts.WorkerID = w.ID()
		opts.OnError = func(context.Context, error) {} // the checker sees what comes of it
		c, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, func(ctx context.Context, b *stream.Batch) error {
			for _, r := range b.Records {
				if err := w.Deliver(ctx, r.Pos, r.Data); err != nil {
					return err
				}
			}
			return nil
		}, &opts)
		if err != nil {
			return err
		}
		return c.Run(ctx)
	}
}

var quick = kinesis.ConsumerOptions{FailoverTime: 5 * time.Second, PollInterval: 500 * time.Millisecond}

func TestPlain(t *testing.T) {
	t.Parallel()
	check.Run(t, nil, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{}))
		p.Consume(consume(p, quick))
	})
}

func TestAggregated(t *testing.T) {
	t.Parallel()
	check.Run(t, &check.Options{First: 100001}, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{Aggregate: true}))
		p.Consume(consume(p, quick))
	})
}
