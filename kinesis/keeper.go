package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// keep holds the lease while read works: it renews, writes checkpoints, and gives the
// lease back or marks the shard complete at the end. It returns when the reader is through.
func (s *shardRun) keep() {
	over := make(chan ending, 1)
	go func() {
		if s.await() {
			over <- s.read()
		} else {
			over <- ending{}
		}
	}()
	defer s.cancel(errStopped)
	defer s.halt()

	failover := s.run.c.o.FailoverTime
	beat := time.NewTicker(failover / 3)
	defer beat.Stop()
	stop := s.stop
	var drain <-chan time.Time
	for {
		select {
		case <-s.wake:
			s.write(false)
		case <-beat.C:
			s.write(true)
		case <-stop:
			stop = nil
			t := time.NewTimer(s.run.c.o.DrainTimeout)
			defer t.Stop()
			drain = t.C
		case <-drain:
			// The lease goes although the handler has not returned: its context ends, and
			// whatever it still does cannot be checkpointed any more.
			since := "Run's end"
			if s.run.ctx.Err() == nil {
				since = "the beginning of the lease's hand-over"
			}
			s.report(fmt.Errorf("the handler or its held batches were not done within %v of %s: the lease is given back", s.run.c.o.DrainTimeout, since))
			s.cancel(errDrained)
			s.release()
			<-over
			return
		case e := <-over:
			s.finish(e, beat.C, drain)
			return
		}
		if s.ctx.Err() != nil { // lost
			<-over
			return
		}
	}
}

// await waits until the shard may be read; false means that it comes to nothing. A leader
// assigns leases of shards whose parents are not done; they are held until then.
func (s *shardRun) await() bool {
	select {
	case <-s.ready:
		return true
	case <-s.stop:
	case <-s.ctx.Done():
	}
	return false
}

// op is the context of one write: it outlives Run's, and ends in time for another try
// before the lease expires.
func (s *shardRun) op() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(s.ctx), max(s.run.c.o.FailoverTime/3, time.Second))
}

// write brings the checkpoint into the table, or with renew only moves the counter when
// there is no new one. A write that fails is tried again at the next beat.
func (s *shardRun) write(renew bool) {
	s.mu.Lock()
	done := s.mu.tracker.done
	s.mu.Unlock()
	began := time.Now()
	if renew && s.run.tells.Load() {
		s.lease.rate = s.load.rate(began)
	}
	ctx, cancel := s.op()
	defer cancel()
	var l lease
	var err error
	switch {
	case done.Seq != "" && (done.Seq != s.lease.checkpoint || done.Sub != s.lease.sub):
		l, err = s.run.table.checkpoint(ctx, s.lease, done.Seq, done.Sub, nil)
	case renew:
		l, err = s.run.table.renew(ctx, s.lease)
	default:
		return
	}
	s.wrote(l, err, began)
}

// wrote takes a write's result: the lease is lost when another has it, and when nobody
// can tell any more.
func (s *shardRun) wrote(l lease, err error, began time.Time) {
	switch {
	case err == nil:
		s.lease, s.alive = l, began
		if l.from == s.run.table.me {
			// Another worker is to have the shard and waits for this one to finish.
			s.halt()
		}
	case errors.Is(err, ErrLeaseLost):
		s.report(err)
		s.cancel(ErrLeaseLost)
	default:
		s.report(err)
		if time.Since(s.alive) >= s.run.c.o.FailoverTime {
			s.report(fmt.Errorf("%w: it could not be renewed for %v", ErrLeaseLost, s.run.c.o.FailoverTime))
			s.cancel(ErrLeaseLost)
		}
	}
}

// finish writes the last checkpoint and lets the lease go.
func (s *shardRun) finish(e ending, beat, drain <-chan time.Time) {
	if e.gone {
		err := s.replace()
		if err == nil {
			s.run.wake()
			return
		}
		s.report(err)
	}
	for e.complete && s.ctx.Err() == nil {
		began := time.Now()
		err := s.complete()
		if err == nil {
			s.run.wake()
			return
		}
		s.wrote(s.lease, err, began)
		select {
		case <-beat: // and try again
		case <-s.stop:
			e.complete = false // another worker reads the end again
		case <-drain:
			e.complete = false
		}
	}
	if s.ctx.Err() == nil {
		s.release()
	}
}

// complete makes the leases of the children and then marks the shard complete: in this
// order, so that a crash between leaves the end to be read again and not the children lost.
func (s *shardRun) complete() error {
	ctx, cancel := s.op()
	defer cancel()
	children := s.children
	if len(children) == 0 {
		all, err := s.run.c.listShards(ctx, nil)
		if err != nil {
			return err
		}
		for _, sh := range all {
			for _, p := range sh.parents {
				if p == s.id {
					children = append(children, sh)
				}
			}
		}
	}
	if len(children) == 0 {
		return errors.New("the shard has ended, but the service names no children yet: its lease cannot be completed")
	}
	var ids []string
	for _, c := range children {
		if err := s.run.table.insert(ctx, c.lease(trimHorizon)); err != nil {
			return err
		}
		ids = append(ids, c.id)
	}
	_, err := s.run.table.checkpoint(ctx, s.lease, shardEnd, 0, ids)
	return err
}

// replace deletes the lease of a shard that the service has forgotten, when its
// successors have leases: they begin at their trim horizon, wherever the application
// began.
func (s *shardRun) replace() error {
	ctx, cancel := s.op()
	defer cancel()
	keys, err := hashrange.ParseRange(s.lease.first, s.lease.last)
	if err != nil {
		keys = hashrange.All()
	}
	rows, err := s.run.table.scan(ctx)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(l lease) bool { return l.shard == s.id })
	all, err := s.run.c.listShards(ctx, nil)
	if err != nil {
		return err
	}
	for _, l := range fill([]hashrange.Range{keys}, rows, all, trimHorizon) {
		if err := s.run.table.insert(ctx, l); err != nil {
			return err
		}
	}
	return s.run.table.remove(ctx, s.lease)
}

// release writes the last checkpoint and makes the lease free.
func (s *shardRun) release() {
	s.write(false)
	if cause := context.Cause(s.ctx); errors.Is(cause, ErrLeaseLost) {
		return
	}
	ctx, cancel := s.op()
	defer cancel()
	if err := s.run.table.release(ctx, s.lease); err != nil {
		s.report(fmt.Errorf("give the lease back: %w", err))
	}
}
