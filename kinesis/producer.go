package kinesis

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/stream"
)

// The service's limits of one record.
const (
	maxKeyChars     = 256
	plainRecordSize = 1 << 20  // what every stream takes, key and payload
	maxRecordSize   = 10 << 20 // what a stream can be set to take
)

// ProducerOptions are a [Producer]'s settings. The zero value is good.
type ProducerOptions[T any] struct {
	// Encode makes a record's payload; the producer keeps the slice. Zero means the bytes
	// themselves when T is []byte or json.RawMessage, and otherwise JSON as encoding/json
	// writes it, but without HTML escapes and with every time.Time in UTC (it ends in Z),
	// also inside structs, pointers, slices and maps. Not changed are times in interface
	// values and in types that marshal themselves.
	Encode func(T) ([]byte, error)
	// ExplicitHashKey gives the hash key, in decimal from 0 to 2^128-1, by which a value is
	// routed instead of by its partition key; "" for a value that has none. Order is kept
	// among the records of one key that have the same one. Zero means that none has.
	ExplicitHashKey func(T) string
	// OnError is told of each record that was given up, one at a time, in the order of
	// the failures. It may keep Data. Flush and Close wait for it, so it must not call the
	// producer. Zero means that only Ack.Wait, Flush and Close tell.
	OnError func(ctx context.Context, f Failed)
	// Buffer is how many bytes of records, and 256 more for each (32 with Aggregate), may be
	// on their way: Put blocks beyond. Zero means 32 MiB.
	Buffer int
	// Linger is how long a record waits for company before a request goes that is not
	// full. Zero means 100 ms.
	Linger time.Duration
	// Timeout is how long one record is tried, from its first attempt; waiting behind
	// others does not count. A request on its way is not interrupted: it has 10 s, and one more
	// for each 256 KiB, so that its end may be told that much later. Zero means 30 s.
	Timeout time.Duration
	// MaxAge is how old a record may get: one that is not in the stream so long after its Put
	// is not tried again and given up, when its turn comes at the latest. In an aggregate the
	// oldest record counts; what is a sixteenth of MaxAge older does not share one. Zero means
	// that records do not age: waiting behind others, for a throttled shard say, is no fault
	// of theirs. It must be longer than Linger. (The Kinesis Producer Library's RecordTtl, which
	// is 30 s unless set.)
	MaxAge time.Duration
	// MaxInFlight is how many requests may be on their way at once. Zero means 8.
	MaxInFlight int
	// Aggregate packs the records of a shard into aggregates in the Kinesis Producer Library's
	// format, so that a shard takes many more than 1,000 of them a second. An aggregate goes
	// when it has 50 KiB; while its shard has another one on its way it grows up to 256 KiB.
	// Readers must take them apart, as this package's Consumer, the KCL and Firehose do. Zero
	// means that each value is a record of its own.
	Aggregate bool
	// Unordered lets records of one key share a request and overtake each other. It is
	// much faster where few keys carry most of the records. Aggregates do not need it: a
	// shard's records stay in order in them, and it counts only while the shards cannot be
	// listed. Zero means that each key's records reach the stream in the order of their Puts.
	Unordered bool
}

// Failed is a record that was not put.
type Failed struct {
	// Key is the partition key.
	Key string
	// Data is the encoded payload.
	Data []byte
	// Err is the reason.
	Err error
}

// Producer puts values of one type into a stream. It is safe for concurrent use. The
// package's documentation says what it promises.
type Producer[T any] struct {
	sender *sender
	key    func(T) string
	hash   func(T) string
	encode func(T) (data []byte, free func(), err error)
	limit  *sizeLimit
	end    struct {
		begun atomic.Bool
		done  chan struct{}
		err   error
	}
}

// NewProducer makes a producer for the named stream, without calling the service. key
// gives a value's partition key, 1 to 256 characters; records with equal keys share a
// shard and keep their order.
func NewProducer[T any](cfg aws.Config, streamName string, key func(T) string, opts *ProducerOptions[T]) (*Producer[T], error) {
	var o ProducerOptions[T]
	if opts != nil {
		o = *opts
	}
	err := errors.Join(
		checkNames(cfg.Region, streamName),
		check(key != nil, "key: missing (a function that gives a value's partition key)"),
		check(o.Buffer >= 0, "Buffer: %d is negative (bytes; zero means 32 MiB)", o.Buffer),
		check(o.Linger >= 0, "Linger: %v is negative (zero means 100 ms)", o.Linger),
		check(o.Timeout >= 0, "Timeout: %v is negative (zero means 30 s)", o.Timeout),
		check(o.MaxAge >= 0, "MaxAge: %v is negative (zero means that records do not age)", o.MaxAge),
		check(o.MaxAge <= 0 || o.MaxAge > orDefault(o.Linger, 100*time.Millisecond), "MaxAge: %v is not above Linger, %v, for which each record waits: raise it, or lower Linger", o.MaxAge, orDefault(o.Linger, 100*time.Millisecond)),
		check(o.MaxInFlight >= 0, "MaxInFlight: %d is negative (zero means 8)", o.MaxInFlight),
	)
	if err != nil {
		return nil, fmt.Errorf("kinesis: new producer: %w", err)
	}
	encode := encoder[T]()
	if o.Encode != nil {
		encode = func(v T) ([]byte, func(), error) {
			data, err := o.Encode(v)
			return data, nil, err
		}
	}
	client := awskinesis.NewFromConfig(cfg, func(o *awskinesis.Options) {
		o.Protocol, o.HTTPClient = putProtocol{o.Protocol}, alive(o.HTTPClient, 0)
	})
	s := &sender{
		client: client, stream: streamName, region: cfg.Region, onError: o.OnError, maxAge: o.MaxAge,
		aggregate: o.Aggregate, shards: &shardMap{client: client, stream: streamName, region: cfg.Region},
		maxInFlight: orDefault(o.MaxInFlight, 8),
		room:        newBudget(int64(orDefault(o.Buffer, 32<<20))),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	linger, timeout := orDefault(o.Linger, 100*time.Millisecond), orDefault(o.Timeout, 30*time.Second)
	wait := func(attempt int) time.Duration { return backoff(attempt, 100*time.Millisecond, 5*time.Second) }
	s.mu.queue = queue{linger: linger, timeout: timeout, maxAge: o.MaxAge, unordered: o.Unordered, backoff: wait}
	s.mu.plain = !o.Aggregate
	s.mu.flights = map[*[]*parcel]struct{}{}
	if o.Aggregate {
		s.mu.agg = aggregator{linger: linger, timeout: timeout, maxAge: o.MaxAge, backoff: wait, memory: &s.memory}
		s.mu.agg.relayout(nil)
	}
	p := &Producer[T]{
		sender: s, key: key, hash: o.ExplicitHashKey, encode: encode,
		limit: &sizeLimit{client: client, stream: streamName, region: cfg.Region},
	}
	p.end.done = make(chan struct{})
	return p, nil
}

// Put encodes v and queues it. It blocks while the buffer is full, until ctx ends; it
// does not wait for the network, but for this: the first record above 1 MiB asks the
// stream what it takes. An error means that the record was refused and will not be put.
func (p *Producer[T]) Put(ctx context.Context, v T) (Ack, error) {
	if err := ctx.Err(); err != nil {
		return Ack{}, err
	}
	r := userRecord{key: p.key(v)}
	if p.hash != nil {
		r.hash = p.hash(v)
	}
	if err := checkKeys(r); err != nil {
		return Ack{}, fmt.Errorf("kinesis: put a record to stream %q: %w", p.sender.stream, err)
	}
	data, free, err := p.encode(v)
	if err != nil {
		return Ack{}, fmt.Errorf("kinesis: encode a record for stream %q: %w", p.sender.stream, err)
	}
	if free != nil {
		defer free()
	}
	if r.data = data; data == nil {
		r.data = []byte{} // the SDK refuses a nil one
	}
	if size := r.wire(); size > plainRecordSize {
		if err := p.limit.check(ctx, size); err != nil {
			return Ack{}, err
		}
	}
	var hash hashrange.Key
	if p.sender.aggregate {
		hash = hashOf(r)
	}
	room := int64(r.wire() + p.sender.overhead())
	if err := p.sender.room.acquire(ctx, room); err != nil {
		return Ack{}, err
	}
	at, err := p.sender.put(r, hash, free != nil)
	if err != nil {
		p.sender.room.release(room)
		return Ack{}, err
	}
	return Ack{at: at, s: p.sender}, nil
}

// Stats says what the producer has done since it was made and what it holds now. It costs
// microseconds for each thousand keys or shards that have records on their way.
func (p *Producer[T]) Stats() ProducerStats { return p.sender.stats() }

// Flush sends what has been put without lingering, waits until each of these records is
// acknowledged or given up, and until OnError has been told. Its error says how many of
// the records since the last report were given up, and wraps the first one's error. When
// ctx ends first it returns ctx's error, and the records stay on their way.
func (p *Producer[T]) Flush(ctx context.Context) error { return p.sender.flush(ctx) }

// Close refuses further Puts, also those that wait for room, and flushes. When ctx ends
// first, what is left is given up: such a record may still have reached the stream when
// its request was on its way. All goroutines have ended when Close returns. Closing again
// waits for the first Close and returns its error.
func (p *Producer[T]) Close(ctx context.Context) error {
	if p.end.begun.CompareAndSwap(false, true) {
		p.end.err = p.sender.close(ctx)
		close(p.end.done)
	}
	select {
	case <-p.end.done:
		return p.end.err
	case <-ctx.Done():
		select { // both: the answer is worth more
		case <-p.end.done:
			return p.end.err
		default:
			return ctx.Err()
		}
	}
}

// Ack is the receipt of a record. It costs nothing and may be dropped.
type Ack struct {
	at slot
	s  *sender
}

// Wait waits until the record is in the stream and says where, or gives the reason why
// it was given up, which is never a context's error. When ctx ends first it returns ctx's
// error, and the record stays on its way.
func (a Ack) Wait(ctx context.Context) (stream.Position, error) {
	if a.s == nil {
		return stream.Position{}, errors.New("kinesis: wait for the Ack of a record that was not put")
	}
	at := a.at
	for {
		p := at.p
		a.s.mu.Lock()
		if p.moved != nil {
			at = p.moved[at.sub]
			a.s.mu.Unlock()
			continue
		}
		if !p.settled && p.waiting == nil {
			p.waiting = make(chan struct{})
		}
		settled, waiting := p.settled, p.waiting
		a.s.mu.Unlock()
		if settled {
			break
		}
		select {
		case <-waiting:
		case <-ctx.Done():
			return stream.Position{}, ctx.Err()
		}
	}
	// Nobody writes the result of a settled parcel.
	o := &at.p.result
	if o.err != nil {
		return stream.Position{}, o.err
	}
	return stream.Position{Shard: o.shard, Seq: o.seq, Sub: uint64(at.sub)}, nil
}

func checkKeys(r userRecord) error {
	if r.hash != "" {
		if _, err := hashrange.Parse(r.hash); err != nil {
			return fmt.Errorf("the explicit hash key %q is not a number from 0 to %s in decimal, without sign or leading zeros: have ExplicitHashKey give one, or \"\"", r.hash, hashrange.Max())
		}
	}
	return checkKey(r.key)
}

func checkKey(key string) error {
	if key == "" {
		return fmt.Errorf("the partition key is empty (Kinesis wants 1 to %d characters): have the key function give one", maxKeyChars)
	}
	if !utf8.ValidString(key) {
		return errors.New("the partition key is not UTF-8 (Kinesis wants characters): encode it, in hex for example")
	}
	if len(key) <= maxKeyChars {
		return nil
	}
	if n := utf8.RuneCountInString(key); n > maxKeyChars {
		return fmt.Errorf("the partition key has %d characters (Kinesis allows %d): shorten or hash it", n, maxKeyChars)
	}
	return nil
}

// sizeLimit knows how large the stream's records may be, once it is asked for more than
// every stream takes.
type sizeLimit struct {
	client *awskinesis.Client
	stream string
	region string

	mu struct {
		sync.Mutex
		max   int
		asked time.Time
	}
}

func (l *sizeLimit) check(ctx context.Context, size int) error {
	if size > maxRecordSize {
		return fmt.Errorf("kinesis: put a record to stream %q: key and payload are %d bytes (Kinesis allows %d): split it, or put it to S3 and send where it lies", l.stream, size, maxRecordSize)
	}
	l.mu.Lock()
	limit, fresh := l.mu.max, time.Since(l.mu.asked) < time.Minute
	l.mu.Unlock()
	if size > limit && !fresh { // the limit may have been raised since
		out, err := l.client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &l.stream})
		if err != nil {
			return fmt.Errorf("kinesis: ask for the record size of stream %q, for a record of %d bytes: %w", l.stream, size, explain(err, l.stream, l.region))
		}
		limit = plainRecordSize
		if kib := aws.ToInt32(out.StreamDescriptionSummary.MaxRecordSizeInKiB); kib > 0 {
			limit = int(kib) << 10
		}
		l.mu.Lock()
		l.mu.max, l.mu.asked = limit, time.Now()
		l.mu.Unlock()
	}
	if size > limit {
		return fmt.Errorf("kinesis: put a record to stream %q: key and payload are %d bytes (the stream allows %d): split it, or raise the stream's limit with UpdateMaxRecordSize (10 MiB at most)", l.stream, size, limit)
	}
	return nil
}

var streamNames = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

// checkNames says what is wrong with a stream's name or the configuration's region.
func checkNames(region, streamName string) error {
	return errors.Join(
		check(region != "", "cfg.Region: missing (an aws.Config comes from config.LoadDefaultConfig or a local lake's Config)"),
		check(streamName != "", "stream: missing (the stream's name)"),
		check(streamName == "" || streamNames.MatchString(streamName), "stream: %q is not a stream's name (1 to 128 letters, digits, _ . -; not an ARN)", streamName),
	)
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func orDefault[N comparable](v, def N) N {
	var zero N
	if v == zero {
		return def
	}
	return v
}
