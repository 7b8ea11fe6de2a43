package kinesis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/stream"
)

// Sample is what came into a stream in a period.
type Sample struct {
	// Load is what [Size] wants: RecordsPerSecond are those of the busiest second, by the
	// records' arrival, and AverageRecordsPerSecond those of the period. Aggregate is set when
	// most user records came in aggregates; AggregateBytes is then their mean size.
	Load Load
	// Profile is how it is spread, for [PlanReshard].
	Profile *Profile
	// Records are the user records that came.
	Records int64
}

const (
	sampleReaders = 16
	sampleReads   = time.Second // between two reads of a shard, which bears five a second
	sampleMost    = 24 * time.Hour
)

// SampleStream reads what came into a stream last, in 1 s to 24 h, and says what
// load that is and how it is spread, inside aggregates too. opts may be nil.
//
// It reads each shard once a second, which its other consumers feel: they share five reads and
// 2 MB a second. Measuring in a consumer that runs anyway ([HotKeys]) costs nothing.
// Credentials need kinesis:ListShards, GetShardIterator and GetRecords.
func SampleStream(ctx context.Context, cfg aws.Config, streamName string, last time.Duration, opts *HotKeysOptions) (*Sample, error) {
	hot, err := NewHotKeys(opts)
	if err != nil {
		return nil, err
	}
	if err := checkNames(cfg.Region, streamName); err != nil {
		return nil, fmt.Errorf("kinesis: sample: %w", err)
	}
	if last < time.Second || last > sampleMost {
		return nil, fmt.Errorf("kinesis: sample stream %q: the last %s are not from 1s to %s", streamName, last, sampleMost)
	}
	s := &sampler{client: awskinesis.NewFromConfig(cfg), stream: streamName, hot: hot, until: time.Now()}
	s.from = s.until.Add(-last)
	s.mu.seconds = map[int64]int64{}
	listed, err := listShards(ctx, s.client, streamName, cfg.Region, &kinesistypes.ShardFilter{
		Type: kinesistypes.ShardFilterTypeFromTimestamp, Timestamp: &s.from,
	})
	if err != nil {
		return nil, fmt.Errorf("kinesis: sample: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var readers sync.WaitGroup
	turn := make(chan struct{}, sampleReaders)
	for _, shard := range listed {
		turn <- struct{}{}
		readers.Go(func() {
			defer func() { <-turn }()
			if err := s.read(ctx, shard.id); err != nil {
				cancel(fmt.Errorf("kinesis: sample: read shard %s of stream %q: %w", shard.id, streamName, err))
			}
		})
	}
	readers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return s.sample(last)
}

type sampler struct {
	client      *awskinesis.Client
	stream      string
	hot         *HotKeys
	from, until time.Time

	mu struct {
		sync.Mutex
		seconds           map[int64]int64 // user records by the second of their arrival
		users, bytes      int64
		aggregated        int64 // user records in aggregates
		aggregates, packs int64 // how many, and their bytes
	}
}

func (s *sampler) read(ctx context.Context, shard string) error {
	it, err := s.client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{
		StreamName: &s.stream, ShardId: &shard, ShardIteratorType: kinesistypes.ShardIteratorTypeAtTimestamp, Timestamp: &s.from,
	})
	if err != nil {
		return err
	}
	var a aggregate.Aggregate
	for next, failures := it.ShardIterator, 0; next != nil; {
		out, err := s.client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: next})
		switch {
		case err == nil:
			failures = 0
			if s.add(shard, out.Records, &a) || aws.ToInt64(out.MillisBehindLatest) == 0 {
				return nil
			}
			next = out.NextShardIterator
		case !throttled(errorCode(err)) || failures == 10:
			return err
		default:
			failures++
		}
		if !wait(ctx, nil, backoff(failures, sampleReads, 10*time.Second)+sampleReads/2) {
			return ctx.Err()
		}
	}
	return nil
}

// add counts a shard's records, and says whether they lie behind the period.
func (s *sampler) add(shard string, records []kinesistypes.Record, a *aggregate.Aggregate) (over bool) {
	var users []stream.Record
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		arrived := aws.ToTime(r.ApproximateArrivalTimestamp)
		if arrived.After(s.until) {
			over = true
			break
		}
		before := len(users)
		if ok, err := a.Decode(r.Data); ok && err == nil {
			for _, u := range a.Records() {
				users = append(users, stream.Record{Key: u.Key, Data: u.Data})
			}
			s.mu.aggregated += int64(len(users) - before)
			s.mu.aggregates++
			s.mu.packs += int64(len(r.Data))
		} else {
			users = append(users, stream.Record{Key: aws.ToString(r.PartitionKey), Data: r.Data})
		}
		s.mu.users += int64(len(users) - before)
		s.mu.seconds[arrived.Unix()] += int64(len(users) - before)
	}
	for _, u := range users {
		s.mu.bytes += int64(len(u.Key) + len(u.Data))
	}
	s.hot.Observe(stream.NewBatch(shard, users, false, nil))
	return over
}

func (s *sampler) sample(last time.Duration) (*Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.users == 0 {
		return nil, fmt.Errorf("kinesis: sample stream %q: nothing came in the last %s: sample a longer or a busier while", s.stream, last)
	}
	l := Load{
		BytesPerRecord:          max(1, ceilDiv(s.mu.bytes, s.mu.users)),
		AverageRecordsPerSecond: ceilDiv(s.mu.users, int64(last/time.Second)),
	}
	for _, n := range s.mu.seconds {
		l.RecordsPerSecond = max(l.RecordsPerSecond, n)
	}
	l.AverageRecordsPerSecond = min(l.AverageRecordsPerSecond, l.RecordsPerSecond)
	if s.mu.aggregated*2 > s.mu.users {
		l.Aggregate = true
		l.AggregateBytes = min(max(ceilDiv(s.mu.packs, s.mu.aggregates), 1024), 1<<20)
	}
	return &Sample{Load: l, Profile: s.hot.Profile(), Records: s.mu.users}, nil
}
