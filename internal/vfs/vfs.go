// Package vfs is the file system that the local lake keeps its state on. The lake uses
// [OS]; tests put a file system in its place that fails, fills up or loses what was not
// synced.
package vfs

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the part of a file system that the lake needs. Names are paths as [os] takes them.
type FS interface {
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	MkdirAll(name string, perm fs.FileMode) error
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	Remove(name string) error
	RemoveAll(name string) error
	// Rename replaces newname in one step.
	Rename(oldname, newname string) error
	// SyncDir makes the directory's entries survive a power loss.
	SyncDir(name string) error
}

// File is an open file.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Seeker
	io.Closer
	Name() string
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// OS is the machine's file system.
type OS struct{}

// OpenFile is [os.OpenFile].
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// MkdirAll is [os.MkdirAll].
func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

// ReadDir is [os.ReadDir].
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// Stat is [os.Stat].
func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// Remove is [os.Remove].
func (OS) Remove(name string) error { return os.Remove(name) }

// RemoveAll is [os.RemoveAll].
func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

// Rename is [os.Rename].
func (OS) Rename(oldname, newname string) error { return os.Rename(oldname, newname) }

// SyncDir syncs the directory.
func (OS) SyncDir(name string) error {
	d, err := os.Open(filepath.Clean(name))
	if err != nil {
		return err
	}
	return closeAfter(d, d.Sync())
}

func closeAfter(c io.Closer, err error) error {
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	return err
}

// ReadFile reads a whole file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, closeAfter(f, err)
}

// WriteFile replaces a file in one step: a reader, or a lake opened after kill -9, sees the
// old content or the new. With sync it also survives a power loss.
func WriteFile(fsys FS, name string, data []byte, sync bool) error {
	tmp := name + ".tmp"
	f, err := fsys.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = closeAfter(f, err); err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		_ = fsys.Remove(tmp) // the first error says what went wrong
		return err
	}
	if sync {
		return fsys.SyncDir(filepath.Dir(name))
	}
	return nil
}
