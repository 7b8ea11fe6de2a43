// Package wal keeps the state of a local service on disk: a [Log] of changes that is
// written before a change is acknowledged, and rewritten as a snapshot when most of it
// is history. A [Journal] is a log whose records are changes in JSON, with the state that
// they make.
//
// # Guarantees
//
// A record whose [Log.Append] returned nil is read again by the next [Open], whole and in
// order, after kill -9 at any moment; with Options.Sync after a power loss too. A record
// whose Append failed is not read again, unless the process dies before the failed write
// can be undone. A record that was being written when the process died is cut off. Damage
// anywhere else is an error, never a silent loss.
//
// # Format
//
// A folder holds one generation, a file named by its number, such as 00000001.log. It
// starts with a line that names the format; after it stand records: the length of the
// payload and a CRC-32C over length and payload, both as 4 bytes little-endian, then the
// payload. [Log.Compact] writes the next generation beside the old one and renames it.
package wal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/vfs"
)

const (
	magic  = "lakekit log 1\n"
	head   = 8
	suffix = ".log"

	// MaxRecord is the longest payload of one record, in bytes.
	MaxRecord = 64 << 20

	// slack is how much a log may grow before it is compacted however little of it lives.
	slack = 1 << 20
)

// Options are a log's surroundings.
type Options struct {
	// FS holds Dir, a folder for this log alone. It is made when it is missing.
	FS  vfs.FS
	Dir string
	// Sync makes every record survive a power loss.
	Sync bool
	// Log is told what was cut off and which compaction failed. It must not be nil.
	Log *slog.Logger
}

// Log is an open log. It is not safe for concurrent use: the service's own lock guards it.
type Log struct {
	o   Options
	f   vfs.File
	gen uint64
	// end is where the next record goes; base is how long the generation was when it began.
	end, base int64
	// dirty says that the file may hold bytes behind end, which a failed write left there.
	dirty  bool
	closed bool
	buf    []byte
}

// Open reads the log's records in order through load and opens it for more. The payload
// is load's only during the call.
func Open(o Options, load func(payload []byte) error) (*Log, error) {
	l := &Log{o: o}
	if err := o.FS.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("wal: open %s: %w", o.Dir, err)
	}
	if o.Sync {
		if err := o.FS.SyncDir(filepath.Dir(o.Dir)); err != nil {
			return nil, fmt.Errorf("wal: open %s: %w", o.Dir, err)
		}
	}
	gen, err := l.newest()
	if err != nil {
		return nil, fmt.Errorf("wal: open %s: %w", o.Dir, err)
	}
	if gen == 0 {
		err = l.create()
	} else {
		l.gen = gen
		err = l.read(load)
	}
	if err != nil {
		if l.f != nil {
			_ = l.f.Close() // the first error says what went wrong
		}
		return nil, fmt.Errorf("wal: open %s: %w", l.path(l.gen), err)
	}
	return l, nil
}

// newest finds the last generation and removes what older ones and torn snapshots left.
func (l *Log) newest() (uint64, error) {
	es, err := l.o.FS.ReadDir(l.o.Dir)
	if err != nil {
		return 0, err
	}
	var newest uint64
	var stale []string
	for _, e := range es {
		name := e.Name()
		if strings.HasSuffix(name, suffix+".tmp") {
			stale = append(stale, name)
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSuffix(name, suffix), 10, 64)
		if !strings.HasSuffix(name, suffix) || err != nil || n == 0 {
			return 0, fmt.Errorf("%q is not a file of this log; move it away", name)
		}
		if newest != 0 {
			stale = append(stale, filepath.Base(l.path(min(newest, n))))
		}
		newest = max(newest, n)
	}
	for _, name := range stale {
		if err := l.o.FS.Remove(filepath.Join(l.o.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	return newest, nil
}

func (l *Log) path(gen uint64) string {
	return filepath.Join(l.o.Dir, fmt.Sprintf("%08d%s", gen, suffix))
}

// create starts the first generation, complete before it has its name.
func (l *Log) create() error {
	l.gen = 1
	if err := vfs.WriteFile(l.o.FS, l.path(1), []byte(magic), l.o.Sync); err != nil {
		return err
	}
	l.end, l.base = int64(len(magic)), int64(len(magic))
	var err error
	l.f, err = l.o.FS.OpenFile(l.path(1), os.O_RDWR, 0)
	return err
}

func (l *Log) read(load func([]byte) error) error {
	f, err := l.o.FS.OpenFile(l.path(l.gen), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.f = f
	st, err := f.Stat()
	if err != nil {
		return err
	}
	size := st.Size()
	r := bufio.NewReaderSize(f, 1<<18)
	m := make([]byte, len(magic))
	if _, err := io.ReadFull(r, m); err != nil || string(m) != magic {
		return fmt.Errorf("it does not begin with %q; another version wrote it", strings.TrimSpace(magic))
	}
	l.end = int64(len(magic))
	var h [head]byte
	for l.end < size {
		left := size - l.end
		if left < head {
			return l.cut(size)
		}
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(h[:4]))
		if n > MaxRecord {
			return l.damaged(size)
		}
		if left < head+n {
			return l.cut(size)
		}
		if int64(cap(l.buf)) < n {
			l.buf = make([]byte, n)
		}
		b := l.buf[:n]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if sum(h[:4], b) != binary.LittleEndian.Uint32(h[4:]) {
			return l.damaged(size)
		}
		if err := load(b); err != nil {
			return fmt.Errorf("record at byte %d: %w", l.end, err)
		}
		l.end += head + n
	}
	return nil
}

// cut takes off the record that was being written when the process died.
func (l *Log) cut(size int64) error {
	l.o.Log.Warn("wal: cut off a record that was never acknowledged", "file", l.path(l.gen), "bytes", size-l.end)
	return l.f.Truncate(l.end)
}

// damaged tells a tail of zeros, which a file system may leave behind a file that was
// growing when the power went, from damage.
func (l *Log) damaged(size int64) error {
	b := make([]byte, 1<<16)
	for at := l.end; at < size; {
		n, err := l.f.ReadAt(b[:min(int64(len(b)), size-at)], at)
		for _, c := range b[:n] {
			if c != 0 {
				return fmt.Errorf("the record at byte %d is damaged; put the file back from a backup, or remove the folder to begin anew", l.end)
			}
		}
		at += int64(n)
		if err != nil && at < size {
			return err
		}
	}
	return l.cut(size)
}

func sum(head, payload []byte) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(head, t), t, payload)
}

// frame appends a record to buf.
func frame(buf, payload []byte) []byte {
	at := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(payload)))
	buf = binary.LittleEndian.AppendUint32(buf, sum(buf[at:at+4], payload))
	return append(buf, payload...)
}

// Append writes a record. The change that it describes may be acknowledged when Append
// has returned nil, and must not be applied when it has not.
func (l *Log) Append(payload []byte) error {
	if l.closed {
		return fmt.Errorf("wal: append to %s: %w", l.path(l.gen), fs.ErrClosed)
	}
	if len(payload) > MaxRecord {
		return fmt.Errorf("wal: append to %s: a record of %d bytes is above %d", l.path(l.gen), len(payload), MaxRecord)
	}
	if l.dirty {
		if err := l.f.Truncate(l.end); err != nil {
			return fmt.Errorf("wal: append to %s: undo the failed write before it: %w", l.path(l.gen), err)
		}
		l.dirty = false
	}
	l.buf = frame(l.buf[:0], payload)
	_, err := l.f.WriteAt(l.buf, l.end)
	if err == nil && l.o.Sync {
		err = l.f.Sync()
	}
	if err != nil {
		// What is left of it must go before the next record, which may be shorter.
		l.dirty = l.f.Truncate(l.end) != nil
		return fmt.Errorf("wal: append to %s: %w", l.path(l.gen), err)
	}
	l.end += int64(len(l.buf))
	if cap(l.buf) > slack {
		l.buf = nil
	}
	return nil
}

// Full says that the log is due for [Log.Compact]: it has grown to twice what it began
// with, and by more than a floor that keeps small logs from being rewritten all the time.
func (l *Log) Full() bool { return l.end > 2*l.base+slack }

// Compact replaces the log by the records of snapshot, which together describe the whole
// state. When it fails, the log goes on as it was, and Full waits for further growth.
func (l *Log) Compact(snapshot iter.Seq[[]byte]) error {
	if l.closed {
		return fmt.Errorf("wal: compact %s: %w", l.path(l.gen), fs.ErrClosed)
	}
	next := l.path(l.gen + 1)
	f, end, err := l.rewrite(next, snapshot)
	if err != nil {
		l.base = l.end
		l.o.Log.Warn("wal: the log stays long", "file", l.path(l.gen), "error", err)
		return fmt.Errorf("wal: compact to %s: %w", next, err)
	}
	old := l.path(l.gen)
	_ = l.f.Close() // nothing more is written to it, and the new one holds all of it
	l.f, l.gen, l.end, l.base, l.dirty = f, l.gen+1, end, end, false
	if err := l.o.FS.Remove(old); err != nil {
		// The next Open removes it: the higher generation counts.
		l.o.Log.Warn("wal: the former log stays behind", "file", old, "error", err)
	}
	return nil
}

func (l *Log) rewrite(next string, snapshot iter.Seq[[]byte]) (vfs.File, int64, error) {
	tmp := next + ".tmp"
	f, err := l.o.FS.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return nil, 0, err
	}
	w := bufio.NewWriterSize(f, 1<<18)
	end := int64(0)
	write := func(b []byte) error {
		n, err := w.Write(b)
		end += int64(n)
		return err
	}
	err = write([]byte(magic))
	if err == nil {
		var buf []byte
		for p := range snapshot {
			if len(p) > MaxRecord {
				err = fmt.Errorf("a record of %d bytes is above %d", len(p), MaxRecord)
				break
			}
			buf = frame(buf[:0], p)
			if err = write(buf); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil && l.o.Sync {
		err = f.Sync()
	}
	if err == nil {
		err = l.o.FS.Rename(tmp, next)
	}
	if err != nil {
		_ = f.Close() // the first error says what went wrong
		_ = l.o.FS.Remove(tmp)
		return nil, 0, err
	}
	if l.o.Sync {
		if err := l.o.FS.SyncDir(l.o.Dir); err != nil {
			// The new generation has its name already, so it must not outlive this failure:
			// the next Open would take it for the truth and miss what is appended to the old.
			_ = f.Close()
			if rerr := l.o.FS.Remove(next); rerr != nil {
				return nil, 0, errors.Join(err, rerr)
			}
			return nil, 0, err
		}
	}
	return f, end, nil
}

// Close closes the file. Everything appended is in it already.
func (l *Log) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	if err := l.f.Close(); err != nil {
		return fmt.Errorf("wal: close %s: %w", l.path(l.gen), err)
	}
	return nil
}
