package kinesis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// ShardLag is how far an application is in a shard of its stream.
type ShardLag struct {
	// Lease is the shard's row in the lease table. Where it has none, only Shard is set: a
	// shard begins when its parents are done, and a while after its end its row is deleted; then
	// Known says that it is done.
	Lease  Lease
	Leased bool
	// Closed says that the shard was split or merged and takes no more records.
	Closed bool
	// Behind is the age of the oldest record that is not done, by this machine's clock; 0 when
	// there is none. CloudWatch calls it the iterator's age. It is known, as Known says, where
	// the lease has a place to read from: not where it has only LATEST or AT_TIMESTAMP. What
	// is left of an aggregated record that is half done is not counted.
	Behind time.Duration
	Known  bool
	// Err is why this shard's lag could not be read; the others' stand.
	Err error
}

const (
	lagReaders = 8
	// lagHops is how many empty answers in a row are read on from: a shard has stretches
	// without records.
	lagHops = 10
)

// Lag says how far an application is, shard by shard, without being one of its workers: it
// reads the lease table, which has the application's name unless it was given another, and
// from each shard the record behind the checkpoint. That takes one of the five reads a second
// that a shard bears, and no lease is touched. For the shards that a worker reads itself,
// [Consumer.Lag] costs nothing.
//
// Credentials need dynamodb:Scan, and kinesis:ListShards, GetShardIterator and GetRecords.
func Lag(ctx context.Context, cfg aws.Config, stream, table string) ([]ShardLag, error) {
	if err := checkNames(cfg.Region, stream); err != nil {
		return nil, fmt.Errorf("kinesis: lag: %w", err)
	}
	leases, err := Leases(ctx, cfg, table)
	if err != nil {
		return nil, err
	}
	client := awskinesis.NewFromConfig(cfg)
	listed, err := listShards(ctx, client, stream, cfg.Region, nil)
	if err != nil {
		return nil, fmt.Errorf("kinesis: lag: %w", err)
	}
	open, err := listShards(ctx, client, stream, cfg.Region, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
	if err != nil {
		return nil, fmt.Errorf("kinesis: lag: %w", err)
	}
	takes := map[string]bool{}
	for _, s := range open {
		takes[s.id] = true
	}
	at := map[string]int{}
	var lags []ShardLag
	for _, s := range listed {
		at[s.id] = len(lags)
		lags = append(lags, ShardLag{Lease: Lease{Shard: s.id}, Closed: !takes[s.id]})
	}
	for _, l := range leases {
		if i, ok := at[l.Shard]; ok {
			lags[i].Lease, lags[i].Leased = l, true
			continue
		}
		gone := ShardLag{Lease: l, Leased: true, Closed: true, Known: l.Done()}
		if !l.Done() {
			gone.Err = fmt.Errorf("kinesis: lag: stream %q has no shard %s: what came behind its checkpoint was trimmed unread, or the table is another stream's", stream, l.Shard)
		}
		lags = append(lags, gone)
	}
	for id := range outgrown(listed, func(id string) bool { return lags[at[id]].Leased }) {
		if i, ok := at[id]; ok && !lags[i].Leased {
			lags[i].Known = true
		}
	}
	slices.SortFunc(lags, func(a, b ShardLag) int { return strings.Compare(a.Lease.Shard, b.Lease.Shard) })

	var readers sync.WaitGroup
	turn := make(chan struct{}, lagReaders)
	for i := range lags {
		l := &lags[i]
		if !l.Leased || l.Err != nil || l.Known {
			continue
		}
		turn <- struct{}{}
		readers.Go(func() {
			defer func() { <-turn }()
			if err := l.read(ctx, client, stream); err != nil {
				l.Err = fmt.Errorf("kinesis: lag: read shard %s of stream %q: %w", l.Lease.Shard, stream, err)
			}
		})
	}
	readers.Wait()
	return lags, ctx.Err()
}

// read finds the first record behind the checkpoint.
func (l *ShardLag) read(ctx context.Context, client *awskinesis.Client, stream string) error {
	in := &awskinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &l.Lease.Shard}
	switch c := l.Lease.Checkpoint; c {
	case shardEnd:
		l.Known = true
		return nil
	case latest, atTimestamp:
		return nil
	case trimHorizon:
		in.ShardIteratorType = kinesistypes.ShardIteratorTypeTrimHorizon
	default:
		in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAfterSequenceNumber, &c
	}
	it, err := client.GetShardIterator(ctx, in)
	if err != nil {
		return err
	}
	next := it.ShardIterator
	for range lagHops {
		out, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(1)})
		if err != nil {
			return err
		}
		l.Known = true
		if len(out.Records) > 0 {
			if t := out.Records[0].ApproximateArrivalTimestamp; t != nil {
				l.Behind = max(0, time.Since(*t))
			}
			return nil
		}
		l.Behind = time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
		if next = out.NextShardIterator; next == nil || l.Behind == 0 {
			return nil
		}
		if !wait(ctx, nil, 250*time.Millisecond) { // five reads a second
			return ctx.Err()
		}
	}
	return nil
}
