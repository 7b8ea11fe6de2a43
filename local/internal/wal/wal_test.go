package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
)

func options(dir string) Options {
	return Options{FS: vfs.OS{}, Dir: dir, Log: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, o Options) (*Log, []string) {
	t.Helper()
	var got []string
	l, err := Open(o, func(b []byte) error { got = append(got, string(b)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, got
}

func mustAppend(t *testing.T, l *Log, recs ...string) {
	t.Helper()
	for _, r := range recs {
		if err := l.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadsWhatWasAppended(t *testing.T) {
	t.Parallel()
	for _, sync := range []bool{false, true} {
		o := options(filepath.Join(t.TempDir(), "a", "b"))
		o.Sync = sync
		l, got := open(t, o)
		if len(got) != 0 {
			t.Fatalf("a new log has records: %q", got)
		}
		want := []string{"one", "", strings.Repeat("x", 3<<20), "three"}
		mustAppend(t, l, want...)
		// kill -9: no Close.
		l, got = open(t, o)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		mustAppend(t, l, "four")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append([]byte("x")); !errors.Is(err, fs.ErrClosed) {
			t.Fatalf("append after close: %v", err)
		}
		_, got = open(t, o)
		if diff := cmp.Diff(append(want, "four"), got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A process may die after any byte of a write; what was whole before must be read, and
// the log must go on behind it.
func TestCutsATornTailAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := open(t, options(dir))
	mustAppend(t, l, "first", "second", "the third record")
	name := filepath.Join(dir, "00000001.log")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	keep := len(whole) - head - len("the third record")
	for n := keep; n < len(whole); n++ {
		if err := os.WriteFile(name, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		l, got := open(t, options(dir))
		if diff := cmp.Diff([]string{"first", "second"}, got); diff != "" {
			t.Fatalf("cut at %d: %s", n, diff)
		}
		mustAppend(t, l, "next")
		_, got = open(t, options(dir))
		if diff := cmp.Diff([]string{"first", "second", "next"}, got); diff != "" {
			t.Fatalf("cut at %d: %s", n, diff)
		}
	}
}

func TestRefusesDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := open(t, options(dir))
	mustAppend(t, l, "first", "second")
	name := filepath.Join(dir, "00000001.log")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fail := func(b []byte, want string) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(options(dir), func([]byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Fatalf("got %v, want one that names the file and says %q", err, want)
		}
	}
	flipped := bytes.Clone(whole)
	flipped[len(magic)+head] ^= 1
	fail(flipped, "the record at byte 14 is damaged; put the file back from a backup")
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(huge[len(magic):], MaxRecord+1)
	fail(huge, "the record at byte 14 is damaged")
	fail([]byte("something else altogether"), "another version wrote it")
	fail(nil, "another version wrote it")

	// Zeros behind the end are what a file system may leave after a power loss.
	if err := os.WriteFile(name, append(bytes.Clone(whole), make([]byte, 100_000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, got := open(t, options(dir))
	if len(got) < 2 || got[0] != "first" || got[1] != "second" {
		t.Fatalf("got %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(options(dir), func([]byte) error { return nil }); err == nil || !strings.Contains(err.Error(), `"notes.txt" is not a file of this log`) {
		t.Fatalf("a stranger's file: %v", err)
	}
}

func TestALoadErrorNamesTheRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := open(t, options(dir))
	mustAppend(t, l, "a", "b")
	cause := errors.New("unknown change")
	_, err := Open(options(dir), func(b []byte) error {
		if string(b) == "b" {
			return cause
		}
		return nil
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "record at byte 23") {
		t.Fatalf("got %v", err)
	}
}

func TestCompactKeepsTheLogBoundedByWhatLives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := open(t, options(dir))
	value := strings.Repeat("v", 1000)
	last := ""
	var most int64
	for i := range 20_000 {
		last = fmt.Sprintf("%d %s", i, value)
		mustAppend(t, l, last)
		if l.Full() {
			if err := l.Compact(slices.Values([][]byte{[]byte(last)})); err != nil {
				t.Fatal(err)
			}
		}
		most = max(most, l.end)
	}
	if most > 2<<20 {
		t.Errorf("the log of one live record grew to %d bytes", most)
	}
	es, err := os.ReadDir(dir)
	if err != nil || len(es) != 1 {
		t.Fatalf("left in the folder: %v, %v", es, err)
	}
	_, got := open(t, options(dir))
	if len(got) == 0 || got[len(got)-1] != last {
		t.Fatalf("the last record is lost: %d records", len(got))
	}
}

func TestOpenRemovesWhatACompactionLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := open(t, options(dir))
	mustAppend(t, l, "old")
	old, err := os.ReadFile(filepath.Join(dir, "00000001.log"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Compact(slices.Values([][]byte{[]byte("new")})); err != nil {
		t.Fatal(err)
	}
	// Died before the old one was removed, and in the middle of a further compaction.
	for name, b := range map[string][]byte{"00000001.log": old, "00000003.log.tmp": []byte(magic)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, got := open(t, options(dir))
	if diff := cmp.Diff([]string{"new"}, got); diff != "" {
		t.Fatal(diff)
	}
	es, err := os.ReadDir(dir)
	if err != nil || len(es) != 1 || es[0].Name() != "00000002.log" {
		t.Fatalf("left in the folder: %v, %v", es, err)
	}
}

var errFull = errors.New("no space left on device")

// small is a disk with room for some bytes; a write that does not fit leaves what did.
type small struct {
	vfs.OS
	room       *int
	noTruncate *bool
	noSync     *bool
}

func (s small) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := s.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return smallFile{f, s}, nil
}

type smallFile struct {
	vfs.File
	s small
}

func (f smallFile) fit(b []byte) ([]byte, error) {
	if len(b) > *f.s.room {
		return b[:*f.s.room], errFull
	}
	*f.s.room -= len(b)
	return b, nil
}

func (f smallFile) Write(b []byte) (int, error) {
	b, full := f.fit(b)
	n, err := f.File.Write(b)
	return n, errors.Join(full, err)
}

func (f smallFile) WriteAt(b []byte, at int64) (int, error) {
	b, full := f.fit(b)
	n, err := f.File.WriteAt(b, at)
	return n, errors.Join(full, err)
}

func (f smallFile) Truncate(n int64) error {
	if *f.s.noTruncate {
		return errFull
	}
	return f.File.Truncate(n)
}

func (f smallFile) Sync() error {
	if *f.s.noSync {
		return errFull
	}
	return f.File.Sync()
}

// Whatever fails, a record is read again if and only if its Append returned nil.
func TestAFullDiskLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 100 {
		dir := t.TempDir()
		o := options(dir)
		room, noTruncate, noSync := 1<<20, false, false
		o.FS, o.Sync = small{vfs.OS{}, &room, &noTruncate, &noSync}, r.IntN(2) == 0
		l, _ := open(t, o)
		var want []string
		failed := 0
		for i := range 60 {
			room, noTruncate, noSync = r.IntN(400), r.IntN(3) == 0, r.IntN(8) == 0
			if r.IntN(10) == 0 {
				_ = l.Compact(func(yield func([]byte) bool) { // failing is part of the test
					for _, w := range want {
						if !yield([]byte(w)) {
							return
						}
					}
				})
			}
			rec := fmt.Sprintf("%d %s", i, strings.Repeat("x", r.IntN(300)))
			err := l.Append([]byte(rec))
			if err == nil {
				want = append(want, rec)
			} else if failed++; !errors.Is(err, errFull) {
				t.Fatalf("append: %v", err)
			}
		}
		// The last failed write may still lie behind the end if it could not be undone.
		room, noTruncate, noSync = 1<<20, false, false
		mustAppend(t, l, "last")
		want = append(want, "last")
		_, got := open(t, o)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if failed == 0 {
			t.Fatal("nothing failed")
		}
	}
}

// With Sync a power loss at any moment keeps what was acknowledged, and nothing else.
func TestAPowerLossKeepsWhatWasSynced(t *testing.T) {
	t.Parallel()
	disk := vfstest.NewMem()
	if err := disk.MkdirAll("/lake", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := disk.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	o := Options{FS: disk, Dir: "/lake/log", Sync: true, Log: slog.New(slog.DiscardHandler)}
	l, _ := open(t, o)
	var want []string
	for i := range 50 {
		rec := fmt.Sprint("record ", i)
		mustAppend(t, l, rec)
		want = append(want, rec)
		if i == 30 {
			if err := l.Compact(slices.Values([][]byte{[]byte("all so far")})); err != nil {
				t.Fatal(err)
			}
			want = []string{"all so far"}
		}
		after := o
		after.FS = disk.Crash()
		_, got := open(t, after)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("after record %d: %s", i, diff)
		}
	}
}

func FuzzOpen(f *testing.F) {
	rec := frame(nil, []byte("payload"))
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), rec...))
	f.Add(append([]byte(magic), rec[:5]...))
	f.Add(append(append([]byte(magic), rec...), 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, "00000001.log")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var first []string
		l, err := Open(options(dir), func(p []byte) error { first = append(first, string(p)); return nil })
		if err != nil {
			after, rerr := os.ReadFile(name)
			if rerr != nil || !bytes.Equal(after, b) {
				t.Fatal("a log that was refused has been changed")
			}
			return
		}
		if err := l.Append([]byte("more")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		_, got := open(t, options(dir))
		if diff := cmp.Diff(append(first, "more"), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	l, err := Open(options(b.TempDir()), func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	rec := bytes.Repeat([]byte("r"), 400)
	b.SetBytes(int64(len(rec)))
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Append(rec); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
