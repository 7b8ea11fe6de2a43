package firehose_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// TestBufferOf900Seconds waits, with a producer and a consumer, for the one file that a
// buffer of 900 seconds makes. The log says how long that took by the clock on the wall.
func TestBufferOf900Seconds(t *testing.T) {
	began := time.Now()
	local.Test(t, time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC), nil, func(t *testing.T, lake *local.Lake) {
		cfg, ctx := lake.Config(), t.Context()
		if _, err := awss3.NewFromConfig(cfg).CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		if _, err := awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clickstream"), ShardCount: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // until it is active
		table := catalog.MustDefine[Click]("web.clicks_raw", &catalog.TableOptions{
			Location: catalog.Lake("lake").Raw("clicks"), PartitionBy: catalog.By(catalog.Day("event_ts").As("dt")), ProjectSince: catalog.NewDate(2026, 1, 1),
		})
		files := make(chan firehose.Object, 8)
		d, err := firehose.New(cfg, table, &firehose.Options{Interval: 900 * time.Second, OnDelivered: func(o firehose.Object) { files <- o }})
		if err != nil {
			t.Fatal(err)
		}
		c, err := kinesis.NewConsumer(cfg, "clickstream", "to-s3", d.Handle, &kinesis.ConsumerOptions{StartAt: d.StartAt, Drain: d.Drain})
		if err != nil {
			t.Fatal(err)
		}
		run, stop := context.WithCancel(ctx)
		consumed := make(chan error, 1)
		go func() { consumed <- c.Run(run) }()
		p, err := kinesis.NewProducer(cfg, "clickstream", func(c Click) string { return c.UserID }, nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 100 {
			if _, err := p.Put(ctx, Click{UserID: fmt.Sprint("u-", i), URL: "/", EventTS: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if o := <-files; o.Rows != 100 {
			t.Errorf("the file has %d rows, want 100", o.Rows)
		}
		if waited := time.Since(start); waited < 900*time.Second || waited > 920*time.Second {
			t.Errorf("the file came after %s, want 900 s and a few", waited)
		}
		stop()
		if err := <-consumed; err != nil {
			t.Error(err)
		}
		if err := d.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Logf("took %s", time.Since(began))
}
