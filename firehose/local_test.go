package firehose_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// TestStreamToBucket runs a producer, a consumer and a delivery with a buffer of 900 seconds
// against the local lake, with the SDK as it is: an outage of the bucket's making included.
func TestStreamToBucket(t *testing.T) {
	began := time.Now()
	local.Test(t, time.Date(2026, 5, 24, 9, 50, 0, 0, time.UTC), nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		ctx := t.Context()
		kc, sc := awskinesis.NewFromConfig(cfg), awss3.NewFromConfig(cfg)
		if _, err := kc.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clickstream"), ShardCount: aws.Int32(2)}); err != nil {
			t.Fatal(err)
		}
		if err := awskinesis.NewStreamExistsWaiter(kc).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: aws.String("clickstream")}, time.Minute); err != nil {
			t.Fatal(err)
		}
		table, err := catalog.Define[Click]("web.clicks_raw", &catalog.TableOptions{
			Location:     catalog.Lake("lake").Raw("clicks"),
			PartitionBy:  catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
			ProjectSince: catalog.NewDate(2026, 1, 1),
		})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		d, err := firehose.New(cfg, table, &firehose.Options{Interval: 900 * time.Second, OnError: func(err error) { told = append(told, err.Error()) }})
		if err != nil {
			t.Fatal(err)
		}
		c, err := kinesis.NewConsumer(cfg, "clickstream", "to-s3", d.Handle, &kinesis.ConsumerOptions{
			StartAt: d.StartAt, Drain: d.Drain, OnError: func(context.Context, error) {}, // that the batches were not delivered
		})
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
		for i := range 100 {
			if _, err := p.Put(ctx, Click{UserID: fmt.Sprint("u-", i%50), URL: fmt.Sprint("/", i), EventTS: time.Now()}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if err := p.Close(ctx); err != nil {
			t.Fatal(err)
		}
		// There is no bucket yet: the service refuses, and what was taken in comes again.
		if len(told) == 0 || !strings.Contains(told[0], "NoSuchBucket") {
			t.Errorf("told %q", told)
		}
		if _, err := sc.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Minute)
		stop()
		if err := <-consumed; err != nil {
			t.Errorf("consumer: %v", err)
		}
		if err := d.Close(ctx); err != nil {
			t.Error(err)
		}

		rows := map[string]int64{}
		pages := awss3.NewListObjectsV2Paginator(sc, &awss3.ListObjectsV2Input{Bucket: aws.String("lake")})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				got, err := sc.GetObject(ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: o.Key})
				if err != nil {
					t.Fatal(err)
				}
				data, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				f, err := parquetmeta.Read(bytes.NewReader(data), int64(len(data)))
				if err != nil {
					t.Fatalf("%s: %v", *o.Key, err)
				}
				for _, g := range f.RowGroups {
					rows[(*o.Key)[:strings.LastIndexByte(*o.Key, '/')]] += g.Rows
				}
			}
		}
		// Ten minutes lie in the first hour, the rest of the 1000 seconds in the next. After the
		// refusals a record may be there twice; none may be missing.
		first, second := rows["raw/clicks/dt=2026-05-24/hr=09"], rows["raw/clicks/dt=2026-05-24/hr=10"]
		if len(rows) != 2 || first < 59 || first+second < 100 || first+second > 200 {
			t.Errorf("rows %v", rows)
		}
	})
	t.Logf("took %s", time.Since(began))
}
