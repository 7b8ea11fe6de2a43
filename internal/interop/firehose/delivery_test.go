package firehose

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/stream"
)

// folder is a bucket as a folder: it writes what is put.
type folder struct {
	dir string
	mu  sync.Mutex
}

func (f *folder) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		var body []byte
		for len(raw) > 0 {
			head, rest, _ := bytes.Cut(raw, []byte("\r\n"))
			var n int
			if _, err := fmt.Sscanf(string(head), "%x", &n); err != nil || n == 0 {
				break
			}
			body, raw = append(body, rest[:n]...), rest[n+2:]
		}
		raw = body
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name := filepath.Join(f.dir, filepath.FromSlash(r.URL.Path))
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return nil, err
	}
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
}

type place struct {
	Lat  *float64 `json:"lat"`
	Name string   `json:"Name"`
}

type event struct {
	ID    string            `json:"id"`
	TS    time.Time         `json:"ts"`
	Day   catalog.Date      `json:"day"`
	N     int64             `json:"n"`
	Small int8              `json:"small"`
	Price catalog.Decimal   `json:"price" lake:"decimal(30,4)"`
	OK    bool              `json:"ok"`
	Blob  []byte            `json:"blob"`
	Tags  []string          `json:"tags"`
	Grid  [][]int32         `json:"grid"`
	Where *place            `json:"where"`
	Seen  []place           `json:"seen"`
	Attrs map[string]string `json:"attrs"`
}

var words = []string{"", "x", "é€", "𝄞", "line\nbreak", `"quoted\"`, "a/b", strings.Repeat("long ", 30), "<&>"}

// record makes a random record: the JSON that goes in, with keys in any order, and the row
// that must come out.
func record(r *rand.Rand, id int) (in []byte, row map[string]any) {
	word := func() string { return words[r.IntN(len(words))] }
	at := time.Date(2026, 5, 24, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e6)*1000, time.UTC)
	day := catalog.DateOf(at.AddDate(0, 0, r.IntN(4000)-2000))
	blob := make([]byte, r.IntN(40))
	for i := range blob {
		blob[i] = byte(r.Uint32())
	}
	price := fmt.Sprintf("%d%012d.%04d", 1+r.IntN(9), r.Int64N(1e12), r.IntN(10000))
	places := func() (any, any) {
		switch r.IntN(3) {
		case 0:
			return nil, nil
		case 1:
			return map[string]any{}, map[string]any{"lat": nil, "name": nil}
		}
		w, lat := word(), r.NormFloat64()
		return map[string]any{"lat": lat, "Name": w}, map[string]any{"lat": lat, "name": w}
	}
	fields := map[string]any{
		"ts": at.In(time.FixedZone("", 3600*(r.IntN(20)-10))).Format(time.RFC3339Nano), "day": day, "n": r.Int64() - 1<<62, "small": r.IntN(256) - 128,
		"price": json.Number(price), "ok": r.IntN(2) == 0, "blob": base64.StdEncoding.EncodeToString(blob), "unknown": []any{word(), nil, map[string]any{"x": 1.5}},
	}
	row = map[string]any{
		"ts": at.Format("2006-01-02T15:04:05.000000"), "day": day, "n": fields["n"], "small": fields["small"], "price": price,
		"ok": fields["ok"], "blob": hex.EncodeToString(blob), "tags": nil, "grid": nil, "attrs": nil, "seen": nil,
	}
	tags, grid, attrs := []any{}, []any{}, map[string]any{}
	var seenIn, seenOut []any
	for range r.IntN(4) {
		tags = append(tags, word())
		line := []any{}
		for range r.IntN(3) {
			line = append(line, r.Int32()-1<<30)
		}
		grid = append(grid, line)
		attrs[word()+"k"] = word()
		a, b := places()
		seenIn, seenOut = append(seenIn, a), append(seenOut, b)
	}
	for k, v := range map[string]any{"tags": tags, "grid": grid, "attrs": attrs} {
		if r.IntN(4) > 0 {
			fields[k], row[k] = v, v
		}
	}
	if len(seenIn) > 0 {
		fields["seen"], row["seen"] = seenIn, seenOut
	}
	fields["where"], row["where"] = places()
	for k := range fields {
		if k != "ts" && k != "unknown" && r.IntN(12) == 0 {
			if r.IntN(2) == 0 {
				delete(fields, k)
			} else {
				fields[k] = nil
			}
			row[k] = nil
		}
	}
	name := fmt.Sprintf("r%05d", id)
	fields["id"], row["id"] = name, name
	row["dt"], row["hr"] = at.Format("2006-01-02"), at.Format("15")

	in = append(in, '{')
	for k, v := range fields { // in any order
		if len(in) > 1 {
			in = append(in, []string{",", ", ", " ,\n"}[r.IntN(3)]...)
		}
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		if r.IntN(5) == 0 {
			k = strings.ToUpper(k)
		}
		in = append(fmt.Appendf(in, "%q:", k), b...)
	}
	return append(in, '}'), row
}

func TestReadersAgree(t *testing.T) {
	t.Parallel()
	bin := peer.Python(t)
	for _, compression := range []firehose.Compression{firehose.Snappy, firehose.Zstd, firehose.Gzip, firehose.Uncompressed} {
		t.Run(string(compression), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			table, err := catalog.Define[event]("web.events", &catalog.TableOptions{
				Location: "s3://lake/events/", PartitionBy: catalog.By(catalog.Day("ts").As("dt"), catalog.Hour("ts").As("hr")), ProjectSince: catalog.NewDate(2024, 1, 1),
			})
			if err != nil {
				t.Fatal(err)
			}
			d, err := firehose.New(aws.Config{
				Region: "us-east-1", HTTPClient: &folder{dir: dir}, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
			}, table, &firehose.Options{Compression: compression, Size: 40 << 10})
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			var expected bytes.Buffer
			var rs []stream.Record
			for i := range 1200 {
				in, row := record(r, i)
				rs = append(rs, stream.Record{Data: in})
				line, err := json.Marshal(row)
				if err != nil {
					t.Fatal(err)
				}
				expected.Write(append(line, '\n'))
				if len(rs) == 100 {
					if err := d.Handle(t.Context(), stream.NewBatch("shard-0", rs, false, nil)); err != nil {
						t.Fatal(err)
					}
					rs = rs[:0]
				}
			}
			if err := d.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if st := d.Stats(); st.Rows != 1200 || st.Rejected != 0 || st.Files < 24 {
				t.Errorf("stats %+v", st)
			}
			want := filepath.Join(dir, "expected.jsonl")
			if err := os.WriteFile(want, expected.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), bin, "check.py", filepath.Join(dir, "events"), want).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
