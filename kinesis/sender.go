package kinesis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// recordOverhead is what a record costs in memory beside its key and payload.
const recordOverhead = 256

// sender is a Producer behind its types: it moves records between a [queue] and the
// service. It has a goroutine per request in flight, one while OnError is being called,
// and none when idle.
type sender struct {
	client      *awskinesis.Client
	stream      string
	region      string
	maxInFlight int
	onError     func(context.Context, Failed)
	room        *budget
	shards      *shardMap       // nil: nothing is aggregated
	ctx         context.Context // of requests and OnError; ends with the producer
	cancel      context.CancelCauseFunc
	work        sync.WaitGroup

	mu struct {
		sync.Mutex
		queue     queue
		inFlight  int
		timer     *time.Timer
		timerAt   time.Time // when the timer fires; zero: it is not set
		flushing  int       // callers that wait: nothing lingers
		closed    bool
		aborted   error         // why what is left is given up
		gens      []*generation // the records that are not settled, by Flush
		failed    []*record     // to be told to OnError
		notifying bool
		failures  int // since the last report
		accepted  int
		firstErr  error
	}
}

// generation counts the records that were put between two flushes.
type generation struct {
	n    int // not settled
	over bool
	done chan struct{} // closed when over and n is 0
}

// put queues a record that has its room.
func (s *sender) put(r *record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return ErrClosed
	}
	now := time.Now()
	r.queued = now
	if n := len(s.mu.gens); n == 0 || s.mu.gens[n-1].over {
		s.mu.gens = append(s.mu.gens, &generation{done: make(chan struct{})})
	}
	r.gen = s.mu.gens[len(s.mu.gens)-1]
	r.gen.n++
	s.mu.accepted++
	s.mu.queue.add(r)
	s.pump(now)
	return nil
}

// pump starts the requests that are due and sets the timer for the next. The mutex is held.
func (s *sender) pump(now time.Time) {
	for s.mu.inFlight < s.maxInFlight && s.mu.aborted == nil {
		batch := s.mu.queue.take(now, s.mu.flushing > 0, s.mu.inFlight == 0)
		if batch == nil {
			break
		}
		s.mu.inFlight++
		s.work.Go(func() { s.send(batch) })
	}
	if s.mu.inFlight == s.maxInFlight || s.mu.aborted != nil {
		return // the next request to end pumps again
	}
	at := s.mu.queue.next()
	if at.IsZero() || at.Equal(s.mu.timerAt) {
		return
	}
	if !s.mu.timerAt.IsZero() && s.mu.timerAt.Before(at) {
		return // it fires early, and pumps
	}
	s.mu.timerAt = at
	if s.mu.timer == nil {
		s.mu.timer = time.AfterFunc(at.Sub(now), s.tick)
	} else {
		s.mu.timer.Reset(at.Sub(now))
	}
}

func (s *sender) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.timerAt = time.Time{}
	s.pump(time.Now())
}

// send makes requests until there is nothing to send, beginning with batch.
func (s *sender) send(batch []*record) {
	for batch != nil {
		outcomes := s.request(batch)
		now := time.Now()
		s.mu.Lock()
		for i, r := range batch {
			if s.mu.aborted != nil {
				outcomes[i].retry, outcomes[i].limit = false, 0
			}
			if s.mu.queue.settle(r, outcomes[i], now) {
				s.settled(r)
			}
		}
		batch = nil
		if s.mu.aborted != nil {
			s.dropAll()
		} else {
			batch = s.mu.queue.take(now, s.mu.flushing > 0, s.mu.inFlight == 1)
		}
		if batch == nil {
			s.mu.inFlight--
		}
		s.pump(now)
		s.mu.Unlock()
	}
}

// settled tells those who ask about a record. The mutex is held.
func (s *sender) settled(r *record) {
	r.settled = true
	if r.result.err != nil {
		r.result.err = s.wrap(r)
		s.mu.failures++
		if s.mu.firstErr == nil {
			s.mu.firstErr = r.result.err
		}
	}
	if r.waiting != nil {
		close(r.waiting)
	}
	if r.result.err == nil || s.onError == nil {
		s.finish(r)
		r.data = nil // an Ack that is kept does not keep the payload
		return
	}
	s.mu.failed = append(s.mu.failed, r)
	if !s.mu.notifying {
		s.mu.notifying = true
		s.work.Go(s.notify)
	}
}

// wrap says what was tried.
func (s *sender) wrap(r *record) error {
	err := explain(r.result.err, s.stream, s.region)
	if r.attempts > 1 {
		return fmt.Errorf("kinesis: put a record to stream %q: given up after %d attempts in %v: %w",
			s.stream, r.attempts, time.Since(r.first).Round(time.Millisecond), err)
	}
	return fmt.Errorf("kinesis: put a record to stream %q: %w", s.stream, err)
}

// finish gives back a record's room and counts it for Flush. The mutex is held.
func (s *sender) finish(r *record) {
	s.room.release(int64(r.wire() + recordOverhead))
	r.gen.n--
	s.reap()
}

// reap closes the generations that are over and settled.
func (s *sender) reap() {
	for len(s.mu.gens) > 0 && s.mu.gens[0].over && s.mu.gens[0].n == 0 {
		close(s.mu.gens[0].done)
		s.mu.gens[0] = nil
		s.mu.gens = s.mu.gens[1:]
	}
}

// notify calls OnError for the failed records in the order of their failures.
func (s *sender) notify() {
	for {
		s.mu.Lock()
		rs := s.mu.failed
		s.mu.failed = nil
		if len(rs) == 0 {
			s.mu.notifying = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, r := range rs {
			s.onError(context.WithoutCancel(s.ctx), Failed{Key: r.key, Data: r.data, Err: r.result.err})
			s.mu.Lock()
			s.finish(r)
			s.mu.Unlock()
			r.data = nil
		}
	}
}

// dropAll fails what is not in flight. The mutex is held.
func (s *sender) dropAll() {
	for _, r := range s.mu.queue.drop() {
		if r.result.err != nil { // say why it was being retried
			r.result = outcome{err: fmt.Errorf("%w; the last attempt: %w", s.mu.aborted, r.result.err)}
		} else {
			r.result = outcome{err: s.mu.aborted}
		}
		s.settled(r)
	}
}

// request makes a PutRecords call and says what became of each record. A batch whose
// parcels are more than a call takes makes several.
func (s *sender) request(batch []*record) []outcome {
	outcomes := make([]outcome, len(batch))
	var l *layout
	if s.shards != nil {
		l = s.shards.get(s.ctx, nil)
	}
	all := parcels(batch, l)
	for len(all) > 0 {
		n, size := 0, 0
		for n < len(all) && n < maxRequestRecords && (n == 0 || size+all[n].wire(batch) <= maxRequestBytes) {
			size += all[n].wire(batch)
			n++
		}
		l = s.call(batch, all[:n], size, l, outcomes)
		all = all[n:]
	}
	return outcomes
}

// call makes one PutRecords call. It gives the layout, which may have been found stale.
func (s *sender) call(batch []*record, parcels []*parcel, size int, l *layout, outcomes []outcome) *layout {
	entries := make([]kinesistypes.PutRecordsRequestEntry, len(parcels))
	for i, p := range parcels {
		if p.payload == nil {
			r := batch[p.at[0]]
			entries[i] = kinesistypes.PutRecordsRequestEntry{Data: r.data, PartitionKey: &r.key}
			continue
		}
		entries[i] = kinesistypes.PutRecordsRequestEntry{
			Data: p.payload, PartitionKey: aws.String(aggregateKey), ExplicitHashKey: aws.String(p.hash.String()),
		}
	}
	// A connection that hangs must not hold the records of its keys up for long; a slow
	// one (256 KiB/s) must be able to send them.
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second+time.Duration(size)*time.Second/(256<<10))
	defer cancel()
	out, err := s.client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: &s.stream, Records: entries})
	if err == nil && len(out.Records) != len(parcels) {
		err = fmt.Errorf("the answer has %d results for %d records", len(out.Records), len(parcels))
	}
	if err != nil {
		o := outcome{err: err, retry: passing(err)}
		if s.ctx.Err() != nil {
			o = outcome{err: context.Cause(s.ctx)}
		} else if refused(errorCode(err)) && len(batch) > 1 {
			// One record may have spoiled it for all: find it by halving.
			o.limit = (len(batch) + 1) / 2
		}
		for _, p := range parcels {
			p.settle(outcomes, o)
		}
		return l
	}
	for i, e := range out.Records {
		p := parcels[i]
		if code := aws.ToString(e.ErrorCode); code != "" {
			p.settle(outcomes, outcome{err: codeError(code, aws.ToString(e.ErrorMessage)), retry: !permanent(code)})
			continue
		}
		o := outcome{shard: aws.ToString(e.ShardId), seq: aws.ToString(e.SequenceNumber)}
		if err := p.misplaced(o.shard, l); err != nil {
			if fresh := s.shards.get(s.ctx, l); fresh != nil {
				l, err = fresh, p.misplaced(o.shard, fresh)
			}
			if err != nil {
				o = outcome{err: err, retry: true}
			}
		}
		p.settle(outcomes, o)
	}
	return l
}

// settle gives the outcome to the parcel's records.
func (p *parcel) settle(outcomes []outcome, o outcome) {
	for sub, i := range p.at {
		outcomes[i] = o
		if o.err == nil {
			outcomes[i].sub = uint64(sub)
		}
	}
}

// flush waits until what was put before is settled and reports its failures.
func (s *sender) flush(ctx context.Context) error {
	s.mu.Lock()
	var gens []*generation
	if n := len(s.mu.gens); n > 0 {
		s.mu.gens[n-1].over = true
		gens = append(gens, s.mu.gens...)
		s.reap()
	}
	s.mu.flushing++
	s.pump(time.Now())
	s.mu.Unlock()
	err := waitGenerations(ctx, gens)
	s.mu.Lock()
	s.mu.flushing--
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.report()
}

func waitGenerations(ctx context.Context, gens []*generation) error {
	for _, g := range gens {
		select {
		case <-g.done:
		default:
			select {
			case <-g.done:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// report says how many records failed since the last report.
func (s *sender) report() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, of, first := s.mu.failures, s.mu.accepted, s.mu.firstErr
	s.mu.failures, s.mu.accepted, s.mu.firstErr = 0, 0, nil
	if n == 0 {
		return nil
	}
	return fmt.Errorf("kinesis: %d of %d records were not put to stream %q; the first: %w", n, of, s.stream, first)
}

// close drains under ctx, gives up what is left when it ends, and waits for the goroutines.
func (s *sender) close(ctx context.Context) error {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.room.close(ErrClosed)
	err := s.flush(ctx)
	s.mu.Lock()
	if s.mu.timer != nil {
		s.mu.timer.Stop()
	}
	if len(s.mu.gens) > 0 && s.mu.aborted == nil {
		s.mu.aborted = errGaveUp
		s.cancel(errGaveUp)
		s.dropAll()
	}
	s.mu.Unlock()
	s.work.Wait()
	s.cancel(ErrClosed)
	return errors.Join(err, s.report())
}
