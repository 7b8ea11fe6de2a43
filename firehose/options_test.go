package firehose

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := clicks(t, nil)
	nowhere := clicks(t, &catalog.TableOptions{})
	bare := clicks(t, &catalog.TableOptions{Location: "s3://lake/raw/clicks/", PartitionBy: []catalog.Partition{{Name: "dt"}}})
	ice := clicks(t, &catalog.TableOptions{Location: "s3://lake/raw/clicks/", Format: catalog.FormatIceberg})
	for _, tt := range []struct {
		name  string
		table *catalog.Table
		opts  *Options
		want  []string
	}{
		{"everything", good, &Options{Interval: -time.Second, Size: 5 << 30, Buffer: 100, Compression: "lz4", ErrorPrefix: "raw/clicks/errors"}, []string{
			"firehose: Interval: -1s is negative",
			"Size: 5368709120 is out of range (1 byte to 4 GiB, which S3 takes in one request)",
			"Buffer: 100 is too small (a file and its pages need at least 1 MiB)",
			`Compression: "lz4" is unknown (known are snappy, zstd, gzip, uncompressed)`,
			"ErrorPrefix: s3://lake/raw/clicks/errors/ lies in the table's location s3://lake/raw/clicks/, where queries would read it as data",
		}},
		{"no table", nil, nil, []string{"firehose: table: it is nil"}},
		{"no location", nowhere, nil, []string{`firehose: table web.clicks_raw: location "": it is not written s3://BUCKET/PREFIX/`}},
		{"not declared", bare, nil, []string{"firehose: table web.clicks_raw: partition dt: nobody declared how it follows from a record (such as dt=day(event_ts,UTC))"}},
		{"another format", ice, nil, []string{"firehose: table web.clicks_raw: its format is iceberg; a delivery writes parquet"}},
		{"errors nowhere", good, &Options{ErrorPrefix: "https://lake/x"}, []string{`firehose: ErrorPrefix: "https://lake/x": it is not written s3://BUCKET/PREFIX/`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(newBucket().config(), tt.table, tt.opts)
			if err == nil {
				t.Fatal("no error")
			}
			if d := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestErrorPlace(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"":                  "s3://lake/raw/clicks_errors/",
		"raw/bad":           "s3://lake/raw/bad/",
		"/raw/bad/":         "s3://lake/raw/bad/",
		"s3://errors":       "s3://errors/",
		"s3://errors/web/x": "s3://errors/web/x/",
	} {
		c, err := configure(clicks(t, nil), &Options{ErrorPrefix: prefix})
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
		} else if c.errors.String() != want {
			t.Errorf("%q: %s, want %s", prefix, c.errors, want)
		}
	}
}
