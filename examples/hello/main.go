// Command hello carries three typed values through a Kinesis stream into Parquet on S3, all
// inside this process: no account, no container, no C++ compiler.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

type visit struct {
	User string    `json:"user"`
	Page string    `json:"page"`
	At   time.Time `json:"at"`
}

var visits = catalog.MustDefine[visit]("web.visits", &catalog.TableOptions{
	Location:     catalog.Lake("lake").Raw("visits"),
	PartitionBy:  catalog.By(catalog.Day("at").As("dt")),
	ProjectSince: catalog.NewDate(2026, 1, 1), // so that no partition has to be registered
})

func main() {
	ctx, stop := context.WithCancel(context.Background())
	lake := must(local.Open(nil)) // leave this out, and ...
	cfg := lake.Config()          // ... take config.LoadDefaultConfig(ctx) for AWS
	must(awss3.NewFromConfig(cfg).CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}))
	must(awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("visits"), ShardCount: aws.Int32(1)}))

	landed := make(chan int64, 8) // rows of each file
	delivery := must(firehose.New(cfg, visits, &firehose.Options{Interval: 100 * time.Millisecond, OnDelivered: func(o firehose.Object) {
		fmt.Printf("%d rows, %d bytes in %s\n", o.Rows, o.Bytes, o.Location)
		landed <- o.Rows
	}}))
	consumer := must(kinesis.NewConsumer(cfg, "visits", "to-s3", delivery.Handle, &kinesis.ConsumerOptions{StartAt: delivery.StartAt, Drain: delivery.Drain}))
	ran := make(chan error, 1)
	go func() { ran <- consumer.Run(ctx) }()

	producer := must(kinesis.NewProducer(cfg, "visits", func(v visit) string { return v.User }, nil))
	for i, page := range []string{"/", "/shoes", "/basket"} {
		must(producer.Put(ctx, visit{"ada", page, time.Date(2026, 5, 24, 9, i, 0, 0, time.UTC)}))
	}
	check(producer.Close(ctx))
	for rows := int64(0); rows < 3; {
		rows += <-landed
	}
	stop() // the consumer hands its leases over
	check(<-ran)
	check(delivery.Close(context.Background()))
	check(lake.Close())
}

func must[T any](v T, err error) T { check(err); return v }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
