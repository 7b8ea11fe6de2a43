package firehose_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

type Click struct {
	UserID  string    `json:"user_id"`
	URL     string    `json:"url"`
	EventTS time.Time `json:"event_ts"`
}

// A program that puts clicks into a stream and lands them as partitioned Parquet. On AWS it
// is the same with config.LoadDefaultConfig in place of the lake's configuration, and with a
// stream, a bucket and an interval of minutes.
func Example() {
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	ctx, stop := context.WithCancel(context.Background())
	if _, err := awss3.NewFromConfig(cfg).CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		log.Fatal(err)
	}
	if _, err := awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clickstream"), ShardCount: aws.Int32(2)}); err != nil {
		log.Fatal(err)
	}

	clicks := catalog.MustDefine[Click]("web.clicks_raw", &catalog.TableOptions{
		Location:     catalog.Lake("lake").Raw("clicks"),
		PartitionBy:  catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
		ProjectSince: catalog.NewDate(2026, 1, 1),
	})
	landed := make(chan firehose.Object, 10)
	d, err := firehose.New(cfg, clicks, &firehose.Options{
		Interval:    200 * time.Millisecond,
		OnDelivered: func(o firehose.Object) { landed <- o },
	})
	if err != nil {
		log.Fatal(err)
	}
	c, err := kinesis.NewConsumer(cfg, "clickstream", "to-s3-clicks", d.Handle, &kinesis.ConsumerOptions{
		StartAt: d.StartAt, Drain: d.Drain, PollInterval: 100 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	consumed := make(chan error, 1)
	go func() { consumed <- c.Run(ctx) }()

	p, err := kinesis.NewProducer(cfg, "clickstream", func(c Click) string { return c.UserID }, nil)
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 5, 24, 9, 30, 0, 0, time.UTC)
	for i := range 100 {
		if _, err := p.Put(ctx, Click{UserID: "u-1", URL: fmt.Sprint("/", i), EventTS: at}); err != nil {
			log.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		log.Fatal(err)
	}

	rows, folder := int64(0), ""
	for rows < 100 {
		o := <-landed
		rows += o.Rows
		folder = o.Location[:strings.LastIndexByte(o.Location, '/')+1]
	}
	fmt.Println(rows, "rows in", folder)

	stop()
	if err := <-consumed; err != nil {
		log.Fatal(err)
	}
	if err := d.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Stats().Rejected, "rejected")
	// Output:
	// 100 rows in s3://lake/raw/clicks/dt=2026-05-24/hr=09/
	// 0 rejected
}
