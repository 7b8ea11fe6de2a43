// Package vfstest has file systems for tests: [Faulty] fails chosen operations and fills
// up, [Mem] can crash and lose what was not synced.
package vfstest

import (
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/lakekit/lakekit/internal/vfs"
)

// Op is a kind of operation on a file system or a file.
type Op string

// The operations that can be failed.
const (
	Open     Op = "open"
	Mkdir    Op = "mkdir"
	ReadDir  Op = "readdir"
	Stat     Op = "stat"
	Remove   Op = "remove" // RemoveAll too
	Rename   Op = "rename" // by its new name
	SyncDir  Op = "syncdir"
	Read     Op = "read"
	Write    Op = "write"
	Sync     Op = "sync"
	Truncate Op = "truncate"
	Close    Op = "close"
)

// ErrNoSpace is what a full disk gives.
const ErrNoSpace = syscall.ENOSPC

// Faulty is a file system that does what another one does until it is told to fail. It is
// safe for concurrent use.
type Faulty struct {
	fs vfs.FS

	mu struct {
		sync.Mutex
		rules   []*rule
		limited bool
		room    int64
	}
}

type rule struct {
	op    Op
	path  string
	after int // how many more of them work
	err   error
	hits  int
	ever  bool
}

// NewFaulty wraps a file system.
func NewFaulty(fsys vfs.FS) *Faulty { return &Faulty{fs: fsys} }

// FailNth makes the nth operation of the kind from now on fail with err, counting from 1
// and those only whose path contains path. The operations after it work. An operation that
// fails is not done at all, but for a write, which is done by half. The result tells how
// often the rule has struck.
func (f *Faulty) FailNth(op Op, path string, n int, err error) (hits func() int) {
	return f.add(&rule{op: op, path: path, after: n - 1, err: err})
}

// FailAll makes every operation of the kind fail, from now on until [Faulty.Mend].
func (f *Faulty) FailAll(op Op, path string, err error) (hits func() int) {
	return f.add(&rule{op: op, path: path, err: err, ever: true})
}

func (f *Faulty) add(r *rule) func() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.rules = append(f.mu.rules, r)
	return func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return r.hits
	}
}

// Fill lets so many more bytes be written; then the disk is full. A write that does not fit
// writes what does.
func (f *Faulty) Fill(room int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.limited, f.mu.room = true, room
}

// Mend forgets all rules and the limit.
func (f *Faulty) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.rules, f.mu.limited = nil, false
}

func (f *Faulty) check(op Op, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.mu.rules {
		if r.op != op || !strings.Contains(path, r.path) || r.hits > 0 && !r.ever {
			continue
		}
		if r.after > 0 {
			r.after--
			continue
		}
		r.hits++
		return &fs.PathError{Op: string(op), Path: path, Err: r.err}
	}
	return nil
}

// admit says how many of n bytes can be written.
func (f *Faulty) admit(path string, n int) (int, error) {
	if err := f.check(Write, path); err != nil {
		return n / 2, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.mu.limited {
		return n, nil
	}
	fits := min(f.mu.room, int64(n))
	f.mu.room -= fits
	if fits < int64(n) {
		return int(fits), &fs.PathError{Op: "write", Path: path, Err: ErrNoSpace}
	}
	return n, nil
}

// OpenFile implements [vfs.FS].
func (f *Faulty) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	if err := f.check(Open, name); err != nil {
		return nil, err
	}
	file, err := f.fs.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

// MkdirAll implements [vfs.FS].
func (f *Faulty) MkdirAll(name string, perm fs.FileMode) error {
	if err := f.check(Mkdir, name); err != nil {
		return err
	}
	return f.fs.MkdirAll(name, perm)
}

// ReadDir implements [vfs.FS].
func (f *Faulty) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.check(ReadDir, name); err != nil {
		return nil, err
	}
	return f.fs.ReadDir(name)
}

// Stat implements [vfs.FS].
func (f *Faulty) Stat(name string) (fs.FileInfo, error) {
	if err := f.check(Stat, name); err != nil {
		return nil, err
	}
	return f.fs.Stat(name)
}

// Remove implements [vfs.FS].
func (f *Faulty) Remove(name string) error {
	if err := f.check(Remove, name); err != nil {
		return err
	}
	return f.fs.Remove(name)
}

// RemoveAll implements [vfs.FS].
func (f *Faulty) RemoveAll(name string) error {
	if err := f.check(Remove, name); err != nil {
		return err
	}
	return f.fs.RemoveAll(name)
}

// Rename implements [vfs.FS].
func (f *Faulty) Rename(oldname, newname string) error {
	if err := f.check(Rename, newname); err != nil {
		return err
	}
	return f.fs.Rename(oldname, newname)
}

// SyncDir implements [vfs.FS].
func (f *Faulty) SyncDir(name string) error {
	if err := f.check(SyncDir, name); err != nil {
		return err
	}
	return f.fs.SyncDir(name)
}

type faultyFile struct {
	vfs.File
	fs *Faulty
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if err := f.fs.check(Read, f.Name()); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.check(Read, f.Name()); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	fits, err := f.fs.admit(f.Name(), len(p))
	n, werr := f.File.Write(p[:fits])
	if err == nil {
		err = werr
	}
	return n, err
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	fits, err := f.fs.admit(f.Name(), len(p))
	n, werr := f.File.WriteAt(p[:fits], off)
	if err == nil {
		err = werr
	}
	return n, err
}

func (f *faultyFile) Sync() error {
	if err := f.fs.check(Sync, f.Name()); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.check(Truncate, f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultyFile) Close() error {
	err := f.fs.check(Close, f.Name())
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}
