package kinesis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// holeInterval is how long a hole that could not be filled is left alone.
const holeInterval = 2 * time.Minute

// leaveTimeout is how long the end of a run may take to say good-bye.
const leaveTimeout = 5 * time.Second

// run is one call of Consumer.Run.
type run struct {
	c     *Consumer
	table *leaseTable
	sides *sideTables
	room  *budget
	fan   *registration   // of the fan-out consumer; nil when polling
	ctx   context.Context // ends when the consumer stops
	stop  context.CancelCauseFunc
	base  context.Context // outlives ctx: of handlers and last writes
	look  chan struct{}   // the lease table should be looked at now
	work  sync.WaitGroup
	tells atomic.Bool // the workers publish what they do (3.x)

	mu struct {
		sync.Mutex
		held map[string]bool
	}

	// The loop's.
	fleet   fleet
	leader  leadership
	waiting map[string]chan struct{} // shards held that may not be read yet
	syncing bool                     // the first leases are not all made
	vain    time.Time                // when a hole was looked at for nothing
}

func newRun(ctx context.Context, c *Consumer) *run {
	r := &run{
		c: c, waiting: map[string]chan struct{}{}, table: &leaseTable{client: c.dynamodb, name: c.o.LeaseTable, me: c.o.WorkerID},
		room: newBudget(int64(c.o.Buffer)), base: context.WithoutCancel(ctx), look: make(chan struct{}, 1),
		fleet: fleet{me: c.o.WorkerID, failover: c.o.FailoverTime, max: c.o.MaxLeases},
	}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	r.mu.held = map[string]bool{}
	r.sides = &sideTables{
		client: c.dynamodb, app: c.app, leases: c.o.LeaseTable, me: c.o.WorkerID,
		every: min(metricsInterval, c.o.FailoverTime), report: r.report, cpu: processor{root: "/"},
	}
	return r
}

func (r *run) report(err error) { r.c.o.OnError(r.base, err) }

// fail ends the run for a reason that no other attempt mends.
func (r *run) fail(err error) { r.stop(err) }

// wake makes the loop look at the leases now.
func (r *run) wake() { poke(r.look) }

func (r *run) loop(ctx context.Context) error {
	defer r.stop(nil)
	if err := r.begin(); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("kinesis: consume stream %q as %q: %w", r.c.stream, r.c.o.LeaseTable, err)
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for r.ctx.Err() == nil {
		if err := r.balance(); err != nil && r.ctx.Err() == nil {
			r.report(fmt.Errorf("kinesis: share the shards of stream %q: %w", r.c.stream, err))
		}
		// A part of the time at random keeps workers from looking at the same moment.
		d := r.c.o.FailoverTime / 2
		if r.tells.Load() {
			d = min(d, metricsInterval/3)
		}
		next.Reset(d - mathrand.N(d/4+1))
		select {
		case <-next.C:
		case <-r.look:
		case <-r.ctx.Done():
		}
	}
	r.leave()
	r.work.Wait()
	if ctx.Err() == nil {
		return fmt.Errorf("kinesis: consume stream %q as %q: %w", r.c.stream, r.c.o.LeaseTable, context.Cause(r.ctx))
	}
	return nil
}

// begin checks what must be there.
func (r *run) begin() error {
	out, err := r.c.kinesis.DescribeStreamSummary(r.ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &r.c.stream})
	if err != nil {
		return explain(err, r.c.stream, r.c.region)
	}
	if r.c.o.FanOut != "" {
		r.fan = newRegistration(r.c, aws.ToString(out.StreamDescriptionSummary.StreamARN))
		if err := r.fan.ensure(r.ctx); err != nil {
			return err
		}
	}
	if err := r.table.ensure(r.ctx); err != nil {
		return err
	}
	rows, err := r.table.scan(r.ctx)
	if err != nil {
		return err
	}
	return r.compare(rows)
}

// staleness is how old a listing of the shards may be that shows a shard open which has ended.
const staleness = 2 * time.Second

// compare reports leases that say that a shard has ended which takes records: they are of
// another stream, and the shard would be passed over in silence.
func (r *run) compare(rows []lease) error {
	ended := map[string]bool{}
	for _, l := range rows {
		if l.complete() {
			ended[l.shard] = true
		}
	}
	for look := range 2 {
		if len(ended) == 0 {
			return nil
		}
		if look > 0 && !wait(r.ctx, nil, staleness) {
			return r.ctx.Err()
		}
		open, err := r.c.listShards(r.ctx, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
		if err != nil {
			return err
		}
		both := map[string]bool{}
		for _, s := range open {
			both[s.id] = ended[s.id]
		}
		maps.DeleteFunc(both, func(_ string, is bool) bool { return !is })
		ended = both
	}
	for _, id := range slices.Sorted(maps.Keys(ended)) {
		r.report(&ShardError{Shard: id, Err: fmt.Errorf("the shard takes records, and its lease in table %q says that it has ended, so none of them is delivered: the leases are another stream's, or the stream was deleted and made again; name the application otherwise, or delete its lease table", r.c.o.LeaseTable)})
	}
	return nil
}

// balance looks at the leases, makes the missing ones, deletes those that are finished
// with and takes this worker's share, or what the leader gives it.
func (r *run) balance() error {
	rows, beside, err := r.table.read(r.ctx)
	if err != nil {
		return err
	}
	who, err := r.coordinate(rows, beside) // first: the leader is to hear of this worker whatever fails
	if err != nil {
		return err
	}
	if len(rows) == 0 || r.syncing {
		r.syncing = true
		if err := r.firstLeases(); err != nil {
			return err
		}
		r.syncing = false
		if rows, err = r.table.scan(r.ctx); err != nil {
			return err
		}
	}
	if made, err := r.audit(rows); err != nil {
		return err
	} else if made {
		if rows, err = r.table.scan(r.ctx); err != nil {
			return err
		}
	}
	for _, l := range finished(rows) {
		if err := r.table.remove(r.ctx, l); err != nil {
			r.report(err)
		}
	}
	now := time.Now()
	r.fleet.observe(rows, now)
	family, held := newLineage(rows), r.holding()
	for _, l := range rows {
		if ready := r.waiting[l.shard]; ready != nil && family.startable(l) {
			close(ready)
			delete(r.waiting, l.shard)
		}
	}
	var take []lease
	if who == leader {
		take = r.fleet.obeys(rows, held, now)
	} else {
		take = r.fleet.wants(family, rows, held, now, who == nobody, func(ls []lease) {
			mathrand.Shuffle(len(ls), func(i, j int) { ls[i], ls[j] = ls[j], ls[i] })
		})
	}
	for _, l := range take {
		if err := r.take(l, family.startable(l)); err != nil {
			return err
		}
	}
	return nil
}

// coordinate does what a 3.x application asks of its workers and says who shares out the
// leases.
func (r *run) coordinate(rows []lease, beside []item) (reign, error) {
	now := time.Now()
	c, err := r.sides.look(r.ctx, rows, beside, now)
	switch {
	case c == nil:
		return nobody, err // it is not known, so nothing is taken
	case err != nil && r.ctx.Err() == nil:
		r.report(fmt.Errorf("kinesis: %w", err))
	case err != nil: // Run ends
	default:
		told := time.Time{}
		if !r.leader.moved {
			told = r.sides.leader(r.ctx, c).told
		}
		r.leader.observe(c.lock, told, now)
	}
	r.tells.Store(c.tells())
	if !c.tells() {
		return nobody, nil
	}
	seen, err := r.sides.publish(r.ctx, c, now)
	if err != nil && r.ctx.Err() == nil {
		r.report(fmt.Errorf("kinesis: %w", err))
	}
	if err := r.sides.upgrade(r.ctx, rows, c, now); err != nil && r.ctx.Err() == nil {
		r.report(fmt.Errorf("kinesis: %w", err))
	}
	if !seen || !c.assigns() {
		return nobody, nil
	}
	return r.leader.reign(now), nil
}

// leave tells the leader that this worker takes no more.
func (r *run) leave() {
	ctx, cancel := context.WithTimeout(r.base, leaveTimeout)
	defer cancel()
	r.sides.withdraw(ctx)
}

// firstLeases makes the leases of the shards at the initial position.
func (r *run) firstLeases() error {
	from := r.c.o.From
	filter := &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtTrimHorizon}
	switch from.checkpoint() {
	case latest:
		filter.Type = kinesistypes.ShardFilterTypeAtLatest
	case atTimestamp:
		filter.Type, filter.Timestamp = kinesistypes.ShardFilterTypeAtTimestamp, &from.at
	}
	shards, err := r.c.listShards(r.ctx, filter)
	if err != nil {
		return err
	}
	for _, s := range shards {
		if err := r.table.insert(r.ctx, s.lease(from.checkpoint())); err != nil {
			return err
		}
	}
	return nil
}

// audit fills holes in the leases' hash ranges at once, before a shard behind one can
// start. That is safe although a scan is no snapshot and may show holes that are not: the
// leases it makes are those that there must be, and one that exists is left as it is.
func (r *run) audit(rows []lease) (made bool, err error) {
	gaps := holes(rows)
	if len(gaps) == 0 || time.Since(r.vain) < holeInterval {
		return false, nil
	}
	shards, err := r.c.listShards(r.ctx, nil)
	if err != nil {
		return false, err
	}
	for _, l := range fill(gaps, rows, shards, r.c.o.From.checkpoint()) {
		if err := r.table.insert(r.ctx, l); err != nil {
			return made, err
		}
		made = true
	}
	if !made {
		r.vain = time.Now()
	}
	return made, nil
}

func (r *run) holding() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := make(map[string]bool, len(r.mu.held))
	for k := range r.mu.held {
		held[k] = true
	}
	return held
}

// take takes a lease and starts its shard, or holds it until it is ready to be read. That
// another worker was faster is no error.
func (r *run) take(l lease, ready bool) error {
	began := time.Now()
	l, err := r.table.take(r.ctx, l)
	if errors.Is(err, ErrLeaseLost) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.complete() { // by this worker, after the table was read
		return nil
	}
	s := &shardRun{
		run: r, id: l.shard, keys: l.owned(), taken: l, lease: l, alive: began,
		ready: make(chan struct{}), wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	s.load.start(l, began)
	delete(r.waiting, l.shard)
	if ready {
		close(s.ready)
	} else {
		r.waiting[l.shard] = s.ready
	}
	s.ctx, s.cancel = context.WithCancelCause(r.base)
	s.going, s.halt = context.WithCancel(r.ctx)
	s.stop = s.going.Done()
	r.mu.Lock()
	r.mu.held[s.id] = true
	r.mu.Unlock()
	r.work.Go(func() {
		s.keep()
		r.c.lag.forget(s.id)
		r.mu.Lock()
		delete(r.mu.held, s.id)
		r.mu.Unlock()
	})
	return nil
}

func randomText() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
