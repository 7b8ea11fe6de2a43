package dynamodb

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Service is the local DynamoDB. It is safe for concurrent use.
type Service struct {
	env  service.Env
	wire awswire.JSON
	mu   struct {
		sync.Mutex
		database
	}
}

// Open reads the tables from env.Dir.
func Open(env service.Env) (*Service, error) {
	s := &Service{env: env}
	if err := s.mu.open(env); err != nil {
		return nil, err
	}
	s.wire = awswire.JSON{Version: "1.0", Ops: s.operations()}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.wire.ServeHTTP(w, r) }

// Close closes the log. Requests that come later are refused.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.journal.Close()
}

func (s *Service) operations() map[string]awswire.Op {
	ops := map[string]awswire.Op{
		"CreateTable":               unary(s, s.createTable),
		"DescribeTable":             unary(s, s.describeTable),
		"DeleteTable":               unary(s, s.deleteTable),
		"ListTables":                unary(s, s.listTables),
		"UpdateTable":               unary(s, s.updateTable),
		"UpdateTimeToLive":          unary(s, s.updateTimeToLive),
		"DescribeTimeToLive":        unary(s, s.describeTimeToLive),
		"DescribeContinuousBackups": unary(s, s.describeContinuousBackups),
		"UpdateContinuousBackups":   unary(s, s.updateContinuousBackups),
		"DescribeLimits":            unary(s, s.describeLimits),
		"DescribeEndpoints":         unary(s, s.describeEndpoints),
		"TagResource":               unary(s, s.tagResource),
		"UntagResource":             unary(s, s.untagResource),
		"ListTagsOfResource":        unary(s, s.listTagsOfResource),
		"GetItem":                   unary(s, s.getItem),
		"BatchGetItem":              unary(s, s.batchGetItem),
		"BatchWriteItem":            unary(s, s.batchWriteItem),
		"TransactWriteItems":        unary(s, s.transactWriteItems),
		"TransactGetItems":          unary(s, s.transactGetItems),
		"Query":                     unary(s, s.query),
		"Scan":                      unary(s, s.scan),
	}
	for _, op := range []string{opPut, opUpdate, opDelete} {
		ops[op+"Item"] = unary(s, func(in *writeInput) (*writeOutput, error) { return s.writeItem(op, in) })
	}
	return ops
}

// unary serves one operation under the service's lock. A complaint about a value in the
// request is the answer.
func unary[In, Out any](s *Service, f func(in *In) (*Out, error)) awswire.Op {
	return func(_ context.Context, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			if !isService(err) {
				err = serialization(err.Error())
			}
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(in)
	}
}

// table finds a table by its name or ARN.
func (s *Service) table(name string) (*table, error) {
	short := tableName(name)
	if err := checkTableName(short); err != nil {
		return nil, err
	}
	t, ok := s.mu.tables[short]
	if !ok {
		return nil, awswire.Errorf(codeNotFound, "Requested resource not found")
	}
	return t, nil
}

// tableName takes the name from an ARN.
func tableName(s string) string {
	if strings.HasPrefix(s, "arn:") {
		if _, name, ok := strings.Cut(s, ":table/"); ok {
			name, _, _ = strings.Cut(name, "/")
			return name
		}
	}
	return s
}

// seconds is how the service writes a time.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Serves says whether the service has an operation.
func (s *Service) Serves(op string) bool { _, ok := s.wire.Ops[op]; return ok }
