package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/lakekit/lakekit/pricing"
)

// dryRun lists what must exist on AWS and what the run costs, and calls nothing there.
func dryRun(ctx context.Context, s *settings, w io.Writer) error {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	region := cfg.Region
	if region == "" {
		region = "us-east-1"
		fmt.Fprintln(w, "No region is configured; us-east-1 is taken.")
	}
	bucket := s.bucket
	if bucket == "" {
		bucket = "BUCKET"
	}
	table, err := clicksTable("bucket")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, `This must exist in %s:
  the Kinesis stream %s with %d shards (kinesis:PutRecords, DescribeStreamSummary, ListShards, GetShardIterator, GetRecords)
  the S3 bucket %s, for s3://%[4]s/raw/clicks/, raw/clicks_errors/ and results/ (s3:PutObject, GetObject, ListBucket, GetBucketLocation)
  the Athena workgroup primary (athena:StartQueryExecution, GetQueryExecution, GetQueryResults, StopQueryExecution, GetWorkGroup)
It will make what is missing of this:
  the Glue database %s and table %s (glue:GetDatabase, CreateDatabase, GetTable, CreateTable, UpdateTable)
  the DynamoDB table %s for leases (dynamodb:CreateTable, DescribeTable, Scan, GetItem, PutItem, UpdateItem, DeleteItem)

`, region, streamName, shardCount, bucket, table.Database(), table, appName)

	sample, err := json.Marshal(newClickSource(s.seed, s.events).next())
	if err != nil {
		return err
	}
	// Each shard takes 1,000 records a second, which is what sets the pace.
	hours := float64(s.events) / (shardCount * 1000) / 3600
	const parquetShare = 0.4 // of the JSON, as measured on these events
	mb := float64(s.events) * float64(len(sample)) * parquetShare / 1e6
	book := pricing.Default()
	items := []struct {
		item pricing.Item
		n    float64
		what string
	}{
		{pricing.KinesisShardHour, shardCount * (1 + hours), fmt.Sprintf("%d shards for the hour that the run begins, and the %.2f hours that %d events take", shardCount, hours, s.events)},
		{pricing.KinesisPutUnit, float64(s.events) * float64(pricing.PutUnits(int64(len(sample)))), fmt.Sprintf("%d records of about %d bytes", s.events, len(sample))},
		{pricing.S3Put, 4 * dayCount * 24 * 2, "files: about four a partition, and as many again for safety"},
		{pricing.S3Storage, mb / 1e3, fmt.Sprintf("about %.0f MB of Parquet for a month", mb)},
	}
	total := 0.0
	fmt.Fprintln(w, "It costs about:")
	for _, it := range items {
		p, err := book.Price(it.item, region)
		if err != nil {
			return err
		}
		usd := p.Of(it.n)
		total += usd
		fmt.Fprintf(w, "  $%9.6f  %s\n              at %s\n", usd, it.what, p)
	}
	for _, what := range []string{"the question, bounded", "the same question over everything"} {
		scan, err := book.AthenaScan(region, int64(mb*1e6))
		if err != nil {
			return err
		}
		total += scan.USD
		fmt.Fprintf(w, "  $%9.6f  %s, at most\n              at %s\n", scan.USD, what, scan.Price)
	}
	fmt.Fprintf(w, "  $%9.6f  together, without the lease table's few requests\n", total)
	return nil
}
