// Command clickstream is the whole pipeline in one program: it puts a million click events
// into a Kinesis stream, lands them as partitioned Parquet, asks Athena a question about one
// morning, shows a question that is refused, and writes report.html.
//
//	go run ./examples/clickstream              in this process: no account, nothing to install
//	go run ./examples/clickstream -aws -dry-run    what it needs on AWS, and what that costs
//	go run ./examples/clickstream -aws -bucket B   the same program on AWS
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
)

const (
	streamName = "clickstream"
	shardCount = 4
	appName    = "to-s3-clicks"
	tableName  = "web.clicks_raw"
)

type settings struct {
	events int
	seed   uint64
	dir    string
	report string
	onAWS  bool
	dryRun bool
	bucket string
}

func main() {
	var s settings
	flag.IntVar(&s.events, "n", 1_000_000, "how many events to produce")
	flag.Uint64Var(&s.seed, "seed", 1, "the seed of the events: the same seed makes the same events")
	flag.StringVar(&s.dir, "dir", "", "keep the local lake in this folder (by default it is gone at the end)")
	flag.StringVar(&s.report, "report", "report.html", "where to write the report")
	flag.BoolVar(&s.onAWS, "aws", false, "use AWS, by the ambient configuration, instead of this process")
	flag.BoolVar(&s.dryRun, "dry-run", false, "with -aws: list what must exist there and what the run costs, and do nothing")
	flag.StringVar(&s.bucket, "bucket", "", "with -aws: the S3 bucket for data and results")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &s)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "clickstream:", err)
		os.Exit(1)
	}
}

// clicksTable is the one declaration of the table.
func clicksTable(bucket string) (*catalog.Table, error) {
	return catalog.Define[Click](tableName, &catalog.TableOptions{
		Location:     catalog.Lake(bucket).Raw("clicks"),
		PartitionBy:  catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
		ProjectSince: catalog.NewDate(2024, 1, 1),
	})
}

func run(ctx context.Context, s *settings) (err error) {
	switch {
	case s.events < 1:
		return fmt.Errorf("-n %d: at least one event is needed", s.events)
	case s.dryRun && !s.onAWS:
		return errors.New("-dry-run goes with -aws: without it nothing costs anything")
	case s.onAWS && s.bucket == "" && !s.dryRun:
		return errors.New("-aws needs -bucket: the S3 bucket for data and results (-dry-run says what else must exist)")
	case !s.onAWS && s.bucket == "":
		s.bucket = "lake"
	}
	if s.dryRun {
		return dryRun(ctx, s, os.Stdout)
	}
	r := &report{Made: time.Now(), Events: s.events, Shards: map[string]int64{}}
	cfg, closeLake, err := open(ctx, s, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLake()) }()

	table, err := clicksTable(s.bucket)
	if err != nil {
		return err
	}
	if err := register(ctx, cfg, table); err != nil {
		return err
	}
	if err := pipeline(ctx, cfg, table, s, r); err != nil {
		return err
	}
	if err := measureFiles(ctx, cfg, s.bucket, r); err != nil {
		return err
	}
	if err := ask(ctx, cfg, table, s, r); err != nil {
		return err
	}
	f, err := os.Create(s.report)
	if err != nil {
		return err
	}
	if err := errors.Join(r.write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", s.report, err)
	}
	fmt.Printf("\nThe report is in %s.\n", s.report)
	return nil
}

// open gives the configuration that everything after it works with: AWS's, or that of a lake
// in this process. Nothing else in the program knows the difference.
func open(ctx context.Context, s *settings, r *report) (aws.Config, func() error, error) {
	if s.onAWS {
		cfg, err := awsconfig.LoadDefaultConfig(ctx)
		r.Where = "On AWS, " + cfg.Region
		return cfg, func() error { return nil }, err
	}
	lake, err := local.Open(&local.Options{Dir: s.dir, Athena: duckdb.Engine()})
	if err != nil {
		return aws.Config{}, nil, err
	}
	r.Where = "In one process"
	cfg := lake.Config()
	if err := provision(ctx, cfg, s.bucket); err != nil {
		return aws.Config{}, nil, errors.Join(err, lake.Close())
	}
	return cfg, lake.Close, nil
}

// provision makes in the local lake what must exist on AWS before the program runs there.
func provision(ctx context.Context, cfg aws.Config, bucket string) error {
	_, err := awss3.NewFromConfig(cfg).CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &bucket})
	if err != nil && !isCode(err, "BucketAlreadyOwnedByYou") {
		return err
	}
	client := awskinesis.NewFromConfig(cfg)
	_, err = client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String(streamName), ShardCount: aws.Int32(shardCount)})
	if err != nil && !isCode(err, "ResourceInUseException") {
		return err
	}
	return awskinesis.NewStreamExistsWaiter(client).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: aws.String(streamName)}, time.Minute)
}

// register puts the table into the Glue Data Catalog, or brings it up to date.
func register(ctx context.Context, cfg aws.Config, table *catalog.Table) error {
	plan, err := catalog.NewClient(cfg).Plan(ctx, table)
	if err != nil {
		return err
	}
	return plan.Apply(ctx)
}
