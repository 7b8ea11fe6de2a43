// Package s3 is the local lake's S3: one plain file per object, below a folder per bucket,
// under a name that people and SQL engines recognise.
//
// # Guarantees
//
// A put is visible whole or not at all, to readers and after kill -9: the bytes are
// written aside, the bucket's log says that they are the object's (the moment of the
// commit), and the file is moved to its place. What is cut off in between is finished when
// the folder is opened again. With [service.Env.Sync] the same holds after a power loss.
// The writers of a bucket commit one after the other, so conditions are exact: of two
// puts with If-None-Match: * one succeeds.
//
// Bodies stream to and from files; the metadata of all objects is held in memory, about
// 400 bytes each.
//
// # The folder
//
//	.format            {"format":1,"fold":false}
//	.meta/BUCKET.log   the bucket's metadata, a line per change
//	.tmp/              bytes on their way in
//	.uploads/ID/       parts of multipart uploads
//	BUCKET/KEY         the objects; see keyPath for the few keys that look different
//
// # What it does not model
//
// Versions, ACLs other than the owner's own, bucket policies, replication, object lock,
// SSE-C, storage that must be restored, request rates, and expiry: a lifecycle
// configuration is stored and returned and nothing is ever expired. Such requests are
// refused by name with NotImplemented. Any credentials are accepted.
package s3

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Service is a local S3. It is an [net/http.Handler] and safe for concurrent use.
type Service struct {
	env  service.Env
	fold bool
	ops  map[string]handler
	mu   struct {
		sync.RWMutex
		buckets map[string]*bucket
		closed  bool
	}
}

// bucket is a bucket's state and its log.
type bucket struct {
	name string
	mu   struct {
		sync.RWMutex
		*state
		log *logFile
		// gone says that the bucket was deleted while a request was on its way to it.
		gone bool
	}
}

const formatNumber = 1

type formatFile struct {
	Format int `json:"format"`
	// Fold says that the file system takes names that differ in case for one.
	Fold bool `json:"fold"`
}

// Open opens the folder, making it if it is empty, and finishes what a crash cut off.
func Open(env service.Env) (*Service, error) {
	s := &Service{env: env, ops: handlers()}
	s.mu.buckets = map[string]*bucket{}
	if err := s.open(); err != nil {
		_ = s.Close() // the first error says what went wrong
		return nil, fmt.Errorf("s3: open %s: %w", env.Dir, err)
	}
	return s, nil
}

func (s *Service) open() error {
	for _, dir := range []string{".meta", ".tmp", ".uploads"} {
		if err := s.env.FS.MkdirAll(s.file(dir), 0o755); err != nil {
			return err
		}
	}
	if err := s.syncUp(s.env.Dir); err != nil {
		return err
	}
	if err := s.openFormat(); err != nil {
		return err
	}
	entries, err := s.env.FS.ReadDir(s.file(".meta"))
	if err != nil {
		return err
	}
	left := map[string]bool{} // files in .tmp
	tmps, err := s.env.FS.ReadDir(s.file(".tmp"))
	if err != nil {
		return err
	}
	for _, e := range tmps {
		left[e.Name()] = true
	}
	used := map[string]bool{} // folders and files in .uploads that are in use
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".log")
		if !ok {
			if err := s.env.FS.Remove(s.file(".meta", e.Name())); err != nil { // a rewrite that was cut off
				return err
			}
			continue
		}
		b, err := s.openBucket(name, left)
		if err != nil {
			return err
		}
		s.mu.buckets[name] = b
		for id, u := range b.mu.uploads {
			used[id] = true
			for _, p := range u.parts {
				used[id+"/"+p.File] = true
			}
		}
	}
	for name := range left {
		if err := s.env.FS.Remove(s.file(".tmp", name)); err != nil {
			return err
		}
	}
	return s.sweepUploads(used)
}

func (s *Service) openFormat() error {
	name := s.file(".format")
	b, err := vfs.ReadFile(s.env.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		f := formatFile{Format: formatNumber, Fold: s.probeFold()}
		s.fold = f.Fold
		if b, err = json.Marshal(f); err != nil {
			return err
		}
		return vfs.WriteFile(s.env.FS, name, b, s.env.Sync)
	}
	if err != nil {
		return err
	}
	var f formatFile
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if f.Format != formatNumber {
		return fmt.Errorf("%s: the folder has format %d, this lakekit reads %d: open it with the version that wrote it", name, f.Format, formatNumber)
	}
	s.fold = f.Fold
	return nil
}

// probeFold says whether the file system finds a file by a name in another case.
func (s *Service) probeFold() bool {
	name := s.file(".tmp", "case")
	if err := vfs.WriteFile(s.env.FS, name, nil, false); err != nil {
		return false // what is wrong will be found by the next write
	}
	_, err := s.env.FS.Stat(s.file(".tmp", "CASE"))
	_ = s.env.FS.Remove(name) // or the next Open sweeps it
	return err == nil
}

// openBucket reads a bucket's log and moves to their place the objects whose move a crash
// prevented. What it takes from .tmp it deletes from left.
func (s *Service) openBucket(name string, left map[string]bool) (*bucket, error) {
	b := &bucket{name: name}
	b.mu.state = newState()
	deleted := map[string]bool{}
	var err error
	b.mu.log, err = openLog(s.env.FS, s.logName(name), s.env.Sync, func(r *record) {
		if r.Delete != nil {
			deleted[*r.Delete] = true
		}
		b.mu.apply(r)
	})
	if err != nil {
		return nil, err
	}
	if err := s.recoverBucket(b, deleted, left); err != nil {
		_ = b.mu.log.close() // the first error says what went wrong
		return nil, err
	}
	return b, nil
}

func (s *Service) recoverBucket(b *bucket, deleted, left map[string]bool) error {
	if err := s.env.FS.MkdirAll(s.file(b.name), 0o755); err != nil {
		return err
	}
	if len(left) > 0 {
		for o := range b.mu.objects.from("") {
			if left[o.ID] {
				if err := s.place(s.file(".tmp", o.ID), s.objectFile(b.name, o.Key)); err != nil {
					return err
				}
				delete(left, o.ID)
			}
		}
	}
	for key := range deleted {
		if b.mu.objects.get(key) == nil {
			if err := s.unplace(b.name, key); err != nil {
				return err
			}
		}
	}
	return b.mu.log.compact(b.mu.state, time.Now())
}

func (s *Service) sweepUploads(used map[string]bool) error {
	dirs, err := s.env.FS.ReadDir(s.file(".uploads"))
	if err != nil {
		return err
	}
	for _, d := range dirs {
		if !used[d.Name()] {
			if err := s.env.FS.RemoveAll(s.file(".uploads", d.Name())); err != nil {
				return err
			}
			continue
		}
		files, err := s.env.FS.ReadDir(s.file(".uploads", d.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			if !used[d.Name()+"/"+f.Name()] {
				if err := s.env.FS.Remove(s.file(".uploads", d.Name(), f.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Close closes the folder. Requests that come later are answered ServiceUnavailable.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil
	}
	s.mu.closed = true
	var errs []error
	for _, b := range s.mu.buckets {
		b.mu.Lock()
		b.mu.gone = true
		errs = append(errs, b.mu.log.close())
		b.mu.Unlock()
	}
	return errors.Join(errs...)
}

// Object says where an object's bytes lie, for readers that want the file. Not ok: there
// is no such object.
func (s *Service) Object(bucketName, key string) (path string, size int64, etag string, ok bool) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return "", 0, "", false
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	o := b.mu.objects.get(key)
	if o == nil {
		return "", 0, "", false
	}
	return s.objectFile(bucketName, key), o.Size, o.ETag, true
}

// List calls f for the objects whose key has the prefix, in order, until f returns false.
// f must not call the service. There are no objects in a bucket that does not exist.
func (s *Service) List(bucketName, prefix string, f func(key string, size int64, path string) bool) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for o := range b.mu.objects.from(prefix) {
		if !strings.HasPrefix(o.Key, prefix) || !f(o.Key, o.Size, s.objectFile(bucketName, o.Key)) {
			return
		}
	}
}

func (s *Service) bucket(name string) (*bucket, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.mu.closed {
		return nil, fail(503, "ServiceUnavailable", "the local lake is closed")
	}
	b := s.mu.buckets[name]
	if b == nil {
		return nil, noSuchBucket(name)
	}
	return b, nil
}

func (s *Service) file(parts ...string) string {
	return filepath.Join(append([]string{s.env.Dir}, parts...)...)
}

func (s *Service) logName(bucket string) string { return s.file(".meta", bucket+".log") }

func (s *Service) objectFile(bucket, key string) string {
	return s.file(bucket, filepath.FromSlash(keyPath(key, s.fold)))
}

func dirOf(name string) string { return filepath.Dir(name) }
