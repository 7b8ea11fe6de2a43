package firehose

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakekit/lakekit/catalog"
)

// registrar adds partitions to the Glue Data Catalog, each once.
type registrar struct {
	client  *awsglue.Client
	table   *catalog.Table
	storage gluetypes.StorageDescriptor

	mu struct {
		sync.Mutex
		known map[string]bool
	}
}

func newRegistrar(cfg aws.Config, table *catalog.Table) (*registrar, error) {
	in, err := table.TableInput()
	if err != nil {
		return nil, err
	}
	r := &registrar{client: awsglue.NewFromConfig(cfg), table: table, storage: *in.StorageDescriptor}
	r.mu.known = make(map[string]bool)
	return r, nil
}

// register makes sure that the catalog has the partition.
func (r *registrar) register(ctx context.Context, to *route) error {
	r.mu.Lock()
	known := r.mu.known[to.key]
	r.mu.Unlock()
	if known {
		return nil
	}
	storage := r.storage
	storage.Location = aws.String(to.prefix.String())
	_, err := r.client.CreatePartition(ctx, &awsglue.CreatePartitionInput{
		DatabaseName: aws.String(r.table.Database()), TableName: aws.String(r.table.Name()),
		PartitionInput: &gluetypes.PartitionInput{Values: to.values, StorageDescriptor: &storage},
	})
	if exists := (*gluetypes.AlreadyExistsException)(nil); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("firehose: register partition %s of table %s: %w", to.prefix, r.table, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.known) == maxCached {
		clear(r.mu.known)
	}
	r.mu.known[to.key] = true
	return nil
}
