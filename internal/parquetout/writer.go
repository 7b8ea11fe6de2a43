package parquetout

import (
	"errors"
	"fmt"

	"github.com/lakekit/lakekit/internal/column"
)

// Writer writes one file. It is for one goroutine at a time; a [Pool] may be shared.
type Writer struct {
	schema  *Schema
	pool    *Pool
	options Options

	chunks []chunk
	rows   int64 // in the open row group

	file   segments
	size   int64 // of what is in file
	groups []rowGroup
	done   int64 // rows in groups
	err    error // sticks
}

// rowGroup is a row group that is written.
type rowGroup struct {
	offset int64
	bytes  int64
	rows   int64
	chunks []pages
}

var errFinished = errors.New("parquetout: the writer is finished")

// step is how many rows are taken from column to column.
const step = 8 << 10

// NewWriter makes a writer. A nil pool is one of its own, nil options are the defaults.
func NewWriter(s *Schema, p *Pool, o *Options) (*Writer, error) {
	opts, err := o.filled()
	if err != nil {
		return nil, fmt.Errorf("parquetout: options: %w", err)
	}
	if p == nil {
		p = &Pool{}
	}
	w := &Writer{schema: s, pool: p, options: opts, chunks: make([]chunk, len(s.leaves)), file: segments{pool: p}}
	for i := range w.chunks {
		c := &w.chunks[i]
		c.leaf, c.pool, c.codec, c.pageBytes = &s.leaves[i], p, opts.Codec, opts.PageBytes
		c.reset()
	}
	w.file.write([]byte(magic))
	w.size = int64(len(magic))
	return w, nil
}

const magic = "PAR1"

// Append takes the given rows of b, in their order. It keeps nothing of b. An error leaves
// the file in pieces: it comes back from every later call, and the file must be made anew.
func (w *Writer) Append(b *column.Batch, rows []int32) error {
	if w.err != nil {
		return w.err
	}
	if len(b.Cols) != len(w.chunks) {
		return fmt.Errorf("parquetout: append a batch of %d columns to a file of %d", len(b.Cols), len(w.chunks))
	}
	s := w.pool.scratch()
	defer w.pool.putScratch(s)
	src, err := s.source(b)
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		n := min(int64(len(rows)), w.options.RowGroupRows-w.rows, step)
		for i := range w.chunks {
			if err := w.chunks[i].append(s, &b.Cols[i], &src, rows[:n]); err != nil {
				return w.fail(err)
			}
		}
		w.rows += n
		rows = rows[n:]
		if w.rows == w.options.RowGroupRows || w.groupSize() >= w.options.RowGroupBytes {
			if err := w.closeGroup(s); err != nil {
				return w.fail(err)
			}
			for i := range w.chunks {
				w.chunks[i].reset()
			}
		}
	}
	return nil
}

// source gives where b's references point, checked for the slack that wide loads need.
func (s *scratch) source(b *column.Batch) (source, error) {
	padded := func(name string, b []byte) ([]byte, error) {
		switch {
		case cap(b)-len(b) >= column.Pad:
			return b[:cap(b)], nil
		case len(b) == 0:
			return s.pad[:], nil
		}
		return nil, fmt.Errorf("parquetout: append a batch whose %s has %d bytes of slack, and needs %d", name, cap(b)-len(b), column.Pad)
	}
	buf, err := padded("Buf", b.Buf)
	if err != nil {
		return source{}, err
	}
	arena, err := padded("Arena", b.Arena)
	return source{buf: buf, arena: arena}, err
}

func (w *Writer) fail(err error) error {
	w.err = fmt.Errorf("parquetout: %w", err)
	return w.err
}

// Rows is how many rows were appended.
func (w *Writer) Rows() int64 { return w.done + w.rows }

// Size is what the file has come to, without its footer. Pages that are not full yet
// count as they are before compression, so it may fall a little.
func (w *Writer) Size() int64 { return w.size + w.groupSize() }

func (w *Writer) groupSize() int64 {
	var n int64
	for i := range w.chunks {
		n += w.chunks[i].size()
	}
	return n
}

// Memory is how much memory the writer holds, the file included.
func (w *Writer) Memory() int64 {
	n := int64(len(w.file.all)) * segment
	for i := range w.chunks {
		n += w.chunks[i].memory()
	}
	return n
}

// closeGroup writes the open row group to the file.
func (w *Writer) closeGroup(s *scratch) error {
	g := rowGroup{offset: w.size, rows: w.rows, chunks: make([]pages, len(w.chunks))}
	for i := range w.chunks {
		c := &w.chunks[i]
		if err := c.finish(s, &w.file); err != nil {
			return err
		}
		c.dropDict()
		g.chunks[i] = c.out
		g.bytes += c.out.dict + c.out.bytes
	}
	w.size += g.bytes
	w.groups = append(w.groups, g)
	w.done += w.rows
	w.rows = 0
	return nil
}

// Finish ends the file. The writer is of no use afterwards, whether it gave an error or not.
func (w *Writer) Finish() (*File, error) {
	if w.err != nil {
		return nil, w.err
	}
	defer w.Discard()
	if w.rows > 0 {
		s := w.pool.scratch()
		defer w.pool.putScratch(s)
		if err := w.closeGroup(s); err != nil {
			return nil, w.fail(err)
		}
	}
	f := newFile(w)
	w.file.all = nil // the file's from now on
	return f, nil
}

// Discard gives the writer's memory back, and makes it of no use. It does nothing after
// Finish.
func (w *Writer) Discard() {
	for i := range w.chunks {
		w.chunks[i].release()
	}
	w.pool.putSegments(w.file.all)
	w.chunks, w.file.all = nil, nil
	if w.err == nil {
		w.err = errFinished
	}
}
