package kinesis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/stream"
)

// InitialPosition is where an application that has no leases yet begins. The zero value
// is the trim horizon: the oldest records that the stream still has.
type InitialPosition struct {
	word string
	at   time.Time
}

// Latest begins with the records that are put after the application's first start; a shard
// that is taken again before its first checkpoint begins with what is put after that.
func Latest() InitialPosition { return InitialPosition{word: latest} }

// AtTimestamp begins with the records that arrived at t or later.
func AtTimestamp(t time.Time) InitialPosition { return InitialPosition{word: atTimestamp, at: t} }

func (p InitialPosition) checkpoint() string { return orDefault(p.word, trimHorizon) }

// ConsumerOptions are a [Consumer]'s settings. The zero value is good.
type ConsumerOptions struct {
	// From is where the application begins when it has no leases yet. Later it does
	// nothing. Zero means the trim horizon.
	From InitialPosition
	// StartAt is asked each time a shard is taken, for handlers that keep positions with
	// their data: reading goes on behind after. When ok is false the lease decides. A
	// position that the stream has trimmed is reported as a [*GapError] and asked for
	// again. Zero means that the lease decides.
	StartAt func(ctx context.Context, shard string) (after stream.Position, ok bool, err error)
	// Drain is called when a shard with held batches must be let go, at its end, when it is
	// handed over or when Run ends: whoever holds them should finish them now. Its error is
	// reported, no more. It may be called again when that takes several attempts. Zero means
	// that the consumer just waits for them.
	Drain func(ctx context.Context, shard string) error
	// DrainTimeout is how long the lease waits for held batches then, and how long the
	// handler's context outlives Run's. Zero means 30 s.
	DrainTimeout time.Duration
	// Poison is given the records that the handler says it can never handle, and those
	// that [Typed] cannot decode. When it returns nil the record counts as done. Zero means
	// that they are errors like any other: reported and delivered again until they pass.
	Poison func(ctx context.Context, p *stream.PoisonError) error
	// OnError is told of each error of a handler, a shard or a lease, from several
	// goroutines at once; the consumer goes on. Errors about one shard are
	// [*ShardError]. Zero means that they are logged with slog.
	OnError func(ctx context.Context, err error)
	// LeaseTable is the name of the DynamoDB table. Create it beforehand (key leaseKey,
	// a string) to choose its encryption or billing; otherwise the consumer creates it,
	// on-demand and with the account's default encryption. Zero means the application's name.
	LeaseTable string
	// WorkerID names this worker in the leases. No two running workers of an application
	// may share one. Zero means the host's name and a random part.
	WorkerID string
	// MaxLeases is how many shards this worker takes at most. Zero means no limit.
	MaxLeases int
	// FailoverTime is how long a lease must not have been renewed before others take it;
	// it is renewed three times as often. All workers of an application should agree on
	// it. Zero means 10 s.
	FailoverTime time.Duration
	// FanOut reads with enhanced fan-out: the stream pushes records as they arrive, up to 2 MB
	// a second per shard for this application alone. It is the name or the ARN of the consumer
	// that is registered with the stream for the application. One with that name is
	// registered when it is missing, and never deregistered; the KCL takes the application's
	// name. It costs: see the package's documentation. Zero means polling.
	FanOut string
	// PollInterval is the pause before a shard with nothing new is read again; it doubles,
	// up to five times the interval, while nothing comes. Zero means 1 s. With FanOut there is
	// no pause.
	PollInterval time.Duration
	// MaxRecords is the most Kinesis records of one batch, 1 to 10,000; of an aggregated one
	// all user records are in it. Zero means 10,000.
	MaxRecords int
	// Buffer is about how many bytes of records may be read and not yet through the
	// handler, over all shards, of which one answer per shard at most (up to 10 MiB) waits
	// behind the one that the handler has; with FanOut three events (of about 1 MiB). A shard that has shown how much it gives is
	// expected to give up to twice as much the next time. What a handler keeps after it has
	// returned does not count. Zero means 64 MiB.
	Buffer int
}

// ShardError is an error about one shard. The consumer tries again.
type ShardError struct {
	// Shard is the shard's id.
	Shard string
	// Err is the reason.
	Err error
}

// Error names the shard and the reason.
func (e *ShardError) Error() string { return fmt.Sprintf("kinesis: shard %q: %v", e.Shard, e.Err) }

// Unwrap gives the reason.
func (e *ShardError) Unwrap() error { return e.Err }

// GapError says that the record at which reading was to go on is not in the stream any
// more, so that records behind it may be missing.
type GapError struct {
	// Shard is the shard's id.
	Shard string
	// After is the sequence number that was asked for.
	After string
	// Oldest is the first sequence number behind it that the stream still has, and
	// Arrived when that record came.
	Oldest  string
	Arrived time.Time
}

// Error names both ends of the gap.
func (e *GapError) Error() string {
	return fmt.Sprintf("kinesis: shard %q: the record %s has been trimmed, and the oldest one behind it is %s of %s: what arrived between them is lost to this application (raise the stream's retention, or run the consumer more often)",
		e.Shard, e.After, e.Oldest, e.Arrived.UTC().Format(time.RFC3339))
}

// Consumer delivers a stream's records to a handler. It shares the shards with the other
// workers of the same application through a table of leases. The package's documentation
// says what it promises.
type Consumer struct {
	kinesis  *awskinesis.Client
	dynamodb *dynamodb.Client
	stream   string
	app      string
	region   string
	handler  stream.Handler
	o        ConsumerOptions
	running  atomic.Bool
	lag      lags
}

var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// NewConsumer makes a consumer of the named stream for the application app, without
// calling a service. The workers that share an application divide the shards among them;
// each application sees every record.
func NewConsumer(cfg aws.Config, streamName, app string, h stream.Handler, opts *ConsumerOptions) (*Consumer, error) {
	var o ConsumerOptions
	if opts != nil {
		o = *opts
	}
	table := orDefault(o.LeaseTable, app)
	err := errors.Join(
		checkNames(cfg.Region, streamName),
		check(app != "", "app: missing (the application's name)"),
		check(app == "" || tableName.MatchString(table), "LeaseTable: %q is not a DynamoDB table name (3 to 255 letters, digits, _ . -; zero means the application's name)", table),
		check(h != nil, "handler: missing (see Typed)"),
		check(o.DrainTimeout >= 0, "DrainTimeout: %v is negative (zero means 30 s)", o.DrainTimeout),
		check(o.MaxLeases >= 0, "MaxLeases: %d is negative (zero means no limit)", o.MaxLeases),
		check(o.FailoverTime == 0 || o.FailoverTime >= time.Second, "FailoverTime: %v is below 1s (zero means 10 s)", o.FailoverTime),
		check(o.PollInterval >= 0, "PollInterval: %v is negative (zero means 1 s)", o.PollInterval),
		checkFanOut(o.FanOut, streamName, cfg.Region),
		check(o.MaxRecords >= 0 && o.MaxRecords <= 10000, "MaxRecords: %d is not in 1 to 10,000 (zero means 10,000)", o.MaxRecords),
		check(o.Buffer >= 0, "Buffer: %d is negative (bytes; zero means 64 MiB)", o.Buffer),
		check(o.From.word != atTimestamp || !o.From.at.IsZero(), "From: AtTimestamp of the zero time"),
	)
	if err != nil {
		return nil, fmt.Errorf("kinesis: new consumer: %w", err)
	}
	o.LeaseTable = table
	o.DrainTimeout = orDefault(o.DrainTimeout, 30*time.Second)
	o.FailoverTime = orDefault(o.FailoverTime, 10*time.Second)
	o.PollInterval = orDefault(o.PollInterval, time.Second)
	o.MaxRecords = orDefault(o.MaxRecords, 10000)
	o.Buffer = orDefault(o.Buffer, 64<<20)
	if o.WorkerID == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "worker"
		}
		o.WorkerID = host + "-" + randomText()
	}
	if o.OnError == nil {
		o.OnError = func(ctx context.Context, err error) {
			level := slog.LevelError
			if errors.Is(err, ErrLeaseLost) { // as it happens when workers come and go
				level = slog.LevelWarn
			}
			slog.Log(ctx, level, "kinesis consumer", "stream", streamName, "app", app, "worker", o.WorkerID, "err", err)
		}
	}
	window := 0
	if o.FanOut != "" {
		window = subscriptionWindow
	}
	return &Consumer{
		kinesis: awskinesis.NewFromConfig(cfg, func(o *awskinesis.Options) {
			o.Protocol, o.HTTPClient = getProtocol{o.Protocol}, alive(o.HTTPClient, window)
		}),
		dynamodb: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.HTTPClient = alive(o.HTTPClient, 0) }),
		stream:   streamName, app: app, region: cfg.Region, handler: h, o: o,
	}, nil
}

// Run consumes until ctx ends, then lets the handlers finish, writes the last checkpoints
// and hands the leases over; it returns nil then. It returns an error at once when the
// stream does not exist or the lease table cannot be used, and later when the stream is
// deleted. All other errors go to OnError. It waits for handlers: one that ignores its
// context holds it up, though not its lease. Run may be called again when it has returned.
func (c *Consumer) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("kinesis: run consumer: it is running already")
	}
	defer c.running.Store(false)
	return newRun(ctx, c).loop(ctx)
}

// listShards lists all shards that match the filter; nil means those with records left,
// closed ones too.
func (c *Consumer) listShards(ctx context.Context, filter *kinesistypes.ShardFilter) ([]shard, error) {
	return listShards(ctx, c.kinesis, c.stream, c.region, filter)
}

func listShards(ctx context.Context, client *awskinesis.Client, name, region string, filter *kinesistypes.ShardFilter) ([]shard, error) {
	in := &awskinesis.ListShardsInput{StreamName: &name, ShardFilter: filter}
	var shards []shard
	for {
		out, err := client.ListShards(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list the shards of stream %q: %w", name, explain(err, name, region))
		}
		for _, s := range out.Shards {
			shards = append(shards, shardOf(s))
		}
		if out.NextToken == nil {
			return shards, nil
		}
		in = &awskinesis.ListShardsInput{NextToken: out.NextToken}
	}
}
