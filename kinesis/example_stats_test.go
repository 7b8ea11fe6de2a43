package kinesis_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// A producer's numbers on /debug/vars, where expvar serves them as JSON.
func ExampleProducer_Stats() {
	ctx := context.Background()
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	_, err = awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{
		StreamName: aws.String("clicks"), ShardCount: aws.Int32(1),
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := kinesis.NewProducer(cfg, "clicks", func(c Click) string { return c.UserID }, &kinesis.ProducerOptions[Click]{Aggregate: true})
	if err != nil {
		log.Fatal(err)
	}
	expvar.Publish("clicks", expvar.Func(func() any { return p.Stats() }))

	for _, url := range []string{"/", "/shoes", "/cart"} {
		if _, err := p.Put(ctx, Click{UserID: "u-1", URL: url}); err != nil {
			log.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		log.Fatal(err)
	}
	var served kinesis.ProducerStats // as a collector would read it
	if err := json.Unmarshal([]byte(expvar.Get("clicks").String()), &served); err != nil {
		log.Fatal(err)
	}
	fmt.Println(served.Put, "put,", served.Acked, "in the stream as", served.Records, "Kinesis record,", served.Buffered, "on their way")
	// Output:
	// 3 put, 3 in the stream as 1 Kinesis record, 0 on their way
}
