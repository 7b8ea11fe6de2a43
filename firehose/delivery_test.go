package firehose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/stream"
)

// bubble runs f with a delivery in a bubble, and closes it after.
func bubble(t *testing.T, table *catalog.Table, opts *Options, f func(t *testing.T, d *Delivery, b *bucket, s *shard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		d, err := New(b.config(), table, opts)
		if err != nil {
			t.Fatal(err)
		}
		f(t, d, b, newShard("shard-0"))
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := d.Close(t.Context()); err != nil {
			t.Errorf("closing again: %v", err)
		}
		if err := newShard("late").give(t.Context(), d, at("09:00:00")); !errors.Is(err, ErrClosed) {
			t.Errorf("Handle after Close: %v", err)
		}
	})
}

func TestDeliverByInterval(t *testing.T) {
	t.Parallel()
	bubble(t, clicks(t, nil), &Options{Interval: 900 * time.Second}, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		ctx := t.Context()
		for i := range 60 {
			if err := s.give(ctx, d, at(fmt.Sprintf("%02d:30:00.%03d", 9+i%3, i)), at("09:59:59.999")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if n := b.count(); n != 0 {
			t.Errorf("%d objects after 600 s", n)
		}
		if ok, failed := s.acks(); ok+failed != 0 {
			t.Errorf("%d batches are acknowledged before a file is written", ok+failed)
		}
		time.Sleep(301 * time.Second)
		want := map[string]int64{"lake/raw/clicks/dt=2026-05-24/hr=09/": 80, "lake/raw/clicks/dt=2026-05-24/hr=10/": 20, "lake/raw/clicks/dt=2026-05-24/hr=11/": 20}
		// The three partitions were opened within 20 s.
		time.Sleep(20 * time.Second)
		if diff := cmp.Diff(want, b.rows(t)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if ok, failed := s.acks(); ok != 60 || failed != 0 {
			t.Errorf("%d of 60 batches are acknowledged, %d failed", ok, failed)
		}
		st := d.Stats()
		if st.Records != 120 || st.Rows != 120 || st.Files != 3 || st.Rejected != 0 || st.Filling != 0 || st.Sending != 0 || st.Memory != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestIntervalTakesNoTime waits for a buffer of 900 seconds in under 50 ms.
func TestIntervalTakesNoTime(t *testing.T) {
	var took time.Duration
	for range 5 { // the machine may be busy
		start := time.Now()
		bubble(t, clicks(t, nil), &Options{Interval: 900 * time.Second}, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
			if err := s.give(t.Context(), d, at("09:00:00"), at("10:00:00"), "?"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(901 * time.Second)
			if ok, _ := s.acks(); ok != 1 || b.count() != 3 {
				t.Errorf("acknowledged %d of 1, %d objects", ok, b.count())
			}
		})
		if took = time.Since(start); took < 50*time.Millisecond {
			return
		}
	}
	t.Errorf("900 s took %s", took)
}

func TestDeliverBySize(t *testing.T) {
	t.Parallel()
	one := at("09:00:00")
	bubble(t, clicks(t, nil), &Options{Size: int64(10 * len(one))}, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		for range 25 {
			if err := s.give(t.Context(), d, one); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if n := b.count(); n != 2 {
			t.Errorf("%d objects, want 2", n)
		}
		if ok, _ := s.acks(); ok != 20 {
			t.Errorf("%d batches are acknowledged, want 20", ok)
		}
	})
}

var objectName = regexp.MustCompile(`^clicks_raw-2000-01-01-00-00-00-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(\.parquet)?$`)

func TestErrorRecords(t *testing.T) {
	t.Parallel()
	var told []Object
	opts := &Options{ErrorPrefix: "raw/clicks_errors/", KMSKey: "alias/lake", OnDelivered: func(o Object) { told = append(told, o) }}
	bubble(t, clicks(t, nil), opts, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		bad := []string{
			`{"id":`,
			`{"tags":5}`,
			`{"id":"no time"}`,
			`{"id":"x","event_ts":null,"price":1}`,
			`{"id":"x","event_ts":"2026-05-24T09:00:00Z","price":1.234}`,
			` `,
			at("10:00:00") + `{"id":"its second object has no time"}`,
			`["x"]`,
		}
		if err := s.give(t.Context(), d, append(bad, at("09:00:00"))...); err != nil {
			t.Fatal(err)
		}
		if err := d.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		dir := "lake/raw/clicks_errors/format-conversion-failed/2000/01/01/00/"
		if diff := cmp.Diff(map[string]int64{dir: 8, "lake/raw/clicks/dt=2026-05-24/hr=09/": 1}, b.rows(t)); diff != "" {
			t.Fatalf("rows (-want +got):\n%s", diff)
		}
		var got []string
		for key, data := range b.objects {
			if !objectName.MatchString(path.Base(key)) {
				t.Errorf("object %s", key)
			}
			h := b.headers[key]
			if h.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "alias/lake" {
				t.Errorf("%s is not encrypted by the key", key)
			}
			if !strings.HasPrefix(key, dir) {
				continue
			}
			for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
				var e struct {
					LastErrorCode, LastErrorMessage, SequenceNumber string
					RawData                                         []byte
				}
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatalf("line %d: %v", i, err)
				}
				if string(e.RawData) != bad[i] || e.SequenceNumber != fmt.Sprint(i+1) {
					t.Errorf("line %d is of %q, sequence number %s", i, e.RawData, e.SequenceNumber)
				}
				got = append(got, e.LastErrorCode+": "+e.LastErrorMessage)
			}
			first := `{"attemptsMade":1,"arrivalTimestamp":946684799000,"lastErrorCode":"DataFormatConversion.ParseError",` +
				`"lastErrorMessage":"Encountered malformed JSON. at byte 6: the record ends in the middle","attemptEndingTimestamp":946684800000,` +
				`"rawData":"` + base64.StdEncoding.EncodeToString([]byte(bad[0])) + `","sequenceNumber":"1","subSequenceNumber":0,"dataCatalogTable":{"catalogId":null,` +
				`"databaseName":"web","tableName":"clicks_raw","region":"us-east-1","versionId":"LATEST","catalogArn":null}}`
			if l, _, _ := strings.Cut(string(data), "\n"); l != first {
				t.Errorf("first line\n%s\nwant\n%s", l, first)
			}
		}
		want := []string{
			"DataFormatConversion.ParseError: Encountered malformed JSON. at byte 6: the record ends in the middle",
			"DataFormatConversion.MalformedData: Data does not match the schema. tags: wrong type: found a number, want array",
			"DynamicPartitioning.MetadataExtractionFailed: event_ts: the column is missing or null, and partition dt=day(event_ts,UTC) follows from it",
			"DynamicPartitioning.MetadataExtractionFailed: event_ts: the column is missing or null, and partition dt=day(event_ts,UTC) follows from it",
			"DataFormatConversion.MalformedData: Data does not match the schema. price: the number has 3 decimal places, decimal(10,2) holds 2",
			"DataFormatConversion.MalformedData: Data does not match the schema. the record is empty",
			"DynamicPartitioning.MetadataExtractionFailed: event_ts: the column is missing or null, and partition dt=day(event_ts,UTC) follows from it",
			"DataFormatConversion.MalformedData: Data does not match the schema. the record is an array: want an object, or several one after another",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
		if st := d.Stats(); st.Records != 9 || st.Rejected != 8 || st.Rows != 1 || st.ErrorFiles != 1 || st.Files != 1 || st.Bytes == 0 {
			t.Errorf("stats %+v", st)
		}
		if want := "s3://" + strings.TrimSuffix(dir, "2000/01/01/00/"); d.ErrorLocation() != want {
			t.Errorf("ErrorLocation: %s, want %s", d.ErrorLocation(), want)
		}
		for _, o := range told {
			if (o.Partition == nil) != o.Errors || o.Bytes == 0 || b.objects[strings.TrimPrefix(o.Location, "s3://")] == nil {
				t.Errorf("told of %+v", o)
			}
		}
		if len(told) != 2 {
			t.Errorf("told of %d objects", len(told))
		}
	})
}

func TestBucketOutOfReach(t *testing.T) {
	t.Parallel()
	var told []string
	opts := &Options{Interval: 500 * time.Millisecond, OnError: func(err error) { told = append(told, err.Error()) }}
	bubble(t, clicks(t, nil), opts, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		start := time.Now()
		b.fail = func(string, int) (int, string) {
			switch since := time.Since(start); {
			case since < 2*time.Minute:
				return -1, ""
			case since < 4*time.Minute:
				return 503, "SlowDown"
			}
			return 0, ""
		}
		if err := s.give(t.Context(), d, at("09:00:00"), "{"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Minute)
		if ok, failed := s.acks(); ok+failed != 0 {
			t.Errorf("acknowledged while the bucket is out of reach: %d, %d failed", ok, failed)
		}
		if st := d.Stats(); st.Sending != 2 {
			t.Errorf("stats %+v", st)
		}
		time.Sleep(2 * time.Minute)
		if ok, failed := s.acks(); ok != 1 || failed != 0 {
			t.Errorf("acknowledged %d, failed %d", ok, failed)
		}
		if len(b.objects) != 2 {
			t.Errorf("%d objects: attempts must write the same one again", len(b.objects))
		}
		if len(told) < 10 || !strings.HasPrefix(told[0], "firehose: put object s3://lake/raw/clicks") || !strings.Contains(told[0], "connection reset") {
			t.Errorf("told %d errors, the first is %q", len(told), told[0])
		}
	})
}

func TestBucketRefuses(t *testing.T) {
	t.Parallel()
	var told []error
	opts := &Options{OnError: func(err error) { told = append(told, err) }}
	bubble(t, clicks(t, nil), opts, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		b.fail = func(path string, _ int) (int, string) {
			if strings.Contains(path, "hr=09") {
				return 403, "AccessDenied"
			}
			return 0, ""
		}
		for _, clock := range []string{"09:00:00", "10:00:00"} {
			if err := s.give(t.Context(), d, at(clock)); err != nil {
				t.Fatal(err)
			}
		}
		err := d.Flush(t.Context())
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") || len(told) != 1 {
			t.Errorf("Flush: %v; told %v", err, told)
		}
		if ok, failed := s.acks(); ok != 1 || failed != 1 {
			t.Errorf("acknowledged %d, failed %d", ok, failed)
		}
		// Delivered again, it arrives.
		b.fail = nil
		if err := s.give(t.Context(), d, at("09:00:00")); err != nil {
			t.Fatal(err)
		}
		if err := d.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int64{"lake/raw/clicks/dt=2026-05-24/hr=09/": 1, "lake/raw/clicks/dt=2026-05-24/hr=10/": 1}, b.rows(t)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	bubble(t, clicks(t, nil), nil, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		other := newShard("shard-1")
		for _, g := range []struct {
			s     *shard
			clock string
		}{{s, "09:00:00"}, {s, "10:00:00"}, {other, "10:00:00"}, {other, "11:00:00"}} {
			if err := g.s.give(t.Context(), d, at(g.clock)); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Drain(t.Context(), s.name); err != nil {
			t.Fatal(err)
		}
		mine, _ := s.acks()
		theirs, _ := other.acks()
		if mine != 2 || theirs != 1 || b.count() != 2 {
			t.Errorf("acknowledged %d of 2 and %d of 2, %d objects", mine, theirs, b.count())
		}
		if err := d.Drain(t.Context(), s.name); err != nil {
			t.Errorf("nothing to drain: %v", err)
		}
		// A drain that runs out of time leaves the upload to go on.
		b.latency = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Drain(ctx, other.name); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain out of time: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if theirs, _ := other.acks(); theirs != 2 {
			t.Errorf("acknowledged %d of 2", theirs)
		}
	})
}

func TestHandleWaitsForRoom(t *testing.T) {
	t.Parallel()
	bubble(t, clicks(t, nil), &Options{Buffer: minBuffer, Interval: time.Second}, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		b.latency = 10 * time.Minute
		var err error
		taken := 0
		for err == nil {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var rs []string
			for i := range 200 {
				rs = append(rs, fmt.Sprintf(`{"id":"%0300d","event_ts":"2026-05-%02dT09:00:00Z"}`, taken*1000+i, 1+i%20))
			}
			err = s.give(ctx, d, rs...)
			cancel()
			if taken++; taken > 1000 {
				t.Fatal("the buffer never fills")
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a full buffer: %v", err)
		}
		if m := d.Stats().Memory; m > 4*minBuffer {
			t.Errorf("%d bytes are held, the buffer is %d", m, minBuffer)
		}
		done := make(chan error)
		go func() { done <- s.give(t.Context(), d, at("09:00:00")) }()
		time.Sleep(time.Hour) // the uploads end
		if err := <-done; err != nil {
			t.Errorf("Handle did not go on: %v", err)
		}
	})
}

func TestCloseGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := newBucket(), newShard("shard-0")
		b.fail = func(string, int) (int, string) { return -1, "" }
		d, err := New(b.config(), clicks(t, nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		for h := range 8 {
			if err := s.give(t.Context(), d, at(fmt.Sprintf("%02d:00:00", h))); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "8 files are not delivered yet") {
			t.Errorf("Close: %v", err)
		}
		if ok, failed := s.acks(); ok != 0 || failed != 8 {
			t.Errorf("acknowledged %d, failed %d", ok, failed)
		}
	})
}

func TestPartitionsAreRegistered(t *testing.T) {
	t.Parallel()
	table := clicks(t, &catalog.TableOptions{Location: "s3://lake/raw/clicks/", PartitionBy: catalog.By(catalog.Day("event_ts").As("dt"))})
	bubble(t, table, nil, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		b.partitions = []string{"2026-05-25 at s3://lake/raw/clicks/dt=2026-05-25/"}
		first := true
		b.fail = func(path string, _ int) (int, string) {
			if strings.HasPrefix(path, "glue.") && first {
				first = false
				return 500, "InternalServiceException"
			}
			return 0, ""
		}
		for range 2 {
			if err := s.give(t.Context(), d, at("09:00:00"), strings.Replace(at("10:00:00"), "-24T", "-25T", 1)); err != nil {
				t.Fatal(err)
			}
			if err := d.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"2026-05-25 at s3://lake/raw/clicks/dt=2026-05-25/", "2026-05-24 at s3://lake/raw/clicks/dt=2026-05-24/"}
		if diff := cmp.Diff(want, b.partitions); diff != "" {
			t.Errorf("partitions (-want +got):\n%s", diff)
		}
		if ok, _ := s.acks(); ok != 2 {
			t.Errorf("acknowledged %d of 2", ok)
		}
	})
}

func TestTableThatTheCatalogLacks(t *testing.T) {
	t.Parallel()
	table := clicks(t, &catalog.TableOptions{Location: "s3://lake/raw/clicks/", PartitionBy: catalog.By(catalog.Day("event_ts").As("dt"))})
	bubble(t, table, nil, func(t *testing.T, d *Delivery, b *bucket, s *shard) {
		b.fail = func(path string, _ int) (int, string) {
			if strings.HasPrefix(path, "glue.") {
				return 400, "EntityNotFoundException"
			}
			return 0, ""
		}
		for range 3 {
			if err := s.give(t.Context(), d, at("09:00:00")); err != nil {
				t.Fatal(err)
			}
			err := d.Flush(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), "firehose: register partition s3://lake/raw/clicks/dt=2026-05-24/: ") {
				t.Errorf("Flush: %v", err)
			}
		}
		if n := b.count(); n != 0 {
			t.Errorf("%d objects were written: each delivery again would add one", n)
		}
		if ok, failed := s.acks(); ok != 0 || failed != 3 {
			t.Errorf("acknowledged %d, failed %d", ok, failed)
		}
	})
}

// TestOnePartitionRefused: Glue takes the batch and refuses a partition of it.
func TestOnePartitionRefused(t *testing.T) {
	t.Parallel()
	for c, want := range map[string]bool{
		"EntityNotFoundException": true, "AccessDeniedException": true, "InvalidInputException": true,
		"InternalServiceException": false, "ResourceNumberLimitExceededException": false,
	} {
		err := fmt.Errorf("catalog: add partition: %w", &smithy.GenericAPIError{Code: c})
		if got := permanent(err); got != want {
			t.Errorf("%s: permanent %v, want %v", c, got, want)
		}
	}
}

func TestManyShardsAtOnce(t *testing.T) {
	t.Parallel()
	one := at("09:00:00")
	bubble(t, clicks(t, nil), &Options{Size: int64(40 * len(one)), Interval: 3 * time.Second}, func(t *testing.T, d *Delivery, b *bucket, _ *shard) {
		var shards []*shard
		done := make(chan error)
		for i := range 8 {
			s := newShard(fmt.Sprint("shard-", i))
			shards = append(shards, s)
			go func() {
				for k := range 50 {
					if err := s.give(t.Context(), d, at(fmt.Sprintf("%02d:00:00", k%24)), one, "?"); err != nil {
						done <- err
						return
					}
					time.Sleep(time.Duration(k%7) * 100 * time.Millisecond)
				}
				done <- d.Drain(t.Context(), s.name)
			}()
		}
		for range shards {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		var rows, errs int64
		for dir, n := range b.rows(t) {
			if strings.Contains(dir, "errors") {
				errs += n
			} else {
				rows += n
			}
		}
		if rows != 800 || errs != 400 {
			t.Errorf("%d rows and %d error records, want 800 and 400", rows, errs)
		}
		for _, s := range shards {
			if ok, failed := s.acks(); ok != 50 || failed != 0 {
				t.Errorf("%s: acknowledged %d of 50, failed %d", s.name, ok, failed)
			}
		}
	})
}

func TestNothingToDo(t *testing.T) {
	t.Parallel()
	bubble(t, clicks(t, nil), nil, func(t *testing.T, d *Delivery, _ *bucket, _ *shard) {
		held := false
		b := stream.NewBatch("shard-0", nil, true, func() func(error) { held = true; return func(error) {} })
		if err := d.Handle(t.Context(), b); err != nil || held {
			t.Errorf("an empty batch: held %v, %v", held, err)
		}
		if _, ok, err := d.StartAt(t.Context(), "shard-0"); ok || err != nil {
			t.Errorf("StartAt: %v, %v", ok, err)
		}
		if err := d.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
