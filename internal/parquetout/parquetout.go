// Package parquetout writes Parquet files straight from columns: the values of a
// [column.Batch] go into page bodies without a form in between, and a page is compressed
// while it is in cache.
//
// A [Writer] makes one file in memory, out of segments that a [Pool] lends to all writers
// of a process; [Writer.Finish] gives a [File], which knows its size, can be read any
// number of times and gives its memory back on Release.
//
//	w, err := parquetout.NewWriter(parquetout.NewSchema(columns), &pool, nil)
//	err = w.Append(batch, rows) // as often as needed
//	file, err := w.Finish()
//	_, err = file.WriteTo(f)
//	file.Release()
//
// Files have version 1 data pages, both kinds of type annotations, statistics, page
// indexes and the names that Athena, Iceberg and Spark give to lists and maps. A column
// begins with a dictionary and goes on in PLAIN when the dictionary does not pay.
package parquetout

import (
	"errors"
	"fmt"
	"math"
)

// Codec compresses pages.
type Codec uint8

// The codecs.
const (
	Snappy Codec = iota
	Gzip
	Zstd
	Uncompressed
)

// String gives the format's name for c.
func (c Codec) String() string {
	if c > Uncompressed {
		return fmt.Sprintf("Codec(%d)", uint8(c))
	}
	return [...]string{"SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"}[c]
}

// KeyValue is an entry of the file's metadata.
type KeyValue struct {
	Key, Value string
}

// Options are a [Writer]'s.
type Options struct {
	// Codec compresses the pages. Zero means Snappy.
	Codec Codec
	// PageBytes is the size that a page is cut at, before compression. Zero means 128 KiB,
	// less than 1 KiB is an error.
	PageBytes int
	// RowGroupBytes is the size that a row group is cut at, as compressed. Zero means
	// 128 MiB.
	RowGroupBytes int64
	// RowGroupRows is the most rows of a row group. Zero means 1,048,576.
	RowGroupRows int64
	// KeyValues are written to the file's metadata. Nil means none.
	KeyValues []KeyValue
}

// createdBy is the writer that files name.
const createdBy = "lakekit"

const (
	defaultPageBytes     = 128 << 10
	maxPageBytes         = 64 << 20
	defaultRowGroupBytes = 128 << 20
	defaultRowGroupRows  = 1 << 20
)

// filled gives o with its defaults, or all that is wrong with it.
func (o *Options) filled() (Options, error) {
	var f Options
	if o != nil {
		f = *o
	}
	var errs []error
	if f.Codec > Uncompressed {
		errs = append(errs, fmt.Errorf("Codec: %d is none of Snappy, Gzip, Zstd and Uncompressed", f.Codec))
	}
	if f.PageBytes == 0 {
		f.PageBytes = defaultPageBytes
	}
	if f.PageBytes < 1<<10 || f.PageBytes > maxPageBytes {
		errs = append(errs, fmt.Errorf("PageBytes: %d is not within 1024 and %d", f.PageBytes, maxPageBytes))
	}
	if f.RowGroupBytes == 0 {
		f.RowGroupBytes = defaultRowGroupBytes
	}
	if f.RowGroupBytes < 0 {
		errs = append(errs, fmt.Errorf("RowGroupBytes: %d is negative", f.RowGroupBytes))
	}
	if f.RowGroupRows == 0 {
		f.RowGroupRows = defaultRowGroupRows
	}
	if f.RowGroupRows < 0 || f.RowGroupRows > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("RowGroupRows: %d is not within 1 and %d", f.RowGroupRows, math.MaxInt32))
	}
	return f, errors.Join(errs...)
}
