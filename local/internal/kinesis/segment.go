package kinesis

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"

	"github.com/lakekit/lakekit/internal/vfs"
)

const (
	segmentSize = 32 << 20 // a segment takes no more records once it is this long
	markEvery   = 64 << 10 // bytes between two marks of a segment's index
	scanChunk   = 256 << 10
)

// mark says where a frame starts. A segment has one for its first frame and then one for
// each markEvery bytes, so that a gigabyte of log costs a few hundred kilobytes of memory.
type mark struct {
	index   uint64
	arrived int64
	off     int64
}

// segment is one file of a shard's log: frames one behind the other. Its name is the index
// of its first record.
type segment struct {
	path  string
	first uint64
	// arrived is when its first record came. It means nothing while the segment is empty.
	arrived int64
	size    int64
	// marks is the index. It is nil for a segment that was found at Open and not read yet.
	marks []mark
	// file is open for the last segment only.
	file vfs.File
}

func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x.log", first))
}

// segmentFirst reads the name of a segment's file.
func segmentFirst(name string) (uint64, bool) {
	if len(name) != 20 || name[16:] != ".log" {
		return 0, false
	}
	n, err := strconv.ParseUint(name[:16], 16, 64)
	return n, err == nil
}

// note adds the frames in b, which lie at off, to the index.
func (g *segment) note(b []byte, off int64) {
	for len(b) >= frameHeader {
		f := frame(b)
		n := f.size()
		if len(g.marks) == 0 || off >= g.marks[len(g.marks)-1].off+markEvery {
			g.marks = append(g.marks, mark{index: f.index(), arrived: f.arrived(), off: off})
		}
		b, off = b[n:], off+int64(n)
	}
}

// scan reads the segment's frames in order from off and calls f with each of them until it
// says no. The frame is valid during the call only. scan ends without an error at the end
// of the segment, and returns errTorn, with the offset, at bytes that are no whole frame.
func scan(file vfs.File, off, end int64, crc *crc32.Table, f func(frame, int64) bool) (int64, error) {
	store := make([]byte, min(scanChunk, max(end-off, frameHeader)))
	buf, at := store[:0], off // at: where the bytes behind buf lie
	for {
		want := frameHeader
		if n, ok := header(buf); ok {
			want = n
		} else if len(buf) >= frameHeader {
			return at - int64(len(buf)), errTorn
		}
		if len(buf) >= want {
			fr, rest, err := cutFrame(buf, crc)
			if err != nil {
				return at - int64(len(buf)), errTorn
			}
			if !f(fr, at-int64(len(buf))) {
				return at - int64(len(buf)), nil
			}
			buf = rest
			continue
		}
		if at >= end {
			if len(buf) > 0 {
				return at - int64(len(buf)), errTorn
			}
			return at, nil
		}
		if want > len(store) {
			store = make([]byte, want)
		}
		have := copy(store, buf)
		n, err := file.ReadAt(store[have:min(int64(len(store)), int64(have)+end-at)], at)
		if err != nil && (!errors.Is(err, io.EOF) || n == 0) {
			return at, fmt.Errorf("read log %s at %d: %w", file.Name(), at, err)
		}
		buf, at = store[:have+n], at+int64(n)
	}
}

var errTorn = errors.New("torn frame")

// with calls f with the segment's file open.
func (g *segment) with(fsys vfs.FS, f func(vfs.File) error) error {
	if g.file != nil {
		return f(g.file)
	}
	file, err := fsys.OpenFile(g.path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	err = f(file)
	_ = file.Close() // it was only read
	return err
}

// load builds the index of a segment that was found at Open.
func (g *segment) load(fsys vfs.FS, crc *crc32.Table) error {
	if g.marks != nil {
		return nil
	}
	return g.with(fsys, func(file vfs.File) error {
		marks := []mark{}
		_, err := scan(file, 0, g.size, crc, func(f frame, off int64) bool {
			if len(marks) == 0 || off >= marks[len(marks)-1].off+markEvery {
				marks = append(marks, mark{index: f.index(), arrived: f.arrived(), off: off})
			}
			return true
		})
		if err != nil {
			return fmt.Errorf("index log %s: %w", g.path, err)
		}
		g.marks = marks
		return nil
	})
}

// before gives the offset of the last mark for which later is false; later must be
// monotone.
func (g *segment) before(later func(mark) bool) int64 {
	i := sort.Search(len(g.marks), func(i int) bool { return later(g.marks[i]) })
	if i == 0 {
		return 0
	}
	return g.marks[i-1].off
}
