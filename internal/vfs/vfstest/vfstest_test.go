package vfstest_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
)

// write creates a file with the text.
func write(t *testing.T, fsys vfs.FS, name, text string, sync bool) {
	t.Helper()
	f, err := fsys.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(fsys vfs.FS, name string) string {
	b, err := vfs.ReadFile(fsys, name)
	if err != nil {
		return "error: " + errors.Unwrap(err).Error()
	}
	return string(b)
}

// TestMemIsLikeTheMachine does the same to both and compares.
func TestMemIsLikeTheMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mem := vfstest.NewMem()
	if err := mem.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS{}, "mem": mem} {
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
		if _, err := fsys.OpenFile(b, os.O_CREATE|os.O_RDWR, 0o644); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: create in a folder that is not there: %v", name, err)
		}
		if err := fsys.MkdirAll(filepath.Dir(b), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, fsys, a, "hello world", false)
		f, err := fsys.OpenFile(a, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("W"), 6); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 20)
		if n, err := f.ReadAt(buf, 6); string(buf[:n]) != "World" || err == nil {
			t.Errorf("%s: ReadAt gave %q, %v", name, buf[:n], err)
		}
		if err := f.Truncate(5); err != nil {
			t.Fatal(err)
		}
		if err := fsys.Rename(a, b); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(0, 2); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("!")); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: second Close: %v", name, err)
		}
		if got := read(fsys, b); got != "hello!" {
			t.Errorf("%s: read %q", name, got)
		}
		if _, err := fsys.Stat(a); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the old name is still there: %v", name, err)
		}
		if err := fsys.Remove(filepath.Dir(b)); err == nil {
			t.Errorf("%s: removed a folder that is not empty", name)
		}
		entries, err := fsys.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != "sub" || !entries[0].IsDir() {
			t.Errorf("%s: ReadDir gave %v, %v", name, entries, err)
		}
		if err := vfs.WriteFile(fsys, b, []byte("new"), true); err != nil || read(fsys, b) != "new" {
			t.Errorf("%s: WriteFile: %v, then %q", name, err, read(fsys, b))
		}
		if err := fsys.RemoveAll(filepath.Dir(b)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCrashLosesWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	m := vfstest.NewMem()
	if err := m.MkdirAll("d", 0o755); err != nil {
		t.Fatal(err)
	}
	sync := func(dir string) {
		t.Helper()
		if err := m.SyncDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	sync(".")
	write(t, m, "d/nameless", "synced bytes of a file whose name is not", true)
	if got := read(m.Crash(), "d/nameless"); got != "error: file does not exist" {
		t.Errorf("an entry survived without SyncDir: %q", got)
	}
	write(t, m, "d/empty", "bytes that were not synced", false)
	write(t, m, "d/kept", "old", true)
	sync("d")
	write(t, m, "d/kept", "newer", false)
	if err := m.Rename("d/nameless", "d/renamed"); err != nil {
		t.Fatal(err)
	}
	c := m.Crash()
	for name, want := range map[string]string{
		"d/empty": "", "d/kept": "old", "d/nameless": "synced bytes of a file whose name is not", "d/renamed": "error: file does not exist",
	} {
		if got := read(c, name); got != want {
			t.Errorf("after the crash %s is %q, want %q", name, got, want)
		}
	}
	if got := read(m, "d/kept"); got != "newer" {
		t.Errorf("the crash's clone changed the original: %q", got)
	}
	if err := vfs.WriteFile(m, "d/kept", []byte("replaced"), true); err != nil {
		t.Fatal(err)
	}
	if got := read(m.Crash(), "d/kept"); got != "replaced" {
		t.Errorf("WriteFile with sync did not survive: %q", got)
	}
}

func TestFaulty(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	f := vfstest.NewFaulty(vfstest.NewMem())
	hits := f.FailNth(vfstest.Open, "b", 2, boom)
	write(t, f, "b", "1", false)
	write(t, f, "a", "1", false)
	if got := read(f, "b"); got != "error: boom" || hits() != 1 {
		t.Errorf("the second open of b gave %q, %d hits", got, hits())
	}
	if got := read(f, "b"); got != "1" {
		t.Errorf("the third open of b gave %q", got)
	}
	f.FailAll(vfstest.Rename, "", boom)
	for range 2 {
		if err := f.Rename("a", "c"); !errors.Is(err, boom) {
			t.Errorf("rename: %v", err)
		}
	}
	f.Mend()
	f.Fill(5)
	file, err := f.OpenFile("full", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := file.WriteAt([]byte("123"), 0); n != 3 || err != nil {
		t.Errorf("write with room: %d, %v", n, err)
	}
	if n, err := file.WriteAt([]byte("456"), 3); n != 2 || !errors.Is(err, vfstest.ErrNoSpace) {
		t.Errorf("write without room: %d, %v", n, err)
	}
	if got := read(f, "full"); got != "12345" {
		t.Errorf("the full disk holds %q", got)
	}
	f.Mend()
	f.FailNth(vfstest.Write, "full", 1, boom)
	if n, err := file.Write([]byte("abcd")); n != 2 || !errors.Is(err, boom) {
		t.Errorf("failed write: %d, %v", n, err)
	}
}
