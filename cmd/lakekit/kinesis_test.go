package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

func TestKinesisSize(t *testing.T) {
	t.Parallel()
	args := func(more ...string) []string {
		return append([]string{"kinesis", "size", "-records-per-sec", "50000", "-bytes-per-record", "500"}, more...)
	}
	text := must(t, sh(t, "", args("-consumers", "2", "-fan-out", "1")...))
	for _, want := range []string{
		"50 shards, bound by records in; aggregated, bound by bytes in: 25 shards\n",
		"  reads ", "  fan-out out ", "\na month: $", "$0.015 per shard hour (us-east-1, as of ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	small := sh(t, "", args("-shards", "4")...)
	if small.code != 1 || !strings.HasPrefix(small.out, "no: 4 shards take 4,000 records/s") || !strings.Contains(small.errors, "4 shards are too few: 50 are needed") {
		t.Errorf("four shards: %+v", small)
	}
	if out := must(t, sh(t, "", args("-aggregate", "-shards", "30", "-region", "mars-1")...)); !strings.HasPrefix(out, "yes: 30 shards do") || !strings.Contains(out, `no price: `) {
		t.Error(out)
	}
	var a sizeAnswer
	if err := json.Unmarshal([]byte(must(t, sh(t, "", args("-json", "-consumers", "2", "-average-records-per-sec", "10000")...))), &a); err != nil {
		t.Fatal(err)
	}
	if a.Shards != 50 || a.Binds != kinesis.LimitRecordsIn || !a.Fits || len(a.Limits) != 4 || a.Aggregated.Shards != 25 || a.Load.AverageRecordsPerSec != 10_000 ||
		a.Month == nil || a.Month.Provisioned != a.Month.Charges[0].USD+a.Month.Charges[1].USD || a.Region != "us-east-1" {
		t.Errorf("%+v", a)
	}
	if got := sh(t, "", args("-utilization", "0", "-consumers", "-1", "-fan-out", "21")...); got.code != 1 || !strings.Contains(got.errors, "Consumers: -1") || !strings.Contains(got.errors, "FanOut: 21") {
		t.Errorf("what cannot be: %+v", got)
	}
}

func TestKinesisSizeOfFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sample.ndjson")
	if err := os.WriteFile(file, []byte("{\"k\":\"abcd\",\"n\":1}\n{\"k\":\"abcdef\",\"n\":22}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := sh(t, "", "kinesis", "size", "-records-per-sec", "1000", "-key", "k", file)
	if must(t, got); !strings.Contains(got.errors, "2 records of 25 bytes each") || !strings.HasPrefix(got.out, "1 shard, bound by records in") {
		t.Errorf("%+v", got)
	}
	if got := sh(t, "{\"a\":1}", "kinesis", "size", "-records-per-sec", "1", "-"); !strings.Contains(got.errors, "1 record of 23 bytes each") {
		t.Errorf("%+v", got)
	}
	if got := sh(t, "\n", "kinesis", "size", "-records-per-sec", "1", "-"); got.code != 1 || !strings.Contains(got.errors, "no record to take the size from") {
		t.Errorf("no records: %+v", got)
	}
}

// filled makes a lake with a stream of 20 records, of which an application has read all.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	lake, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
	}()
	cfg := lake.Config()
	client := awskinesis.NewFromConfig(cfg)
	if _, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	put := func(n int) {
		for i := range n {
			_, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{
				StreamName: aws.String("clicks"), PartitionKey: aws.String(fmt.Sprintf("key-%04d", i)), Data: make([]byte, 92),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	put(20)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	seen := make(chan int, 100)
	c, err := kinesis.NewConsumer(cfg, "clicks", "sessions", func(_ context.Context, b *stream.Batch) error {
		seen <- len(b.Records)
		return nil
	}, &kinesis.ConsumerOptions{WorkerID: "me", PollInterval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	for n := 0; n < 20; n += <-seen {
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestKinesisLagAndSizeOfAStream(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	text := must(t, sh(t, "", "kinesis", "lag", "-dir", dir, "-app", "sessions", "-stream", "clicks"))
	if !strings.HasPrefix(text, "SHARD ") || strings.Count(text, "  free   20") != 2 || !strings.HasSuffix(text, "2 shards, 0 workers, 0s behind at most\n") {
		t.Error(text)
	}
	var a lagAnswer
	if err := json.Unmarshal([]byte(must(t, sh(t, "", "kinesis", "lag", "-dir", dir, "-app", "sessions", "-stream", "clicks", "-json"))), &a); err != nil {
		t.Fatal(err)
	}
	if a.App != "sessions" || a.Behind != 0 || len(a.Shards) != 2 {
		t.Errorf("%+v", a)
	}
	for _, s := range a.Shards {
		if s.Owner != nil || s.State != "free" || s.Reached == nil || time.Since(*s.Reached) > time.Minute || s.Behind == nil || *s.Behind != 0 || s.Closed || s.Error != "" {
			t.Errorf("%+v", s)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"kinesis", "lag", "-dir", dir, "-app", "nobody", "-stream", "clicks"}, `there is no lease table "nobody" in us-east-1: no worker of the application has run yet`},
		{[]string{"kinesis", "lag", "-dir", dir, "-app", "sessions", "-stream", "nothing"}, `the stream "nothing" does not exist in us-east-1: create it`},
		{[]string{"kinesis", "size", "-dir", dir, "-stream", "nothing"}, `the stream "nothing" does not exist in us-east-1: create it`},
		{[]string{"kinesis", "size", "-dir", dir, "-stream", "clicks", "-last", "1ms"}, "are not from 1s to"},
		{[]string{"kinesis", "lag", "-dir", dir + "x", "-app", "sessions", "-stream", "clicks"}, "there is no lake in " + dir + "x: name the folder of one with -dir"},
	} {
		if got := sh(t, "", c.args...); got.code != 1 || got.out != "" || !strings.Contains(got.errors, c.want) {
			t.Errorf("%q: %+v", c.args, got)
		}
	}
	got := sh(t, "", "kinesis", "size", "-dir", dir, "-stream", "clicks", "-consumers", "1")
	if must(t, got); !strings.Contains(got.errors, "the last 5m0s: 20 records, ") || !strings.Contains(got.errors, "of 100 bytes each") || !strings.HasPrefix(got.out, "1 shard, bound by records in") {
		t.Errorf("%+v", got)
	}
}

// TestKinesisLagOfAServedLake asks a lake that is served, and so is not to be opened by its folder.
func TestKinesisLagOfAServedLake(t *testing.T) {
	lake, err := local.Open(&local.Options{Dir: filled(t), Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
	}()
	server, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := sh(t, "", "kinesis", "lag", "-dir", lake.Dir(), "-app", "sessions", "-stream", "clicks"); got.code != 1 || !strings.Contains(got.errors, "is in use by process ") {
		t.Errorf("by its folder: %+v", got)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL(), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	if text := must(t, sh(t, "", "kinesis", "lag", "-aws", "-app", "sessions", "-stream", "clicks")); !strings.HasSuffix(text, "2 shards, 0 workers, 0s behind at most\n") {
		t.Error(text)
	}
}

// TestNoLakeThere wants a folder whose name has a slip to stay as it is: not there.
func TestNoLakeThere(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	slip := filepath.Join(parent, "lake-dat")
	for _, dir := range []string{slip, parent} {
		got := sh(t, "", "query", "-dir", dir, "SELECT 1")
		if got.code != 1 || !strings.Contains(got.errors, "there is no lake in "+dir+": name the folder of one with -dir (lakekit land and lakekit local make one)") {
			t.Errorf("%+v", got)
		}
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}
