package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/internal/apierr"
	"github.com/lakekit/lakekit/kinesis"
)

type landing struct {
	place     place
	table     string
	time      string
	partition string
	key       string
	format    string
	bucket    string
	json      bool
}

func defineLand(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	l := &landing{place: definePlace(flags)}
	flags.StringVar(&l.table, "table", "", "the table, as `db.name`; it is made or extended")
	flags.StringVar(&l.time, "time", "", "the `FIELD` with the time of the event; the table is partitioned by its day unless -partition says otherwise")
	flags.StringVar(&l.partition, "partition", "", "the partition columns, such as `'dt=day(ts,Europe/Berlin),hr=hour(ts,Europe/Berlin)'`")
	flags.StringVar(&l.key, "key", "", "the `FIELD` whose value is the partition key in the stream: records that share it keep their order")
	flags.StringVar(&l.format, "format", "parquet", "how the table's files are written: parquet")
	flags.StringVar(&l.bucket, "bucket", "lake", "the S3 `bucket` that the table lies in, below raw/")
	flags.BoolVar(&l.json, "json", false, "write the summary as JSON")
	return func(ctx context.Context, e *env, files []string) error {
		switch {
		case l.table == "":
			return usagef("-table is missing")
		case strings.Count(l.table, ".") != 1:
			return usagef("-table %q is not written database.table", l.table)
		case len(files) == 0:
			return usagef("no FILE is named; - is standard input")
		case l.format != "parquet":
			return usagef("-format %q is unknown (known is parquet)", l.format)
		}
		return l.run(ctx, e, files)
	}
}

// summary is what a run landed.
type summary struct {
	Table    string   `json:"table"`
	Location string   `json:"location"`
	Records  int64    `json:"records"`
	Rows     int64    `json:"rows"`
	Rejected int64    `json:"rejected"`
	Errors   string   `json:"errors,omitempty"` // where the rejected records are
	Refused  int64    `json:"refused"`          // those that the stream does not take
	Files    int64    `json:"files"`
	Bytes    int64    `json:"bytes"`
	Seconds  float64  `json:"seconds"`
	Notes    []string `json:"notes,omitempty"`
}

func (l *landing) run(ctx context.Context, e *env, names []string) (err error) {
	src, err := openSource(names, e.stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	cfg, closeLake, err := l.place.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLake()) }()

	began := time.Now()
	client := catalog.NewClient(cfg)
	table, notes, err := l.declare(ctx, client, src)
	if err != nil {
		return err
	}
	plan, err := client.Plan(ctx, table)
	if err != nil {
		return err
	}
	if err := breaksIn(plan, l.table); err != nil {
		return err
	}
	table = plan.Table()
	if err := plan.Apply(ctx); err != nil {
		return err
	}
	if !*l.place.onAWS {
		if err := ensureBucket(ctx, cfg, l.bucket); err != nil {
			return err
		}
	}
	s, err := l.stream(ctx, e, cfg, table, src)
	if err != nil {
		return err
	}
	s.Notes, s.Seconds = notes, time.Since(began).Seconds()
	if err := s.print(e, l.json); err != nil {
		return err
	}
	if s.Refused > 0 {
		return fmt.Errorf("too large for a stream, and not in the table: %s", plural(s.Refused, "record"))
	}
	return nil
}

// declare makes the table that the files' records want, by the types of the one that exists.
func (l *landing) declare(ctx context.Context, client *catalog.Client, src *source) (*catalog.Table, []string, error) {
	r, err := src.all()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	found, err := catalog.InferJSON(r, &catalog.InferOptions{Times: true})
	if err != nil {
		return nil, nil, err
	}
	var notes []string
	for _, n := range found.Notes {
		notes = append(notes, n.String())
	}
	opts := &catalog.TableOptions{Location: catalog.Lake(l.bucket).Raw(strings.ReplaceAll(l.table, ".", "/"))}
	text := l.partition
	if text == "" && l.time != "" {
		text = fmt.Sprintf("dt=day(%s)", strings.ToLower(l.time))
	}
	if text != "" {
		if opts.PartitionBy, err = catalog.ParsePartitions(text); err != nil {
			return nil, nil, fmt.Errorf("-partition: %w (a field as it is: country=identity(country))", err)
		}
	}
	if l.time != "" {
		if err := checkTime(src, found.Fields, l.time); err != nil {
			return nil, nil, err
		}
	}
	fields := found.Fields
	switch existing, err := client.Table(ctx, strings.ToLower(l.table)); {
	case err == nil:
		fields = fitTo(existing.Fields(), found)
	case apierr.Code(err) != "EntityNotFoundException":
		return nil, nil, err
	}
	t, err := catalog.New(l.table, fields, opts)
	return t, notes, err
}

// checkTime wants a field that days and hours can follow from.
func checkTime(src *source, fields []catalog.Field, name string) error {
	f, ok := fieldNamed(fields, name)
	if !ok {
		var names []string
		for _, f := range fields {
			names = append(names, f.Name)
		}
		return fmt.Errorf("-time %s: no record has such a field (they have %s)", name, strings.Join(names, ", "))
	}
	if !isTime(f.Type) {
		return fmt.Errorf("-time %s: the records have it as %s: a time is a text such as 2026-05-24T09:30:00Z, or a date%s", name, f.Type, whereNoTime(src, name))
	}
	return nil
}

func fieldNamed(fields []catalog.Field, name string) (catalog.Field, bool) {
	i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == strings.ToLower(name) || f.JSON == name })
	if i < 0 {
		return catalog.Field{}, false
	}
	return fields[i], true
}

func isTime(t catalog.Type) bool {
	return t.Kind == catalog.KindTimestamp || t.Kind == catalog.KindDate
}

// whereNoTime says which record it is that makes a field no time, if one of them alone shows it.
func whereNoTime(src *source, name string) (where string) {
	found := errors.New("found")
	_ = src.each(func(file string, line int, record []byte, _ int64) error { // the files were read before
		one, err := catalog.InferJSON(bytes.NewReader(record), &catalog.InferOptions{Times: true})
		if err != nil || len(one.Notes) > 0 { // null, perhaps
			return nil
		}
		if f, ok := fieldNamed(one.Fields, name); !ok || isTime(f.Type) {
			return nil
		}
		where = fmt.Sprintf(" (the first that is not: %s, line %d)", file, line)
		return found
	})
	return where
}

const (
	landShards = 4
	maxRecord  = 10 << 20 // key and payload, bytes: what Kinesis allows
	putTimeout = 10 * time.Second
)

// stream carries the records through a stream of their own to the table's files.
func (l *landing) stream(ctx context.Context, e *env, cfg aws.Config, table *catalog.Table, src *source) (_ *summary, err error) {
	name := "lakekit-land-" + strings.ReplaceAll(l.table, ".", "-")
	if err := recreate(ctx, cfg, name); err != nil {
		return nil, err
	}
	delivery, err := firehose.New(cfg, table, &firehose.Options{
		Interval: time.Minute,
		OnError:  func(err error) { fmt.Fprintln(e.stderr, "lakekit land:", err) },
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = unfinished(ctx, err, delivery.Stats())
		}
	}()
	consumer, err := kinesis.NewConsumer(cfg, name, name, delivery.Handle, &kinesis.ConsumerOptions{
		StartAt: delivery.StartAt, Drain: delivery.Drain, PollInterval: 50 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	consuming, hand := context.WithCancel(ctx)
	consumed := make(chan error, 1)
	go func() { consumed <- consumer.Run(consuming) }()
	stop := sync.OnceValue(func() error { hand(); return <-consumed })
	defer func() {
		if err != nil { // what is still to be delivered may never be: the disk may be full
			over, cancel := context.WithCancel(ctx)
			cancel()
			_ = delivery.Close(over) // the error that there is matters more
		}
		_ = stop()
	}()

	bar := newProgress(e.stderr, src.size())
	s := &summary{Table: table.String(), Location: table.Location()}
	if err := l.produce(ctx, e, cfg, name, src, s, bar); err != nil {
		return nil, err
	}
	// What is in the stream comes out of it: no record is given up, so the counts meet.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for delivery.Stats().Records < s.Records {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-consumed:
			return nil, errors.Join(errors.New("the consumer ended early"), err)
		case <-tick.C:
		}
	}
	if err := errors.Join(delivery.Flush(ctx), stop(), delivery.Close(ctx)); err != nil {
		return nil, err
	}
	bar.finish()
	stats := delivery.Stats()
	s.Rows, s.Rejected, s.Files, s.Bytes = stats.Rows, stats.Rejected, stats.Files, stats.Bytes
	if s.Rejected > 0 {
		s.Errors = delivery.ErrorLocation()
	}
	return s, remove(ctx, cfg, name)
}

// unfinished says what a run that failed or was interrupted leaves behind.
func unfinished(ctx context.Context, err error, stats firehose.Stats) error {
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if stats.Rows == 0 {
		return fmt.Errorf("%w: nothing is in the table", err)
	}
	return fmt.Errorf("%w: in the table, and staying there: %s in %s; landing the same input again adds all of it", err, plural(stats.Rows, "row"), plural(stats.Files, "file"))
}

// message is a record on its way.
type message struct {
	key  string
	data []byte
}

// produce puts the files' records into the stream.
func (l *landing) produce(ctx context.Context, e *env, cfg aws.Config, name string, src *source, s *summary, bar *progress) (err error) {
	// The first record that is given up (a full disk, say) ends it all: the rest would fare no better.
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	p, err := kinesis.NewProducer(cfg, name, func(m message) string { return m.key }, &kinesis.ProducerOptions[message]{
		Encode:    func(m message) ([]byte, error) { return m.data, nil },
		Unordered: l.key == "", // no two records share a key then
		OnError:   func(_ context.Context, f kinesis.Failed) { giveUp(f.Err) },
		Timeout:   putTimeout,
	})
	if err != nil {
		return err
	}
	defer func() {
		cerr := p.Close(ctx)
		if cause := context.Cause(ctx); cause != nil {
			err = cause // what the errors that followed are about
		} else {
			err = errors.Join(err, cerr)
		}
	}()
	return src.each(func(file string, line int, record []byte, read int64) error {
		m := message{key: l.keyOf(record), data: record}
		if m.key == "" {
			m.key = fmt.Sprintf("%s:%d", file[max(0, len(file)-200):], line)
		}
		bar.set(read)
		if size := len(m.key) + len(record); size > maxRecord {
			s.Refused++
			fmt.Fprintf(e.stderr, "lakekit land: %s: line %d: key and record are %d bytes (Kinesis allows %d): split the record\n", file, line, size, maxRecord)
			return nil
		}
		if _, err := p.Put(ctx, m); err != nil {
			return fmt.Errorf("%s: line %d: %w", file, line, err)
		}
		s.Records++
		return nil
	})
}

// keyOf gives the value of the key field as text; none when the record has none.
func (l *landing) keyOf(record []byte) string {
	if l.key == "" {
		return ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(record, &fields) != nil {
		return "" // an invalid record becomes an error record further on
	}
	var text string
	if json.Unmarshal(fields[l.key], &text) == nil {
		return firstRunes(text, 256)
	}
	return firstRunes(string(fields[l.key]), 256)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// recreate makes an empty stream. What a run that was killed left of its own is removed: this run lands every
// record again.
func recreate(ctx context.Context, cfg aws.Config, name string) error {
	if err := remove(ctx, cfg, name); err != nil {
		return err
	}
	client := awskinesis.NewFromConfig(cfg)
	_, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{
		StreamName: &name, ShardCount: aws.Int32(landShards),
		StreamModeDetails:  &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeProvisioned},
		MaxRecordSizeInKiB: aws.Int32(maxRecord >> 10),
	})
	if err != nil {
		return err
	}
	return awskinesis.NewStreamExistsWaiter(client).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: &name}, 2*time.Minute)
}

// remove removes the stream and its consumer's leases.
func remove(ctx context.Context, cfg aws.Config, name string) error {
	streams := awskinesis.NewFromConfig(cfg)
	_, err := streams.DeleteStream(ctx, &awskinesis.DeleteStreamInput{StreamName: &name})
	if err == nil {
		err = awskinesis.NewStreamNotExistsWaiter(streams).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: &name}, 2*time.Minute)
	}
	if err != nil && apierr.Code(err) != "ResourceNotFoundException" {
		return err
	}
	leases := awsdynamodb.NewFromConfig(cfg)
	_, err = leases.DeleteTable(ctx, &awsdynamodb.DeleteTableInput{TableName: &name})
	if err == nil {
		err = awsdynamodb.NewTableNotExistsWaiter(leases).Wait(ctx, &awsdynamodb.DescribeTableInput{TableName: &name}, 2*time.Minute)
	}
	if err != nil && apierr.Code(err) != "ResourceNotFoundException" {
		return err
	}
	return nil
}

func (s *summary) print(e *env, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(s)
	}
	for _, n := range s.Notes {
		fmt.Fprintln(e.stderr, "note:", n)
	}
	_, err := fmt.Fprintf(e.stdout, "%s: %s, %s in %s (%s) in %s, %.1f s\n",
		s.Table, plural(s.Records, "record"), plural(s.Rows, "row"), plural(s.Files, "file"), plural(s.Bytes, "byte"), s.Location, s.Seconds)
	if err == nil && s.Rejected > 0 {
		_, err = fmt.Fprintf(e.stdout, "%s, with the reasons, in %s\n", plural(s.Rejected, "rejected record"), s.Errors)
	}
	return err
}
