package kinesis

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Lease is what a lease table says of one shard.
type Lease struct {
	// Shard is the shard's id (the lease's key).
	Shard string
	// Owner is the worker that has the lease; empty when it is free. A worker that died
	// stays here until another takes the lease: see Counter.
	Owner string
	// HandingOver is the worker that still finishes its work on the shard before Owner
	// begins (attribute checkpointOwner); empty otherwise.
	HandingOver string
	// Checkpoint is the sequence number up to which everything is done, or TRIM_HORIZON,
	// LATEST or AT_TIMESTAMP when nothing is done yet, or SHARD_END when everything is.
	Checkpoint string
	// Sub is the place of the last user record that is done inside the aggregated record
	// at Checkpoint.
	Sub uint64
	// Counter is the heartbeat: a lease whose counter stands still for longer than the
	// application's failover time belongs to nobody.
	Counter int64
	// Switches is how often the owner has changed since the last checkpoint.
	Switches int64
	// Parents and Children are the ids of the shards that this one came from and became.
	// Children are known when the shard is done.
	Parents, Children []string
	// StartingHashKey and EndingHashKey are the shard's range in decimal, both included;
	// empty in tables of the Java library before 2.3.
	StartingHashKey, EndingHashKey string
	// Pending is a prepared checkpoint that was not committed; nil when there is none.
	Pending *PendingCheckpoint
	// ThroughputKBps is what the shard gives a second, in KiB, as its owner has measured it
	// in an application of 3.x; 0 when none has.
	ThroughputKBps float64
}

// PendingCheckpoint is a checkpoint that was prepared (two-phase) and is not made yet.
type PendingCheckpoint struct {
	// Seq and Sub are the place, like Checkpoint and Sub of a [Lease].
	Seq string
	Sub uint64
	// State is what the application stored with it.
	State []byte
}

// Done says that everything in the shard is done.
func (l *Lease) Done() bool { return l.Checkpoint == shardEnd }

// Reached gives the second at which the record at the checkpoint arrived; ok is false when
// the checkpoint is not a sequence number, or not one that can be decoded. It is read off
// the sequence number, whose layout is not documented by AWS: good for a display, not for a
// decision.
//
// The lag of the shard is at most the time since then. It is less when nothing has come
// since: what a quiet shard holds behind its checkpoint only the stream can say (see
// [Consumer.Lag]).
func (l *Lease) Reached() (t time.Time, ok bool) { return arrival(l.Checkpoint) }

// Leases reads the lease table of an application, which has the application's name unless
// it was given another, and gives the leases ordered by shard. It needs dynamodb:Scan alone
// and reads tables of this package and of the Java library from 1.x to 3.x; what else 3.x
// keeps in the table is left out.
func Leases(ctx context.Context, cfg aws.Config, table string) ([]Lease, error) {
	t := &leaseTable{client: dynamodb.NewFromConfig(cfg), name: table}
	rows, err := t.scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("kinesis: %w", missingTable(err, table, cfg.Region))
	}
	out := make([]Lease, len(rows))
	for i, l := range rows {
		out[i] = Lease{
			Shard: l.shard, Owner: l.owner, HandingOver: l.from, Checkpoint: l.checkpoint, Sub: l.sub,
			Counter: l.counter, Switches: l.switches, Parents: l.parents, Children: l.children,
			StartingHashKey: l.first, EndingHashKey: l.last, Pending: l.pending, ThroughputKBps: l.kbps,
		}
	}
	return out, nil
}

// missingTable explains a lease table that is not there.
func missingTable(err error, table, region string) error {
	if errorCode(err) != "ResourceNotFoundException" {
		return err
	}
	return fmt.Errorf("there is no lease table %q in %s: no worker of the application has run yet, or the application, its table (ConsumerOptions.LeaseTable) or the region is another: %w", table, region, err)
}

// Lag says for each shard that this worker reads how far it was behind the newest record
// when the stream last answered (MillisBehindLatest): 0 at the tip. What has been read and
// is not yet through the handler is not in it: of a handler that hangs [Lag] tells. It is
// empty when Run does not run.
func (c *Consumer) Lag() map[string]time.Duration {
	c.lag.Lock()
	defer c.lag.Unlock()
	return maps.Clone(c.lag.behind)
}

// lags is what the shards' readers have heard last.
type lags struct {
	sync.Mutex
	behind map[string]time.Duration
}

func (l *lags) set(shard string, d time.Duration) {
	l.Lock()
	defer l.Unlock()
	if l.behind == nil {
		l.behind = map[string]time.Duration{}
	}
	l.behind[shard] = d
}

func (l *lags) forget(shard string) {
	l.Lock()
	defer l.Unlock()
	delete(l.behind, shard)
}
