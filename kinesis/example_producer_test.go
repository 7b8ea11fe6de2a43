package kinesis_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// A producer that packs records into aggregates, routes control records to the first shard
// whatever their key, and gives up what is no longer worth sending.
func ExampleProducerOptions() {
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
	p, err := kinesis.NewProducer(cfg, "clicks", func(c Click) string { return c.UserID }, &kinesis.ProducerOptions[Click]{
		Aggregate: true,
		MaxAge:    5 * time.Minute,
		ExplicitHashKey: func(c Click) string {
			if c.URL == "control:end-of-day" {
				return "0"
			}
			return "" // by the partition key
		},
		OnError: func(_ context.Context, f kinesis.Failed) {
			log.Printf("not put: key %s: %v", f.Key, f.Err)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range []Click{{UserID: "user-1", URL: "/"}, {UserID: "user-1", URL: "/cart"}, {UserID: "user-1", URL: "control:end-of-day"}} {
		ack, err := p.Put(ctx, c)
		if err != nil {
			log.Fatal(err)
		}
		defer func() { // Acks may be dropped; these are kept to show where the records are
			at, err := ack.Wait(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(c.URL, "in", at.Shard, "as number", at.Sub, "of its aggregate")
		}()
	}
	if err := p.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// control:end-of-day in shardId-000000000000 as number 0 of its aggregate
	// /cart in shardId-000000000001 as number 1 of its aggregate
	// / in shardId-000000000001 as number 0 of its aggregate
}
