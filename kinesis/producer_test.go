package kinesis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/kinesis"
)

func newProducer(t *testing.T, cfg aws.Config, opts *kinesis.ProducerOptions[event]) *kinesis.Producer[event] {
	t.Helper()
	p, err := kinesis.NewProducer(cfg, "clicks", keyOf, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustPut(t *testing.T, p *kinesis.Producer[event], e event) kinesis.Ack {
	t.Helper()
	ack, err := p.Put(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func TestProducerAcknowledges(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p := newProducer(t, cfg, nil)
		began := time.Now()
		ack := mustPut(t, p, event{Key: "a", N: 0})
		pos, err := ack.Wait(t.Context())
		if err != nil || !strings.HasPrefix(pos.Shard, "shardId-") || len(pos.Seq) < 50 {
			t.Fatalf("%+v %v", pos, err)
		}
		if d := time.Since(began); d < 100*time.Millisecond || d > 150*time.Millisecond {
			t.Errorf("a single record took %v, want the linger time of 100 ms and a call", d)
		}
		if again, err := ack.Wait(t.Context()); err != nil || again != pos {
			t.Errorf("Wait again: %v %v", again, err)
		}
		mustPut(t, p, event{Key: "a", N: 1})
		began = time.Now()
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d > 10*time.Millisecond {
			t.Errorf("Flush lingered for %v", d)
		}
		for range 2 {
			if err := p.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Put(t.Context(), event{Key: "a"}); !errors.Is(err, kinesis.ErrClosed) {
			t.Errorf("Put after Close: %v", err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Errorf("Flush after Close: %v", err)
		}
		inOrder(t, readStream(t, client, "clicks"), []string{"a"}, 2)
	})
}

// TestProducerUnderThrottling puts more than the shards take, as fast as it can: what is
// throttled is tried again, nothing is lost or doubled, and each key keeps its order.
func TestProducerUnderThrottling(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		var throttled atomic.Int32
		w.on("PutRecords", -1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			resp, err := do()
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			throttled.Add(int32(bytes.Count(body, []byte("ProvisionedThroughputExceededException"))))
			resp.Body = io.NopCloser(bytes.NewReader(body))
			return resp, err
		})
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{
			OnError: func(_ context.Context, f kinesis.Failed) { t.Errorf("lost %s: %v", f.Key, f.Err) },
		})
		var keys []string
		for i := range 200 {
			keys = append(keys, fmt.Sprintf("user-%d", i))
		}
		const n = 20 // 4,000 records for shards that take 2,000 a second and 1,000 at once
		began := time.Now()
		for i := range n {
			for j, k := range keys {
				mustPut(t, p, event{Key: k, N: i, Pad: strings.Repeat("x", (i+j)%7*100)})
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < time.Second || d > 10*time.Second {
			t.Errorf("4,000 records took %v, want about 2s", d)
		}
		if throttled.Load() < 100 {
			t.Errorf("only %d records were throttled: the test shows nothing", throttled.Load())
		}
		t.Logf("%v, %d requests, %d times throttled", time.Since(began), w.count("PutRecords"), throttled.Load())
		got := readStream(t, client, "clicks")
		if len(got) != n*len(keys) {
			t.Errorf("%d of %d records", len(got), n*len(keys))
		}
		inOrder(t, got, keys, n)
	})
}

func TestProducerRefusesBadRecords(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p, err := kinesis.NewProducer(cfg, "clicks", func(b []byte) string { return string(b[:bytes.IndexByte(b, ' ')]) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(data, want string) {
			t.Helper()
			if _, err := p.Put(t.Context(), []byte(data)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		refused(" x", `kinesis: put a record to stream "clicks": the partition key is empty (Kinesis wants 1 to 256 characters)`)
		refused(strings.Repeat("é", 257)+" x", `the partition key has 257 characters (Kinesis allows 256)`)
		refused("\xff x", `the partition key is not UTF-8`)
		refused("k "+strings.Repeat("x", 10<<20), `key and payload are 10485763 bytes (Kinesis allows 10485760)`)
		refused("k "+strings.Repeat("x", 1<<20), `key and payload are 1048579 bytes (the stream allows 1048576): split it, or raise the stream's limit with UpdateMaxRecordSize`)
		put := func(data string) {
			t.Helper()
			ack, err := p.Put(t.Context(), []byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ack.Wait(t.Context()); err != nil {
				t.Errorf("%d bytes: %v", len(data), err)
			}
		}
		put(strings.Repeat("é", 256) + " the longest key")
		put("k " + strings.Repeat("x", 1<<20-3)) // with its key exactly 1 MiB
		desc, err := client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.UpdateMaxRecordSize(t.Context(), &awskinesis.UpdateMaxRecordSizeInput{
			StreamARN: desc.StreamDescriptionSummary.StreamARN, MaxRecordSizeInKiB: aws.Int32(2048),
		})
		if err != nil {
			t.Fatal(err)
		}
		waitActive(t, client, "clicks")
		time.Sleep(time.Minute) // what the producer knows of the stream grows stale
		put("k " + strings.Repeat("x", 3<<19))
		refused("k "+strings.Repeat("x", 2<<20), `(the stream allows 2097152)`)
		if err := p.Close(t.Context()); err != nil {
			t.Error("a refused record is no failure:", err)
		}
	})
}

func TestProducerMissingStream(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		var failed []kinesis.Failed
		p, err := kinesis.NewProducer(cfg, "orders", keyOf, &kinesis.ProducerOptions[event]{
			OnError: func(_ context.Context, f kinesis.Failed) { failed = append(failed, f) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ack := mustPut(t, p, event{Key: "a", N: 1})
		mustPut(t, p, event{Key: "a", N: 2})
		mustPut(t, p, event{Key: "b", N: 3})
		err = p.Flush(t.Context())
		const want = `kinesis: 3 of 3 records were not put to stream "orders"; the first: kinesis: put a record to stream "orders": the stream "orders" does not exist in us-east-1: create it, or mend the name or the region of the aws.Config`
		missing := (*kinesistypes.ResourceNotFoundException)(nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !errors.As(err, &missing) {
			t.Errorf("Flush: %v", err)
		}
		if _, err := ack.Wait(t.Context()); !errors.As(err, &missing) {
			t.Errorf("Wait: %v", err)
		}
		if len(failed) != 3 || failed[0].Key != "a" || string(failed[0].Data) != `{"key":"a","n":1}` || failed[0].Err == nil {
			t.Errorf("OnError: %v", failed)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("what was reported is reported again: %v", err)
		}
	})
}

func TestProducerBlocksForRoom(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			time.Sleep(5 * time.Second)
			return do()
		})
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Buffer: 2000})
		mustPut(t, p, event{Key: "a", Pad: strings.Repeat("x", 1200)})
		ctx := timeout(t, time.Second)
		began := time.Now()
		if _, err := p.Put(ctx, event{Key: "b", Pad: strings.Repeat("x", 700)}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Fatalf("Put with a full buffer: %v after %v", err, time.Since(began))
		}
		// One that fits may not overtake one that waits.
		order := make(chan string, 2)
		for _, k := range []string{"big", "small"} {
			pad := map[string]int{"big": 700, "small": 1}[k]
			go func() {
				if _, err := p.Put(t.Context(), event{Key: k, Pad: strings.Repeat("x", pad)}); err != nil {
					t.Error(err)
				}
				order <- k
			}()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if len(order) > 0 {
			t.Errorf("%s did not wait", <-order)
		}
		<-order
		<-order
		if d := time.Since(began); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("room came after %v, want with the answer after 5s", d)
		}
		// A record larger than the buffer passes alone.
		mustPut(t, p, event{Key: "c", Pad: strings.Repeat("x", 5000)})
		go func() {
			time.Sleep(time.Millisecond)
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		if _, err := p.Put(t.Context(), event{Key: "d"}); !errors.Is(err, kinesis.ErrClosed) {
			t.Errorf("Put that waits while Close is called: %v", err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestProducerLostReplyDuplicates(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", 1, loseReply)
		p := newProducer(t, cfg, nil)
		mustPut(t, p, event{Key: "a", N: 0})
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := readStream(t, client, "clicks"); len(got) != 2 || got[0] != got[1] {
			t.Errorf("got %v, want the record twice", got)
		}
	})
}

// TestProducerPartialFailure fails the first record of a key once: the second must wait.
func TestProducerPartialFailure(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		for _, code := range []string{"InternalFailure", "KMSThrottlingException", "ProvisionedThroughputExceededException"} {
			w.on("PutRecords", 1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
				return failEntries(t, r, w, func(key string) string {
					if key == "a" {
						return code
					}
					return ""
				})
			})
		}
		p := newProducer(t, cfg, nil)
		for i := range 3 {
			mustPut(t, p, event{Key: "a", N: i})
			mustPut(t, p, event{Key: "b", N: i})
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		inOrder(t, readStream(t, client, "clicks"), []string{"a", "b"}, 3)
	})
}

// failEntries lets the records through whose key has no code and refuses the others.
func failEntries(t *testing.T, r *http.Request, w *wire, code func(key string) string) (*http.Response, error) {
	type entry struct {
		Data, PartitionKey string
	}
	var in struct {
		StreamName string
		Records    []entry
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &in) != nil {
		t.Errorf("read the request: %v", err)
	}
	var pass []entry
	for _, e := range in.Records {
		if code(e.PartitionKey) == "" {
			pass = append(pass, e)
		}
	}
	var out struct {
		FailedRecordCount int
		Records           []map[string]any
	}
	if len(pass) > 0 {
		in2 := in
		in2.Records = pass
		b, err := json.Marshal(in2)
		if err != nil {
			t.Error(err)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		resp, err := w.next.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Error(err)
		}
	}
	passed := out.Records
	out.Records = nil
	for _, e := range in.Records {
		if c := code(e.PartitionKey); c != "" {
			out.Records = append(out.Records, map[string]any{"ErrorCode": c, "ErrorMessage": "told to fail"})
			out.FailedRecordCount++
			continue
		}
		out.Records = append(out.Records, passed[0])
		passed = passed[1:]
	}
	return answer(http.StatusOK, out), nil
}

func TestProducerPermanentFailures(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", 1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			return failEntries(t, r, w, func(key string) string {
				return map[string]string{"a": "KMSAccessDeniedException"}[key]
			})
		})
		p := newProducer(t, cfg, nil)
		bad, good := mustPut(t, p, event{Key: "a"}), mustPut(t, p, event{Key: "b"})
		_, err := bad.Wait(t.Context())
		denied := (*kinesistypes.KMSAccessDeniedException)(nil)
		if !errors.As(err, &denied) || !strings.Contains(err.Error(), "allow kms:GenerateDataKey") {
			t.Errorf("%v", err)
		}
		if _, err := good.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "1 of 2 records were not put") {
			t.Errorf("Close: %v", err)
		}
		if n := w.count("PutRecords"); n != 1 {
			t.Errorf("%d requests: a permanent failure was tried again", n)
		}
	})
}

func TestProducerGivesUpAfterTimeout(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", -1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			return failEntries(t, r, w, func(string) string { return "ProvisionedThroughputExceededException" })
		})
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Timeout: 20 * time.Second})
		ack := mustPut(t, p, event{Key: "a"})
		began := time.Now()
		_, err := ack.Wait(t.Context())
		throttled := (*kinesistypes.ProvisionedThroughputExceededException)(nil)
		if !errors.As(err, &throttled) || !strings.Contains(err.Error(), `given up after`) {
			t.Errorf("%v", err)
		}
		// The last attempt begins 20 s after the first at the latest; the first has lingered
		// for 100 ms, and the last takes its time too.
		if d := time.Since(began); d < 14*time.Second || d > 20*time.Second+200*time.Millisecond {
			t.Errorf("gave up after %v, want about 20s at most", d)
		}
		// Close with a context that ends gives the rest up, in order.
		var failed []string
		p2 := newProducer(t, cfg, &kinesis.ProducerOptions[event]{
			OnError: func(_ context.Context, f kinesis.Failed) { failed = append(failed, string(f.Data)) },
		})
		for i := range 3 {
			mustPut(t, p2, event{Key: "a", N: i})
		}
		err = p2.Close(timeout(t, 3*time.Second))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 of 3 records were not put") {
			t.Errorf("Close: %v", err)
		}
		if want := `[{"key":"a","n":0} {"key":"a","n":1} {"key":"a","n":2}]`; fmt.Sprint(failed) != want {
			t.Errorf("OnError was told %v", failed)
		}
		_ = p.Close(t.Context()) // its failure has been looked at above
	})
}

// TestProducerCloseDuringRequest aborts a request that hangs.
func TestProducerCloseDuringRequest(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", -1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		p := newProducer(t, cfg, nil)
		acks := []kinesis.Ack{mustPut(t, p, event{Key: "a"}), mustPut(t, p, event{Key: "a", N: 1})}
		began := time.Now()
		if err := p.Close(timeout(t, time.Second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if time.Since(began) != time.Second {
			t.Errorf("Close took %v", time.Since(began))
		}
		for i, a := range acks {
			if _, err := a.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "Close's context ended before the record was acknowledged") {
				t.Errorf("record %d: %v", i, err)
			}
		}
	})
}

// TestProducerFindsTheBadRecord has the service refuse every request that holds one record.
func TestProducerFindsTheBadRecord(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if bytes.Contains(body, []byte(`"bad"`)) {
				return answer(http.StatusBadRequest, map[string]string{"__type": "InvalidArgumentException", "message": "I do not like it"}), nil
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			return do()
		})
		p := newProducer(t, cfg, nil)
		for i := range 100 {
			mustPut(t, p, event{Key: fmt.Sprint(i)})
		}
		bad := mustPut(t, p, event{Key: "bad"})
		if err := p.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "1 of 101 records were not put") {
			t.Errorf("Close: %v", err)
		}
		if _, err := bad.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "I do not like it") {
			t.Errorf("%v", err)
		}
		if got := readStream(t, client, "clicks"); len(got) != 100 {
			t.Errorf("%d of 100 good records", len(got))
		}
	})
}

// TestProducerConcurrently puts and flushes from many goroutines.
func TestProducerConcurrently(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Buffer: 20_000, Linger: 10 * time.Millisecond})
		keys := someKeys(8)
		var work sync.WaitGroup
		for _, k := range keys {
			work.Go(func() {
				for i := range 100 {
					ack, err := p.Put(t.Context(), event{Key: k, N: i})
					if err != nil {
						t.Error(err)
						return
					}
					switch i % 25 {
					case 10:
						if err := p.Flush(t.Context()); err != nil {
							t.Error(err)
						}
					case 20:
						if _, err := ack.Wait(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		work.Wait()
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		inOrder(t, readStream(t, client, "clicks"), keys, 100)
	})
}

// TestFlushAndWaitObeyTheirContexts: the record stays on its way.
func TestFlushAndWaitObeyTheirContexts(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		cfg, w := tap(cfg)
		w.on("PutRecords", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			time.Sleep(5 * time.Second)
			return do()
		})
		p := newProducer(t, cfg, nil)
		ack := mustPut(t, p, event{Key: "a"})
		if err := p.Flush(timeout(t, time.Second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v", err)
		}
		if _, err := ack.Wait(timeout(t, time.Second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v", err)
		}
		if _, err := ack.Wait(t.Context()); err != nil {
			t.Errorf("Wait: %v", err)
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Put(done, event{Key: "b"}); !errors.Is(err, context.Canceled) {
			t.Errorf("Put: %v", err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		inOrder(t, readStream(t, client, "clicks"), []string{"a"}, 1)
	})
}

func TestNewProducerRefusesOptions(t *testing.T) {
	t.Parallel()
	_, err := kinesis.NewProducer(aws.Config{}, "", nil, &kinesis.ProducerOptions[event]{Buffer: -1, Linger: -1, Timeout: -1, MaxInFlight: -1, MaxAge: -1})
	for _, want := range []string{"kinesis: new producer: ", "cfg.Region: missing", "stream: missing", "key: missing", "Buffer: -1 is negative", "Linger: ", "Timeout: ", "MaxInFlight: ", "MaxAge: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := (kinesis.Ack{}).Wait(t.Context()); err == nil {
		t.Error("the zero Ack has an outcome")
	}
}
