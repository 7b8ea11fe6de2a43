package athena

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Service is a local Athena. It is an [http.Handler] and safe for concurrent use.
type Service struct {
	env     service.Env
	cfg     aws.Config
	glue    *awsglue.Client
	s3      *awss3.Client
	objects Objects
	engine  Engine // nil when there is none
	wire    awswire.JSON
	ctx     context.Context // of the queries; ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu struct {
		sync.Mutex
		groups map[string]*workGroup
		runs   map[string]*execution
		order  []*execution      // in the order of their start
		tokens map[string]string // ClientRequestToken -> query
		closed bool
	}
}

// Needs is what the service stands on: the lake's own Glue and S3, by its configuration, the
// files behind S3, and the engine, which may be missing.
type Needs struct {
	Config  aws.Config
	Objects Objects
	Engine  Engine
}

// Open opens the service in its folder.
func Open(env service.Env, needs Needs) (*Service, error) {
	s := &Service{
		env: env, cfg: needs.Config, objects: needs.Objects, engine: needs.Engine,
		glue: awsglue.NewFromConfig(needs.Config), s3: awss3.NewFromConfig(needs.Config),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.mu.runs = map[string]*execution{}
	s.mu.tokens = map[string]string{}
	if err := s.loadGroups(); err != nil {
		return nil, fmt.Errorf("athena: %w", err)
	}
	scratch := filepath.Join(env.Dir, scratchDir)
	if err := env.FS.RemoveAll(scratch); err != nil { // of queries that a crash cut off
		return nil, fmt.Errorf("athena: %w", err)
	}
	if err := env.FS.MkdirAll(scratch, 0o755); err != nil {
		return nil, fmt.Errorf("athena: %w", err)
	}
	s.wire = awswire.JSON{Version: "1.1", Ops: map[string]awswire.Op{
		"CreateWorkGroup":        awswire.Unary(s.createWorkGroup),
		"GetWorkGroup":           awswire.Unary(s.getWorkGroup),
		"ListWorkGroups":         awswire.Unary(s.listWorkGroups),
		"UpdateWorkGroup":        awswire.Unary(s.updateWorkGroup),
		"DeleteWorkGroup":        awswire.Unary(s.deleteWorkGroup),
		"StartQueryExecution":    awswire.Unary(s.start),
		"GetQueryExecution":      awswire.Unary(s.get),
		"BatchGetQueryExecution": awswire.Unary(s.batchGet),
		"ListQueryExecutions":    awswire.Unary(s.list),
		"StopQueryExecution":     awswire.Unary(s.stopQuery),
		"GetQueryResults":        awswire.Unary(s.results),
	}}
	return s, nil
}

const scratchDir = "scratch"

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.wire.ServeHTTP(w, r) }

// Close cancels the queries that run and closes the engine.
func (s *Service) Close() error {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
	if s.engine == nil {
		return nil
	}
	if err := s.engine.Close(); err != nil {
		return fmt.Errorf("athena: close the engine: %w", err)
	}
	return nil
}

// invalid is a request that makes no sense.
func invalid(format string, args ...any) error {
	e := awswire.Errorf("InvalidRequestException", format, args...)
	e.Fields = map[string]any{"AthenaErrorCode": "INVALID_INPUT", "Message": e.Message}
	return e
}

// epoch is how JSON 1.1 writes an instant.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Serves says whether the service has an operation.
func (s *Service) Serves(op string) bool { _, ok := s.wire.Ops[op]; return ok }
