package glue

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Service is the local Glue catalog. It is safe for concurrent use.
type Service struct {
	env  service.Env
	wire awswire.JSON
	mu   struct {
		sync.Mutex
		store
	}
}

// Open reads the catalog from env.Dir.
func Open(env service.Env) (*Service, error) {
	s := &Service{env: env}
	if err := s.mu.open(env); err != nil {
		return nil, err
	}
	s.wire = awswire.JSON{Version: "1.1", Ops: s.operations()}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.wire.ServeHTTP(w, r) }

// Close closes the log. Changes that come later are refused.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.journal.Close()
}

func (s *Service) operations() map[string]awswire.Op {
	return map[string]awswire.Op{
		"CreateDatabase": unary(s, s.createDatabase),
		"GetDatabase":    unary(s, s.getDatabase),
		"GetDatabases":   unary(s, s.getDatabases),
		"UpdateDatabase": unary(s, s.updateDatabase),
		"DeleteDatabase": unary(s, s.deleteDatabase),

		"CreateTable":             unary(s, s.createTable),
		"GetTable":                unary(s, s.getTable),
		"GetTables":               unary(s, s.getTables),
		"UpdateTable":             unary(s, s.updateTable),
		"DeleteTable":             unary(s, s.deleteTable),
		"BatchDeleteTable":        unary(s, s.batchDeleteTable),
		"GetTableVersion":         unary(s, s.getTableVersion),
		"GetTableVersions":        unary(s, s.getTableVersions),
		"DeleteTableVersion":      unary(s, s.deleteTableVersion),
		"BatchDeleteTableVersion": unary(s, s.batchDeleteTableVersion),

		"CreatePartition":      unary(s, s.createPartition),
		"BatchCreatePartition": unary(s, s.batchCreatePartition),
		"GetPartition":         unary(s, s.getPartition),
		"GetPartitions":        unary(s, s.getPartitions),
		"BatchGetPartition":    unary(s, s.batchGetPartition),
		"UpdatePartition":      unary(s, s.updatePartition),
		"BatchUpdatePartition": unary(s, s.batchUpdatePartition),
		"DeletePartition":      unary(s, s.deletePartition),
		"BatchDeletePartition": unary(s, s.batchDeletePartition),

		"CreatePartitionIndex": unary(s, s.createPartitionIndex),
		"GetPartitionIndexes":  unary(s, s.getPartitionIndexes),
		"DeletePartitionIndex": unary(s, s.deletePartitionIndex),

		"UpdateColumnStatisticsForTable":     unary(s, s.updateColumnStatistics),
		"GetColumnStatisticsForTable":        unary(s, s.getColumnStatistics),
		"DeleteColumnStatisticsForTable":     unary(s, s.deleteColumnStatistics),
		"UpdateColumnStatisticsForPartition": unary(s, s.updateColumnStatistics),
		"GetColumnStatisticsForPartition":    unary(s, s.getColumnStatistics),
		"DeleteColumnStatisticsForPartition": unary(s, s.deleteColumnStatistics),

		"GetUserDefinedFunctions": unary(s, s.getUserDefinedFunctions),
		"GetUserDefinedFunction":  unary(s, s.getUserDefinedFunction),
		"GetCatalogImportStatus":  unary(s, s.getCatalogImportStatus),
		"GetTags":                 unary(s, s.getTags),
		"TagResource":             unary(s, s.tagResource),
		"UntagResource":           unary(s, s.untagResource),
	}
}

// unary serves one operation under the service's lock, when it is for this catalog.
func unary[In, Out any](s *Service, f func(in *In) (*Out, error)) awswire.Op {
	return func(_ context.Context, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			return nil, awswire.Errorf("SerializationException", "%v", err)
		}
		if c, ok := any(in).(inCatalog); ok && c.catalog() != "" && c.catalog() != s.env.Account {
			return nil, notFound("Catalog %s not found.", c.catalog())
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(in)
	}
}

// now is the time as the service writes it: in whole seconds.
func now() float64 { return float64(time.Now().Unix()) }

// Serves says whether the service has an operation.
func (s *Service) Serves(op string) bool { _, ok := s.wire.Ops[op]; return ok }
