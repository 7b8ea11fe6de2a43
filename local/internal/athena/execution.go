package athena

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/trinosql"
	"github.com/lakekit/lakekit/internal/uuid"
)

// The states of a query.
const (
	queued    = "QUEUED"
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
	cancelled = "CANCELLED"
)

// execution is a query. What a lock guards is under the service's.
type execution struct {
	id, sql, database, group string
	params                   []string
	kind                     trinosql.Kind
	output                   location // s3://bucket/prefix/ID.csv
	encryption               *encryption
	cutoff                   int64 // 0: none
	submitted                time.Time
	cancel                   context.CancelFunc
	done                     chan struct{}

	// guarded by Service.mu
	state     string
	reason    string
	code      string
	completed time.Time
	planned   time.Duration
	scanned   int64
	reused    bool
	columns   []Column
	stopped   bool
}

type queryContext struct {
	Database string `json:",omitempty"`
	Catalog  string `json:",omitempty"`
}

type reuseConfiguration struct {
	ResultReuseByAgeConfiguration *struct {
		Enabled         bool
		MaxAgeInMinutes int
	}
}

type startInput struct {
	QueryString              string
	ClientRequestToken       string
	QueryExecutionContext    *queryContext
	ResultConfiguration      *resultConfiguration
	WorkGroup                string
	ExecutionParameters      []string
	ResultReuseConfiguration *reuseConfiguration
}

type startOutput struct{ QueryExecutionId string } //nolint:revive // the wire's name

// maxHistory bounds the queries that are remembered.
const maxHistory = 10_000

func (s *Service) start(_ context.Context, in *startInput) (*startOutput, error) {
	if strings.TrimSpace(in.QueryString) == "" {
		return nil, invalid("Query string is empty")
	}
	kind, err := trinosql.Classify(in.QueryString)
	if err != nil {
		return nil, malformed(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil, awswire.Errorf("InternalServerException", "the local lake is closed")
	}
	if id, ok := s.mu.tokens[in.ClientRequestToken]; ok && in.ClientRequestToken != "" {
		if s.mu.runs[id].sql != in.QueryString {
			return nil, invalid("Idempotent parameters do not match")
		}
		return &startOutput{id}, nil
	}
	x := &execution{
		id: uuid.New(), sql: in.QueryString, params: in.ExecutionParameters, kind: kind, submitted: time.Now(),
		state: queued, done: make(chan struct{}),
	}
	if c := in.QueryExecutionContext; c != nil {
		if c.Catalog != "" && !strings.EqualFold(c.Catalog, "AwsDataCatalog") {
			return nil, invalid("the local Athena has the catalog AwsDataCatalog only, not %s", c.Catalog)
		}
		x.database = strings.ToLower(c.Database)
	}
	if err := s.settle(x, in); err != nil {
		return nil, err
	}
	if err := x.checkSyntax(); err != nil {
		return nil, err
	}
	s.remember(x, in.ClientRequestToken)
	if old := s.reusable(x, in.ResultReuseConfiguration); old != nil {
		x.state, x.reused, x.columns, x.output, x.completed = succeeded, true, old.columns, old.output, x.submitted
		close(x.done)
		return &startOutput{x.id}, nil
	}
	var ctx context.Context
	ctx, x.cancel = context.WithCancel(s.ctx)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer x.cancel()
		defer close(x.done)
		s.run(ctx, x)
	}()
	return &startOutput{x.id}, nil
}

// settle takes what the workgroup says over what the request says, or the other way round.
func (s *Service) settle(x *execution, in *startInput) error {
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return err
	}
	if g.State != "ENABLED" {
		return invalid("WorkGroup %s is disabled", g.Name)
	}
	x.group = g.Name
	if g.Configuration.BytesScannedCutoffPerQuery != nil {
		x.cutoff = *g.Configuration.BytesScannedCutoffPerQuery
	}
	conf := resultConfiguration{}
	if g.Configuration.ResultConfiguration != nil {
		conf = *g.Configuration.ResultConfiguration
	}
	if in.ResultConfiguration != nil && !*g.Configuration.EnforceWorkGroupConfiguration {
		if in.ResultConfiguration.OutputLocation != "" {
			conf.OutputLocation = in.ResultConfiguration.OutputLocation
		}
		if in.ResultConfiguration.EncryptionConfiguration != nil {
			conf.EncryptionConfiguration = in.ResultConfiguration.EncryptionConfiguration
		}
	}
	if conf.OutputLocation == "" {
		return invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	at, err := parseLocation(conf.OutputLocation)
	if err != nil {
		return invalid("OutputLocation: %v", err)
	}
	end := ".csv"
	if x.kind != trinosql.KindSelect {
		end = ".txt"
	}
	x.output = location{at.bucket, at.key + x.id + end}
	x.encryption = conf.EncryptionConfiguration
	return nil
}

// checkSyntax refuses at once what cannot be read, as Athena does.
func (x *execution) checkSyntax() error {
	if x.kind == trinosql.KindSelect {
		if _, err := trinosql.Parse(x.sql); err != nil {
			return malformed(err)
		}
		return nil
	}
	if !isDDL(x.kind) {
		return malformed(fmt.Errorf("the local Athena does not run %s statements", x.kind))
	}
	return nil
}

func malformed(err error) error {
	e := awswire.Errorf("InvalidRequestException", "%v", err)
	e.Fields = map[string]any{"AthenaErrorCode": "MALFORMED_QUERY", "Message": e.Message}
	return e
}

func (s *Service) remember(x *execution, token string) {
	s.mu.runs[x.id] = x
	s.mu.order = append(s.mu.order, x)
	if token != "" {
		s.mu.tokens[token] = x.id
	}
	if len(s.mu.order) <= maxHistory {
		return
	}
	i := slices.IndexFunc(s.mu.order, func(x *execution) bool { return x.state != queued && x.state != running })
	if i < 0 {
		return
	}
	old := s.mu.order[i].id
	s.mu.order = slices.Delete(s.mu.order, i, i+1)
	delete(s.mu.runs, old)
	for t, id := range s.mu.tokens {
		if id == old {
			delete(s.mu.tokens, t)
		}
	}
}

// reusable finds a result of the same statement that is young enough.
func (s *Service) reusable(x *execution, c *reuseConfiguration) *execution {
	if c == nil || c.ResultReuseByAgeConfiguration == nil || !c.ResultReuseByAgeConfiguration.Enabled || x.kind != trinosql.KindSelect {
		return nil
	}
	age := time.Duration(c.ResultReuseByAgeConfiguration.MaxAgeInMinutes) * time.Minute
	if age == 0 {
		age = time.Hour // Athena's default
	}
	for _, old := range slices.Backward(s.mu.order) {
		if old.state == succeeded && !old.reused && old.sql == x.sql && old.database == x.database && old.group == x.group &&
			slices.Equal(old.params, x.params) && x.submitted.Sub(old.completed) <= age {
			return old
		}
	}
	return nil
}

// run runs a query to its end.
func (s *Service) run(ctx context.Context, x *execution) {
	s.mu.Lock()
	x.state = running
	s.mu.Unlock()
	err := s.runKind(ctx, x)
	s.mu.Lock()
	defer s.mu.Unlock()
	x.completed = time.Now()
	var own *Error
	var cut *cutOffError
	switch {
	case err == nil:
		x.state = succeeded
	case errors.As(err, &cut):
		x.state, x.reason = cancelled, cut.Error()
	case x.stopped || ctx.Err() != nil:
		x.state, x.reason = cancelled, "Query was cancelled"
	default:
		x.state, x.reason = failed, err.Error()
		if errors.As(err, &own) {
			x.code = own.Code
		}
	}
}

// runKind runs a query. A defect of this package or of the engine fails the query, not the lake
// and all its clients.
func (s *Service) runKind(ctx context.Context, x *execution) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.env.Log.Error("athena: a query panicked", "query", x.id, "panic", r, "stack", string(debug.Stack()))
			err = errors.New("the local Athena has a defect that this query found; the lake's log has the details")
		}
	}()
	if x.kind == trinosql.KindSelect {
		return s.query(ctx, x)
	}
	return s.ddl(ctx, x)
}

type cutOffError struct{ limit, scanned int64 }

func (e *cutOffError) Error() string {
	return fmt.Sprintf("Query cancelled! : Bytes scanned limit was exceeded (limit %d bytes, the query would read %d)", e.limit, e.scanned)
}

type idInput struct {
	QueryExecutionId string //nolint:revive // the wire's name
}

// find finds a query. The lock is held.
func (s *Service) find(id string) (*execution, error) {
	x := s.mu.runs[id]
	if x == nil {
		return nil, invalid("QueryExecution %s was not found", id)
	}
	return x, nil
}

func (s *Service) stopQuery(_ context.Context, in *idInput) (*empty, error) {
	s.mu.Lock()
	x, err := s.find(in.QueryExecutionId)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	if x.state == queued || x.state == running {
		x.stopped = true
		x.cancel()
	}
	s.mu.Unlock()
	return &empty{}, nil
}
