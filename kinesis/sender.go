package kinesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// What a user record costs in memory beside its key and payload: on its own, and in an
// aggregate.
const (
	recordOverhead = 256
	packedOverhead = 32
)

// sender is a Producer behind its types: it moves records between a [queue], or an
// [aggregator], and the service. It has a goroutine per request in flight, one while the
// shards are listed, one while OnError is being called, and none when idle.
type sender struct {
	client      *awskinesis.Client
	stream      string
	region      string
	maxInFlight int
	maxAge      time.Duration
	onError     func(context.Context, Failed)
	room        *budget
	memory      memory
	aggregate   bool
	shards      *shardMap
	ctx         context.Context // of requests and OnError; ends with the producer
	cancel      context.CancelCauseFunc
	work        sync.WaitGroup

	mu struct {
		sync.Mutex
		queue     queue
		agg       aggregator
		plain     bool // records go to the queue: nothing is aggregated, or cannot be now
		listing   pace
		stale     *layout // found to be wrong
		fresh     *layout // what switching switches to; nil: to the queue
		switching bool    // nothing is taken until nothing is in flight
		inFlight  int
		flights   map[*[]*parcel]struct{} // the requests in flight
		stats     ProducerStats           // what it counts
		timer     *time.Timer
		timerAt   time.Time // when the timer fires; zero: it is not set
		flushing  int       // callers that wait: nothing lingers
		closed    bool
		aborted   error         // why what is left is given up
		gens      []*generation // the records that are not settled, by Flush
		failed    []*parcel     // to be told to OnError
		notifying bool
		failures  int // since the last report
		told      int // settled since the last report
		firstErr  error
	}
}

// generation counts the records that were put between two flushes.
type generation struct {
	n    int // not settled
	over bool
	done chan struct{} // closed when over and n is 0
}

// overhead is what room a record takes beside its key and payload.
func (s *sender) overhead() int {
	if s.aggregate {
		return packedOverhead
	}
	return recordOverhead
}

// put queues a record that has its room. borrowed says that the payload must not be kept.
func (s *sender) put(r userRecord, hash hashrange.Key, borrowed bool) (slot, error) {
	cost := r.wire() + s.overhead()
	if borrowed && (!s.aggregate || r.wire() >= aggregateSize) {
		r.data, borrowed = bytes.Clone(r.data), false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return slot{}, ErrClosed
	}
	if n := len(s.mu.gens); n == 0 || s.mu.gens[n-1].over {
		s.mu.gens = append(s.mu.gens, &generation{done: make(chan struct{})})
	}
	gen := s.mu.gens[len(s.mu.gens)-1]
	gen.n++
	s.mu.stats.Put++
	if s.mu.plain {
		if borrowed {
			r.data = bytes.Clone(r.data)
		}
		now := time.Now()
		p := &parcel{key: r.key, hash: r.hash, data: r.data, n: 1, cost: cost, queued: now, gen: gen}
		s.mu.queue.add(p)
		s.pump(now)
		return slot{p, 0}, nil
	}
	var now time.Time // only when it is needed: it is a tenth of what this costs
	if s.maxAge > 0 {
		now = time.Now()
	}
	at, full, ok := s.mu.agg.join(r, hash, gen, cost, now)
	if ok && !full {
		return at, nil
	}
	now = time.Now()
	if !ok {
		at = s.mu.agg.add(r, hash, gen, cost, now)
	}
	s.pump(now)
	return at, nil
}

// pump starts the requests that are due and sets the timer for the next. The mutex is held.
func (s *sender) pump(now time.Time) {
	if s.mu.aborted != nil {
		return
	}
	s.relayout(now)
	for s.mu.inFlight < s.maxInFlight && !s.mu.switching {
		batch := s.take(now)
		if batch == nil {
			break
		}
		s.mu.inFlight++
		flight := &batch
		s.mu.flights[flight] = struct{}{}
		s.work.Go(func() { s.send(flight) })
	}
	if s.mu.inFlight == s.maxInFlight || s.mu.switching {
		return // the next request to end pumps again
	}
	at := s.mu.queue.next()
	if !s.mu.plain {
		at = s.mu.agg.next()
		// What landed in a wrong shard waits for a listing, which may not be due yet.
		if next := s.mu.listing.next; s.mu.agg.held > 0 && !s.mu.listing.busy && (at.IsZero() || next.Before(at)) {
			at = next
		}
	}
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

func (s *sender) take(now time.Time) []*parcel {
	if s.mu.plain {
		return s.mu.queue.take(now, s.mu.flushing > 0, s.mu.inFlight == 0)
	}
	return s.mu.agg.take(now, s.mu.flushing > 0)
}

func (s *sender) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.timerAt = time.Time{}
	s.pump(time.Now())
}

// send makes a request.
func (s *sender) send(flight *[]*parcel) {
	batch := *flight
	outcomes, took := s.request(batch)
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.flights, flight)
	if took > 0 {
		s.mu.stats.Calls++
		s.mu.stats.Call.add(took)
	}
	for i, p := range batch {
		o := outcomes[i]
		if s.mu.aborted != nil {
			o.retry, o.limit = false, 0
		}
		done := s.settle(p, o, now)
		s.count(p, o, done)
		if done {
			s.settled(p, now)
		}
	}
	s.mu.inFlight--
	if s.mu.aborted != nil {
		s.dropAll()
	}
	s.pump(now)
}

func (s *sender) settle(p *parcel, o outcome, now time.Time) bool {
	if s.mu.plain {
		if l := s.mu.queue.layout; l != nil && o.err == nil && s.mu.stale == nil {
			if _, ok := l.ranges[o.shard]; !ok {
				s.mu.stale = l // resharded since
			}
		}
		return s.mu.queue.settle(p, o, now)
	}
	return s.mu.agg.settle(p, o, now)
}

// relayout changes to a new layout of the shards. Without aggregation it only says which
// records must wait when a shard throttles. With it, nothing may be in flight: a record may
// not overtake another of its key that is on its way to another shard. Records go to the
// queue while there is no layout. The mutex is held.
func (s *sender) relayout(now time.Time) {
	if !s.mu.switching && s.wantsLayout() && s.mu.listing.begin(now) {
		before := s.mu.agg.layout
		switch {
		case !s.aggregate:
			before = s.mu.queue.layout
		case before == nil:
			before = s.mu.stale
		}
		s.work.Go(func() { s.list(before) })
	}
	if !s.mu.switching || s.mu.inFlight > 0 {
		return
	}
	s.mu.switching = false
	was := s.mu.agg.layout
	if s.mu.fresh == nil && was != nil {
		s.mu.stale = was
	}
	done, again := s.mu.agg.relayout(s.mu.fresh)
	for _, p := range done {
		s.settled(p, now)
	}
	if s.mu.plain {
		again = s.mu.queue.drop()
	}
	s.mu.plain = s.mu.fresh == nil
	s.mu.fresh = nil
	for _, p := range again {
		if p.landed {
			s.count(p, outcome{err: errWrongShard}, false)
		}
		s.repack(p)
	}
}

// wantsLayout says whether the layout is not known, or is found to be wrong, and would be of
// use.
func (s *sender) wantsLayout() bool {
	if !s.aggregate {
		return s.mu.queue.retried() >= maxRequestRecords && (s.mu.queue.layout == nil || s.mu.stale != nil)
	}
	return s.mu.plain || s.mu.agg.layout == nil || s.mu.agg.held > 0
}

// list lists the shards.
func (s *sender) list(before *layout) {
	fresh := s.shards.list(s.ctx, before)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.mu.listing.end(now)
	if fresh != nil && before != nil && fresh.same(before) && s.aggregate {
		fresh = nil // as wrong as before
	}
	switch {
	case !s.aggregate:
		s.mu.stale = nil
		s.mu.queue.relayout(fresh)
	case fresh != nil || !s.mu.plain:
		s.mu.fresh, s.mu.switching = fresh, true
	}
	s.pump(now)
}

// repack queues the user records of a parcel again: in other aggregates, or on their own.
func (s *sender) repack(p *parcel) {
	aggregate := p.key == ""
	p.moved = make([]slot, 0, p.n)
	for _, r := range p.records() {
		cost := r.wire() + s.overhead()
		var at slot
		if s.mu.plain {
			at.p = &parcel{key: r.key, hash: r.hash, data: r.data, n: 1, cost: cost, queued: p.queued, gen: p.gen}
			s.mu.queue.add(at.p)
		} else {
			at = s.mu.agg.add(r, hashOf(r), p.gen, cost, p.queued)
		}
		at.p.attempts = max(at.p.attempts, p.attempts)
		if at.p.first.IsZero() || !p.first.IsZero() && p.first.Before(at.p.first) {
			at.p.first = p.first
		}
		at.p.result.err = p.result.err
		p.moved = append(p.moved, at)
	}
	if p.waiting != nil {
		close(p.waiting)
	}
	if aggregate && !s.mu.plain { // the payloads have been copied
		s.memory.put(p.data)
	}
	p.data = nil
}

// hashOf is the hash key that routes a record.
func hashOf(r userRecord) hashrange.Key {
	if r.hash != "" {
		if k, err := hashrange.Parse(r.hash); err == nil { // Put has checked it
			return k
		}
	}
	return hashrange.Of(r.key)
}

// settled tells those who ask about a record. The mutex is held.
func (s *sender) settled(r *parcel, now time.Time) {
	r.settled = true
	s.mu.told += r.n
	if r.result.err == nil {
		st := &s.mu.stats
		st.Acked += int64(r.n)
		st.Records++
		st.Bytes += int64(r.wire())
		st.Latency.add(now.Sub(r.first))
	} else {
		s.mu.stats.Failed += int64(r.n)
		r.result.err = s.wrap(r)
		s.mu.failures += r.n
		if s.mu.firstErr == nil {
			s.mu.firstErr = r.result.err
		}
	}
	if r.waiting != nil {
		close(r.waiting)
	}
	if r.result.err == nil || s.onError == nil {
		if r.key == "" && r.result.err == nil {
			s.memory.put(r.data)
		}
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
func (s *sender) wrap(r *parcel) error {
	err := explain(r.result.err, s.stream, s.region)
	if r.attempts > 1 {
		return fmt.Errorf("kinesis: put a record to stream %q: given up after %d attempts in %v: %w",
			s.stream, r.attempts, time.Since(r.first).Round(time.Millisecond), err)
	}
	return fmt.Errorf("kinesis: put a record to stream %q: %w", s.stream, err)
}

// finish gives back a record's room and counts it for Flush. The mutex is held.
func (s *sender) finish(r *parcel) {
	s.room.release(int64(r.cost))
	r.gen.n -= r.n
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
			for _, u := range r.records() {
				s.onError(context.WithoutCancel(s.ctx), Failed{Key: u.key, Data: u.data, Err: r.result.err})
			}
			s.mu.Lock()
			s.finish(r)
			s.mu.Unlock()
			r.data = nil
		}
	}
}

// dropAll fails what is not in flight. The mutex is held.
func (s *sender) dropAll() {
	now := time.Now()
	for _, r := range append(s.mu.queue.drop(), s.mu.agg.drop()...) {
		if r.result.err != nil { // say why it was being retried
			r.result = outcome{err: fmt.Errorf("%w; the last attempt: %w", s.mu.aborted, r.result.err)}
		} else {
			r.result = outcome{err: s.mu.aborted}
		}
		s.settled(r, now)
	}
}

// request makes a PutRecords call and says what became of each parcel, and how long it took.
// What is too old is not sent.
func (s *sender) request(batch []*parcel) (outcomes []outcome, took time.Duration) {
	outcomes = make([]outcome, len(batch))
	now := time.Now()
	entries := make([]kinesistypes.PutRecordsRequestEntry, 0, len(batch))
	sent := make([]int, 0, len(batch)) // their places in the batch
	size := 0
	for i, p := range batch {
		if age := now.Sub(p.queued); s.maxAge > 0 && age > s.maxAge {
			p.attempts--
			outcomes[i] = outcome{err: fmt.Errorf("not in the stream %v after its Put: %w", age.Round(time.Millisecond), errTooOld)}
			if p.result.err != nil {
				outcomes[i].err = fmt.Errorf("%w; the last attempt: %w", outcomes[i].err, p.result.err)
			}
			continue
		}
		sent = append(sent, i)
		entries = append(entries, p.entry())
		size += p.wire()
	}
	if len(sent) == 0 {
		return outcomes, 0
	}
	got := s.call(entries, size)
	for j, i := range sent {
		outcomes[i] = got[j]
	}
	return outcomes, max(time.Since(now), 1)
}

// call makes a PutRecords call and says what became of each entry.
func (s *sender) call(entries []kinesistypes.PutRecordsRequestEntry, size int) []outcome {
	// A connection that hangs must not hold the records of its keys up for long; a slow
	// one (256 KiB/s) must be able to send them.
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second+time.Duration(size)*time.Second/(256<<10))
	defer cancel()
	out, err := s.client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: &s.stream, Records: entries})
	if err == nil && len(out.Records) != len(entries) {
		err = fmt.Errorf("the answer has %d results for %d records", len(out.Records), len(entries))
	}
	outcomes := make([]outcome, len(entries))
	if err != nil {
		o := outcome{err: err, retry: passing(err)}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			o.err = fmt.Errorf("%w: %v", errNoAnswer, err) //nolint:errorlint // see errNoAnswer
		}
		if s.ctx.Err() != nil {
			o = outcome{err: context.Cause(s.ctx)}
		} else if refused(errorCode(err)) && len(entries) > 1 {
			// One record may have spoiled it for all: find it by halving.
			o.limit = (len(entries) + 1) / 2
		}
		for i := range outcomes {
			outcomes[i] = o
		}
		return outcomes
	}
	for i, e := range out.Records {
		if code := aws.ToString(e.ErrorCode); code != "" {
			outcomes[i] = outcome{
				err:   codeError(code, aws.ToString(e.ErrorMessage)),
				retry: !permanent(code), throttled: code == "ProvisionedThroughputExceededException",
			}
			continue
		}
		outcomes[i] = outcome{shard: aws.ToString(e.ShardId), seq: aws.ToString(e.SequenceNumber)}
	}
	return outcomes
}

// entry is the parcel as a request has it. An aggregate goes where its first record goes, as
// the KPL's do.
func (p *parcel) entry() kinesistypes.PutRecordsRequestEntry {
	if p.key != "" {
		e := kinesistypes.PutRecordsRequestEntry{Data: p.data, PartitionKey: &p.key}
		if p.hash != "" {
			e.ExplicitHashKey = &p.hash
		}
		return e
	}
	if !p.sealed {
		p.data, p.sealed = aggregate.Seal(p.data), true
	}
	return kinesistypes.PutRecordsRequestEntry{
		Data: p.data, PartitionKey: aws.String(aggregateKey), ExplicitHashKey: aws.String(p.route.String()),
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
	n, of, first := s.mu.failures, s.mu.told, s.mu.firstErr
	s.mu.failures, s.mu.told, s.mu.firstErr = 0, 0, nil
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
	s.cancel(ErrClosed) // the shards may be being listed, for nobody
	s.work.Wait()
	return errors.Join(err, s.report())
}
