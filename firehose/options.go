package firehose

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/parquetout"
)

// Compression is how the pages of Parquet files are compressed.
type Compression string

// The compressions.
const (
	Snappy       Compression = "snappy"
	Zstd         Compression = "zstd"
	Gzip         Compression = "gzip"
	Uncompressed Compression = "uncompressed"
)

// Options are a [Delivery]'s.
type Options struct {
	// Interval is how long a record waits at most before its file is delivered. Zero means
	// 5 minutes. Less than a second is fine.
	Interval time.Duration
	// Size is how much JSON goes into a file before it is delivered, counted before
	// conversion and compression. Zero means 64 MiB, the most is 4 GiB.
	Size int64
	// Buffer bounds the memory of all files together: half for those that are filled, half
	// for those on their way. When the first half is used up the largest file is delivered
	// early; when all of it is, Handle waits. Zero means 128 MiB.
	Buffer int64
	// ErrorPrefix is where records go that cannot be delivered: a location such as
	// s3://lake/raw/clicks_errors/, or a prefix in the table's bucket. It must lie outside
	// the table's own location. Empty means the table's location with _errors before its
	// last slash.
	ErrorPrefix string
	// Compression compresses the files' pages. Empty means [Snappy].
	Compression Compression
	// KMSKey is the id or ARN of the key that S3 encrypts the objects with. Empty leaves
	// encryption to the bucket.
	KMSKey string
	// OnDelivered is told of each object when it is readable and registered, before the
	// batches in it are acknowledged. Calls do not overlap, and must not wait for the
	// delivery. Nil means nobody is told.
	OnDelivered func(Object)
	// OnError is told of each failed attempt to deliver, which is made again if that can
	// help. Calls do not overlap, and must not wait for the delivery. Nil means slog.Error.
	OnError func(error)
}

// Object is an object that was delivered.
type Object struct {
	// Location is where it is, such as s3://lake/raw/clicks/dt=2026-05-24/hr=09/….parquet.
	Location string
	// Partition is the value of each partition column. It is nil for error records.
	Partition []string
	// Rows is how many rows, or error records, are in it.
	Rows int64
	// Bytes is its size.
	Bytes int64
	// Errors says that it holds error records.
	Errors bool
}

const (
	defaultInterval = 5 * time.Minute
	defaultSize     = 64 << 20
	maxSize         = 4 << 30 // S3 takes 5 GiB in one request
	defaultBuffer   = 128 << 20
	minBuffer       = 1 << 20
)

// config is checked options.
type config struct {
	Options
	bucket string
	errors place
	codec  parquetout.Codec
}

// place is a bucket and a key prefix.
type place struct{ bucket, prefix string }

func (p place) String() string { return "s3://" + p.bucket + "/" + p.prefix }

// configure fills and checks the options, all at once.
func configure(table *catalog.Table, opts *Options) (*config, error) {
	c := &config{}
	if opts != nil {
		c.Options = *opts
	}
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Interval < 0 {
		refuse("Interval: %s is negative", c.Interval)
	}
	if c.Size == 0 {
		c.Size = defaultSize
	}
	if c.Size < 0 || c.Size > maxSize {
		refuse("Size: %d is out of range (1 byte to 4 GiB, which S3 takes in one request)", c.Size)
	}
	if c.Buffer == 0 {
		c.Buffer = defaultBuffer
	}
	if c.Buffer < minBuffer {
		refuse("Buffer: %d is too small (a file and its pages need at least 1 MiB)", c.Buffer)
	}
	switch c.Compression {
	case "", Snappy:
		c.codec = parquetout.Snappy
	case Zstd:
		c.codec = parquetout.Zstd
	case Gzip:
		c.codec = parquetout.Gzip
	case Uncompressed:
		c.codec = parquetout.Uncompressed
	default:
		refuse("Compression: %q is unknown (known are snappy, zstd, gzip, uncompressed)", c.Compression)
	}
	if table == nil {
		refuse("table: it is nil")
		return nil, errors.Join(errs...)
	}
	if f := table.Format(); f != catalog.FormatParquet {
		refuse("table %s: its format is %s; a delivery writes parquet", table, f)
	}
	home, err := parseLocation(table.Location())
	if err != nil {
		refuse("table %s: location %q: %w", table, table.Location(), err)
		return nil, errors.Join(errs...)
	}
	c.bucket = home.bucket
	if c.errors, err = c.errorPlace(home); err != nil {
		refuse("ErrorPrefix: %w", err)
	}
	for _, p := range table.Partitions() {
		if p.Derivation.IsZero() {
			refuse("table %s: partition %s: nobody declared how it follows from a record (such as %s=day(event_ts,UTC))", table, p.Name, p.Name)
		}
	}
	return c, errors.Join(errs...)
}

func (c *config) errorPlace(home place) (place, error) {
	p := place{home.bucket, strings.TrimSuffix(home.prefix, "/") + "_errors/"}
	switch {
	case c.ErrorPrefix == "" && home.prefix == "":
		return p, errors.New("the table's location is a whole bucket, so there is no place beside it: name another bucket")
	case strings.Contains(c.ErrorPrefix, "://"):
		var err error
		if p, err = parseLocation(c.ErrorPrefix); err != nil {
			return p, fmt.Errorf("%q: %w", c.ErrorPrefix, err)
		}
	case c.ErrorPrefix != "":
		p.prefix = strings.TrimPrefix(c.ErrorPrefix, "/")
	}
	if p.prefix != "" && !strings.HasSuffix(p.prefix, "/") {
		p.prefix += "/"
	}
	if p.bucket == home.bucket && strings.HasPrefix(p.prefix, home.prefix) {
		return p, fmt.Errorf("%s lies in the table's location %s, where queries would read it as data", p, home)
	}
	return p, nil
}

// parseLocation reads s3://bucket/prefix.
func parseLocation(s string) (place, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return place{}, errors.New("it is not written s3://BUCKET/PREFIX/")
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return place{}, errors.New("it names no bucket")
	}
	return place{bucket, prefix}, nil
}
