package kinesis_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// Click is what a page sends.
type Click struct {
	UserID  string    `json:"user_id"`
	URL     string    `json:"url"`
	EventTS time.Time `json:"event_ts"`
}

// The whole way of an event, in one process. On AWS, cfg comes from
// config.LoadDefaultConfig and the stream is there already; nothing else changes.
func Example() {
	ctx := context.Background()
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	_, err = awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{
		StreamName: aws.String("clicks"), ShardCount: aws.Int32(2),
	})
	if err != nil {
		log.Fatal(err)
	}

	p, err := kinesis.NewProducer(cfg, "clicks", func(c Click) string { return c.UserID }, nil)
	if err != nil {
		log.Fatal(err)
	}
	berlin := time.FixedZone("CEST", 2*60*60)
	for i, url := range []string{"/", "/shoes", "/shoes/42", "/cart", "/checkout"} {
		if _, err := p.Put(ctx, Click{"u-1", url, time.Date(2026, 5, 24, 9, i, 0, 0, berlin)}); err != nil {
			log.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil { // every click is in the stream now, or here is why not
		log.Fatal(err)
	}

	running, stop := context.WithCancel(ctx)
	c, err := kinesis.NewConsumer(cfg, "clicks", "sessions", kinesis.Typed(
		func(_ context.Context, c Click, _ stream.Position) error {
			fmt.Println(c.EventTS.Format(time.RFC3339), c.UserID, c.URL)
			if c.URL == "/checkout" {
				stop()
			}
			return nil
		}), nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(running); err != nil { // hands the leases over on the way out
		log.Fatal(err)
	}
	// Output:
	// 2026-05-24T07:00:00Z u-1 /
	// 2026-05-24T07:01:00Z u-1 /shoes
	// 2026-05-24T07:02:00Z u-1 /shoes/42
	// 2026-05-24T07:03:00Z u-1 /cart
	// 2026-05-24T07:04:00Z u-1 /checkout
}

// A handler that gathers records keeps the batches it has gathered open with Hold, and
// finishes them when the consumer asks it to let a shard go.
func ExampleConsumerOptions() {
	type batcher struct {
		sync.Mutex
		pending []string
		done    []func(error)
	}
	var b batcher
	flush := func(context.Context, string) error {
		b.Lock()
		defer b.Unlock()
		slices.Sort(b.pending)
		fmt.Println("written:", b.pending)
		for _, done := range b.done {
			done(nil) // from here on a checkpoint may pass
		}
		b.pending, b.done = nil, nil
		return nil
	}
	handle := func(_ context.Context, batch *stream.Batch) error {
		b.Lock()
		defer b.Unlock()
		for _, r := range batch.Records {
			b.pending = append(b.pending, string(r.Data))
		}
		b.done = append(b.done, batch.Hold())
		return nil
	}

	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	client := awskinesis.NewFromConfig(cfg)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(1)}); err != nil {
		log.Fatal(err)
	}
	for _, s := range []string{"a", "b", "c"} {
		if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), PartitionKey: &s, Data: []byte(s)}); err != nil {
			log.Fatal(err)
		}
	}
	c, err := kinesis.NewConsumer(cfg, "clicks", "letters", handle, &kinesis.ConsumerOptions{Drain: flush})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// written: [a b c]
}

// With enhanced fan-out the stream pushes records to the application. The consumer of that
// name is registered at the first Run, and stays until somebody deregisters it.
func ExampleConsumerOptions_fanOut() {
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	client := awskinesis.NewFromConfig(cfg)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if _, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(1)}); err != nil {
		log.Fatal(err)
	}
	c, err := kinesis.NewConsumer(cfg, "clicks", "letters", func(_ context.Context, b *stream.Batch) error {
		for _, r := range b.Records {
			fmt.Printf("%s\n", r.Data)
			if string(r.Data) == "c" {
				stop()
			}
		}
		return nil
	}, &kinesis.ConsumerOptions{FanOut: "letters"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range []string{"a", "b", "c"} {
		if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), PartitionKey: aws.String("k"), Data: []byte(s)}); err != nil {
			log.Fatal(err)
		}
	}
	if err := c.Run(ctx); err != nil {
		log.Fatal(err)
	}
	left, err := client.ListStreamConsumers(context.Background(), &awskinesis.ListStreamConsumersInput{
		StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/clicks"),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range left.Consumers {
		fmt.Println("registered:", *r.ConsumerName)
	}
	// Output:
	// a
	// b
	// c
	// registered: letters
}
