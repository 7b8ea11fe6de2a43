package kinesis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/pricing"
)

// What one shard takes and gives in a second, and what a stream bears (AWS's quotas page).
const (
	shardRecordsIn = 1000
	shardBytesIn   = 1 << 20
	shardBytesOut  = 2 << 20
	shardReads     = 5
	mostFanOut     = 20
	mostPerSecond  = 1_000_000_000
	mostConsumers  = 1000
	mostShards     = 1_000_000
)

// Load is what a stream must bear. [Size] says how many shards that takes.
type Load struct {
	// RecordsPerSecond are the user records of the busiest second, 1 to 10^9.
	RecordsPerSecond int64
	// BytesPerRecord is the mean size of a record, payload and partition key together, as
	// Kinesis counts it: 1 to 10 MiB.
	BytesPerRecord int64
	// AverageRecordsPerSecond is the mean over the month, which the price follows where it
	// follows the volume. Zero means RecordsPerSecond.
	AverageRecordsPerSecond int64
	// Aggregate says that the producer packs user records into records of AggregateBytes.
	Aggregate bool
	// AggregateBytes is how large an aggregated record grows, at most 1 MiB. It must be
	// filled before it is sent: a producer whose records of one shard do not fill it in
	// its time makes more and smaller ones. Zero means 51,200, the KPL's size.
	AggregateBytes int64
	// Consumers are the applications that poll.
	Consumers int64
	// PollInterval is how often each of them reads a shard. Zero means 1 s.
	PollInterval time.Duration
	// FanOut are the enhanced fan-out consumers, at most 20.
	FanOut int64
	// Utilization is how many percent of each limit may be used, 1 to 100: keys are never
	// spread quite evenly. Zero means 100.
	Utilization int64
	// Shards is a number of shards to judge. Zero means none: only the number needed is
	// asked for.
	Shards int64
}

// Limit is a limit of a shard.
type Limit string

// The limits of a shard that a load meets.
const (
	LimitRecordsIn Limit = "records in"  // 1,000 a second
	LimitBytesIn   Limit = "bytes in"    // 1 MiB a second, keys included
	LimitBytesOut  Limit = "bytes out"   // 2 MiB a second, shared by all that poll
	LimitReads     Limit = "reads"       // 5 a second, shared by all that poll
	LimitFanOut    Limit = "fan-out out" // 2 MiB a second for each consumer
)

// Standing is how a load stands to one limit.
type Standing struct {
	Limit Limit
	// Load is what comes in a second, over all shards; for [LimitReads], which each shard
	// bears whatever their number, it is that of all the shards needed. Reads are rounded up.
	Load int64
	// PerShard is what a shard bears in a second.
	PerShard int64
	// Shards is how many this limit alone needs.
	Shards int64
}

// Sizing is what [Size] finds.
type Sizing struct {
	// Load is the load with its defaults filled in.
	Load Load
	// Shards is how many are needed, and Binds the limit that needs most.
	Shards int64
	Binds  Limit
	// Limits are all of them; those of fan-out and polling only where there are such consumers.
	Limits []Standing
	// Fits says whether Load.Shards is enough; true where none was named.
	Fits bool
	// Aggregated is how many shards the same load needs when it is aggregated, and
	// AggregatedBinds the limit that needs most of them.
	Aggregated      int64
	AggregatedBinds Limit
}

// Size says how many shards a load needs and which limit binds. It takes the keys to be
// spread evenly: no number of shards gives one key more than one shard's share, which
// [HotKeys] measures. The arithmetic is exact, in whole numbers, rounded up. All complaints
// about the load come at once.
func Size(load Load) (*Sizing, error) {
	l := load.filled()
	if err := l.check(); err != nil {
		return nil, err
	}
	s := &Sizing{Load: l}
	s.Limits = l.standings(l.Aggregate)
	s.Shards, s.Binds = most(s.Limits)
	s.Aggregated, s.AggregatedBinds = most(l.standings(true))
	for i := range s.Limits {
		if s.Limits[i].Limit == LimitReads {
			s.Limits[i].Load *= s.Shards
		}
	}
	if s.Shards > mostShards {
		return nil, fmt.Errorf("kinesis: size: the load needs %s shards, and %s is the most that is reckoned with: divide it over several streams", grouped(s.Shards), grouped(mostShards))
	}
	s.Fits = l.Shards == 0 || l.Shards >= s.Shards
	return s, nil
}

func (l Load) filled() Load {
	l.AverageRecordsPerSecond = orDefault(l.AverageRecordsPerSecond, l.RecordsPerSecond)
	l.AggregateBytes = orDefault(l.AggregateBytes, aggregateSize)
	l.PollInterval = orDefault(l.PollInterval, time.Second)
	l.Utilization = orDefault(l.Utilization, 100)
	return l
}

func (l Load) check() error {
	var errs []error
	within := func(name string, n, from, to int64) {
		if n < from || n > to {
			errs = append(errs, fmt.Errorf("kinesis: size: %s: %s is not from %s to %s", name, grouped(n), grouped(from), grouped(to)))
		}
	}
	within("RecordsPerSecond", l.RecordsPerSecond, 1, mostPerSecond)
	within("BytesPerRecord", l.BytesPerRecord, 1, maxRecordSize)
	if l.AverageRecordsPerSecond < 0 || l.AverageRecordsPerSecond > l.RecordsPerSecond {
		errs = append(errs, fmt.Errorf("kinesis: size: AverageRecordsPerSecond: %s is not from 1 to RecordsPerSecond, the busiest second's %s", grouped(l.AverageRecordsPerSecond), grouped(l.RecordsPerSecond)))
	}
	within("AggregateBytes", l.AggregateBytes, 1024, 1<<20)
	within("Consumers", l.Consumers, 0, mostConsumers)
	within("FanOut", l.FanOut, 0, mostFanOut)
	within("Utilization", l.Utilization, 1, 100)
	within("Shards", l.Shards, 0, mostShards)
	switch {
	case l.PollInterval < time.Millisecond:
		errs = append(errs, fmt.Errorf("kinesis: size: PollInterval: %s is below 1ms", l.PollInterval))
	case l.Consumers > 0 && l.Consumers <= mostConsumers && l.Consumers*int64(time.Second) > shardReads*int64(l.PollInterval):
		least := time.Duration(ceilDiv(l.Consumers*int64(time.Second), shardReads))
		errs = append(errs, fmt.Errorf("kinesis: size: Consumers: %d that poll every %s read each shard more than the %d times a second that it bears, however many shards there are: poll every %s, or use fan-out",
			l.Consumers, l.PollInterval, shardReads, least))
	}
	return errors.Join(errs...)
}

// wire gives the records and bytes that a number of user records makes in the stream.
func (l Load) wire(users int64, aggregate bool) (records, bytes int64) {
	if !aggregate {
		return users, users * l.BytesPerRecord
	}
	each := l.BytesPerRecord + aggregateOverhead
	per := (l.AggregateBytes - aggregateEnvelope) / each
	if per < 2 {
		return users, users * l.BytesPerRecord // a single record goes out plain
	}
	records = ceilDiv(users, per)
	return records, users*each + records*aggregateEnvelope
}

// An aggregate's bytes beside its payloads and keys: of each user record the tags, lengths
// and the index of its key at their longest (a key of its own, in an aggregate below 1
// MiB), and of the whole the magic, the digest and the one-byte outer key.
const (
	aggregateOverhead = (1 + 3) + (1 + 3) + (1 + 3) + (1 + 2)
	aggregateEnvelope = int64(aggregate.Overhead + len(aggregateKey))
)

func (l Load) standings(aggregate bool) []Standing {
	records, bytes := l.wire(l.RecordsPerSecond, aggregate)
	all := []Standing{
		{Limit: LimitRecordsIn, Load: records, PerShard: shardRecordsIn},
		{Limit: LimitBytesIn, Load: bytes, PerShard: shardBytesIn},
	}
	if l.Consumers > 0 {
		all = append(all, Standing{Limit: LimitBytesOut, Load: bytes * l.Consumers, PerShard: shardBytesOut})
	}
	if l.FanOut > 0 {
		all = append(all, Standing{Limit: LimitFanOut, Load: bytes, PerShard: shardBytesOut})
	}
	for i := range all {
		s := &all[i]
		// ceil(load * 100 / (per shard * utilization)), whole shards first: nothing overflows.
		whole, rest := s.Load/s.PerShard, s.Load%s.PerShard
		s.Shards = max(1, ceilDiv(whole*100+ceilDiv(rest*100, s.PerShard), l.Utilization))
	}
	if l.Consumers > 0 {
		reads := ceilDiv(l.Consumers*int64(time.Second), int64(l.PollInterval))
		all = append(all, Standing{Limit: LimitReads, Load: reads, PerShard: shardReads, Shards: 1})
	}
	return all
}

// most gives the largest number of shards, and the first limit that needs it.
func most(all []Standing) (shards int64, binds Limit) {
	for _, s := range all {
		if s.Shards > shards {
			shards, binds = s.Shards, s.Limit
		}
	}
	return shards, binds
}

func ceilDiv(n, d int64) int64 {
	q := n / d
	if n%d > 0 {
		q++
	}
	return q
}

// String is the answer for people: yes or no first, then how each limit stands.
func (s *Sizing) String() string {
	var b strings.Builder
	l := s.Load
	switch {
	case l.Shards > 0 && s.Fits:
		fmt.Fprintf(&b, "yes: %s do, and %s needed, bound by %s", shardCount(l.Shards), areNeeded(s.Shards), s.Binds)
	case l.Shards > 0:
		fmt.Fprintf(&b, "no: %s take %s records/s or %s bytes/s, and %s records/s of %s bytes come: %s needed, bound by %s",
			shardCount(l.Shards), grouped(l.Shards*shardRecordsIn), grouped(l.Shards*shardBytesIn),
			grouped(s.Limits[0].Load), grouped(s.Limits[1].Load/s.Limits[0].Load), areNeeded(s.Shards), s.Binds)
	default:
		fmt.Fprintf(&b, "%s, bound by %s", shardCount(s.Shards), s.Binds)
	}
	if !l.Aggregate && s.Aggregated < s.Shards {
		fmt.Fprintf(&b, "; aggregated, bound by %s: %s", s.AggregatedBinds, shardCount(s.Aggregated))
	}
	b.WriteString("\n")
	for _, st := range s.Limits {
		shards := orDefault(l.Shards, s.Shards)
		load := st.Load
		if st.Limit == LimitReads { // each shard's own, whatever their number
			load = st.Load / s.Shards * shards
		}
		fmt.Fprintf(&b, "  %-12s %15s/s of %15s/s  %4d%%  %s\n", st.Limit, grouped(load), grouped(shards*st.PerShard),
			percent(load, shards*st.PerShard), shardCount(st.Shards))
	}
	return b.String()
}

func areNeeded(n int64) string {
	if n == 1 {
		return "1 is"
	}
	return grouped(n) + " are"
}

// percent is rounded up, so that 100 is never said of what does not fit.
func percent(load, of int64) int64 {
	return load/of*100 + ceilDiv(load%of*100, of)
}

func shardCount(n int64) string { return counted(n, "shard") }

// counted is a number of things, in words.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(n) + " " + what + "s"
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Charge is one line of a [Bill].
type Charge struct {
	// Quantity is how many of the price's units the month has.
	Quantity float64
	USD      float64
	Price    pricing.Price
}

// Bill is what a month of 730 hours costs.
type Bill struct {
	Charges []Charge
	USD     float64
}

func (b *Bill) add(book *pricing.Book, region string, item pricing.Item, quantity float64) error {
	p, err := book.Price(item, region)
	if err != nil {
		return err
	}
	usd := p.Of(quantity)
	b.Charges = append(b.Charges, Charge{Quantity: quantity, USD: usd, Price: p})
	b.USD += usd
	return nil
}

// Cost is what a load costs in either mode of a stream.
type Cost struct {
	// Provisioned is for Load.Shards where they were named and fit, else for the shards needed.
	Provisioned Bill
	OnDemand    Bill
	// FanOutConsumer is what each fan-out consumer adds to the provisioned bill, and is in
	// it already; zero without any.
	FanOutConsumer float64
}

// Price prices the load by its average over a month of 730 hours, at 24 hours of
// retention. A gigabyte is taken for 2^30 bytes, as its records are rounded to 1,024.
func (s *Sizing) Price(book *pricing.Book, region string) (*Cost, error) {
	if book == nil {
		book = pricing.Default()
	}
	l := s.Load
	shards := s.Shards
	if s.Fits {
		shards = max(shards, l.Shards)
	}
	const seconds = pricing.HoursPerMonth * 3600
	records, bytes := l.wire(l.AverageRecordsPerSecond, l.Aggregate)
	each := ceilDiv(bytes, records)
	gb := float64(bytes) * seconds / (1 << 30)
	rounded := float64(records) * float64(ceilDiv(each, 1024)*1024) * seconds / (1 << 30)

	c := &Cost{}
	type line struct {
		bill     *Bill
		item     pricing.Item
		quantity float64
	}
	lines := []line{
		{&c.Provisioned, pricing.KinesisShardHour, float64(shards * pricing.HoursPerMonth)},
		{&c.Provisioned, pricing.KinesisPutUnit, float64(records) * float64(pricing.PutUnits(each)) * seconds},
		{&c.OnDemand, pricing.KinesisOnDemandStreamHour, pricing.HoursPerMonth},
		{&c.OnDemand, pricing.KinesisOnDemandInGB, rounded},
	}
	if l.Consumers > 0 {
		lines = append(lines, line{&c.OnDemand, pricing.KinesisOnDemandOutGB, gb * float64(l.Consumers)})
	}
	if l.FanOut > 0 {
		lines = append(
			lines,
			line{&c.Provisioned, pricing.KinesisFanOutShardHour, float64(shards * pricing.HoursPerMonth * l.FanOut)},
			line{&c.Provisioned, pricing.KinesisFanOutGB, gb * float64(l.FanOut)},
			line{&c.OnDemand, pricing.KinesisOnDemandFanOutGB, gb * float64(l.FanOut)},
		)
	}
	for _, x := range lines {
		if err := x.bill.add(book, region, x.item, x.quantity); err != nil {
			return nil, fmt.Errorf("kinesis: price: %w", err)
		}
	}
	if l.FanOut > 0 {
		for _, x := range c.Provisioned.Charges[2:] {
			c.FanOutConsumer += x.USD / float64(l.FanOut)
		}
	}
	return c, nil
}
