package vfstest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
)

// Mem is a file system in memory that knows what is on the disk and what only seems to be:
// a file's bytes are on the disk after its Sync, a directory's entries (files and folders
// made, renamed and removed in it) after [vfs.FS.SyncDir]. It is safe for concurrent use.
type Mem struct {
	mu   sync.Mutex
	root *node
}

// node is a file or a directory.
type node struct {
	dir     bool
	entries map[string]*node
	data    []byte
	// What a crash leaves.
	diskEntries map[string]*node
	disk        []byte
	changed     time.Time
}

func newDir() *node {
	return &node{dir: true, entries: map[string]*node{}, diskEntries: map[string]*node{}}
}

// NewMem makes an empty file system.
func NewMem() *Mem { return &Mem{root: newDir()} }

// Crash gives the file system as it is found after a power loss at this moment. m itself
// goes on.
func (m *Mem) Crash() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.crash(map[*node]*node{})}
}

func (n *node) crash(seen map[*node]*node) *node {
	if c := seen[n]; c != nil {
		return c
	}
	c := &node{dir: n.dir, data: slices.Clone(n.disk), disk: slices.Clone(n.disk), changed: n.changed}
	seen[n] = c
	if n.dir {
		c.entries, c.diskEntries = map[string]*node{}, map[string]*node{}
		for name, e := range n.diskEntries {
			c.entries[name] = e.crash(seen)
		}
		maps.Copy(c.diskEntries, c.entries)
	}
	return c
}

// walk finds a node's parent and the node, which is nil when it is not there.
func (m *Mem) walk(name string) (parent, n *node, base string) {
	n = m.root
	for part := range strings.SplitSeq(strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/"), "/") {
		if part == "" || part == "." {
			continue
		}
		if n == nil || !n.dir {
			return nil, nil, part
		}
		parent, base = n, part
		n = n.entries[part]
	}
	return parent, n, base
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// OpenFile implements [vfs.FS].
func (m *Mem) OpenFile(name string, flag int, _ fs.FileMode) (vfs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parent, n, base := m.walk(name)
	switch {
	case n != nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, pathError("open", name, fs.ErrExist)
	case n != nil && n.dir:
		return nil, pathError("open", name, errors.New("is a directory"))
	case n == nil && (parent == nil || flag&os.O_CREATE == 0):
		return nil, pathError("open", name, fs.ErrNotExist)
	case n == nil:
		n = &node{changed: time.Now()}
		parent.entries[base] = n
	}
	if flag&os.O_TRUNC != 0 {
		n.data = nil
	}
	return &memFile{fs: m, node: n, name: name, appends: flag&os.O_APPEND != 0, writes: flag&(os.O_WRONLY|os.O_RDWR) != 0}, nil
}

// MkdirAll implements [vfs.FS].
func (m *Mem) MkdirAll(name string, _ fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for part := range strings.SplitSeq(strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/"), "/") {
		if part == "" || part == "." {
			continue
		}
		next := n.entries[part]
		if next == nil {
			next = newDir()
			n.entries[part] = next
		}
		if !next.dir {
			return pathError("mkdir", name, errors.New("not a directory"))
		}
		n = next
	}
	return nil
}

// ReadDir implements [vfs.FS].
func (m *Mem) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, n, _ := m.walk(name)
	if n == nil || !n.dir {
		return nil, pathError("readdir", name, fs.ErrNotExist)
	}
	var out []fs.DirEntry
	for _, base := range slices.Sorted(maps.Keys(n.entries)) {
		out = append(out, fs.FileInfoToDirEntry(n.entries[base].info(base)))
	}
	return out, nil
}

// Stat implements [vfs.FS].
func (m *Mem) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, n, base := m.walk(name)
	if n == nil {
		return nil, pathError("stat", name, fs.ErrNotExist)
	}
	return n.info(base), nil
}

// Remove implements [vfs.FS].
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parent, n, base := m.walk(name)
	switch {
	case n == nil || parent == nil:
		return pathError("remove", name, fs.ErrNotExist)
	case n.dir && len(n.entries) > 0:
		return pathError("remove", name, errors.New("directory not empty"))
	}
	delete(parent.entries, base)
	return nil
}

// RemoveAll implements [vfs.FS].
func (m *Mem) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if parent, n, base := m.walk(name); n != nil && parent != nil {
		delete(parent.entries, base)
	}
	return nil
}

// Rename implements [vfs.FS].
func (m *Mem) Rename(oldname, newname string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, n, oldBase := m.walk(oldname)
	to, over, newBase := m.walk(newname)
	switch {
	case n == nil || to == nil:
		return pathError("rename", oldname, fs.ErrNotExist)
	case over != nil && over.dir != n.dir, over != nil && over.dir && len(over.entries) > 0:
		return pathError("rename", newname, fs.ErrExist)
	}
	delete(from.entries, oldBase)
	to.entries[newBase] = n
	return nil
}

// SyncDir implements [vfs.FS].
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, n, _ := m.walk(name)
	if n == nil || !n.dir {
		return pathError("sync", name, fs.ErrNotExist)
	}
	n.diskEntries = maps.Clone(n.entries)
	return nil
}

func (n *node) info(base string) fs.FileInfo {
	return memInfo{base, int64(len(n.data)), n.dir, n.changed}
}

type memInfo struct {
	name    string
	size    int64
	dir     bool
	changed time.Time
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) ModTime() time.Time { return i.changed }
func (i memInfo) IsDir() bool        { return i.dir }
func (i memInfo) Sys() any           { return nil }
func (i memInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// memFile is an open file. Like a real one it lives on when its name is removed.
type memFile struct {
	fs      *Mem
	node    *node
	name    string
	appends bool
	writes  bool
	off     int64
	closed  bool
}

func (f *memFile) Name() string { return f.name }

// lock takes the file system's lock, unless the file is closed.
func (f *memFile) lock(op string) (func(), error) {
	f.fs.mu.Lock()
	if f.closed {
		f.fs.mu.Unlock()
		return nil, pathError(op, f.name, fs.ErrClosed)
	}
	return f.fs.mu.Unlock, nil
}

func (f *memFile) Read(p []byte) (int, error) {
	unlock, err := f.lock("read")
	if err != nil {
		return 0, err
	}
	defer unlock()
	n, err := f.readAt(p, f.off)
	f.off += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	unlock, err := f.lock("read")
	if err != nil {
		return 0, err
	}
	defer unlock()
	return f.readAt(p, off)
}

func (f *memFile) readAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	unlock, err := f.lock("write")
	if err != nil {
		return 0, err
	}
	defer unlock()
	if f.appends {
		f.off = int64(len(f.node.data))
	}
	n, err := f.writeAt(p, f.off)
	f.off += int64(n)
	return n, err
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	unlock, err := f.lock("write")
	if err != nil {
		return 0, err
	}
	defer unlock()
	return f.writeAt(p, off)
}

func (f *memFile) writeAt(p []byte, off int64) (int, error) {
	if !f.writes {
		return 0, pathError("write", f.name, fs.ErrPermission)
	}
	if end := off + int64(len(p)); end > int64(len(f.node.data)) {
		f.node.data = append(f.node.data, make([]byte, end-int64(len(f.node.data)))...)
	}
	f.node.changed = time.Now()
	return copy(f.node.data[off:], p), nil
}

func (f *memFile) Seek(off int64, whence int) (int64, error) {
	unlock, err := f.lock("seek")
	if err != nil {
		return 0, err
	}
	defer unlock()
	switch whence {
	case io.SeekCurrent:
		off += f.off
	case io.SeekEnd:
		off += int64(len(f.node.data))
	}
	if off < 0 {
		return 0, pathError("seek", f.name, fmt.Errorf("negative offset %d", off))
	}
	f.off = off
	return off, nil
}

func (f *memFile) Stat() (fs.FileInfo, error) {
	unlock, err := f.lock("stat")
	if err != nil {
		return nil, err
	}
	defer unlock()
	return f.node.info(filepath.Base(f.name)), nil
}

func (f *memFile) Sync() error {
	unlock, err := f.lock("sync")
	if err != nil {
		return err
	}
	defer unlock()
	f.node.disk = slices.Clone(f.node.data)
	return nil
}

func (f *memFile) Truncate(size int64) error {
	unlock, err := f.lock("truncate")
	if err != nil {
		return err
	}
	defer unlock()
	if n := int64(len(f.node.data)); size > n {
		f.node.data = append(f.node.data, make([]byte, size-n)...)
	}
	f.node.data = f.node.data[:size]
	return nil
}

func (f *memFile) Close() error {
	unlock, err := f.lock("close")
	if err != nil {
		return err
	}
	defer unlock()
	f.closed = true
	return nil
}
