package athena_test

import (
	"context"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/awswire"
)

func client(t *testing.T, f *fake, opts *athena.ClientOptions) *athena.Client {
	t.Helper()
	c, err := athena.NewClient(f.config(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{
			states: []string{"QUEUED", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"},
			stats: map[string]any{
				"DataScannedInBytes": 40_000_000_000, "QueryQueueTimeInMillis": 10, "QueryPlanningTimeInMillis": 20,
				"EngineExecutionTimeInMillis": 300, "TotalExecutionTimeInMillis": 400,
			},
		}
		begin := time.Now()
		run, err := client(t, f, &athena.ClientOptions{
			Database: "web", Output: "s3://results/", KMSKey: "alias/results", ReuseResults: time.Hour, PollInterval: 200 * time.Millisecond,
		}).Run(t.Context(), athena.SQL("SELECT 1 WHERE ? = ?", "it's", catalog.NewDate(2026, 5, 24)))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 1050*time.Millisecond { // 100 + 150 + 4 × 200
			t.Errorf("seven looks took %s", took)
		}
		if run.ID != "q-1" || run.Kind != "DML" || run.Output != "s3://results/q-1.csv" || run.Scanned != 40_000_000_000 || run.Reused ||
			run.Queued != 10*time.Millisecond || run.Planning != 20*time.Millisecond || run.Executing != 300*time.Millisecond || run.Total != 400*time.Millisecond ||
			run.Completed.Sub(run.Submitted) != 3500*time.Millisecond {
			t.Errorf("%+v", run)
		}
		if run.Price.USD != 0.28 || run.Price.BilledMB != 40_000 || run.Price.Price.Region != "eu-west-3" {
			t.Errorf("price %+v", run.Price)
		}
		in := f.started[0]
		if token, _ := in["ClientRequestToken"].(string); len(token) < 32 {
			t.Errorf("the request has no token against running twice: %q", token)
		}
		delete(in, "ClientRequestToken")
		want := map[string]any{
			"QueryString": "SELECT 1 WHERE ? = ?", "WorkGroup": "primary", "ExecutionParameters": []any{"'it''s'", "DATE '2026-05-24'"},
			"QueryExecutionContext":    map[string]any{"Database": "web"},
			"ResultConfiguration":      map[string]any{"OutputLocation": "s3://results/", "EncryptionConfiguration": map[string]any{"EncryptionOption": "SSE_KMS", "KmsKey": "alias/results"}},
			"ResultReuseConfiguration": map[string]any{"ResultReuseByAgeConfiguration": map[string]any{"Enabled": true, "MaxAgeInMinutes": 60.0}},
		}
		if diff := cmp.Diff(want, in); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	})
}

// TestTokens checks that the same text twice is two queries.
func TestTokens(t *testing.T) {
	t.Parallel()
	f := answer(nil)
	c := client(t, f, nil)
	for range 2 {
		if _, err := c.Run(t.Context(), athena.SQL("SELECT 1")); err != nil {
			t.Fatal(err)
		}
	}
	if f.started[0]["ClientRequestToken"] == f.started[1]["ClientRequestToken"] {
		t.Error("the second run would get the first one's answer")
	}
}

func TestPriceOfRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   string
		state  string
		reused bool
		bytes  int64
		want   float64
	}{
		{"nothing scanned", "DML", "SUCCEEDED", false, 0, 0.00007},
		{"reused", "DML", "SUCCEEDED", true, 0, 0},
		{"ddl", "DDL", "SUCCEEDED", false, 0, 0},
		{"failed", "DML", "FAILED", false, 1e12, 0},
		{"cancelled half way", "DML", "CANCELLED", false, 1e12, 7},
		{"cancelled before", "DML", "CANCELLED", false, 0, 0},
	} {
		f := &fake{states: []string{c.state}, kind: c.kind, stats: map[string]any{
			"DataScannedInBytes": c.bytes, "ResultReuseInformation": map[string]any{"ReusedPreviousResult": c.reused},
		}}
		run, err := client(t, f, nil).Run(t.Context(), athena.SQL("SELECT 1"))
		if (err == nil) != (c.state == "SUCCEEDED") {
			t.Errorf("%s: %v", c.name, err)
		}
		if math.Abs(run.Price.USD-c.want) > 1e-12 || run.Reused != c.reused {
			t.Errorf("%s: price %v, want %v", c.name, run.Price.USD, c.want)
		}
	}
}

// TestContext stops the query that nobody waits for.
func TestContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{states: []string{"RUNNING"}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		run, err := client(t, f, nil).Run(ctx, athena.SQL("SELECT 1"))
		if !errors.Is(err, context.DeadlineExceeded) || run == nil || run.ID != "q-1" {
			t.Errorf("got %v, %v", run, err)
		}
		if f.stopped != 1 {
			t.Errorf("the query was stopped %d times", f.stopped)
		}

		f = &fake{states: []string{"RUNNING"}, fail: map[string]*awswire.Error{"StopQueryExecution": awswire.Errorf("InvalidRequestException", "no")}}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = client(t, f, nil).Run(ctx, athena.SQL("SELECT 1"))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "athena: stop query q-1, which may go on and cost: ") {
			t.Errorf("got %v", err)
		}
	})
}

// TestContextWhileLooking ends the context in the middle of a request.
func TestContextWhileLooking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{states: []string{"RUNNING"}, onGet: cancel}
		_, err := client(t, f, nil).Run(ctx, athena.SQL("SELECT 1"))
		if !errors.Is(err, context.Canceled) || f.stopped != 1 {
			t.Errorf("got %v, stopped %d times", err, f.stopped)
		}
	})
}

var requestID = regexp.MustCompile(`RequestID: [0-9a-f-]+`)

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		f    *fake
		q    athena.Statement
		want string
	}{
		{
			"failed",
			&fake{states: []string{"FAILED"}, status: map[string]any{
				"StateChangeReason": "SYNTAX_ERROR: short", "AthenaError": map[string]any{"ErrorMessage": "SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved", "ErrorCategory": 2, "ErrorType": 1006},
			}},
			nil, "athena: query q-1 failed: SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved",
		},
		{"failed without a word", &fake{states: []string{"FAILED"}}, nil, "athena: query q-1 failed: Athena gives no reason"},
		{
			"cut off",
			&fake{states: []string{"RUNNING", "CANCELLED"}, limit: 10_000_000, status: map[string]any{"StateChangeReason": "Query cancelled! : Bytes scanned limit was exceeded"}},
			nil, `athena: query q-1 was cut off: workgroup "primary" lets a query scan at most 10000000 bytes (BytesScannedCutoffPerQuery): bound the scan more tightly, or raise the limit`,
		},
		{
			"cut off by who knows what",
			&fake{states: []string{"CANCELLED"}, status: map[string]any{"StateChangeReason": "Bytes scanned limit was exceeded"}, fail: map[string]*awswire.Error{"GetWorkGroup": awswire.Errorf("AccessDeniedException", "no")}},
			nil, `athena: query q-1 was cut off: it scanned more bytes than workgroup "primary" lets a query scan (BytesScannedCutoffPerQuery): bound the scan more tightly, or raise the limit`,
		},
		{"cancelled", &fake{states: []string{"CANCELLED"}, status: map[string]any{"StateChangeReason": "Query cancelled by user"}}, nil, "athena: query q-1 was cancelled: Query cancelled by user"},
		{
			"not started",
			&fake{fail: map[string]*awswire.Error{"StartQueryExecution": awswire.Errorf("InvalidRequestException", "WorkGroup is not found")}},
			nil, `athena: start query in workgroup "primary": operation error Athena: StartQueryExecution, https response error StatusCode: 400, RequestID: ID, InvalidRequestException: WorkGroup is not found`,
		},
		{"empty", &fake{}, athena.SQL(" "), "athena: SQL: the text is empty"},
		{"too long", &fake{}, athena.SQL(strings.Repeat("x", 262145)), "athena: SQL: the text has 262145 bytes, Athena takes at most 262144"},
		{
			"parameters", &fake{}, athena.SQL("SELECT ?, ?, ?", nil, 1, strings.Repeat("x", 1023)),
			"athena: SQL: parameter 1: a constant is a string, bool, []byte, number, catalog.Decimal, catalog.Date or time.Time, and not a nil\n" +
				"athena: SQL: parameter 3: it has 1025 characters as a literal, Athena takes at most 1024",
		},
	} {
		q := c.q
		if q == nil {
			q = athena.SQL("SELECT x")
		}
		_, err := client(t, c.f, nil).Run(t.Context(), q)
		if err == nil || requestID.ReplaceAllString(err.Error(), "RequestID: ID") != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
		var e *athena.QueryError
		if len(c.f.states) > 0 && (!errors.As(err, &e) || e.ID != "q-1") {
			t.Errorf("%s: no *QueryError: %v", c.name, err)
		}
		if c.name == "failed" && (e.Type != 1006 || e.Category != 2 || e.CutOff()) {
			t.Errorf("%+v", e)
		}
	}
}

// TestLookFails stops what it cannot follow.
func TestLookFails(t *testing.T) {
	t.Parallel()
	f := &fake{states: []string{"RUNNING"}, fail: map[string]*awswire.Error{"GetQueryExecution": awswire.Errorf("InvalidRequestException", "gone")}}
	_, err := client(t, f, nil).Run(t.Context(), athena.SQL("SELECT 1"))
	if err == nil || !strings.HasPrefix(err.Error(), "athena: look at query q-1: ") || f.stopped != 1 {
		t.Errorf("got %v, stopped %d times", err, f.stopped)
	}
}

func TestClientOptions(t *testing.T) {
	t.Parallel()
	for _, reuse := range []time.Duration{-time.Minute, 90 * time.Second, 8 * 24 * time.Hour} {
		_, err := athena.NewClient((&fake{}).config(), &athena.ClientOptions{Output: "results/", ReuseResults: reuse, PollInterval: -1})
		want := `athena: new client: Output: "results/" has no scheme: write s3://BUCKET/FOLDER/
athena: new client: ReuseResults: ` + reuse.String() + ` is not a number of whole minutes from 0 to 7 days
athena: new client: PollInterval: -1ns is negative`
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	_, err := athena.NewClient((&fake{}).config(), &athena.ClientOptions{KMSKey: "k"})
	if want := "athena: new client: KMSKey: it encrypts what goes to Output, which is empty: set Output too, or let the workgroup encrypt"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
