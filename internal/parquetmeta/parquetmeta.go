// Package parquetmeta reads the footers of Parquet files: the schema, and for each column
// chunk its place, sizes and statistics. It reads no page, needs the standard library
// only, and takes any bytes without harm: what is not a footer is an error.
package parquetmeta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// File is what a footer says.
type File struct {
	// Version is the format's, 1 or 2.
	Version int32
	// Rows is the number of rows in all row groups.
	Rows int64
	// CreatedBy names the writer. Empty means that it does not say.
	CreatedBy string
	// Schema is the root of the schema; the table's columns are its children.
	Schema *Node
	// Leaves are the schema's leaf columns, in the order of the columns of a row group.
	Leaves []*Node
	// RowGroups are in the file's order.
	RowGroups []RowGroup
	// KeyValues are the writer's own, such as ARROW:schema or iceberg.schema.
	KeyValues []KeyValue
	// FooterBytes is the footer's length with its length field and the final magic.
	FooterBytes int64
}

// KeyValue is an entry of a footer's metadata.
type KeyValue struct {
	Key, Value string
}

// RowGroup is some consecutive rows of a file.
type RowGroup struct {
	// Rows is how many.
	Rows int64
	// Bytes is the uncompressed size of all columns, page headers included.
	Bytes int64
	// Columns has a chunk per leaf of the schema, in the same order.
	Columns []Chunk
}

// Chunk is a leaf column's values in a row group.
type Chunk struct {
	// Leaf is the column.
	Leaf *Node
	// Encodings are those used by the pages, levels included.
	Encodings []Encoding
	// Codec compresses the pages.
	Codec Codec
	// Values counts the entries, nulls and empty lists included.
	Values int64
	// Compressed and Uncompressed are the chunk's size with its page headers, as it lies
	// in the file and after decompression.
	Compressed, Uncompressed int64
	// Offset is where the chunk starts: at its dictionary page if it has one.
	Offset int64
	// DataOffset is the first data page, DictionaryOffset the dictionary page; zero means
	// that there is none.
	DataOffset, DictionaryOffset int64
	// Stats are the chunk's statistics.
	Stats Stats
	// ColumnIndex and OffsetIndex are where the page indexes lie.
	ColumnIndex, OffsetIndex Section
	// Bloom is where the bloom filter lies. Its Length is zero in files that give the
	// offset alone.
	Bloom Section
}

// Section is a piece of a file. The zero Section means that there is none.
type Section struct {
	Offset, Length int64
}

// Stats are a chunk's statistics.
type Stats struct {
	// Nulls counts the nulls. -1 means that it is not known.
	Nulls int64
	// Distinct counts the distinct values. -1 means that it is not known.
	Distinct int64
	// Min and Max bound the values, in PLAIN encoding without a length. Nil means that
	// the bound is not known; an empty slice is the bound "".
	Min, Max []byte
	// MinExact and MaxExact say that a row has this very value. A writer that does not
	// say leaves them false.
	MinExact, MaxExact bool
	// Deprecated says that Min and Max come from the footer's old fields, whose order is
	// that of signed bytes: good for numbers, wrong for strings.
	Deprecated bool
}

// Limits on what is taken for a footer, so that a hostile one of a few bytes cannot ask
// for much memory: a schema element costs its whole path.
const (
	maxFooter   = 256 << 20
	maxElements = 1 << 17
	maxDepth    = 100
	tail        = 64 << 10 // read at once from a file's end: most footers are smaller
)

const magic = "PAR1"

// ErrNotParquet is wrapped by [Read] when the file does not end as a Parquet file does.
var ErrNotParquet = errors.New("not a Parquet file")

// Read reads the footer of a file of size bytes. It reads once, from the end, when the
// footer is below 64 KiB, and twice otherwise.
func Read(r io.ReaderAt, size int64) (*File, error) {
	if size < int64(len(magic)+8) {
		return nil, fmt.Errorf("parquetmeta: %w: it has %d bytes", ErrNotParquet, size)
	}
	end, err := readAt(r, max(0, size-tail), size)
	if err != nil {
		return nil, err
	}
	switch string(end[len(end)-4:]) {
	case magic:
	case "PARE":
		return nil, errors.New("parquetmeta: the footer is encrypted, which is not supported")
	default:
		return nil, fmt.Errorf("parquetmeta: %w: it does not end with %s", ErrNotParquet, magic)
	}
	n := int64(binary.LittleEndian.Uint32(end[len(end)-8:]))
	if n > size-int64(len(magic)+8) {
		return nil, fmt.Errorf("parquetmeta: a footer of %d bytes does not fit a file of %d", n, size)
	}
	if n > maxFooter {
		return nil, fmt.Errorf("parquetmeta: a footer of %d bytes is over the limit of %d", n, maxFooter)
	}
	var footer []byte
	if n+8 <= int64(len(end)) {
		footer = end[int64(len(end))-n-8 : len(end)-8]
	} else if footer, err = readAt(r, size-n-8, size-8); err != nil {
		return nil, err
	}
	f, err := decode(footer, size)
	if err != nil {
		return nil, fmt.Errorf("parquetmeta: %w", err)
	}
	f.FooterBytes = n + 8
	return f, nil
}

func readAt(r io.ReaderAt, from, to int64) ([]byte, error) {
	b := make([]byte, to-from)
	if n, err := r.ReadAt(b, from); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("parquetmeta: read %d bytes at %d: %w", len(b), from, err)
	}
	return b, nil
}
