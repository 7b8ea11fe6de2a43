package kinesis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/stream"
)

// place is where in a shard reading begins.
type place struct {
	// checkpoint is a sequence number or one of the words of the lease table.
	checkpoint string
	sub        uint64
	at         bool      // with a sequence number: deliver the record itself too
	since      time.Time // of AT_TIMESTAMP
	// exact says that a gap behind the place is an error: what lay there is wanted.
	exact bool
}

func (p place) numbered() bool { return p.checkpoint != "" && p.checkpoint[0] <= '9' }

// behind says whether a record comes before what the place asks for.
func (p place) behind(pos stream.Position) bool {
	if !p.numbered() {
		return false
	}
	c := comparePos(pos, stream.Position{Seq: p.checkpoint, Sub: p.sub})
	return c < 0 || c == 0 && !p.at
}

// fetched is one answer, or the reason why there are no more.
type fetched struct {
	records  []stream.Record
	end      bool
	children []shard
	size     int64 // taken from the budget; whoever receives it gives it back
	err      error
}

// errShardGone says that the service does not know the shard any more.
var errShardGone = errors.New("the shard does not exist any more: its records are older than the stream's retention; or the stream was deleted and made again, or the lease table is another stream's: then name the application otherwise, or delete its lease table")

// errStreamGone says that the stream was deleted.
var errStreamGone = errors.New("the stream is gone")

// fetcher is what polling and fan-out have in common: where in the shard reading is, and the
// way of the records to the handler.
type fetcher struct {
	client     *awskinesis.Client
	stream     string
	shard      string
	users      deaggregator
	from       place
	maxRecords int32
	room       *budget
	report     func(error)
	lag        func(time.Duration)
	out        chan fetched

	since    start
	last     string // sequence number behind which reading goes on; empty: from
	checked  bool   // whether the place still exists has been settled
	failures int    // in a row
}

// start is what one fetcher of a shard leaves to the next.
type start struct {
	began      time.Time // when the first read was set up: where LATEST was
	subscribed time.Time // when the service accepted a subscription last
}

// pass hands an answer over unless there is nothing in it. False means that reading is over.
func (f *fetcher) pass(ctx context.Context, a fetched) bool {
	if len(a.records) == 0 && !a.end && a.err == nil {
		f.room.release(a.size)
		return true
	}
	select {
	case f.out <- a:
		return !a.end && a.err == nil
	case <-ctx.Done():
		f.room.release(a.size)
		return false
	}
}

// survives waits after an error that passes, from base on; false means that it does not.
func (f *fetcher) survives(ctx context.Context, err error, base time.Duration) bool {
	code := errorCode(err)
	if gap := (*GapError)(nil); errors.As(err, &gap) || errors.Is(err, errShardGone) {
		return false
	}
	f.failures++
	if throttled(code) {
		// It is said only when it lasts.
		if f.failures < 10 {
			return wait(ctx, nil, backoff(f.failures, max(base, 250*time.Millisecond), 5*time.Second))
		}
	} else if permanent(code) {
		return false
	}
	f.report(err)
	return wait(ctx, nil, backoff(f.failures, base, 30*time.Second))
}

// position is where reading begins or goes on. since.began must be set when the service has
// taken it.
func (f *fetcher) position() kinesistypes.StartingPosition {
	switch {
	case f.last != "":
		return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: &f.last}
	case f.from.numbered():
		// AT, not AFTER: the rest of an aggregated record is behind the same number.
		return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAtSequenceNumber, SequenceNumber: &f.from.checkpoint}
	case f.from.checkpoint == atTimestamp:
		return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAtTimestamp, Timestamp: &f.from.since}
	case f.from.checkpoint == latest && f.since.began.IsZero():
		return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeLatest}
	case f.from.checkpoint == latest:
		// A second LATEST would skip what came since the first. The margin is for clocks
		// that differ.
		return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(f.since.began.Add(-time.Minute))}
	}
	return kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeTrimHorizon}
}

// heard takes what an answer says of the distance to the shard's tip, after its records.
func (f *fetcher) heard(behind int64) {
	f.lag(time.Duration(behind) * time.Millisecond)
	f.checked = f.checked || behind == 0 // at the tip with nothing on the way there: no gap
}

// gone tells a shard that is gone from a stream that is.
func (f *fetcher) gone(ctx context.Context, cause error) error {
	_, err := f.client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &f.stream})
	switch {
	case err == nil:
		return fmt.Errorf("%w: %w", errShardGone, cause)
	case errorCode(err) == "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", errStreamGone, cause)
	}
	return err
}

// convert takes aggregates apart, drops what was done before the place and checks that the
// place still exists. It gives the records' bytes with them.
func (f *fetcher) convert(rs []kinesistypes.Record) ([]stream.Record, int64, error) {
	if len(rs) == 0 {
		return nil, 0, nil
	}
	if !f.checked && f.from.numbered() {
		first := aws.ToString(rs[0].SequenceNumber)
		if compareSeq(first, f.from.checkpoint) > 0 {
			gap := &GapError{Shard: f.shard, After: f.from.checkpoint, Oldest: first, Arrived: aws.ToTime(rs[0].ApproximateArrivalTimestamp)}
			if f.from.exact {
				return nil, 0, fmt.Errorf("%w; StartAt's consumer does not pass a gap by itself: have StartAt return the position to go on from, or false for the lease's", gap)
			}
			f.report(gap)
		}
	}
	f.checked = true
	out := make([]stream.Record, 0, len(rs))
	for i := range rs {
		out = f.users.append(out, &rs[i], f.from)
	}
	f.last = aws.ToString(rs[len(rs)-1].SequenceNumber)
	size := int64(0)
	for _, r := range out {
		size += int64(len(r.Data) + len(r.Key))
	}
	return out, size, nil
}

// once leaves retrying to the caller, who knows how to pace it.
func once(o *awskinesis.Options) { o.RetryMaxAttempts = 1 }
