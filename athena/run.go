package athena

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/lakekit/lakekit/pricing"
)

// Run is a statement that ran: what it scanned, what that cost, and where its rows are.
type Run struct {
	// ID is Athena's name for it.
	ID string
	// SQL is the text that ran.
	SQL string
	// WorkGroup is where it ran.
	WorkGroup string
	// Kind is DML, DDL or UTILITY.
	Kind athenatypes.StatementType
	// Output is where Athena put the result.
	Output string
	// Scanned is how many bytes it read.
	Scanned int64
	// Reused says that the rows are those of an earlier run, and nothing was read.
	Reused bool
	// Price is what it cost. It is zero for DDL, for results that were reused, and for
	// queries that failed.
	Price pricing.Scan
	// Submitted and Completed are by Athena's clock.
	Submitted, Completed time.Time
	// Queued, Planning and Executing are the parts of Total, the time that it took; the rest
	// is Athena's own work before and after.
	Queued, Planning, Executing, Total time.Duration

	client *Client
}

// fill takes over what Athena says about the query.
func (r *Run) fill(q *athenatypes.QueryExecution) {
	r.Kind = q.StatementType
	if q.WorkGroup != nil {
		r.WorkGroup = *q.WorkGroup
	}
	if q.ResultConfiguration != nil {
		r.Output = aws.ToString(q.ResultConfiguration.OutputLocation)
	}
	r.Submitted, r.Completed = aws.ToTime(q.Status.SubmissionDateTime), aws.ToTime(q.Status.CompletionDateTime)
	s := q.Statistics
	if s == nil {
		return
	}
	millis := func(n *int64) time.Duration { return time.Duration(aws.ToInt64(n)) * time.Millisecond }
	r.Scanned = aws.ToInt64(s.DataScannedInBytes)
	r.Queued, r.Planning = millis(s.QueryQueueTimeInMillis), millis(s.QueryPlanningTimeInMillis)
	r.Executing, r.Total = millis(s.EngineExecutionTimeInMillis), millis(s.TotalExecutionTimeInMillis)
	r.Reused = s.ResultReuseInformation != nil && s.ResultReuseInformation.ReusedPreviousResult
	r.price(q.Status.State)
}

func (r *Run) price(state athenatypes.QueryExecutionState) {
	r.Price = pricing.Scan{}
	free := r.Reused || r.Kind != athenatypes.StatementTypeDml || state == athenatypes.QueryExecutionStateFailed ||
		state == athenatypes.QueryExecutionStateCancelled && r.Scanned == 0
	if free {
		return
	}
	// A table without a price for the region leaves it zero, which shows in Price.Price.
	if p, err := r.client.opts.Prices.AthenaScan(r.client.region, r.Scanned); err == nil {
		r.Price = p
	}
}

// QueryError says that a query did not run to its end.
type QueryError struct {
	ID, WorkGroup string
	// State is FAILED or CANCELLED.
	State athenatypes.QueryExecutionState
	// Reason is what Athena says.
	Reason string
	// Category is 1 for Athena's own errors, 2 for the user's, 3 for others; Type is the
	// number in Athena's error reference. Zero means that Athena did not say.
	Category, Type int32
	// Retryable says that the same query may succeed.
	Retryable bool
	// Scanned is how many bytes it had read, which a cancelled query costs.
	Scanned int64
	// Limit is the workgroup's limit on the bytes that a query scans, if that is what ended
	// it and could be found out.
	Limit int64
}

// CutOff says whether the workgroup's limit on the bytes that a query scans ended it.
func (e *QueryError) CutOff() bool {
	return e.State == athenatypes.QueryExecutionStateCancelled && strings.Contains(strings.ToLower(e.Reason), "bytes scanned limit")
}

func (e *QueryError) Error() string {
	switch {
	case e.CutOff() && e.Limit > 0:
		return fmt.Sprintf("athena: query %s was cut off: workgroup %q lets a query scan at most %d bytes (BytesScannedCutoffPerQuery): bound the scan more tightly, or raise the limit", e.ID, e.WorkGroup, e.Limit)
	case e.CutOff():
		return fmt.Sprintf("athena: query %s was cut off: it scanned more bytes than workgroup %q lets a query scan (BytesScannedCutoffPerQuery): bound the scan more tightly, or raise the limit", e.ID, e.WorkGroup)
	case e.State == athenatypes.QueryExecutionStateCancelled:
		return fmt.Sprintf("athena: query %s was cancelled: %s", e.ID, orUnknown(e.Reason))
	}
	return fmt.Sprintf("athena: query %s failed: %s", e.ID, orUnknown(e.Reason))
}

func orUnknown(reason string) string {
	if reason == "" {
		return "Athena gives no reason"
	}
	return reason
}
