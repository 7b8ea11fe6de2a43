package kinesis

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lakekit/lakekit/internal/vfs"
)

// shardLog is the records of one shard on disk.
//
// What append acknowledged is in the file: kill -9 loses nothing, a power loss nothing that
// was synced. A write that fails half way is cut off again before anything else is written.
// In memory there is only a mark per 64 KiB of log. It is not safe for concurrent use.
type shardLog struct {
	fs   vfs.FS
	dir  string
	sync bool
	crc  *crc32.Table
	// most is the size from which on a segment takes no more records.
	most int64

	segments []*segment // by first index; only the last one grows
	next     uint64     // index of the next record
	last     int64      // arrival of the last record
	// first is the oldest record that has not expired, and firstArrived its arrival; the
	// latter is known when first < next and known is set.
	first        uint64
	firstArrived int64
	known        bool
	// cut is how many bytes openLog cut off the end.
	cut int64
	// dirty says that bytes of a failed write may lie behind the last segment's size.
	dirty bool
}

// firstIndex is the index of a shard's first record: 0 is in its StartingSequenceNumber.
const firstIndex = 1

// openLog opens a shard's log, which may not exist yet. Half a record at its end, left by a
// crash, is cut off. first is the oldest record that may be shown.
func openLog(fsys vfs.FS, dir string, sync bool, first uint64) (*shardLog, error) {
	l := &shardLog{fs: fsys, dir: dir, sync: sync, most: segmentSize, crc: crc32.MakeTable(crc32.Castagnoli), next: firstIndex, first: max(first, firstIndex)}
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	} else if err != nil {
		return nil, err
	}
	for _, e := range entries {
		n, ok := segmentFirst(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		l.segments = append(l.segments, &segment{path: segmentPath(dir, n), first: n, size: info.Size()})
	}
	slices.SortFunc(l.segments, func(a, b *segment) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	for i, g := range l.segments {
		if i < len(l.segments)-1 {
			err = l.peek(g)
		} else {
			err = l.recover(g)
		}
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	if n := len(l.segments); n > 0 {
		l.first = max(l.first, l.segments[0].first)
		if n > 1 && l.segments[n-1].size == 0 {
			// The last record is in the segment before.
			err := l.read(l.segments[n-2].first, func(f frame) bool {
				l.last = f.arrived()
				return true
			})
			if err != nil {
				return nil, errors.Join(err, l.close())
			}
		}
	}
	return l, nil
}

// peek reads when a full segment's first record came.
func (l *shardLog) peek(g *segment) error {
	return g.with(l.fs, func(file vfs.File) error {
		got := false
		_, err := scan(file, 0, g.size, l.crc, func(f frame, _ int64) bool {
			g.arrived, l.last, got = f.arrived(), f.arrived(), true
			return false
		})
		if err == nil && !got {
			err = errors.New("it is empty")
		}
		if err != nil {
			return fmt.Errorf("log %s: %w", g.path, err)
		}
		return nil
	})
}

// recover reads the last segment and cuts off what is no whole record.
func (l *shardLog) recover(g *segment) error {
	file, err := l.fs.OpenFile(g.path, os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	g.file, g.marks = file, []mark{}
	l.next = g.first
	end, err := scan(file, 0, g.size, l.crc, func(f frame, off int64) bool {
		if f.index() != l.next {
			return false
		}
		if off == 0 {
			g.arrived = f.arrived()
		}
		if len(g.marks) == 0 || off >= g.marks[len(g.marks)-1].off+markEvery {
			g.marks = append(g.marks, mark{index: f.index(), arrived: f.arrived(), off: off})
		}
		l.next, l.last = f.index()+1, f.arrived()
		return true
	})
	if err != nil && !errors.Is(err, errTorn) {
		return err
	}
	if end < g.size {
		if err := file.Truncate(end); err != nil {
			return fmt.Errorf("cut the torn end off log %s: %w", g.path, err)
		}
		l.cut, g.size = g.size-end, end
	}
	return nil
}

// append writes sealed frames whose indexes start at l.next. When it returns an error they
// are not in the log: what was written of them is cut off, at the latest by close. (When
// neither works before the process is killed, whole frames are found again by openLog: the
// caller was told that it failed, not that nothing happened.)
func (l *shardLog) append(frames []byte) error {
	g, err := l.tail()
	if err != nil {
		return err
	}
	if l.dirty {
		if err := g.file.Truncate(g.size); err != nil {
			return fmt.Errorf("cut a failed write off log %s: %w", g.path, err)
		}
		l.dirty = false
	}
	_, err = g.file.WriteAt(frames, g.size)
	if err == nil && l.sync {
		err = g.file.Sync()
	}
	if err != nil {
		l.dirty = g.file.Truncate(g.size) != nil
		return fmt.Errorf("write log: %w", err)
	}
	if g.size == 0 {
		g.arrived = frame(frames).arrived()
	}
	g.note(frames, g.size)
	g.size += int64(len(frames))
	for b := frames; len(b) > 0; b = b[frame(b).size():] {
		l.next, l.last = frame(b).index()+1, frame(b).arrived()
	}
	return nil
}

// full says whether the next append starts a new segment.
func (l *shardLog) full() bool {
	n := len(l.segments)
	return n > 0 && l.segments[n-1].size >= l.most
}

// tail gives the segment to append to, a new one when the last is full.
func (l *shardLog) tail() (*segment, error) {
	if n := len(l.segments); n > 0 {
		if g := l.segments[n-1]; g.size < l.most {
			return g, nil
		}
	} else if err := l.makeDir(); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	path := segmentPath(l.dir, l.next)
	file, err := l.fs.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	if l.sync {
		if err := l.fs.SyncDir(l.dir); err != nil {
			return nil, errors.Join(fmt.Errorf("create log: %w", err), file.Close(), l.fs.Remove(path))
		}
	}
	if n := len(l.segments); n > 0 {
		g := l.segments[n-1]
		if err := g.file.Close(); err != nil {
			return nil, errors.Join(fmt.Errorf("close log: %w", err), file.Close(), l.fs.Remove(path))
		}
		g.file, l.dirty = nil, false
	}
	g := &segment{path: path, first: l.next, marks: []mark{}, file: file}
	l.segments = append(l.segments, g)
	return g, nil
}

func (l *shardLog) makeDir() error {
	if err := l.fs.MkdirAll(l.dir, 0o755); err != nil || !l.sync {
		return err
	}
	return l.fs.SyncDir(filepath.Dir(l.dir))
}

// segmentOf gives the position of the segment that holds the record.
func (l *shardLog) segmentOf(index uint64) int {
	i, ok := slices.BinarySearchFunc(l.segments, index, func(g *segment, index uint64) int {
		switch {
		case g.first < index:
			return -1
		case g.first > index:
			return 1
		}
		return 0
	})
	if !ok {
		i--
	}
	return i
}

// read calls f with the records from index on until it says no or there are no more. A
// frame is valid during the call only.
func (l *shardLog) read(index uint64, f func(frame) bool) error {
	index = max(index, l.first)
	more := true
	for i := max(l.segmentOf(index), 0); more && i < len(l.segments) && index < l.next; i++ {
		g := l.segments[i]
		if g.size == 0 {
			continue
		}
		if err := g.load(l.fs, l.crc); err != nil {
			return err
		}
		off := g.before(func(m mark) bool { return m.index > index })
		err := g.with(l.fs, func(file vfs.File) error {
			_, err := scan(file, off, g.size, l.crc, func(fr frame, _ int64) bool {
				if fr.index() >= index {
					more = f(fr)
				}
				return more
			})
			if err != nil {
				err = fmt.Errorf("log %s: %w", g.path, err)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// since gives the index of the first record that arrived at or after the time, l.next when
// there is none.
func (l *shardLog) since(arrived int64) (uint64, error) {
	// The last segment that starts before the time holds it, or the one behind does.
	i, _ := slices.BinarySearchFunc(l.segments, arrived, func(g *segment, t int64) int {
		if g.size > 0 && g.arrived < t {
			return -1
		}
		return 1
	})
	found := l.next
	for i = max(i-1, 0); i < len(l.segments) && found == l.next; i++ {
		g := l.segments[i]
		if err := g.load(l.fs, l.crc); err != nil {
			return 0, err
		}
		off := g.before(func(m mark) bool { return m.arrived >= arrived })
		err := g.with(l.fs, func(file vfs.File) error {
			_, err := scan(file, off, g.size, l.crc, func(fr frame, _ int64) bool {
				if fr.arrived() < arrived {
					return true
				}
				found = fr.index()
				return false
			})
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("log %s: %w", g.path, err)
		}
	}
	return max(found, l.first), nil
}

// trim forgets the records that arrived before the time, and deletes the files that hold
// nothing else.
func (l *shardLog) trim(before int64) error {
	if l.first >= l.next || l.known && l.firstArrived >= before {
		return nil
	}
	first := l.next
	if l.last >= before {
		var err error
		if first, err = l.since(before); err != nil {
			return err
		}
	}
	l.first, l.known = max(l.first, first), false
	if l.first < l.next {
		err := l.read(l.first, func(f frame) bool {
			l.firstArrived, l.known = f.arrived(), true
			return false
		})
		if err != nil {
			return err
		}
	}
	for len(l.segments) > 1 && l.segments[1].first <= l.first {
		if err := l.fs.Remove(l.segments[0].path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove expired log: %w", err)
		}
		l.segments = slices.Delete(l.segments, 0, 1)
	}
	return nil
}

func (l *shardLog) close() error {
	if n := len(l.segments); n > 0 && l.segments[n-1].file != nil {
		g := l.segments[n-1]
		f := g.file
		g.file = nil
		if l.dirty {
			return errors.Join(f.Truncate(g.size), f.Close())
		}
		return f.Close()
	}
	return nil
}
