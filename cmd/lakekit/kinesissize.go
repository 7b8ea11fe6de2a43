package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/pricing"
)

type sizing struct {
	place  place
	load   kinesis.Load
	stream string
	last   time.Duration
	key    string
	region string
	json   bool
}

func defineSize(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	s := &sizing{place: definePlace(flags)}
	flags.Int64Var(&s.load.RecordsPerSecond, "records-per-sec", 0, "the user records of the busiest second")
	flags.Int64Var(&s.load.BytesPerRecord, "bytes-per-record", 0, "the mean size of a record, payload and partition key together; left out, that of FILE's or of -stream's")
	flags.Int64Var(&s.load.AverageRecordsPerSecond, "average-records-per-sec", 0, "the mean over the month, which the price follows; left out, the busiest second's")
	flags.BoolVar(&s.load.Aggregate, "aggregate", false, "the producer packs records into aggregates (KPL)")
	flags.Int64Var(&s.load.Consumers, "consumers", 0, "the applications that poll")
	flags.DurationVar(&s.load.PollInterval, "poll", time.Second, "how often each application of -consumers reads a shard")
	flags.Int64Var(&s.load.FanOut, "fan-out", 0, "the consumers by enhanced fan-out")
	flags.Int64Var(&s.load.Utilization, "utilization", 100, "how many `percent` of each limit may be used: keys are never spread quite evenly")
	flags.Int64Var(&s.load.Shards, "shards", 0, "a number of shards to judge: exit code 1 when it is too small")
	flags.StringVar(&s.stream, "stream", "", "the `NAME` of a stream to take the load from, as it came in the time that -last names")
	flags.DurationVar(&s.last, "last", 5*time.Minute, "how far back the records of -stream are measured")
	flags.StringVar(&s.key, "key", "", "the `FIELD` of FILE's records that is their partition key; left out, the key counts 16 bytes")
	flags.StringVar(&s.region, "region", "", "the region to price in; left out, us-east-1, or that of -stream")
	flags.BoolVar(&s.json, "json", false, "write the answer as JSON")
	return func(ctx context.Context, e *env, files []string) error {
		switch {
		case s.stream != "" && len(files) > 0:
			return usagef("-stream and FILE contradict each other: the load comes from one of them")
		case s.stream == "" && s.load.RecordsPerSecond == 0:
			return usagef("-records-per-sec is missing (or -stream, to take it from a stream)")
		case s.stream == "" && len(files) == 0 && s.load.BytesPerRecord == 0:
			return usagef("-bytes-per-record is missing (or FILE, or -stream, to take it from)")
		case s.stream == "" && isSet(flags, "last"):
			return usagef("-last goes with -stream")
		case s.key != "" && len(files) == 0:
			return usagef("-key goes with FILE")
		case (isSet(flags, "dir") || *s.place.onAWS) && s.stream == "":
			return usagef("-dir and -aws go with -stream")
		}
		return s.run(ctx, e, files)
	}
}

func (s *sizing) run(ctx context.Context, e *env, files []string) error {
	switch {
	case s.stream != "":
		if err := s.fromStream(ctx, e); err != nil {
			return err
		}
	case len(files) > 0 && s.load.BytesPerRecord == 0:
		if err := s.fromFiles(e, files); err != nil {
			return err
		}
	}
	if s.region == "" {
		s.region = "us-east-1"
	}
	size, err := kinesis.Size(s.load)
	if err != nil {
		return err
	}
	cost, err := size.Price(pricing.Default(), s.region)
	unpriced := ""
	if err != nil {
		unpriced = err.Error()
	}
	if s.json {
		err = s.printJSON(e.stdout, size, cost, unpriced)
	} else {
		err = printSize(e.stdout, size, cost, unpriced)
	}
	if err == nil && !size.Fits {
		err = fmt.Errorf("%d shards are too few: %d are needed", s.load.Shards, size.Shards)
	}
	return err
}

// fromFiles takes the records' mean size from files of NDJSON.
func (s *sizing) fromFiles(e *env, names []string) (err error) {
	src, err := openSource(names, e.stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	const keyBytes = 16 // what land's own keys have, about
	keys := landing{key: s.key}
	var records, bytes int64
	err = src.each(func(_ string, _ int, record []byte, _ int64) error {
		n := keyBytes
		if s.key != "" {
			n = len(keys.keyOf(record))
		}
		records, bytes = records+1, bytes+int64(len(record)+n)
		return nil
	})
	if err != nil {
		return err
	}
	if records == 0 {
		return errors.New("the files have no record to take the size from")
	}
	s.load.BytesPerRecord = (bytes + records - 1) / records
	fmt.Fprintf(e.stderr, "%s of %d bytes each, keys included\n", plural(records, "record"), s.load.BytesPerRecord)
	return nil
}

// fromStream takes what was not given from what came into a stream.
func (s *sizing) fromStream(ctx context.Context, e *env) (err error) {
	cfg, closeLake, err := s.place.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLake()) }()
	sample, err := kinesis.SampleStream(ctx, cfg, s.stream, s.last, nil)
	if err != nil {
		return err
	}
	if s.region == "" {
		s.region = cfg.Region
	}
	l := sample.Load
	fmt.Fprintf(e.stderr, "the last %s: %s, %d in the busiest second, of %d bytes each, keys included\n", s.last, plural(sample.Records, "record"), l.RecordsPerSecond, l.BytesPerRecord)
	for _, take := range []struct {
		to   *int64
		from int64
	}{
		{&s.load.AverageRecordsPerSecond, l.AverageRecordsPerSecond},
		{&s.load.RecordsPerSecond, l.RecordsPerSecond},
		{&s.load.BytesPerRecord, l.BytesPerRecord},
		{&s.load.AggregateBytes, l.AggregateBytes},
	} {
		if *take.to == 0 {
			*take.to = take.from
		}
	}
	s.load.Aggregate = s.load.Aggregate || l.Aggregate
	s.load.AverageRecordsPerSecond = min(s.load.AverageRecordsPerSecond, s.load.RecordsPerSecond)
	return nil
}

func printSize(w io.Writer, size *kinesis.Sizing, cost *kinesis.Cost, unpriced string) error {
	if _, err := fmt.Fprint(w, size); err != nil {
		return err
	}
	if cost == nil {
		_, err := fmt.Fprintf(w, "no price: %s\n", unpriced)
		return err
	}
	if _, err := fmt.Fprintf(w, "a month: $%.2f provisioned, $%.2f on demand\n", cost.Provisioned.USD, cost.OnDemand.USD); err != nil {
		return err
	}
	for _, c := range cost.Provisioned.Charges {
		if _, err := fmt.Fprintf(w, "  %12.2f  %s\n", c.USD, c.Price); err != nil {
			return err
		}
	}
	return nil
}

// sizeAnswer is what -json writes.
type sizeAnswer struct {
	Shards     int64          `json:"shards"`
	Binds      kinesis.Limit  `json:"binds"`
	Fits       bool           `json:"fits"`
	Limits     []limitAnswer  `json:"limits"`
	Aggregated aggregatedSize `json:"aggregated"`
	Load       loadAnswer     `json:"load"`
	Month      *monthAnswer   `json:"month"` // null where no price is known
	Region     string         `json:"region"`
	Unpriced   string         `json:"unpriced,omitempty"`
}

type limitAnswer struct {
	Limit    kinesis.Limit `json:"limit"`
	Load     int64         `json:"load_per_sec"`
	PerShard int64         `json:"per_shard_per_sec"`
	Shards   int64         `json:"shards"`
}

type aggregatedSize struct {
	Shards int64         `json:"shards"`
	Binds  kinesis.Limit `json:"binds"`
}

type loadAnswer struct {
	RecordsPerSec        int64 `json:"records_per_sec"`
	BytesPerRecord       int64 `json:"bytes_per_record"`
	AverageRecordsPerSec int64 `json:"average_records_per_sec"`
	Aggregate            bool  `json:"aggregate"`
	Consumers            int64 `json:"consumers"`
	FanOut               int64 `json:"fan_out"`
	Shards               int64 `json:"shards,omitempty"`
}

type monthAnswer struct {
	Provisioned float64       `json:"provisioned_usd"`
	OnDemand    float64       `json:"on_demand_usd"`
	Charges     []chargedItem `json:"charges"` // of the provisioned one
}

type chargedItem struct {
	Item  pricing.Item `json:"item"`
	USD   float64      `json:"usd"`
	Price string       `json:"price"`
}

func (s *sizing) printJSON(w io.Writer, size *kinesis.Sizing, cost *kinesis.Cost, unpriced string) error {
	l := size.Load
	a := sizeAnswer{
		Shards: size.Shards, Binds: size.Binds, Fits: size.Fits, Region: s.region, Unpriced: unpriced,
		Aggregated: aggregatedSize{size.Aggregated, size.AggregatedBinds},
		Load:       loadAnswer{l.RecordsPerSecond, l.BytesPerRecord, l.AverageRecordsPerSecond, l.Aggregate, l.Consumers, l.FanOut, l.Shards},
	}
	for _, st := range size.Limits {
		a.Limits = append(a.Limits, limitAnswer(st))
	}
	if cost != nil {
		a.Month = &monthAnswer{Provisioned: cost.Provisioned.USD, OnDemand: cost.OnDemand.USD}
		for _, c := range cost.Provisioned.Charges {
			a.Month.Charges = append(a.Month.Charges, chargedItem{c.Price.Item, c.USD, c.Price.String()})
		}
	}
	return json.NewEncoder(w).Encode(a)
}
