package firehose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/stream"
)

// Delivery converts the records of batches and delivers them as files. It is safe for
// concurrent use.
type Delivery struct {
	table  *catalog.Table
	config *config
	region string
	schema *column.Schema     // of a record
	files  *parquetout.Schema // of a file
	leaves int                // how many of the record's leaves are in a file
	pool   *parquetout.Pool
	s3     *awss3.Client
	glue   *registrar // nil when partitions need not be registered

	ctx   context.Context // the deliveries' own; ends when Close gives up
	stop  context.CancelFunc
	slots chan struct{}
	work  sync.WaitGroup
	told  sync.Mutex // calls of OnDelivered and OnError do not overlap

	mu struct {
		sync.Mutex
		buffer     buffer
		parts      map[string]*part // those that are filled
		sending    map[*part]bool
		timer      *time.Timer
		wake       time.Time     // when timer fires, if it is set
		changed    chan struct{} // closed when there may be room
		converters []*converter
		ready      []*held // to be acknowledged when the lock ends
		ended      []*part // to be told then that they are
		stats      Stats
		closed     bool
	}
}

// Stats is what a delivery has done so far.
type Stats struct {
	// Records were taken in; Rejected of them became error records, the others rows.
	Records, Rejected int64
	// Rows and Files were delivered, with Bytes in them.
	Rows, Files, Bytes int64
	// ErrorFiles with error records were delivered.
	ErrorFiles int64
	// Filling files are open, Sending files are on their way, with Memory in use.
	Filling, Sending int
	Memory           int64
}

// ErrClosed is what Handle returns after Close.
var ErrClosed = errors.New("firehose: the delivery is closed")

// errorsKey is the key of the file of error records among the parts: no partition has it,
// as partitions' keys end with a zero byte or are empty.
const errorsKey = "errors"

// senders is how many files are sent at once.
const senders = 4

// New makes a delivery into the table. Complaints about table and options come all at once.
// Neither the bucket nor the catalog is touched before the first file is delivered.
func New(cfg aws.Config, table *catalog.Table, opts *Options) (*Delivery, error) {
	c, err := configure(table, opts)
	if err != nil {
		return nil, fmt.Errorf("firehose: %w", err)
	}
	d := &Delivery{table: table, config: c, region: cfg.Region, s3: awss3.NewFromConfig(cfg), pool: &parquetout.Pool{MaxIdle: c.Buffer / 4}}
	if d.schema, err = column.NewSchema(table.RecordFields()); err != nil {
		return nil, fmt.Errorf("firehose: table %s: %w", table, err)
	}
	files, err := column.NewSchema(table.Fields())
	if err != nil {
		return nil, fmt.Errorf("firehose: table %s: %w", table, err)
	}
	d.files, d.leaves = parquetout.NewSchema(files), len(files.Leaves)
	first, err := d.newConverter()
	if err != nil {
		return nil, fmt.Errorf("firehose: %w", err)
	}
	if len(table.Partitions()) > 0 && !table.Projected() {
		d.glue = newRegistrar(cfg, table)
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	d.slots = make(chan struct{}, senders)
	d.mu.buffer = buffer{interval: c.Interval, size: c.Size, budget: c.Buffer}
	d.mu.parts = make(map[string]*part)
	d.mu.sending = make(map[*part]bool)
	d.mu.changed = make(chan struct{})
	d.mu.converters = []*converter{first}
	return d, nil
}

// Handle is the [stream.Handler] of a consumer: it takes a batch in and holds its checkpoint
// until all its records are in the bucket. It waits while the buffer is full.
func (d *Delivery) Handle(ctx context.Context, b *stream.Batch) error {
	if len(b.Records) == 0 {
		return nil
	}
	c, err := d.lease()
	if err != nil {
		return err
	}
	defer d.giveBack(c)
	h := &held{shard: b.Shard, done: b.Hold(), left: 1}
	for records := b.Records; len(records) > 0; {
		if err := d.awaitRoom(ctx); err != nil {
			d.release(h, err)
			return err
		}
		n := c.take(records, time.Now())
		if err := d.store(c, h, n); err != nil {
			d.release(h, err)
			return err
		}
		records = records[n:]
	}
	d.release(h, nil)
	return nil
}

// StartAt is for a consumer's option of that name. Files on S3 do not say yet where a shard
// was, so it leaves the answer to the lease: ok is always false.
func (d *Delivery) StartAt(context.Context, string) (after stream.Position, ok bool, err error) {
	return stream.Position{}, false, nil
}

// Drain delivers what a shard's batches are waiting for, and waits for it: a consumer calls
// it before it lets go of the shard.
func (d *Delivery) Drain(ctx context.Context, shard string) error {
	return d.flush(ctx, func(p *part) bool { return p.holds(shard) })
}

// Flush delivers all that was taken in, and waits for it.
func (d *Delivery) Flush(ctx context.Context) error {
	return d.flush(ctx, func(*part) bool { return true })
}

func (d *Delivery) flush(ctx context.Context, which func(*part) bool) error {
	var wait []*part
	d.mu.Lock()
	for p := range d.mu.sending {
		if which(p) {
			wait = append(wait, p)
		}
	}
	for _, p := range d.mu.buffer.parts() {
		if which(p) {
			d.mu.buffer.take(p)
			d.send(p)
			wait = append(wait, p)
		}
	}
	d.mu.Unlock()
	var errs []error
	for _, p := range wait {
		select {
		case <-p.sent:
			errs = append(errs, p.err)
		case <-ctx.Done():
			return fmt.Errorf("firehose: table %s: %d files are not delivered yet: %w", d.table, len(wait), ctx.Err())
		}
	}
	return errors.Join(errs...)
}

// Close delivers what was taken in, and waits for it. When ctx ends first, it gives up what
// is left: those batches are not acknowledged, so they are delivered again by whoever takes
// the shard. Handle fails from now on. Closing again does nothing.
func (d *Delivery) Close(ctx context.Context) error {
	d.mu.Lock()
	was := d.mu.closed
	d.mu.closed = true
	d.wakeUp()
	d.mu.Unlock()
	if was {
		return nil
	}
	err := d.Flush(ctx)
	d.stop()
	d.work.Wait()
	d.mu.Lock()
	if d.mu.timer != nil {
		d.mu.timer.Stop()
	}
	d.mu.Unlock()
	return err
}

// ErrorLocation is where error records go, such as
// s3://lake/raw/clicks_errors/format-conversion-failed/.
func (d *Delivery) ErrorLocation() string { return d.config.errors.String() + errorFolder }

// Stats says what was done so far.
func (d *Delivery) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.mu.stats
	s.Filling, s.Sending = d.mu.buffer.count, len(d.mu.sending)
	s.Memory = d.mu.buffer.open + d.mu.buffer.sending
	return s
}

// lease gives a converter for one call of Handle.
func (d *Delivery) lease() (*converter, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.closed {
		return nil, ErrClosed
	}
	if n := len(d.mu.converters); n > 0 {
		c := d.mu.converters[n-1]
		d.mu.converters = d.mu.converters[:n-1]
		return c, nil
	}
	return d.newConverter()
}

func (d *Delivery) giveBack(c *converter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.converters = append(d.mu.converters, c)
}

// awaitRoom waits until the buffer takes more.
func (d *Delivery) awaitRoom(ctx context.Context) error {
	for {
		d.mu.Lock()
		room, closed, changed := d.mu.buffer.room(), d.mu.closed, d.mu.changed
		d.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case room:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wakeUp tells those who wait for room to look again. The lock is held.
func (d *Delivery) wakeUp() {
	close(d.mu.changed)
	d.mu.changed = make(chan struct{})
}

// store puts a chunk into the files and sends those that are due.
func (d *Delivery) store(c *converter, h *held, records int) error {
	d.mu.Lock()
	defer d.unlock()
	if d.mu.closed {
		return ErrClosed
	}
	m := &d.mu
	now := time.Now() // under the lock, so that parts are opened in the order of time
	grown := make([]*part, 0, len(c.touched)+1)
	for _, to := range c.touched {
		p := m.parts[to.key]
		if p == nil {
			w, err := parquetout.NewWriter(d.files, d.pool, &parquetout.Options{Codec: d.config.codec})
			if err != nil {
				return fmt.Errorf("firehose: %w", err)
			}
			p = d.newPart(to.key, now)
			p.writer, p.route = w, &route{key: to.key, values: to.values, prefix: to.prefix}
		}
		d.join(p, h)
		if err := p.writer.Append(&c.batch, to.rows); err != nil {
			// The file is in pieces. Its batches come again.
			m.buffer.take(p)
			m.sending[p] = true
			delete(m.parts, to.key)
			p.writer.Discard()
			d.ended(p, fmt.Errorf("firehose: %w", err))
			return fmt.Errorf("firehose: %w", err)
		}
		p.rows += int64(len(to.rows))
		m.buffer.grow(p, to.json, p.held())
		grown = append(grown, p)
	}
	if len(c.refused) > 0 {
		p := m.parts[errorsKey]
		if p == nil {
			p = d.newPart(errorsKey, now)
		}
		d.join(p, h)
		p.errors = append(p.errors, c.errors...)
		p.rows += int64(len(c.refused))
		m.buffer.grow(p, int64(len(c.errors)), p.held())
		grown = append(grown, p)
	}
	m.stats.Records += int64(records)
	m.stats.Rejected += int64(len(c.refused))
	for _, p := range m.buffer.due(now, grown) {
		d.send(p)
	}
	d.arm(now)
	return nil
}

// newPart opens a part. The lock is held.
func (d *Delivery) newPart(key string, now time.Time) *part {
	p := &part{}
	p.sent = make(chan struct{})
	d.mu.parts[key] = p
	d.mu.buffer.add(p, now)
	return p
}

// join makes a batch wait for the part. The lock is held.
func (d *Delivery) join(p *part, h *held) {
	if !slices.Contains(h.joined, p) {
		h.joined = append(h.joined, p)
		p.waits = append(p.waits, h)
		h.left++
	}
}

// arm sets the timer to the next part that is due. The lock is held.
func (d *Delivery) arm(now time.Time) {
	next, ok := d.mu.buffer.next()
	switch {
	case !ok || d.mu.closed:
		if d.mu.timer != nil {
			d.mu.timer.Stop()
		}
		d.mu.wake = time.Time{}
	case !d.mu.wake.Equal(next):
		d.mu.wake = next
		if d.mu.timer == nil {
			d.mu.timer = time.AfterFunc(next.Sub(now), d.tick)
		} else {
			d.mu.timer.Reset(next.Sub(now))
		}
	}
}

// tick sends what is due by time.
func (d *Delivery) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.closed {
		return
	}
	d.mu.wake = time.Time{}
	now := time.Now()
	for _, p := range d.mu.buffer.due(now, nil) {
		d.send(p)
	}
	d.arm(now)
}

// send starts a part that was taken out on its way. The lock is held.
func (d *Delivery) send(p *part) {
	key := errorsKey
	if p.route != nil {
		key = p.route.key
	}
	delete(d.mu.parts, key)
	d.mu.sending[p] = true
	d.work.Go(func() {
		err := d.deliver(p)
		d.mu.Lock()
		d.ended(p, err)
		d.unlock()
	})
}

// ended settles with those who wait for a part that is no longer sent. The lock is held and
// unlock must follow.
func (d *Delivery) ended(p *part, err error) {
	p.err = err
	d.mu.buffer.sent(p)
	delete(d.mu.sending, p)
	if err == nil {
		if p.route == nil {
			d.mu.stats.ErrorFiles++
		} else {
			d.mu.stats.Files++
			d.mu.stats.Rows += p.rows
			d.mu.stats.Bytes += p.bytes
		}
	}
	for _, h := range p.waits {
		d.settle(h, err)
	}
	d.mu.ended = append(d.mu.ended, p)
	d.wakeUp()
}

// release ends Handle's own hold on its batch.
func (d *Delivery) release(h *held, err error) {
	d.mu.Lock()
	h.joined = nil
	d.settle(h, err)
	d.unlock()
}

// settle takes one of the things that a batch waits for away. The lock is held and unlock
// must follow.
func (d *Delivery) settle(h *held, err error) {
	if h.err == nil {
		h.err = err
	}
	if h.left--; h.left == 0 {
		d.mu.ready = append(d.mu.ready, h)
	}
}

// unlock ends the lock and acknowledges the batches that wait for nothing more: done is the
// consumer's own code and may call back.
func (d *Delivery) unlock() {
	ready, ended := d.mu.ready, d.mu.ended
	d.mu.ready, d.mu.ended = nil, nil
	d.mu.Unlock()
	for _, h := range ready {
		h.done(h.err)
	}
	for _, p := range ended {
		close(p.sent)
	}
}
