package s3

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local/internal/service"
	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

var errKilled = errors.New("the process is dead")

// killFS dies at its nth change: a write is done by half, other changes not at all, and
// nothing is done after it.
type killFS struct {
	vfs.FS
	mu   sync.Mutex
	left int
}

func (k *killFS) dies() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left--
	return k.left < 0
}

func (k *killFS) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	if flag&os.O_CREATE != 0 && k.dies() {
		return nil, errKilled
	}
	f, err := k.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &killFile{f, k}, nil
}

func (k *killFS) MkdirAll(name string, perm fs.FileMode) error {
	if k.dies() {
		return errKilled
	}
	return k.FS.MkdirAll(name, perm)
}

func (k *killFS) Remove(name string) error {
	if k.dies() {
		return errKilled
	}
	return k.FS.Remove(name)
}

func (k *killFS) RemoveAll(name string) error {
	if k.dies() {
		return errKilled
	}
	return k.FS.RemoveAll(name)
}

func (k *killFS) Rename(from, to string) error {
	if k.dies() {
		return errKilled
	}
	return k.FS.Rename(from, to)
}

func (k *killFS) SyncDir(name string) error {
	if k.dies() {
		return errKilled
	}
	return k.FS.SyncDir(name)
}

type killFile struct {
	vfs.File
	k *killFS
}

func (f *killFile) Write(p []byte) (int, error) {
	if f.k.dies() {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, errKilled
	}
	return f.File.Write(p)
}

func (f *killFile) WriteAt(p []byte, off int64) (int, error) {
	if f.k.dies() {
		n, _ := f.File.WriteAt(p[:len(p)/2], off)
		return n, errKilled
	}
	return f.File.WriteAt(p, off)
}

func (f *killFile) Sync() error {
	if f.k.dies() {
		return errKilled
	}
	return f.File.Sync()
}

func (f *killFile) Truncate(n int64) error {
	if f.k.dies() {
		return errKilled
	}
	return f.File.Truncate(n)
}

// story changes objects one after the other. want has what each key may be: one value when
// its last change was acknowledged or never tried, two when it was cut off. A missing
// object is the value "".
type story struct {
	t    *testing.T
	c    *awss3.Client
	want map[string][]string
	id   *string
}

// change runs one change of a key, after which it is value.
func (s *story) change(key, value string, f func() error) {
	before := s.want[key]
	if before == nil {
		before = []string{""}
	}
	if err := f(); err != nil {
		s.want[key] = append(slices.Clone(before), value)
		return
	}
	s.want[key] = []string{value}
}

func (s *story) put(key, value string) {
	s.change(key, value, func() error {
		_, err := s.c.PutObject(s.t.Context(), &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: stringReader(value)})
		return err
	})
}

func (s *story) del(key string) {
	s.change(key, "", func() error {
		_, err := s.c.DeleteObject(s.t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String("lake"), Key: &key})
		return err
	})
}

func (s *story) multipart(key, value string) {
	s.change(key, value, func() error {
		ctx := s.t.Context()
		out, err := s.c.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: aws.String("lake"), Key: &key})
		if err != nil {
			return err
		}
		s.id = out.UploadId
		p, err := s.c.UploadPart(ctx, &awss3.UploadPartInput{Bucket: aws.String("lake"), Key: &key, UploadId: s.id, PartNumber: aws.Int32(1), Body: stringReader(value)})
		if err != nil {
			return err
		}
		_, err = s.c.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
			Bucket: aws.String("lake"), Key: &key, UploadId: s.id,
			MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: p.ETag}}},
		})
		return err
	})
}

func (s *story) run() {
	if _, err := s.c.CreateBucket(s.t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		return
	}
	s.put("raw/a", "one")
	s.put("raw/a", "the second")
	s.put("raw/a/b.txt", "below")
	s.multipart("raw/m.bin", "in parts")
	s.del("raw/a/b.txt")
	s.put("raw/a/b.txt", "again")
	s.del("raw/a")
	s.multipart("raw/m.bin", "in other parts")
}

// check compares what a service says, and the files that it keeps, with the story.
func (s *story) check(n int, svc *Service, fsys vfs.FS, dir string) {
	s.t.Helper()
	c := client(svc)
	files := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(s.want)) {
		got := ""
		out, err := c.GetObject(s.t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
		if err == nil {
			b, rerr := io.ReadAll(out.Body)
			if rerr != nil {
				s.t.Fatalf("change %d: get %s: %v", n, key, rerr)
			}
			got = string(b)
			files[keyPath(key, false)] = true
		} else if !strings.Contains(err.Error(), "NoSuchKey") && !strings.Contains(err.Error(), "NoSuchBucket") {
			s.t.Fatalf("change %d: get %s: %v", n, key, err)
		}
		if !slices.Contains(s.want[key], got) {
			s.t.Fatalf("change %d: %s is %q, want one of %q", n, key, got, s.want[key])
		}
	}
	for _, name := range walk(s.t, fsys, filepath.Join(dir, "lake")) {
		if !files[name] {
			s.t.Fatalf("change %d: the file %s belongs to no object", n, name)
		}
	}
	if left := walk(s.t, fsys, filepath.Join(dir, ".tmp")); len(left) > 0 {
		s.t.Fatalf("change %d: left in .tmp: %v", n, left)
	}
	for _, name := range walk(s.t, fsys, filepath.Join(dir, ".uploads")) {
		id, _, _ := strings.Cut(name, "/")
		if b, err := svc.bucket("lake"); err != nil || b.mu.uploads[id] == nil {
			s.t.Fatalf("change %d: %s belongs to no upload", n, name)
		}
	}
}

func walk(t *testing.T, fsys vfs.FS, dir string) []string {
	t.Helper()
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, e.Name())
			continue
		}
		for _, name := range walk(t, fsys, filepath.Join(dir, e.Name())) {
			out = append(out, e.Name()+"/"+name)
		}
	}
	return out
}

func testEnv(fsys vfs.FS, dir string, sync bool) service.Env {
	env := servicetest.Env(dir)
	env.FS, env.Sync = fsys, sync
	return env
}

// Whatever change a process dies at, what was acknowledged is there when the folder is
// opened again, and what was not is there whole or not at all.
func TestDeathAtEveryChange(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		dir := t.TempDir()
		k := &killFS{FS: vfs.OS{}, left: n}
		s := &story{t: t, want: map[string][]string{}}
		if svc, err := Open(testEnv(k, dir, false)); err == nil {
			s.c = client(svc)
			s.run()
			_ = svc.Close()
		}
		svc, err := Open(testEnv(vfs.OS{}, dir, false))
		if err != nil {
			t.Fatalf("change %d: %v", n, err)
		}
		s.check(n, svc, vfs.OS{}, dir)
		if err := svc.Close(); err != nil {
			t.Fatal(err)
		}
		if k.left > 0 {
			if n < 50 {
				t.Fatalf("the story has only %d changes", n)
			}
			return
		}
	}
}

// With Sync the same holds when the power fails, twice: what was not synced is lost.
func TestPowerLossAtEveryChange(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		mem := vfstest.NewMem()
		if err := mem.MkdirAll("/lake/s3", 0o755); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{"/lake", "/"} {
			if err := mem.SyncDir(d); err != nil {
				t.Fatal(err)
			}
		}
		k := &killFS{FS: mem, left: n}
		s := &story{t: t, want: map[string][]string{}}
		if svc, err := Open(testEnv(k, "/lake/s3", true)); err == nil {
			s.c = client(svc)
			s.run()
			_ = svc.Close()
		}
		for range 2 {
			mem = mem.Crash()
			svc, err := Open(testEnv(mem, "/lake/s3", true))
			if err != nil {
				t.Fatalf("change %d: %v", n, err)
			}
			s.check(n, svc, mem, "/lake/s3")
			if err := svc.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if k.left > 0 {
			return
		}
	}
}

// An operation of the disk that fails fails a request, by name, and nothing else: the
// service goes on, and the objects are as they were or as the request wanted.
func TestFailureAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, op := range []vfstest.Op{vfstest.Open, vfstest.Mkdir, vfstest.Remove, vfstest.Rename, vfstest.Write, vfstest.Close, vfstest.Truncate} {
		for n := 1; ; n++ {
			dir := t.TempDir()
			faulty := vfstest.NewFaulty(vfs.OS{})
			svc, err := Open(testEnv(faulty, dir, false))
			if err != nil {
				t.Fatal(err)
			}
			hits := faulty.FailNth(op, "", n, vfstest.ErrNoSpace)
			s := &story{t: t, want: map[string][]string{}, c: client(svc)}
			s.run()
			failed := hits() > 0
			faulty.Mend()
			before := maps.Clone(s.want)
			s.checkObjects(fmt.Sprint(op, " ", n), client(svc))
			if len(before) > 0 { // the bucket was made
				s.put("raw/new", "after the failure")
				if op != vfstest.Truncate && len(s.want["raw/new"]) != 1 {
					t.Fatalf("%s %d: no put succeeds after the failure", op, n)
				}
			}
			if err := svc.Close(); err != nil {
				t.Fatal(err)
			}
			svc, err = Open(testEnv(vfs.OS{}, dir, false))
			if err != nil {
				t.Fatalf("%s %d: %v", op, n, err)
			}
			s.check(n, svc, vfs.OS{}, dir)
			if err := svc.Close(); err != nil {
				t.Fatal(err)
			}
			if !failed {
				break
			}
		}
	}
}

func (s *story) checkObjects(where string, c *awss3.Client) {
	s.t.Helper()
	for key, want := range s.want {
		out, err := c.GetObject(s.t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
		got := ""
		if err == nil {
			b, _ := io.ReadAll(out.Body)
			got = string(b)
		}
		if !slices.Contains(want, got) {
			s.t.Fatalf("%s: %s is %q, want one of %q (%v)", where, key, got, want, err)
		}
	}
}

// A full disk refuses the put, says so, and loses nothing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	var faulty *vfstest.Faulty
	w := setup(t, func(e *service.Env) {
		faulty = vfstest.NewFaulty(vfs.OS{})
		e.FS = faulty
	})
	w.put(t, "k", "old")
	for _, room := range []int64{0, 100, 1000} {
		faulty.Fill(room)
		_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Body: stringReader(strings.Repeat("new", 1000))})
		wantCode(t, err, "InternalError")
		if !strings.Contains(err.Error(), "no space left on the disk that holds the lake: free some and try again") {
			t.Errorf("the error does not say what to do: %v", err)
		}
		if got := w.get(t, "k"); got != "old" {
			t.Errorf("object is %q", got)
		}
	}
	faulty.Mend()
	w.put(t, "k", "new")
	w.reopen(t)
	if got := w.get(t, "k"); got != "new" {
		t.Errorf("object is %q", got)
	}
	w.noTemps(t)
}

// The real thing: a process that puts is killed, and every put that it was told of is
// there.
func TestKill(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("LAKEKIT_S3_KILL_DIR"); dir != "" {
		putForEver(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), "LAKEKIT_S3_KILL_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := 0
	for acked < 200 {
		var i int
		if _, err := fmt.Fscanf(out, "put %d\n", &i); err != nil {
			t.Fatalf("after %d puts: %v", acked, err)
		}
		acked = i + 1
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	w := &world{env: testEnv(vfs.OS{}, dir, false), ctx: t.Context()}
	w.open(t)
	defer func() { _ = w.s.Close() }()
	for i := range acked {
		if got, want := w.get(t, killKey(i)), ""; !strings.HasPrefix(got, "body ") {
			t.Fatalf("put %d: %q, want %q", i, got, want)
		}
	}
	w.noTemps(t)
}

func killKey(i int) string { return fmt.Sprintf("dir%d/key %d", i%7, i%150) }

func putForEver(t *testing.T, dir string) {
	w := &world{env: testEnv(vfs.OS{}, dir, false), ctx: t.Context()}
	w.open(t)
	if _, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	for i := range 1_000_000 {
		w.put(t, killKey(i), fmt.Sprintf("body %d %s", i, strings.Repeat("x", i%5000)))
		fmt.Printf("put %d\n", i)
	}
}
