package firehose

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/apierr"
)

// registrar adds partitions to the Glue Data Catalog, each once.
type registrar struct {
	client *catalog.Client
	table  *catalog.Table

	mu struct {
		sync.Mutex
		known map[string]bool
	}
}

func newRegistrar(cfg aws.Config, table *catalog.Table) *registrar {
	r := &registrar{client: catalog.NewClient(cfg), table: table}
	r.mu.known = make(map[string]bool)
	return r
}

// register makes sure that the catalog has the partition.
func (r *registrar) register(ctx context.Context, to *route) error {
	r.mu.Lock()
	known := r.mu.known[to.key]
	r.mu.Unlock()
	if known {
		return nil
	}
	err := r.client.AddPartitions(ctx, r.table, [][]string{to.values})[0]
	if apierr.Code(err) == "EntityNotFoundException" {
		return fmt.Errorf("firehose: register partition %s: table %s is not in the catalog: make it there first (catalog.NewClient(cfg).Plan, then Apply): %w", to.prefix, r.table, err)
	}
	if err != nil {
		return fmt.Errorf("firehose: register partition %s: %w", to.prefix, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.known) == maxCached {
		clear(r.mu.known)
	}
	r.mu.known[to.key] = true
	return nil
}
