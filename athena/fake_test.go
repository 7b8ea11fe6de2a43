package athena_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/internal/awswire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an Athena that knows one query: it goes through states, one each time that it is
// looked at, and has pages of rows.
type fake struct {
	states  []string // the last one stays
	status  map[string]any
	stats   map[string]any
	kind    string
	columns []map[string]any
	pages   [][][]any // nil is NULL
	limit   int64
	fail    map[string]*awswire.Error
	onGet   func()

	mu sync.Mutex
	// started are the inputs of StartQueryExecution.
	started []map[string]any
	looks   int
	stopped int
	read    int
}

func (f *fake) config() aws.Config {
	return aws.Config{
		Region:           "eu-west-3",
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       &http.Client{Transport: f},
		RetryMaxAttempts: 1,
	}
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	(&awswire.JSON{Version: "1.1", Ops: map[string]awswire.Op{
		"StartQueryExecution": f.op("StartQueryExecution", f.start),
		"GetQueryExecution":   f.op("GetQueryExecution", f.get),
		"StopQueryExecution":  f.op("StopQueryExecution", f.stop),
		"GetQueryResults":     f.op("GetQueryResults", f.results),
		"GetWorkGroup":        f.op("GetWorkGroup", f.workGroup),
	}}).ServeHTTP(w, r)
	return w.Result(), nil
}

func (f *fake) op(name string, do func(in map[string]any) map[string]any) awswire.Op {
	return awswire.Unary(func(_ context.Context, in *map[string]any) (*map[string]any, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := f.fail[name]; err != nil {
			return nil, err
		}
		out := do(*in)
		return &out, nil
	})
}

func (f *fake) start(in map[string]any) map[string]any {
	f.started = append(f.started, in)
	return map[string]any{"QueryExecutionId": "q-1"}
}

func (f *fake) get(map[string]any) map[string]any {
	if f.onGet != nil {
		f.onGet()
	}
	status := map[string]any{"State": f.states[min(f.looks, len(f.states)-1)], "SubmissionDateTime": 1779613200, "CompletionDateTime": 1779613203.5}
	for k, v := range f.status {
		status[k] = v
	}
	f.looks++
	kind := f.kind
	if kind == "" {
		kind = "DML"
	}
	return map[string]any{"QueryExecution": map[string]any{
		"QueryExecutionId": "q-1", "StatementType": kind, "Status": status, "Statistics": f.stats, "WorkGroup": "primary",
		"ResultConfiguration": map[string]any{"OutputLocation": "s3://results/q-1.csv"},
	}}
}

func (f *fake) stop(map[string]any) map[string]any {
	f.stopped++
	return map[string]any{}
}

func (f *fake) workGroup(map[string]any) map[string]any {
	return map[string]any{"WorkGroup": map[string]any{"Name": "primary", "Configuration": map[string]any{"BytesScannedCutoffPerQuery": f.limit}}}
}

func (f *fake) results(in map[string]any) map[string]any {
	n := 0
	if token, ok := in["NextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &n) // it is this fake's own
	}
	f.read++
	rows := []map[string]any{}
	if len(f.pages) > 0 {
		for _, values := range f.pages[n] {
			data := []map[string]any{}
			for _, v := range values {
				if v == nil {
					data = append(data, map[string]any{})
				} else {
					data = append(data, map[string]any{"VarCharValue": v})
				}
			}
			rows = append(rows, map[string]any{"Data": data})
		}
	}
	out := map[string]any{"ResultSet": map[string]any{"ResultSetMetadata": map[string]any{"ColumnInfo": f.columns}, "Rows": rows}}
	if n+1 < len(f.pages) {
		out["NextToken"] = fmt.Sprint(n + 1)
	}
	return out
}

// column is a ColumnInfo.
func column(name, typ string) map[string]any {
	return map[string]any{"Name": name, "Label": name, "Type": typ}
}

// header is the row of names with which a SELECT's first page begins.
func (f *fake) header() []any {
	var h []any
	for _, c := range f.columns {
		h = append(h, c["Name"])
	}
	return h
}

// answer is a fake that succeeds with these rows.
func answer(columns []map[string]any, rows ...[]any) *fake {
	f := &fake{states: []string{"SUCCEEDED"}, columns: columns}
	f.pages = [][][]any{append([][]any{f.header()}, rows...)}
	return f
}
