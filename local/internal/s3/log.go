package s3

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
)

// A bucket's log has a line per record: eight hexadecimal digits of CRC-32C over the JSON,
// a space, the JSON. A torn last line is what a crash in the middle of an append leaves,
// and is cut off; a bad line with good ones behind it is damage, and refused.
type logFile struct {
	fs   vfs.FS
	name string
	sync bool
	f    vfs.File
	// end is where the good lines end, lines how many there are.
	end   int64
	lines int
	buf   bytes.Buffer
	// broken is why nothing may be appended any more.
	broken error
}

func encodeLine(buf *bytes.Buffer, r *record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	fmt.Fprintf(buf, "%08x ", sum)
	buf.Write(b)
	buf.WriteByte('\n')
	return nil
}

// decodeLine reads a line without its line feed.
func decodeLine(line []byte) (*record, error) {
	if len(line) < 10 || line[8] != ' ' {
		return nil, errors.New("it is not a record")
	}
	var sum [4]byte
	if _, err := hex.Decode(sum[:], line[:8]); err != nil {
		return nil, errors.New("its checksum is not hexadecimal")
	}
	line = line[9:]
	if crc := crc32.Checksum(line, crc32.MakeTable(crc32.Castagnoli)); crc != uint32(sum[0])<<24|uint32(sum[1])<<16|uint32(sum[2])<<8|uint32(sum[3]) {
		return nil, errors.New("its checksum does not match")
	}
	r := new(record)
	if err := json.Unmarshal(line, r); err != nil {
		return nil, err
	}
	return r, nil
}

// readLog gives every record in turn to apply, and where the good lines end.
func readLog(data []byte, apply func(*record)) (end int64, lines int, err error) {
	var bad error
	for at := 0; at < len(data); {
		line, _, whole := bytes.Cut(data[at:], []byte("\n"))
		r, lerr := decodeLine(line)
		if lerr == nil && !whole {
			lerr = errors.New("it has no end")
		}
		switch {
		case lerr != nil && bad == nil:
			bad = fmt.Errorf("the record at byte %d: %w", at, lerr)
		case lerr == nil && bad != nil:
			return 0, 0, fmt.Errorf("damaged: %w, and there are good ones behind it", bad)
		case lerr == nil:
			apply(r)
			lines++
			end = int64(at + len(line) + 1)
		}
		at += len(line) + 1
	}
	return end, lines, nil
}

// openLog reads a log, cuts a torn tail off and opens it for appending.
func openLog(fsys vfs.FS, name string, sync bool, apply func(*record)) (*logFile, error) {
	f, err := fsys.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	l := &logFile{fs: fsys, name: name, sync: sync, f: f}
	data, err := io.ReadAll(f)
	if err == nil {
		l.end, l.lines, err = readLog(data, apply)
	}
	if err == nil && l.end < int64(len(data)) {
		err = f.Truncate(l.end)
	}
	if err == nil && l.lines == 0 {
		err = errors.New("it has no record")
	}
	if err != nil {
		_ = f.Close() // nothing was written that closing could lose
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// createLog makes a log that holds what records gives, in one step.
func createLog(fsys vfs.FS, name string, sync bool, records func(yield func(*record) bool)) (*logFile, error) {
	l := &logFile{fs: fsys, name: name, sync: sync}
	if err := l.rewrite(records); err != nil {
		return nil, err
	}
	return l, nil
}

// append writes a record; it is durable against kill -9 when append returns, and against
// power loss with sync. On an error the log is as it was.
func (l *logFile) append(r *record) error {
	if l.broken != nil {
		return l.broken
	}
	l.buf.Reset()
	if err := encodeLine(&l.buf, r); err != nil {
		return err
	}
	n, err := l.f.WriteAt(l.buf.Bytes(), l.end)
	if err == nil && l.sync {
		err = l.f.Sync()
	}
	if err != nil {
		if n > 0 {
			l.cut(l.end)
		}
		return err
	}
	l.end += int64(n)
	l.lines++
	return nil
}

// undo takes the last record back, which must be the one that began at from.
func (l *logFile) undo(from int64) {
	l.cut(from)
	l.end = from
	l.lines--
}

func (l *logFile) cut(at int64) {
	err := l.f.Truncate(at)
	if err == nil && l.sync {
		err = l.f.Sync()
	}
	if err != nil {
		l.broken = fmt.Errorf("%s cannot be written until the lake is opened again: %w", l.name, err)
	}
}

// rewrite replaces the log by what records gives.
func (l *logFile) rewrite(records func(yield func(*record) bool)) error {
	var buf bytes.Buffer
	lines := 0
	var err error
	tmp := l.name + ".tmp"
	f, oerr := l.fs.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if oerr != nil {
		return oerr
	}
	var end int64
	flush := func() error {
		n, werr := f.Write(buf.Bytes())
		end += int64(n)
		buf.Reset()
		return werr
	}
	records(func(r *record) bool {
		if err = encodeLine(&buf, r); err == nil && buf.Len() > 1<<20 {
			err = flush()
		}
		lines++
		return err == nil
	})
	if err == nil {
		err = flush()
	}
	if err == nil && l.sync {
		err = f.Sync()
	}
	if err == nil {
		err = l.fs.Rename(tmp, l.name)
	}
	if err == nil && l.sync {
		err = l.fs.SyncDir(dirOf(l.name))
	}
	if err != nil {
		_ = f.Close() // the first error says what went wrong
		_ = l.fs.Remove(tmp)
		return err
	}
	if l.f != nil {
		_ = l.f.Close() // the old log is no file any more
	}
	l.f, l.end, l.lines, l.broken = f, end, lines, nil
	return nil
}

// compact rewrites the log when most of its lines say nothing new.
func (l *logFile) compact(s *state, now time.Time) error {
	if l.lines < 4096 || l.lines < 2*s.size() {
		return nil
	}
	return l.rewrite(func(yield func(*record) bool) { s.records(now, yield) })
}

func (l *logFile) close() error {
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}
