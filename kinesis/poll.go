package kinesis

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// maxAnswer is the largest GetRecords answer.
const maxAnswer = 10 << 20

// poller reads a shard with GetRecords and hands over one answer at a time, so that one
// answer at most is read ahead of the handler.
type poller struct {
	*fetcher
	interval time.Duration

	iterator string
	guess    int64 // bytes the next answer may have
	pause    time.Duration
	idle     time.Duration
}

// run reads until ctx ends, the shard ends or an error that does not pass.
func (p *poller) run(ctx context.Context) {
	defer close(p.out)
	p.guess = maxAnswer // it may be far behind
	for ctx.Err() == nil {
		a, err := p.next(ctx)
		if err != nil {
			if ctx.Err() != nil || !p.retries(ctx, err) {
				return
			}
			continue
		}
		p.failures = 0
		if !p.pass(ctx, a) {
			return
		}
		if d := max(p.pause, p.idle); d > 0 {
			wait(ctx, nil, d)
		}
	}
}

// retries waits after an error that passes and hands over one that does not.
func (p *poller) retries(ctx context.Context, err error) bool {
	code := errorCode(err)
	if code == "ExpiredIteratorException" {
		p.iterator = ""
		return true
	}
	if throttled(code) {
		// Several applications share the shard's five calls a second: from now on keep to
		// our part.
		p.pause = 250 * time.Millisecond
	}
	return p.survives(ctx, err, 100*time.Millisecond) || ctx.Err() == nil && p.pass(ctx, fetched{err: err})
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
	a := fetched{size: p.guess}
	if err := p.room.acquire(ctx, a.size); err != nil {
		return fetched{}, err
	}
	call, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := p.client.GetRecords(call, &awskinesis.GetRecordsInput{ShardIterator: &p.iterator, Limit: &p.maxRecords}, once)
	if errorCode(err) == "ResourceNotFoundException" {
		err = p.gone(ctx, err)
	}
	if err != nil {
		p.room.release(a.size)
		return fetched{}, fmt.Errorf("read: %w", err)
	}
	rs, size, err := p.convert(out.Records)
	if err != nil {
		p.room.release(a.size)
		return fetched{}, err
	}
	p.room.adjust(size - a.size)
	a.records, a.size = rs, size
	p.guess = min(max(2*size, 64<<10), maxAnswer)
	p.iterator = aws.ToString(out.NextShardIterator)
	if p.iterator == "" {
		a.end = true
		for _, c := range out.ChildShards {
			a.children = append(a.children, childOf(c))
		}
	}
	behind := aws.ToInt64(out.MillisBehindLatest)
	p.heard(behind)
	p.rest(len(out.Records), behind)
	return a, nil
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
	at, now := p.position(), time.Now()
	out, err := p.client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{
		StreamName: &p.stream, ShardId: &p.shard,
		ShardIteratorType: at.Type, StartingSequenceNumber: at.SequenceNumber, Timestamp: at.Timestamp,
	}, once)
	if errorCode(err) == "ResourceNotFoundException" {
		return p.gone(ctx, err)
	}
	if err != nil {
		return fmt.Errorf("get an iterator: %w", err)
	}
	if p.since.began.IsZero() {
		p.since.began = now
	}
	p.iterator = aws.ToString(out.ShardIterator)
	return nil
}
