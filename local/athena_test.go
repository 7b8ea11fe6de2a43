package local_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/lakekit/lakekit/local"
)

// TestAthenaWithoutEngine asks a lake that was opened without one: the answer says what to do.
func TestAthenaWithoutEngine(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), athena.NewFromConfig(lake.Config())
		run, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
			QueryString:         aws.String("SELECT 1"),
			ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://lake/results/")},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			out, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: run.QueryExecutionId})
			if err != nil {
				t.Fatal(err)
			}
			if s := out.QueryExecution.Status; s.State == types.QueryExecutionStateFailed {
				const want = "the lake has no engine to run SELECTs: open it with local.Options.Athena set to duckdb.Engine() of local/duckdb"
				if aws.ToString(s.StateChangeReason) != want {
					t.Errorf("the reason is %q", aws.ToString(s.StateChangeReason))
				}
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error("the query neither runs nor fails")
	})
}
