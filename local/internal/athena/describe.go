package athena

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/lakekit/lakekit/internal/trinosql"
)

type queryStatus struct {
	State              string
	StateChangeReason  string  `json:",omitempty"`
	SubmissionDateTime float64 //
	CompletionDateTime float64 `json:",omitempty"`
	AthenaError        *athenaError
}

type athenaError struct {
	ErrorCategory int
	ErrorType     int
	Retryable     bool
	ErrorMessage  string
}

type queryStatistics struct {
	EngineExecutionTimeInMillis      int64
	DataScannedInBytes               int64
	TotalExecutionTimeInMillis       int64
	QueryQueueTimeInMillis           int64
	QueryPlanningTimeInMillis        int64
	ServiceProcessingTimeInMillis    int64
	ServicePreProcessingTimeInMillis int64
	ResultReuseInformation           struct{ ReusedPreviousResult bool }
}

type queryExecution struct {
	QueryExecutionId      string //nolint:revive // the wire's name
	Query                 string
	StatementType         string
	SubstatementType      string
	ResultConfiguration   resultConfiguration
	QueryExecutionContext queryContext
	Status                queryStatus
	Statistics            queryStatistics
	WorkGroup             string
	EngineVersion         *engineVersion
	ExecutionParameters   []string `json:",omitempty"`
}

// describe shows a query. The lock is held.
func (x *execution) describe() *queryExecution {
	q := &queryExecution{
		QueryExecutionId: x.id, Query: x.sql, StatementType: "DDL", SubstatementType: x.kind.String(), WorkGroup: x.group,
		ResultConfiguration:   resultConfiguration{OutputLocation: x.output.String(), EncryptionConfiguration: x.encryption},
		QueryExecutionContext: queryContext{Database: x.database, Catalog: "awsdatacatalog"},
		Status:                queryStatus{State: x.state, StateChangeReason: x.reason, SubmissionDateTime: epoch(x.submitted)},
		EngineVersion:         &engineVersion{"AUTO", "Athena engine version 3"},
		ExecutionParameters:   x.params,
	}
	if x.kind == trinosql.KindSelect {
		q.StatementType = "DML"
	}
	st := &q.Statistics
	st.DataScannedInBytes, st.ResultReuseInformation.ReusedPreviousResult = x.scanned, x.reused
	st.QueryPlanningTimeInMillis = x.planned.Milliseconds()
	end := time.Now()
	if !x.completed.IsZero() {
		end = x.completed
		q.Status.CompletionDateTime = epoch(x.completed)
	}
	st.TotalExecutionTimeInMillis = end.Sub(x.submitted).Milliseconds()
	if !x.reused {
		st.EngineExecutionTimeInMillis = st.TotalExecutionTimeInMillis
	}
	if x.state == failed {
		e := &athenaError{ErrorCategory: 2, ErrorType: 1006, ErrorMessage: x.reason}
		if x.code == "" { // no mistake of the query
			e.ErrorCategory, e.ErrorType = 1, 1
		}
		q.Status.AthenaError = e
	}
	return q
}

type getOutput struct{ QueryExecution *queryExecution }

func (s *Service) get(_ context.Context, in *idInput) (*getOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.find(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	return &getOutput{x.describe()}, nil
}

type batchGetInput struct {
	QueryExecutionIds []string //nolint:revive // the wire's name
}

type unprocessed struct {
	QueryExecutionId string //nolint:revive // the wire's name
	ErrorCode        string
	ErrorMessage     string
}

type batchGetOutput struct {
	QueryExecutions              []*queryExecution
	UnprocessedQueryExecutionIds []unprocessed //nolint:revive // the wire's name
}

func (s *Service) batchGet(_ context.Context, in *batchGetInput) (*batchGetOutput, error) {
	if len(in.QueryExecutionIds) == 0 || len(in.QueryExecutionIds) > 50 {
		return nil, invalid("BatchGetQueryExecution takes 1 to 50 queries, not %d", len(in.QueryExecutionIds))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &batchGetOutput{QueryExecutions: []*queryExecution{}, UnprocessedQueryExecutionIds: []unprocessed{}}
	for _, id := range in.QueryExecutionIds {
		if x, err := s.find(id); err == nil {
			out.QueryExecutions = append(out.QueryExecutions, x.describe())
		} else {
			out.UnprocessedQueryExecutionIds = append(out.UnprocessedQueryExecutionIds, unprocessed{id, "INVALID_INPUT", "QueryExecution " + id + " was not found"})
		}
	}
	return out, nil
}

type listInput struct {
	WorkGroup  string
	MaxResults int
	NextToken  string
}

type listOutput struct {
	QueryExecutionIds []string //nolint:revive // the wire's name
	NextToken         string   `json:",omitempty"`
}

func (s *Service) list(_ context.Context, in *listInput) (*listOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	n := in.MaxResults
	if n == 0 {
		n = 50
	}
	if n < 0 || n > 50 {
		return nil, invalid("MaxResults %d is not 0 to 50", n)
	}
	skip, err := offset(in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &listOutput{QueryExecutionIds: []string{}}
	seen := int64(0)
	for _, x := range slices.Backward(s.mu.order) {
		if x.group != g.Name {
			continue
		}
		if seen++; seen <= skip {
			continue
		}
		if len(out.QueryExecutionIds) == n {
			out.NextToken = token(seen - 1)
			break
		}
		out.QueryExecutionIds = append(out.QueryExecutionIds, x.id)
	}
	return out, nil
}

// token and offset write and read where a page begins.
func token(n int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, n, 10))
}

func offset(token string) (int64, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if token == "" || err != nil {
		if err != nil {
			return 0, invalid("NextToken is not one that was given out")
		}
		return 0, nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("NextToken is not one that was given out")
	}
	return n, nil
}
