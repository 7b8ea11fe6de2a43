package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
)

const (
	// silence is how long a subscription may give nothing at all, not even the empty events
	// by which the service says every few seconds that it is there. It is the KCL's
	// (ShardConsumer.MAX_TIME_BETWEEN_REQUEST_RESPONSE, 35 s; later versions wait 60 s); the
	// SDK itself would wait for 15 minutes.
	silence = 35 * time.Second
	// takeover is how long after a SubscribeToShard the service refuses another one of the
	// same consumer and shard.
	takeover = 5 * time.Second
)

var (
	errSilent = fmt.Errorf("the subscription has given nothing for %v, not even an empty event: subscribing again", silence)
	errBroken = errors.New("the subscription broke off")
	errVain   = fmt.Errorf("%w before its first event", errBroken)
	errTaken  = errors.New("another subscription took over: is the registered consumer of FanOut used by another application, or by another worker that believes to have the lease?")
)

// subscriber reads a shard with SubscribeToShard: the service pushes events for five minutes,
// and then it subscribes again. Nobody can tell a subscription that was cut off from one that
// is over, so both are continued behind the last event that came through whole; only an
// event without a continuation and with the child shards is the shard's end.
type subscriber struct {
	*fetcher
	fan *registration
	// lease is how long it takes at most to notice that the lease was lost.
	lease time.Duration

	arn string // of the consumer that was asked for last
}

// run reads until ctx ends, the shard ends or an error that does not pass.
func (s *subscriber) run(ctx context.Context) {
	defer close(s.out)
	// Another call within five seconds would be refused.
	for wait(ctx, nil, time.Until(s.since.subscribed.Add(takeover))) {
		over, err := s.session(ctx)
		if over || err != nil && !s.outlives(ctx, err) {
			return
		}
	}
}

// session is one subscription. over says that there is nothing more to read.
func (s *subscriber) session(reading context.Context) (over bool, err error) {
	ctx, cancel := context.WithCancelCause(reading)
	defer cancel(nil)
	f := &flow{ctx: ctx, stall: func() { cancel(errSilent) }, room: s.room, next: s.client.Options().HTTPClient}
	defer f.close()
	events, err := s.subscribe(ctx, f)
	if err != nil {
		return false, err
	}
	defer func() {
		cancel(nil)
		_ = events.Close() // what was wrong with it is known, or does not matter any more
		for range events.Events() {
		}
	}()
	vain := true
	for e := range events.Events() {
		size := f.received()
		if m, ok := e.(*kinesistypes.SubscribeToShardEventStreamMemberSubscribeToShardEvent); ok {
			vain = false
			// An event that is here is handed over, whatever becomes of the subscription.
			if over, err := s.event(reading, &m.Value, size); over || err != nil {
				return over, err
			}
		} else { // of a kind that is not known
			s.room.release(size)
		}
	}
	err = events.Err()
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return false, errSilent
	case errorCode(err) == "ResourceInUseException":
		return false, fmt.Errorf("%w: %w", errTaken, err)
	case err != nil && errorCode(err) != "":
		return false, s.missing(ctx, fmt.Errorf("read the subscription: %w", err))
	case err != nil:
		return false, fmt.Errorf("%w: %w", errBroken, err)
	case vain:
		return false, errVain
	}
	return false, nil
}

// subscribe makes the call, with a codec of its own: in the SDK (kinesis v1.56.11, smithy-go
// v1.28.8) the subscriptions of one client share a buffer.
func (s *subscriber) subscribe(ctx context.Context, f *flow) (*awskinesis.SubscribeToShardEventStream, error) {
	s.arn = s.fan.arn()
	at, now := s.position(), time.Now()
	late := time.AfterFunc(silence, f.stall)
	defer late.Stop()
	out, err := s.client.SubscribeToShard(ctx, &awskinesis.SubscribeToShardInput{
		ConsumerARN: &s.arn, ShardId: &s.shard, StartingPosition: &at,
	}, once, func(o *awskinesis.Options) {
		o.HTTPClient = f
		o.Protocol = awsjson.New11(schemas.Kinesis_20131202)
	})
	if f.opened {
		s.since.subscribed = time.Now()
		if s.since.began.IsZero() {
			s.since.began = now
		}
	}
	switch {
	case err == nil:
		return out.GetStream(), nil
	case errors.Is(context.Cause(ctx), errSilent):
		return nil, errSilent
	case errorCode(err) == "AccessDeniedException":
		return nil, fmt.Errorf("subscribe: allow kinesis:SubscribeToShard on the consumer %s: %w", s.arn, err)
	case f.opened && errorCode(err) == "":
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return nil, s.missing(ctx, fmt.Errorf("subscribe: %w", err))
}

// event hands an event's records over, as many at a time as the options say.
func (s *subscriber) event(ctx context.Context, e *kinesistypes.SubscribeToShardEvent, size int64) (over bool, err error) {
	s.failures = 0
	end := e.ContinuationSequenceNumber == nil
	if end && len(e.ChildShards) == 0 {
		s.room.release(size)
		return false, errors.New("read the subscription: an event has neither a continuation nor child shards")
	}
	var as []fetched
	for rs := e.Records; len(rs) > 0; {
		n := min(len(rs), int(s.maxRecords))
		a := fetched{}
		if a.records, a.size, err = s.convert(rs[:n]); err != nil {
			break
		}
		as, rs = append(as, a), rs[n:]
	}
	if end && err == nil {
		if len(as) == 0 {
			as = append(as, fetched{})
		}
		last := &as[len(as)-1]
		last.end = true
		for _, c := range e.ChildShards {
			last.children = append(last.children, childOf(c))
		}
	}
	// The records are smaller than the message that they came in.
	for i := range as {
		size -= as[i].size
	}
	s.room.release(size)
	if err == nil {
		s.heard(aws.ToInt64(e.MillisBehindLatest))
	}
	for i, a := range as {
		if !s.pass(ctx, a) {
			for _, a := range as[i+1:] {
				s.room.release(a.size)
			}
			return true, nil
		}
	}
	if err == nil {
		s.last = *e.ContinuationSequenceNumber
	}
	return false, err
}

// outlives waits after an error that passes, and hands over one that does not.
func (s *subscriber) outlives(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	code := errorCode(err)
	switch {
	case errors.Is(err, errTaken):
		// Whoever took it over may have taken the lease as well: that shows within this time.
		if wait(ctx, nil, max(takeover, s.lease)) {
			s.report(err)
		}
		return true
	case code == "ResourceInUseException":
		// The subscription of the shard's previous owner is younger than five seconds. Or the
		// consumer is being registered or deleted.
		if s.failures++; s.failures > 3 {
			s.report(err)
		}
		wait(ctx, nil, takeover)
		return true
	case errors.Is(err, errConsumerGone) && s.fan.name != "":
		s.report(fmt.Errorf("%w: registering it again", err))
		if err = s.fan.renew(ctx, s.arn); err == nil || ctx.Err() != nil {
			return true
		}
	case errors.Is(err, errBroken) && s.failures == 0:
		// Connections that live for minutes break now and then. What does not come back at
		// once is worth a word.
		s.failures++
		return wait(ctx, nil, backoff(1, time.Second, time.Second))
	}
	return s.survives(ctx, err, time.Second) || ctx.Err() == nil && s.pass(ctx, fetched{err: err})
}

// missing finds out what does not exist, if that is the error: the stream, the consumer or
// the shard.
func (s *subscriber) missing(ctx context.Context, err error) error {
	if errorCode(err) != "ResourceNotFoundException" {
		return err
	}
	gone := s.gone(ctx, err)
	if !errors.Is(gone, errShardGone) {
		return gone
	}
	there, err := s.fan.exists(ctx, s.arn)
	if errorCode(err) == "AccessDeniedException" { // then the shard is looked for
		var all []shard
		all, err = listShards(ctx, s.client, s.stream, s.client.Options().Region, nil)
		there = !slices.ContainsFunc(all, func(sh shard) bool { return sh.id == s.shard })
	}
	switch {
	case err != nil:
		return err
	case !there:
		return s.fan.lost(s.arn)
	}
	return gone
}
