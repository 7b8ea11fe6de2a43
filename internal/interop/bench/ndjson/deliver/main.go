// Deliver runs NDJSON click events through a firehose.Delivery on one core and prints the MB
// of JSON per CPU second as a line of JSON. All of the delivery is measured: batches in, S3
// requests out. Only the far end is replaced, by an HTTP client that writes each object to a
// file.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/stream"
)

type geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type click struct {
	EventID   string          `json:"event_id"`
	UserID    string          `json:"user_id"`
	SessionID string          `json:"session_id"`
	EventTS   time.Time       `json:"event_ts"`
	URL       string          `json:"url"`
	Referrer  *string         `json:"referrer"`
	Device    string          `json:"device"`
	Country   string          `json:"country"`
	ProductID int32           `json:"product_id"`
	Price     catalog.Decimal `json:"price" lake:"decimal(10,2)"`
	Qty       int32           `json:"qty"`
	Geo       *geo            `json:"geo"`
}

func main() {
	buffer := flag.Int64("buffer", 0, "the delivery's buffer in MiB; 0 for its default")
	compression := flag.String("compression", "snappy", "the files' compression")
	profile := flag.String("profile", "", "where to write a CPU profile")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: deliver [flags] FILE.ndjson OUTDIR")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *profile, &firehose.Options{Buffer: *buffer << 20, Compression: firehose.Compression(*compression)}); err != nil {
		fmt.Fprintln(os.Stderr, "deliver:", err)
		os.Exit(1)
	}
}

func run(src, out, profile string, opts *firehose.Options) error {
	runtime.GOMAXPROCS(1)
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	table, err := catalog.Define[click]("web.clicks_raw", &catalog.TableOptions{
		Location: "s3://lake/", PartitionBy: catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
		ProjectSince: catalog.NewDate(2024, 1, 1),
	})
	if err != nil {
		return err
	}
	opts.ErrorPrefix = "s3://errors/"
	f, err := os.Open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	if profile != "" {
		p, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer p.Close()
		if err := pprof.StartCPUProfile(p); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}

	before, start := usage(), time.Now()
	d, err := firehose.New(aws.Config{
		Region: "us-east-1", HTTPClient: &disk{dir: out}, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}, table, opts)
	if err != nil {
		return err
	}
	size, err := feed(d, f)
	if err != nil {
		return err
	}
	if err := d.Close(context.Background()); err != nil {
		return err
	}
	wall, after := time.Since(start), usage()

	st := d.Stats()
	if st.Rejected > 0 || st.Rows != st.Records {
		return fmt.Errorf("%d records became %d rows, %d were refused", st.Records, st.Rows, st.Rejected)
	}
	user, system := after.user-before.user, after.system-before.system
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"name": "lakekit", "mb_per_cpu": round(float64(size) / 1e6 / (user + system).Seconds()), "cpu": (user + system).Seconds(),
		"user": user.Seconds(), "sys": system.Seconds(), "wall": wall.Seconds(), "out_mb": round(float64(st.Bytes) / 1e6), "files": st.Files, "rss_mb": after.rss >> 10,
	})
}

func round(x float64) float64 { return float64(int64(x*10+0.5)) / 10 }

// feed hands the file's lines to the delivery, in batches of a megabyte.
func feed(d *firehose.Delivery, f io.Reader) (size int64, err error) {
	buf := make([]byte, 1<<20)
	var records []stream.Record
	now := time.Now()
	for rest := 0; ; {
		n, err := io.ReadFull(f, buf[rest:])
		size += int64(n)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return size, err
		}
		block := buf[:rest+n]
		records = records[:0]
		for {
			i := bytes.IndexByte(block, '\n')
			if i < 0 {
				break
			}
			records = append(records, stream.Record{Data: block[:i], Arrived: now})
			block = block[i+1:]
		}
		// The delivery keeps no record's bytes once Handle has returned.
		if err := d.Handle(context.Background(), stream.NewBatch("shard-0", records, false, nil)); err != nil {
			return size, err
		}
		if last {
			return size, nil
		}
		rest = copy(buf, block)
	}
}

type used struct {
	user, system time.Duration
	rss          int64
}

func usage() used {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return used{}
	}
	return used{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano()), u.Maxrss}
}

// disk is a bucket as a folder.
type disk struct{ dir string }

// Do writes the object of a PUT request. The body may come in chunks with a checksum behind.
func (k *disk) Do(r *http.Request) (*http.Response, error) {
	name := filepath.Join(k.dir, filepath.FromSlash(r.URL.Path))
	if r.Method != http.MethodPut || strings.Contains(r.URL.Path, "..") {
		return nil, fmt.Errorf("%s %s: want the PUT of an object", r.Method, r.URL.Path)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return nil, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	body := io.Reader(r.Body)
	if strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		body = &unchunked{r: r.Body}
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{body}, make([]byte, 256<<10))
	if err = errors.Join(err, f.Close(), r.Body.Close()); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
}

// unchunked reads a body out of its aws-chunked framing.
type unchunked struct {
	r    io.Reader
	left int64 // in the chunk
	done bool
}

func (u *unchunked) Read(b []byte) (int, error) {
	for u.left == 0 {
		if u.done {
			return 0, io.EOF
		}
		line, err := u.line()
		if err != nil {
			return 0, err
		}
		if line == "" {
			continue // the end of the chunk before
		}
		head, _, _ := strings.Cut(line, ";")
		if _, err := fmt.Sscanf(head, "%x", &u.left); err != nil {
			return 0, fmt.Errorf("chunk header %q: %w", head, err)
		}
		if u.left == 0 {
			u.done = true
			if _, err := io.Copy(io.Discard, u.r); err != nil {
				return 0, err
			}
		}
	}
	n, err := u.r.Read(b[:min(int64(len(b)), u.left)])
	u.left -= int64(n)
	return n, err
}

func (u *unchunked) line() (string, error) {
	var line []byte
	var c [1]byte
	for {
		if _, err := io.ReadFull(u.r, c[:]); err != nil {
			return "", err
		}
		if c[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, c[0])
	}
}
