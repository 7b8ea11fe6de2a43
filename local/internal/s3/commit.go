package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
)

// place moves a file to its place, making the folders.
func (s *Service) place(from, to string) error {
	if err := s.env.FS.MkdirAll(dirOf(to), 0o755); err != nil {
		return err
	}
	if err := s.env.FS.Rename(from, to); err != nil {
		return err
	}
	return s.syncUp(dirOf(to))
}

// syncUp makes a folder and those above it durable, when the lake is to survive a power
// loss. Without it the file that was moved could be in neither place after one.
func (s *Service) syncUp(dir string) error {
	if !s.env.Sync {
		return nil
	}
	for ; len(dir) >= len(s.env.Dir); dir = dirOf(dir) {
		if err := s.env.FS.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// unplace removes an object's file and the folders that are empty then.
func (s *Service) unplace(bucketName, key string) error {
	name := s.objectFile(bucketName, key)
	err := s.env.FS.Remove(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.prune(bucketName, dirOf(name))
	return nil
}

// prune removes empty folders, from dir up to the bucket's own.
func (s *Service) prune(bucketName, dir string) {
	root := s.file(bucketName)
	for ; len(dir) > len(root); dir = dirOf(dir) {
		if s.env.FS.Remove(dir) != nil {
			return // it is not empty
		}
	}
}

// newID makes an id that sorts by its time.
func newID(now time.Time) string {
	return fmt.Sprintf("%016x%016x", now.UnixNano(), rand.Uint64())
}

// newTemp makes a file for bytes on their way in.
func (s *Service) newTemp() (id string, f vfs.File, err error) {
	id = newID(time.Now())
	f, err = s.env.FS.OpenFile(s.file(".tmp", id), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	return id, f, err
}

// commit makes r, which puts an object whose bytes lie in .tmp, true: checked, logged,
// moved, visible. When it fails nothing has changed and the bytes are gone.
func (s *Service) commit(b *bucket, r *record, check func(current *object) error) (err error) {
	o := r.Put
	tmp, dst := s.file(".tmp", o.ID), s.objectFile(b.name, o.Key)
	defer func() {
		if err != nil {
			_ = s.env.FS.Remove(tmp) // or the next Open sweeps it
		}
	}()
	if s.env.Sync {
		if err := s.env.FS.SyncDir(s.file(".tmp")); err != nil {
			return storage(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.gone {
		return noSuchBucket(b.name)
	}
	if err := check(b.mu.objects.get(o.Key)); err != nil {
		return err
	}
	dir := dirOf(dst)
	if err := s.env.FS.MkdirAll(dir, 0o755); err != nil {
		s.prune(b.name, dir)
		return storage(err)
	}
	from := b.mu.log.end
	if err := b.mu.log.append(r); err != nil {
		s.prune(b.name, dir)
		return storage(err)
	}
	if err := s.env.FS.Rename(tmp, dst); err != nil {
		b.mu.log.undo(from)
		s.prune(b.name, dir)
		return storage(err)
	}
	b.mu.apply(r)
	s.compact(b)
	if err := s.syncUp(dir); err != nil {
		return storage(fmt.Errorf("the object is there, but may not survive a power loss: %w", err))
	}
	return nil
}

// change logs and applies a change that moves no file.
func (s *Service) change(b *bucket, r *record) error {
	if b.mu.gone {
		return noSuchBucket(b.name)
	}
	if err := b.mu.log.append(r); err != nil {
		return storage(err)
	}
	b.mu.apply(r)
	s.compact(b)
	return nil
}

// compact shortens the log when that pays. The lake goes on with the long one when it
// cannot.
func (s *Service) compact(b *bucket) {
	if err := b.mu.log.compact(b.mu.state, time.Now()); err != nil {
		s.env.Log.Warn("s3: shorten the bucket's log", "bucket", b.name, "error", err)
	}
}
