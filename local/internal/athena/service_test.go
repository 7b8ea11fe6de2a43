package athena_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/internal/athena"
)

// engine is one that runs until its context ends when the query has no LIMIT, and otherwise
// gives one row.
type engine struct{}

func (engine) Run(ctx context.Context, job *athena.Job, out athena.Sink) error {
	if job.Query.Limit == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := out.Columns([]athena.Column{{Name: "a", Type: "varchar", Precision: 3}, {Name: "b", Type: "integer"}}); err != nil {
		return err
	}
	text := "x\"y"
	return out.Row([]*string{&text, nil})
}

func (engine) Close() error { return nil }

var at = time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC)

func start(t *testing.T, c *awsathena.Client, sql string, change func(*awsathena.StartQueryExecutionInput)) (string, error) {
	t.Helper()
	in := &awsathena.StartQueryExecutionInput{QueryString: &sql, ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://lake/out")}}
	if change != nil {
		change(in)
	}
	out, err := c.StartQueryExecution(t.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.QueryExecutionId, nil
}

func get(t *testing.T, c *awsathena.Client, id string) *athenatypes.QueryExecution {
	t.Helper()
	out, err := c.GetQueryExecution(t.Context(), &awsathena.GetQueryExecutionInput{QueryExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueryExecution
}

func TestStopAndResults(t *testing.T) {
	t.Parallel()
	local.Test(t, at, &local.Options{Athena: engine{}}, func(t *testing.T, lake *local.Lake) {
		c := awsathena.NewFromConfig(lake.Config())
		if _, err := awss3.NewFromConfig(lake.Config()).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		id, err := start(t, c, "SELECT 1", nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if q := get(t, c, id); q.Status.State != athenatypes.QueryExecutionStateRunning {
			t.Fatalf("after an hour it is %s", q.Status.State)
		}
		if _, err := c.GetQueryResults(t.Context(), &awsathena.GetQueryResultsInput{QueryExecutionId: &id}); err == nil || !strings.Contains(err.Error(), "Current state: RUNNING") {
			t.Errorf("results of a running query: %v", err)
		}
		if _, err := c.StopQueryExecution(t.Context(), &awsathena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		q := get(t, c, id)
		if q.Status.State != athenatypes.QueryExecutionStateCancelled || *q.Statistics.TotalExecutionTimeInMillis < time.Hour.Milliseconds() {
			t.Errorf("%+v", q)
		}

		if id, err = start(t, c, "SELECT 1 LIMIT 1", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		out, err := c.GetQueryResults(t.Context(), &awsathena.GetQueryResultsInput{QueryExecutionId: &id})
		if err != nil {
			t.Fatal(err)
		}
		rows := out.ResultSet.Rows
		if len(rows) != 2 || *rows[0].Data[1].VarCharValue != "b" || *rows[1].Data[0].VarCharValue != "x\"y" || rows[1].Data[1].VarCharValue != nil {
			t.Errorf("%+v", rows)
		}
		list, err := awss3.NewFromConfig(lake.Config()).ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("out/")})
		if err != nil || len(list.Contents) != 2 || *list.Contents[1].Key != "out/"+id+".csv.metadata" {
			t.Errorf("%+v, %v", list.Contents, err)
		}
		// One that still runs when the lake closes does not keep it open.
		if _, err = start(t, c, "SELECT 2", nil); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWorkGroups(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	open := func() (*local.Lake, *awsathena.Client) {
		lake, err := local.Open(&local.Options{Dir: dir, Athena: engine{}})
		if err != nil {
			t.Fatal(err)
		}
		return lake, awsathena.NewFromConfig(lake.Config())
	}
	lake, c := open()
	create := func(name string, cutoff int64, output string) error {
		_, err := c.CreateWorkGroup(t.Context(), &awsathena.CreateWorkGroupInput{Name: &name, Configuration: &athenatypes.WorkGroupConfiguration{
			BytesScannedCutoffPerQuery: &cutoff, ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: &output},
		}})
		return err
	}
	for _, bad := range []error{create("a b", 10_000_000, "s3://lake/"), create("g", 9_999_999, "s3://lake/"), create("g", 10_000_000, "lake/"), create("primary", 10_000_000, "s3://lake/")} {
		if bad == nil || !strings.Contains(bad.Error(), "InvalidRequestException") {
			t.Errorf("%v", bad)
		}
	}
	if err := create("g", 10_000_000, "s3://lake/g/"); err != nil {
		t.Fatal(err)
	}
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	lake, c = open()
	defer func() { _ = lake.Close() }()
	g, err := c.GetWorkGroup(t.Context(), &awsathena.GetWorkGroupInput{WorkGroup: aws.String("g")})
	if err != nil || *g.WorkGroup.Configuration.BytesScannedCutoffPerQuery != 10_000_000 || !*g.WorkGroup.Configuration.EnforceWorkGroupConfiguration {
		t.Fatalf("after a restart: %+v, %v", g, err)
	}
	id, err := start(t, c, "SELECT 1", func(in *awsathena.StartQueryExecutionInput) { in.WorkGroup = aws.String("g") })
	if err != nil {
		t.Fatal(err)
	}
	if q := get(t, c, id); !strings.HasPrefix(*q.ResultConfiguration.OutputLocation, "s3://lake/g/") {
		t.Errorf("an enforced location is not taken: %s", *q.ResultConfiguration.OutputLocation)
	}
	if _, err := c.UpdateWorkGroup(t.Context(), &awsathena.UpdateWorkGroupInput{WorkGroup: aws.String("g"), State: athenatypes.WorkGroupStateDisabled, ConfigurationUpdates: &athenatypes.WorkGroupConfigurationUpdates{
		RemoveBytesScannedCutoffPerQuery: aws.Bool(true),
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, c, "SELECT 1", func(in *awsathena.StartQueryExecutionInput) { in.WorkGroup = aws.String("g") }); err == nil || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("a disabled workgroup: %v", err)
	}
	if _, err := c.DeleteWorkGroup(t.Context(), &awsathena.DeleteWorkGroupInput{WorkGroup: aws.String("g")}); err == nil {
		t.Error("a workgroup with queries was deleted")
	}
	if _, err := c.DeleteWorkGroup(t.Context(), &awsathena.DeleteWorkGroupInput{WorkGroup: aws.String("g"), RecursiveDeleteOption: aws.Bool(true)}); err != nil {
		t.Error(err)
	}
	for sql, want := range map[string]string{"": "", "SELECT": "1:7", "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE": "MERGE", "SELECT 1 FROM t UNION SELECT 2 FROM t": "UNION"} {
		if _, err := start(t, c, sql, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", sql, err, want)
		}
	}
}
