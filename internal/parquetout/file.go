package parquetout

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
)

// File is a finished file in memory. It may be read by several goroutines at once, until
// Release.
type File struct {
	// Rows is how many it has.
	Rows int64
	// Columns says what is in each leaf column.
	Columns []Column
	// Splits are the offsets of the row groups.
	Splits []int64

	pool  *Pool
	parts [][]byte
	ends  []int64 // of each part, in the file
}

// Column is what a file says of a leaf column.
type Column struct {
	Path []string
	// ID is the Iceberg field id. Zero means none.
	ID int
	// Entries counts the values, nulls and empty lists included; Nulls the latter two; NaNs
	// are counted apart because no bound includes them.
	Entries, Nulls, NaNs int64
	// Bytes is its size in the file.
	Bytes int64
	// Min and Max bound the values, in Parquet's PLAIN encoding without a length; nil means
	// that there is no bound. Long ones are shortened, Min down and Max up, and are then
	// not exact.
	Min, Max           []byte
	MinExact, MaxExact bool
}

// newFile completes a writer's file by its indexes and footer.
func newFile(w *Writer) *File {
	f := &File{Rows: w.done, pool: w.pool}
	e := ender{w: w, at: w.size}
	e.indexes()
	e.footer()
	f.parts = append(w.file.all, e.t.b)
	f.ends = make([]int64, len(f.parts))
	var end int64
	for i, p := range f.parts {
		end += int64(len(p))
		f.ends[i] = end
	}
	for i := range w.groups {
		f.Splits = append(f.Splits, w.groups[i].offset)
	}
	f.Columns = make([]Column, len(w.schema.leaves))
	for i := range f.Columns {
		f.Columns[i] = w.column(i)
	}
	return f
}

// column sums a column up over the row groups.
func (w *Writer) column(i int) Column {
	l := &w.schema.leaves[i]
	c := Column{Path: slices.Clone(l.Path), ID: l.ID}
	var lo, hi []byte
	bounded := false
	for g := range w.groups {
		o := &w.groups[g].chunks[i]
		c.Entries += o.entries
		c.Nulls += o.nulls
		c.NaNs += o.nans
		c.Bytes += o.dict + o.bytes
		if !o.bounded {
			continue
		}
		if !bounded || l.compare(o.lo, lo) < 0 {
			lo = o.lo
		}
		if !bounded || l.compare(o.hi, hi) > 0 {
			hi = o.hi
		}
		bounded = true
	}
	if bounded {
		short := l.shorten(lo, hi)
		c.Min, c.MinExact = append([]byte{}, short.lo...), short.loExact
		if !short.endless {
			c.Max, c.MaxExact = append([]byte{}, short.hi...), short.hiExact
		}
	}
	return c
}

// Size is the file's length.
func (f *File) Size() int64 {
	if len(f.ends) == 0 {
		return 0
	}
	return f.ends[len(f.ends)-1]
}

// WriteTo writes the whole file.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	var n int64
	for _, p := range f.parts {
		k, err := w.Write(p)
		n += int64(k)
		if err != nil {
			return n, fmt.Errorf("parquetout: write a file: %w", err)
		}
	}
	return n, nil
}

// ReadAt reads a piece of the file, as io.ReaderAt says: an io.SectionReader over it is a
// request's body that can be sent again.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("parquetout: read at a negative offset")
	}
	i := sort.Search(len(f.ends), func(i int) bool { return f.ends[i] > off })
	n := 0
	for ; n < len(b) && i < len(f.parts); i++ {
		p := f.parts[i]
		from := off + int64(n) - (f.ends[i] - int64(len(p)))
		n += copy(b[n:], p[from:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Release gives the file's memory back. The file is empty afterwards.
func (f *File) Release() {
	if f.pool != nil {
		f.pool.putSegments(f.parts)
	}
	f.parts, f.ends = nil, nil
}
