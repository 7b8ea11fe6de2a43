package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/schollz/progressbar/v3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// pipeline produces the events and lands them, both at once, until each event is in a file.
func pipeline(ctx context.Context, cfg aws.Config, table *catalog.Table, s *settings, r *report) error {
	began := time.Now()
	delivery, err := firehose.New(cfg, table, &firehose.Options{
		Interval: time.Minute,
		OnError:  func(err error) { fmt.Fprintln(os.Stderr, "delivery:", err) },
	})
	if err != nil {
		return err
	}
	defer delivery.Close(ctx) // for the way out after an error: closing twice is fine

	poll := 100 * time.Millisecond
	if s.onAWS {
		poll = 0 // the default: a shard's reads are limited there, and shared
	}
	var shards sync.Map // shard -> *atomic.Int64
	consumer, err := kinesis.NewConsumer(cfg, streamName, appName, func(ctx context.Context, b *stream.Batch) error {
		if err := delivery.Handle(ctx, b); err != nil {
			return err
		}
		n, _ := shards.LoadOrStore(b.Shard, new(atomic.Int64))
		n.(*atomic.Int64).Add(int64(len(b.Records)))
		return nil
	}, &kinesis.ConsumerOptions{StartAt: delivery.StartAt, Drain: delivery.Drain, PollInterval: poll})
	if err != nil {
		return err
	}
	consuming, hand := context.WithCancel(ctx)
	defer hand()
	consumed := make(chan error, 1)
	go func() { consumed <- consumer.Run(consuming) }()

	var produced atomic.Int64
	producing := make(chan error, 1)
	go func() { producing <- produce(ctx, cfg, s, &produced) }()

	if err := watch(ctx, delivery, s.events, &produced, producing, consumed, r); err != nil {
		return err
	}
	hand() // the consumer drains the delivery, checkpoints and hands its leases over
	if err := <-consumed; err != nil {
		return err
	}
	if err := delivery.Close(ctx); err != nil {
		return err
	}
	stats := delivery.Stats()
	r.Landed, r.Rejected, r.Took = stats.Rows, stats.Rejected, time.Since(began)
	shards.Range(func(shard, n any) bool {
		r.Shards[shard.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	fmt.Printf("%d events in %.1f s: %d rows and %d error records\n", s.events, r.Took.Seconds(), r.Landed, r.Rejected)
	return nil
}

// produce puts all events into the stream.
func produce(ctx context.Context, cfg aws.Config, s *settings, produced *atomic.Int64) error {
	producer, err := kinesis.NewProducer(cfg, streamName, func(c Click) string { return c.UserID }, &kinesis.ProducerOptions[Click]{
		Encode: encode,
		// A few users click so much that keeping each user's clicks in order would set the
		// pace. Nobody asks about their order here.
		Unordered: true,
	})
	if err != nil {
		return err
	}
	clicks := newClickSource(s.seed, s.events)
	for range s.events {
		if _, err := producer.Put(ctx, clicks.next()); err != nil {
			return errors.Join(err, producer.Close(ctx))
		}
		produced.Add(1)
	}
	return producer.Close(ctx) // an error says how many were not put
}

// watch shows the progress until each event has gone through the delivery, and samples it for the report.
func watch(ctx context.Context, d *firehose.Delivery, events int, produced *atomic.Int64, producing, consumed <-chan error, r *report) error {
	bar := progressbar.NewOptions(events,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("landing"), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("events"), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionSetPredictTime(true), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
	began := time.Now()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-producing:
			if err != nil {
				return err
			}
			producing = nil
		case err := <-consumed:
			return errors.Join(errors.New("the consumer ended early"), err)
		case <-tick.C:
		}
		landed := d.Stats().Records
		r.Rate = append(r.Rate, rateSample{time.Since(began), produced.Load(), landed})
		if err := bar.Set(int(min(landed, int64(events)))); err != nil {
			return err
		}
		if landed >= int64(events) && producing == nil {
			return bar.Finish()
		}
	}
}

// measureFiles lists what landed.
func measureFiles(ctx context.Context, cfg aws.Config, bucket string, r *report) error {
	const prefix = "raw/clicks/"
	sizes := map[string]*partitionSize{}
	pages := awss3.NewListObjectsV2Paginator(awss3.NewFromConfig(cfg), &awss3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			name := path.Dir(strings.TrimPrefix(aws.ToString(o.Key), prefix))
			p := sizes[name]
			if p == nil {
				p = &partitionSize{Name: name}
				sizes[name] = p
			}
			p.Files++
			p.Bytes += aws.ToInt64(o.Size)
			r.Files++
			r.Bytes += aws.ToInt64(o.Size)
		}
	}
	for _, name := range sortedKeys(sizes) {
		r.Partitions = append(r.Partitions, *sizes[name])
	}
	fmt.Printf("%d files in %d partitions, %.1f MB of Parquet\n", r.Files, len(r.Partitions), float64(r.Bytes)/1e6)
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
