package firehose

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/stream"
)

// bucket is S3 and Glue as far as a delivery needs them: an HTTP client that keeps objects
// and partitions, takes some time for each request, and fails when told to.
type bucket struct {
	mu         sync.Mutex
	objects    map[string][]byte
	headers    map[string]http.Header
	partitions []string
	puts       int
	latency    time.Duration
	// fail gives the answer to the nth request for the path, 0 for success, -1 for a
	// connection that breaks.
	fail func(path string, n int) (status int, code string)
}

func newBucket() *bucket {
	return &bucket{objects: map[string][]byte{}, headers: map[string]http.Header{}, latency: time.Millisecond}
}

func (b *bucket) config() aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: b, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
	}
}

func (b *bucket) Do(r *http.Request) (*http.Response, error) {
	t := time.NewTimer(b.latency)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.puts++
	path := r.URL.Host + r.URL.Path
	if b.fail != nil {
		switch status, code := b.fail(path, b.puts); {
		case status < 0:
			return nil, errors.New("connection reset")
		case status > 0:
			return answer(status, fmt.Sprintf("<Error><Code>%s</Code><Message>said so</Message></Error>", code)), nil
		}
	}
	switch {
	case strings.HasPrefix(r.URL.Host, "glue."):
		var in struct {
			PartitionInputList []struct {
				Values            []string
				StorageDescriptor struct{ Location string }
			}
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		one := in.PartitionInputList[0]
		p := strings.Join(one.Values, "/") + " at " + one.StorageDescriptor.Location
		if slices.Contains(b.partitions, p) {
			return answer(200, fmt.Sprintf(`{"Errors":[{"PartitionValues":[%q],"ErrorDetail":{"ErrorCode":"AlreadyExistsException"}}]}`, one.Values[0])), nil
		}
		b.partitions = append(b.partitions, p)
		return answer(200, "{}"), nil
	case r.Method == http.MethodPut:
		name, _, _ := strings.Cut(r.URL.Host, ".")
		key := name + r.URL.Path
		b.objects[key], b.headers[key] = body, r.Header
		return answer(200, ""), nil
	}
	return answer(501, ""), nil
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// readBody reads a body that may be sent in signed or unsigned chunks.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		return raw, err
	}
	var out []byte
	br := bufio.NewReader(bytes.NewReader(raw))
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return out, nil
		}
		piece := make([]byte, n+2)
		if _, err := io.ReadFull(br, piece); err != nil {
			return nil, err
		}
		out = append(out, piece[:n]...)
	}
}

// rows counts the rows per folder.
func (b *bucket) rows(t testing.TB) map[string]int64 {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int64{}
	for key, data := range b.objects {
		dir := key[:strings.LastIndexByte(key, '/')+1]
		if !strings.HasSuffix(key, ".parquet") {
			out[dir] += int64(bytes.Count(data, []byte("\n")))
			continue
		}
		f, err := parquetmeta.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		for _, g := range f.RowGroups {
			out[dir] += g.Rows
		}
	}
	return out
}

func (b *bucket) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.objects)
}

// shard is a consumer's view of one shard: which of its batches are acknowledged.
type shard struct {
	mu    sync.Mutex
	name  string
	seq   int
	acked map[int]error
	sent  int
}

func newShard(name string) *shard { return &shard{name: name, acked: map[int]error{}} }

// give hands a batch of records to the delivery.
func (s *shard) give(ctx context.Context, d *Delivery, records ...string) error {
	s.mu.Lock()
	n := s.sent
	s.sent++
	var rs []stream.Record
	for _, r := range records {
		s.seq++
		rs = append(rs, stream.Record{Data: []byte(r), Pos: stream.Position{Shard: s.name, Seq: strconv.Itoa(s.seq)}, Arrived: time.Now().Add(-time.Second)})
	}
	s.mu.Unlock()
	return d.Handle(ctx, stream.NewBatch(s.name, rs, false, func() func(error) {
		return func(err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if _, again := s.acked[n]; again {
				panic("done was called twice")
			}
			s.acked[n] = err
		}
	}))
}

// acks says how many batches were acknowledged, and how many given up.
func (s *shard) acks() (ok, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.acked {
		if err == nil {
			ok++
		} else {
			failed++
		}
	}
	return ok, failed
}

type click struct {
	ID    string          `json:"id"`
	TS    time.Time       `json:"event_ts"`
	Price catalog.Decimal `json:"price" lake:"decimal(10,2)"`
	Tags  []string        `json:"tags"`
}

func clicks(t testing.TB, opts *catalog.TableOptions) *catalog.Table {
	t.Helper()
	o := catalog.TableOptions{
		Location:     catalog.Lake("lake").Raw("clicks"),
		PartitionBy:  catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
		ProjectSince: catalog.NewDate(2024, 1, 1),
	}
	if opts != nil {
		o = *opts
	}
	table, err := catalog.Define[click]("web.clicks_raw", &o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// at is a click at a time of 2026-05-24.
func at(clock string) string {
	return `{"id":"x","event_ts":"2026-05-24T` + clock + `Z","price":1.25,"tags":["a"]}`
}
