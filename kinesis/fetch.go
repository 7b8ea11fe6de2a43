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
var errShardGone = errors.New("the shard does not exist any more: its records are older than the stream's retention")

// errStreamGone says that the stream was deleted.
var errStreamGone = errors.New("the stream is gone")

// maxAnswer is the largest GetRecords answer.
const maxAnswer = 10 << 20

// poller reads a shard with GetRecords and hands over one answer at a time, so that one
// answer at most is read ahead of the handler.
type poller struct {
	client     *awskinesis.Client
	stream     string
	shard      string
	users      deaggregator
	from       place
	interval   time.Duration
	maxRecords int32
	room       *budget
	report     func(error)
	lag        func(time.Duration)
	out        chan fetched

	iterator string
	last     string    // sequence number of the last record read; empty: none yet
	began    time.Time // when the first iterator was made: where LATEST was
	checked  bool      // whether the place still exists has been settled
	guess    int64     // bytes the next answer may have
	pause    time.Duration
	idle     time.Duration
	failures int
}

// run reads until ctx ends, the shard ends or an error that does not pass.
func (p *poller) run(ctx context.Context) {
	defer close(p.out)
	p.guess = maxAnswer // it may be far behind
	for ctx.Err() == nil {
		f, err := p.next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			if !p.survives(ctx, err) {
				p.hand(ctx, fetched{err: err})
				return
			}
			continue
		}
		p.failures = 0
		if len(f.records) == 0 && !f.end {
			p.room.release(f.size)
		} else if !p.hand(ctx, f) || f.end {
			return
		}
		if d := max(p.pause, p.idle); d > 0 {
			wait(ctx, nil, d)
		}
	}
}

func (p *poller) hand(ctx context.Context, f fetched) bool {
	select {
	case p.out <- f:
		return true
	case <-ctx.Done():
		p.room.release(f.size)
		return false
	}
}

// survives waits after an error that passes; false means that it does not.
func (p *poller) survives(ctx context.Context, err error) bool {
	code := errorCode(err)
	if gap := (*GapError)(nil); errors.As(err, &gap) || errors.Is(err, errShardGone) {
		return false
	}
	if code == "ExpiredIteratorException" {
		p.iterator = ""
		return true
	}
	p.failures++
	if throttled(code) {
		// Several applications share the shard's five calls a second: from now on keep to
		// our part, and say something only when it lasts.
		p.pause = 250 * time.Millisecond
		if p.failures < 10 {
			return wait(ctx, nil, backoff(p.failures, 250*time.Millisecond, 5*time.Second))
		}
	} else if permanent(code) {
		return false
	}
	p.report(err)
	return wait(ctx, nil, backoff(p.failures, 100*time.Millisecond, 30*time.Second))
}

// next makes one GetRecords call.
func (p *poller) next(ctx context.Context) (fetched, error) {
	if p.iterator == "" {
		if err := p.open(ctx); err != nil {
			return fetched{}, err
		}
	}
	// The answer's bytes are taken before they arrive, by guess, so that many shards that
	// catch up at once do not hold more than the budget.
	f := fetched{size: p.guess}
	if err := p.room.acquire(ctx, f.size); err != nil {
		return fetched{}, err
	}
	call, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := p.client.GetRecords(call, &awskinesis.GetRecordsInput{ShardIterator: &p.iterator, Limit: &p.maxRecords}, once)
	if errorCode(err) == "ResourceNotFoundException" {
		err = p.gone(ctx, err)
	}
	if err != nil {
		p.room.release(f.size)
		return fetched{}, fmt.Errorf("read: %w", err)
	}
	f.records, err = p.convert(out.Records)
	if err != nil {
		p.room.release(f.size)
		return fetched{}, err
	}
	size := int64(0)
	for _, r := range f.records {
		size += int64(len(r.Data) + len(r.Key))
	}
	p.room.adjust(size - f.size)
	f.size = size
	p.guess = min(max(2*size, 64<<10), maxAnswer)
	p.iterator = aws.ToString(out.NextShardIterator)
	if p.iterator == "" {
		f.end = true
		for _, c := range out.ChildShards {
			f.children = append(f.children, childOf(c))
		}
	}
	behind := aws.ToInt64(out.MillisBehindLatest)
	p.lag(time.Duration(behind) * time.Millisecond)
	p.checked = p.checked || behind == 0 // at the tip with nothing on the way there: no gap
	p.rest(len(out.Records), behind)
	return f, nil
}

// rest sets how long to wait before the next call: not at all while behind, otherwise the
// interval, doubled while nothing comes, up to five times the interval.
func (p *poller) rest(records int, behind int64) {
	switch {
	case behind > 0:
		p.idle = 0
	case records > 0 || p.idle == 0:
		p.idle = p.interval
	default:
		p.idle = min(2*p.idle, 5*p.interval)
	}
}

// open gets an iterator for where reading goes on.
func (p *poller) open(ctx context.Context) error {
	in := &awskinesis.GetShardIteratorInput{StreamName: &p.stream, ShardId: &p.shard}
	switch {
	case p.last != "":
		in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAfterSequenceNumber, &p.last
	case p.from.numbered():
		// AT, not AFTER: the rest of an aggregated record is behind the same number.
		in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAtSequenceNumber, &p.from.checkpoint
	case p.from.checkpoint == atTimestamp:
		in.ShardIteratorType, in.Timestamp = kinesistypes.ShardIteratorTypeAtTimestamp, &p.from.since
	case p.from.checkpoint == latest && p.began.IsZero():
		in.ShardIteratorType = kinesistypes.ShardIteratorTypeLatest
	case p.from.checkpoint == latest:
		// A second LATEST would skip what came since the first. The margin is for clocks
		// that differ.
		in.ShardIteratorType, in.Timestamp = kinesistypes.ShardIteratorTypeAtTimestamp, aws.Time(p.began.Add(-time.Minute))
	default:
		in.ShardIteratorType = kinesistypes.ShardIteratorTypeTrimHorizon
	}
	now := time.Now()
	out, err := p.client.GetShardIterator(ctx, in, once)
	if errorCode(err) == "ResourceNotFoundException" {
		return p.gone(ctx, err)
	}
	if err != nil {
		return fmt.Errorf("get an iterator: %w", err)
	}
	if p.began.IsZero() {
		p.began = now
	}
	p.iterator = aws.ToString(out.ShardIterator)
	return nil
}

// gone tells a shard that is gone from a stream that is.
func (p *poller) gone(ctx context.Context, cause error) error {
	_, err := p.client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &p.stream})
	switch {
	case err == nil:
		return fmt.Errorf("%w: %w", errShardGone, cause)
	case errorCode(err) == "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", errStreamGone, cause)
	}
	return err
}

// convert takes aggregates apart, drops what was done before the place and checks that the
// place still exists.
func (p *poller) convert(rs []kinesistypes.Record) ([]stream.Record, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	if !p.checked && p.from.numbered() {
		first := aws.ToString(rs[0].SequenceNumber)
		if compareSeq(first, p.from.checkpoint) > 0 {
			gap := &GapError{Shard: p.shard, After: p.from.checkpoint, Oldest: first, Arrived: aws.ToTime(rs[0].ApproximateArrivalTimestamp)}
			if p.from.exact {
				return nil, fmt.Errorf("%w; StartAt's consumer does not pass a gap by itself: have StartAt return the position to go on from, or false for the lease's", gap)
			}
			p.report(gap)
		}
	}
	p.checked = true
	out := make([]stream.Record, 0, len(rs))
	for i := range rs {
		out = p.users.append(out, &rs[i], p.from)
	}
	p.last = aws.ToString(rs[len(rs)-1].SequenceNumber)
	return out, nil
}

// once leaves retrying to the caller, who knows how to pace it.
func once(o *awskinesis.Options) { o.RetryMaxAttempts = 1 }
