package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/stream"
)

var (
	errStopped = errors.New("the consumer stops")
	errDrained = errors.New("the drain timeout is over")
)

// shardRun is one lease that this worker holds. The reader goroutine takes answers from a
// [fetcher] and calls the handler; the keeper goroutine alone writes the lease.
type shardRun struct {
	run   *run
	id    string
	keys  hashrange.Range // what the shard owns
	taken lease           // as it was taken
	lease lease           // as the table has it; the keeper's
	alive time.Time       // when the last successful write of the lease began; the keeper's

	ctx    context.Context // the handler's; ends when the lease is lost or DrainTimeout is over
	cancel context.CancelCauseFunc
	going  context.Context    // ends when Run ends or the lease is to be handed over
	stop   <-chan struct{}    // closed then
	halt   context.CancelFunc // ends it

	ready   chan struct{} // closed when the shard may be read
	load    load          // what it gives
	wake    chan struct{} // the tracker moved: for the keeper
	changed chan struct{} // for the reader

	mu struct {
		sync.Mutex
		tracker tracker
	}

	// The reader's.
	since    start
	children []shard
}

// ending is why the reader is through.
type ending struct {
	complete bool // everything in the shard is done
	gone     bool // the service has forgotten the shard
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *shardRun) report(err error) { s.run.report(&ShardError{Shard: s.id, Err: err}) }

func (s *shardRun) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// read delivers the shard until it ends, the consumer stops or the lease is lost.
func (s *shardRun) read() ending {
	failures, done := 0, stream.Position{}
	from, err := s.origin()
	for {
		if err == nil {
			err = s.consume(from)
		}
		switch {
		case err == nil:
			return ending{complete: true}
		case errors.Is(err, errStopped) || s.ctx.Err() != nil:
			return ending{}
		case errors.Is(err, errDrained):
			s.report(fmt.Errorf("held batches were not done within %v of the shard's end: the lease is given back", s.run.c.o.DrainTimeout))
			return ending{}
		case errors.Is(err, errShardGone):
			s.report(err)
			return ending{gone: true}
		case errors.Is(err, errStreamGone):
			s.run.fail(explain(err, s.run.c.stream, s.run.c.region))
			return ending{}
		}
		s.report(explain(err, s.run.c.stream, s.run.c.region))
		if now := s.progress(); now != done {
			failures, done = 0, now
		}
		failures++
		if !wait(s.ctx, s.stop, backoff(failures, 100*time.Millisecond, 30*time.Second)) {
			if s.ctx.Err() == nil {
				s.abandon()
				_ = s.settle(false) // the held batches have their time; what fails now is delivered elsewhere
			}
			return ending{}
		}
		from, err = s.resume(from)
	}
}

func (s *shardRun) progress() stream.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.tracker.done
}

// origin says where this worker begins: where StartAt says, or the lease.
func (s *shardRun) origin() (place, error) {
	if f := s.run.c.o.StartAt; f != nil {
		pos, ok, err := f(s.ctx, s.id)
		if err != nil {
			return place{}, fmt.Errorf("ask StartAt: %w", err)
		}
		if ok && (pos.Seq == "" || pos.Seq[0] < '0' || pos.Seq[0] > '9') {
			return place{}, fmt.Errorf("ask StartAt: %q is not a sequence number: return one, or false for the lease's", pos.Seq)
		}
		if ok {
			return place{checkpoint: pos.Seq, sub: pos.Sub, exact: true}, nil
		}
	}
	p := place{checkpoint: s.taken.checkpoint, sub: s.taken.sub}
	if p.checkpoint == atTimestamp {
		p.since = s.run.c.o.From.at
		if p.since.IsZero() { // the lease was made with another From
			p.checkpoint = trimHorizon
		}
	}
	return p, nil
}

// resume says where to read again after a failure; what was delivered and is not done
// counts as lost.
func (s *shardRun) resume(from place) (place, error) {
	s.mu.Lock()
	first, at := s.mu.tracker.restart()
	done := s.mu.tracker.done
	s.mu.Unlock()
	switch {
	case at:
		return place{checkpoint: first.Seq, sub: first.Sub, at: true, exact: from.exact}, nil
	case done.Seq != "":
		return place{checkpoint: done.Seq, sub: done.Sub, exact: from.exact}, nil
	}
	return s.origin()
}

// consume reads from a place on. nil means that the shard's end is done.
func (s *shardRun) consume(from place) error {
	ctx, cancel := context.WithCancel(s.ctx)
	f := s.fetch(ctx, from)
	defer func() {
		cancel()
		for a := range f.out { // closed when the goroutine ends
			s.run.room.release(a.size)
		}
		s.since = f.since
	}()
	// What comes when the consumer stops is not read: a subscription ends then, however long
	// the handler takes.
	defer context.AfterFunc(s.going, cancel)()
	out := f.out
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-s.stop:
			if err := s.settle(false); err != nil {
				return err
			}
			return errStopped
		case <-s.changed:
			if err := s.failure(); err != nil {
				return err
			}
		case a, ok := <-out:
			if !ok { // it has stopped, or the lease is lost: the next select sees it
				out = nil
				continue
			}
			if a.err != nil {
				return a.err
			}
			err := s.handle(a.records, a.end)
			s.run.room.release(a.size)
			if errors.Is(err, errStopped) {
				continue // the next select sees it
			}
			if err != nil {
				return err
			}
			if a.end {
				s.children = a.children
				return s.settle(true)
			}
		}
	}
}

// fetch begins to read from a place on, as the options say.
func (s *shardRun) fetch(ctx context.Context, from place) *fetcher {
	c := s.run.c
	f := &fetcher{
		client: c.kinesis, stream: c.stream, shard: s.id, users: deaggregator{shard: s.id, keys: s.keys}, from: from, since: s.since,
		maxRecords: int32(c.o.MaxRecords), room: s.run.room,
		report: s.report, lag: func(d time.Duration) { c.lag.set(s.id, d) }, out: make(chan fetched),
	}
	if s.run.fan != nil {
		go (&subscriber{fetcher: f, fan: s.run.fan, lease: c.o.FailoverTime/3 + time.Second}).run(ctx)
	} else {
		go (&poller{fetcher: f, interval: c.o.PollInterval}).run(ctx)
	}
	return f
}

// failure gives what a done function said, if it was an error.
func (s *shardRun) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mu.tracker.err; err != nil {
		return fmt.Errorf("held work was lost: %w", err)
	}
	return nil
}

// handle delivers one answer. Behind a record that cannot be handled it goes on with the
// rest.
func (s *shardRun) handle(rs []stream.Record, end bool) error {
	s.load.add(rs)
	for {
		e := s.deliver(rs, end)
		err := s.run.c.handler(s.ctx, stream.NewBatch(s.id, rs, end, func() func(error) { return s.hold(e) }))
		if err == nil {
			s.returned(e)
			return s.failure()
		}
		i, poison := culprit(err, rs)
		if i < 0 && poison != nil {
			return fmt.Errorf("handler: the Pos of its PoisonError, shard %q, sequence number %q and sub %d, is that of no record of the batch, so that none can be passed over: %w", poison.Pos.Shard, poison.Pos.Seq, poison.Pos.Sub, err)
		}
		if i < 0 {
			return fmt.Errorf("handler: %w", err)
		}
		s.cut(e, rs, i)
		if s.run.c.o.Poison == nil {
			s.deliver(rs[i:], end) // so that delivery resumes there
			return fmt.Errorf("handler: %w", err)
		}
		e = s.deliver(rs[i:i+1], false)
		if err := s.run.c.o.Poison(s.ctx, poison); err != nil {
			return fmt.Errorf("poison handler: %w", err)
		}
		s.returned(e)
		rs = rs[i+1:]
		if len(rs) == 0 && !end {
			return s.failure()
		}
		if s.stopping() || s.ctx.Err() != nil {
			return errStopped
		}
	}
}

// culprit says which record of the batch cannot be handled, -1 when the error is of
// another kind.
func culprit(err error, rs []stream.Record) (int, *stream.PoisonError) {
	poison := (*stream.PoisonError)(nil)
	if !errors.As(err, &poison) {
		return -1, nil
	}
	return slices.IndexFunc(rs, func(r stream.Record) bool { return r.Pos == poison.Pos }), poison
}

func (s *shardRun) deliver(rs []stream.Record, end bool) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.tracker.deliver(rs, end)
}

func (s *shardRun) hold(e *entry) func(error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, ok := s.mu.tracker.hold(e)
	if !ok {
		return func(error) {}
	}
	return func(err error) {
		s.mu.Lock()
		done(err)
		s.mu.Unlock()
		poke(s.wake)
		poke(s.changed)
	}
}

func (s *shardRun) returned(e *entry) {
	s.mu.Lock()
	s.mu.tracker.returned(e)
	s.mu.Unlock()
	poke(s.wake)
}

func (s *shardRun) cut(e *entry, rs []stream.Record, i int) {
	s.mu.Lock()
	s.mu.tracker.cut(e, rs, i)
	s.mu.Unlock()
	poke(s.wake)
}

func (s *shardRun) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.tracker.abandon()
}

func (s *shardRun) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.tracker.idle()
}

// settle waits for the held batches, for as long as the drain timeout. At the shard's end
// it is counted here; when the consumer stops, the keeper counts it from the stop on and
// ends the handler's context.
func (s *shardRun) settle(end bool) error {
	if s.idle() {
		return s.failure()
	}
	if f := s.run.c.o.Drain; f != nil {
		if err := f(s.ctx, s.id); err != nil {
			s.report(fmt.Errorf("drain: %w", err))
		}
	}
	var timeout <-chan time.Time
	if end {
		t := time.NewTimer(s.run.c.o.DrainTimeout)
		defer t.Stop()
		timeout = t.C
	}
	for {
		if err := s.failure(); err != nil {
			return err
		}
		if s.idle() {
			return nil
		}
		select {
		case <-s.changed:
		case <-timeout:
			return errDrained
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}
