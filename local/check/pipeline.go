package check

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// Pipeline is what the pipeline function sets up, for one run of one seed.
type Pipeline struct {
	// Lake is the run's own lake. Through [local.Lake.Config] it is reached without the
	// checker's faults: make tables and buckets so, and nothing else.
	Lake *local.Lake
	// Stream is the stream's name, and App that of the application that consumes it, which
	// is its lease table's too.
	Stream, App string
	// Seed is the run's seed.
	Seed uint64

	produce func(ctx context.Context, s *Source) error
	consume func(ctx context.Context, w *Worker) error
	collect func(ctx context.Context, deliver func(data []byte)) error
}

// Produce says how records are put. f takes the records from s.Records and puts them through
// s.Config; a load may have several sources, whose keys differ, and then f runs several times
// at once. When f returns nil it says that every record is in the stream, but for those of
// which it has told s.Failed. An error fails the run.
func (p *Pipeline) Produce(f func(ctx context.Context, s *Source) error) { p.produce = f }

// Consume says what a worker does. f reads the stream through w.Config, gives each record to
// w.Deliver and goes on until ctx ends; then it ends whatever it has started and returns, nil
// if all is well. f runs several times at once, for the workers of a fleet, and again for
// those that start anew. An error fails the run, unless the worker was killed.
//
// Killing a worker ends its ctx, and nothing that f does afterwards comes through: requests
// and deliveries fail. What workers share by other ways, such as variables, is not cut off:
// a pipeline that writes there must ask w.Killed first.
func (p *Pipeline) Consume(f func(ctx context.Context, w *Worker) error) { p.consume = f }

// Collect says what a pipeline has brought about whose effect is in the lake, such as objects
// in S3 or rows of a table. f runs when the load is over and all workers have ended; it reads
// through the lake's own Config and gives each record that it finds, in any order, to deliver.
//
// What f does not find is lost then, whatever was delivered, and what it finds twice is a
// duplicate. The workers need not call [Worker.Deliver]; when they do, the run knows when it is
// over and checks the order, and when they do not, it goes on for [Options].Patience.
func (p *Pipeline) Collect(f func(ctx context.Context, deliver func(data []byte)) error) {
	p.collect = f
}

// Source is where a producer gets its records.
type Source struct {
	run   *run
	name  string
	steps []step
	left  int
}

// Config is how the producer reaches the lake.
func (s *Source) Config() aws.Config { return s.run.config(&wire{run: s.run, who: s.name}) }

// Records gives the records to put, in the order of each key, with pauses between them. It
// ends early when ctx ends.
func (s *Source) Records(ctx context.Context) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for s.left > 0 {
			st := s.steps[len(s.steps)-s.left]
			if !sleep(ctx, st.pause) {
				return
			}
			s.run.take(s, st.record)
			s.left--
			if !yield(st.record) {
				return
			}
		}
	}
}

// Failed says that a record was given up: it may be lost, and is counted apart.
func (s *Source) Failed(r Record, err error) {
	if err == nil {
		err = errors.New("given up")
	}
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	s.run.mu.ledger.failed(r.Key, r.N, err)
	s.run.note("%s gives up %s: %v", s.name, recordName(r.Key, r.N), err)
}

// Worker is one worker of the fleet, in one of its lives.
type Worker struct {
	run  *run
	slot string
	id   string

	life context.Context // ends when the worker is killed
	die  context.CancelCauseFunc
	ctx  context.Context // what Consume has: ends when it is killed or should stop
	stop context.CancelFunc

	// Guarded by the run's lock.
	ended string        // how, when it was the checker
	down  time.Duration // until the next life
	cut   time.Time     // until when it cannot reach the lake
}

// ErrKilled is what a killed worker gets from Deliver and, inside the SDK's errors, from the
// lake.
var ErrKilled = errors.New("check: the worker was killed")

// errRefused is what Deliver returns where the script says so.
var errRefused = errors.New("check: the delivery was refused, as the script has it: try again")

// ID is the worker's name, which no other worker and no other life has: worker-1.2 is the
// second life of the first worker.
func (w *Worker) ID() string { return w.id }

// Config is how the worker reaches the lake.
func (w *Worker) Config() aws.Config {
	return w.run.config(&wire{run: w.run, who: w.slot, worker: w})
}

// Killed says whether the worker was killed.
func (w *Worker) Killed() bool { return w.life.Err() != nil }

// Deliver counts a record as delivered: it stands for the effect that the pipeline has on the
// world. at is the record's place in the stream; a pipeline that does not know it leaves it
// empty, and then the checker can say less. data is the record's payload, or any JSON object
// that has its members "key" and "n".
//
// Deliver may take a while, and it may fail. Then the record does not count, and the pipeline
// has to deliver it again, and with it any that came behind it and the order demands.
func (w *Worker) Deliver(ctx context.Context, at stream.Position, data []byte) error {
	return w.run.deliver(ctx, w, at, data)
}

func (r *run) deliver(ctx context.Context, w *Worker, at stream.Position, data []byte) error {
	if w.Killed() {
		return ErrKilled
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	key, n, known := parse(data)
	r.mu.Lock()
	struck := r.mu.counter.count(event{delivers, w.slot})
	if known {
		struck = append(struck, r.mu.counter.count(event{deliverTo, recordName(key, n)})...)
	}
	r.mu.Unlock()
	for _, x := range struck {
		switch {
		case x.kind == Kill && x.does == beforeIt:
			r.kill(w, x)
			return ErrKilled
		case x.kind == Slow:
			r.strike(x)
			t := time.NewTimer(x.wait)
			select {
			case <-t.C:
			case <-ctx.Done():
			case <-w.life.Done():
			}
			t.Stop()
			switch {
			case w.Killed():
				return ErrKilled
			case ctx.Err() != nil:
				r.refused(w, at)
				return ctx.Err()
			}
		}
	}
	for _, x := range struck {
		if x.kind == Refuse {
			r.strike(x)
			r.mu.Lock()
			r.mu.refusing[x.at] = time.Now().Add(x.wait)
			r.mu.Unlock()
			r.refused(w, at)
			return errRefused
		}
	}
	r.mu.Lock()
	refusing := known && time.Now().Before(r.mu.refusing[event{deliverTo, recordName(key, n)}])
	r.mu.Unlock()
	if refusing {
		r.refused(w, at)
		return errRefused
	}
	r.mu.Lock()
	if known {
		r.mu.ledger.delivered(w.id, at, key, n, r.now())
	} else {
		r.mu.ledger.strange = append(r.mu.ledger.strange, fmt.Sprintf("%d bytes that are no record of the load, by %s from %s (an aggregated record that was not taken apart?)", len(data), w.id, place(at)))
	}
	r.mu.Unlock()
	for _, x := range struck {
		switch x.kind {
		case Kill:
			if !w.Killed() {
				r.kill(w, x)
			}
			return ErrKilled
		case Stop:
			r.halt(w, x)
		}
	}
	return nil
}

func (r *run) refused(w *Worker, at stream.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.ledger.refused(w.id, at.Shard, r.now())
}

// sleep waits; false means that ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
