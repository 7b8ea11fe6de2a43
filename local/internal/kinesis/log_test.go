package kinesis

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
)

// sealed makes n frames that a log whose next index is next can take.
func sealed(next uint64, arrived int64, n, size int) []byte {
	crc := crc32.MakeTable(crc32.Castagnoli)
	var b []byte
	for i := range n {
		at := len(b)
		b = append(b, make([]byte, frameHeader)...)
		b = append(b, bytes.Repeat([]byte{byte(next) + byte(i)}, size)...)
		b = append(b, "key"...)
		frame(b[at:]).seal(crc, next+uint64(i), arrived, 3, i%2 == 1)
	}
	return b
}

func mustLog(t *testing.T, fsys vfs.FS, dir string, sync bool, most int64) *shardLog {
	t.Helper()
	l, err := openLog(fsys, dir, sync, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.most = most
	return l
}

// contents reads everything that the log holds.
func contents(t *testing.T, l *shardLog) (indexes []uint64, arrivals []int64) {
	t.Helper()
	err := l.read(0, func(f frame) bool {
		for _, c := range f.data() {
			if c != byte(f.index()) {
				t.Fatalf("record %d has the data of another", f.index())
			}
		}
		if string(f.key()) != "key" {
			t.Fatalf("record %d has the key %q", f.index(), f.key())
		}
		indexes, arrivals = append(indexes, f.index()), append(arrivals, f.arrived())
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return indexes, arrivals
}

// TestLogAgainstModel appends, reads, trims, reopens, fails and fills up at random and
// compares with what must be there.
func TestLogAgainstModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mem := vfstest.NewMem()
		fsys := vfstest.NewFaulty(mem)
		l := mustLog(t, fsys, "log", seed%2 == 0, 4<<10)
		var want []int64 // arrivals of records from first on
		first, now := uint64(firstIndex), int64(1_000)
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("seed %d: %s", seed, fmt.Sprintf(format, args...))
		}
		for range 120 {
			now += rng.Int64N(50)
			switch rng.IntN(10) {
			case 0: // reopen, sometimes with half a record behind the last
				if err := l.close(); err != nil {
					fail("close: %v", err)
				}
				if n := len(l.segments); n > 0 && rng.IntN(2) == 0 {
					f, err := fsys.OpenFile(l.segments[n-1].path, os.O_RDWR, 0)
					if err != nil {
						fail("%v", err)
					}
					torn := sealed(l.next, now, 2, 100)
					if _, err := f.WriteAt(torn[:131+frameHeader+rng.IntN(100)][:rng.IntN(130)], l.segments[n-1].size); err != nil {
						fail("%v", err)
					}
					_ = f.Close()
				}
				old := l
				l = mustLog(t, fsys, "log", old.sync, 4<<10)
				l.first = max(l.first, first)
			case 1: // a write that fails half way
				n := 1 + rng.IntN(5)
				fsys.FailNth(vfstest.Write, "log", 1, errors.New("boom"))
				if rng.IntN(2) == 0 {
					fsys.FailNth(vfstest.Truncate, "log", 1, errors.New("boom too"))
				}
				if err := l.append(sealed(l.next, now, n, 100)); err == nil {
					fail("a failed write was acknowledged")
				}
				fsys.Mend()
			case 2: // a full disk
				fsys.Fill(int64(rng.IntN(300)))
				before := l.next
				if err := l.append(sealed(l.next, now, 3, 100)); err == nil || l.next != before {
					fail("a full disk took records: %v", err)
				}
				fsys.Mend()
			case 3: // expire
				cut := now - rng.Int64N(1000)
				if err := l.trim(cut); err != nil {
					fail("trim: %v", err)
				}
				for len(want) > 0 && want[0] < cut {
					want, first = want[1:], first+1
				}
			case 4: // look for a time
				at := now - rng.Int64N(1500)
				got, err := l.since(at)
				if err != nil {
					fail("since: %v", err)
				}
				i := 0
				for i < len(want) && want[i] < at {
					i++
				}
				if got != first+uint64(i) {
					fail("since %d is %d, want %d", at, got, first+uint64(i))
				}
			default:
				n := 1 + rng.IntN(20)
				if err := l.append(sealed(l.next, now, n, rng.IntN(300))); err != nil {
					fail("append: %v", err)
				}
				for range n {
					want = append(want, now)
				}
			}
			if l.next != first+uint64(len(want)) {
				fail("next is %d, want %d", l.next, first+uint64(len(want)))
			}
			if rng.IntN(8) > 0 {
				continue
			}
			indexes, arrivals := contents(t, l)
			if len(indexes) != len(want) {
				fail("%d records, want %d", len(indexes), len(want))
			}
			for i := range indexes {
				if indexes[i] != first+uint64(i) || arrivals[i] != want[i] {
					fail("record %d is %d of %d, want %d of %d", i, indexes[i], arrivals[i], first+uint64(i), want[i])
				}
			}
		}
		if err := l.close(); err != nil {
			fail("close: %v", err)
		}
	}
}

// TestLogSurvivesPowerLoss crashes a synced log after each append.
func TestLogSurvivesPowerLoss(t *testing.T) {
	t.Parallel()
	mem := vfstest.NewMem()
	if err := mem.MkdirAll("stream", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := mem.SyncDir("."); err != nil {
		t.Fatal(err)
	}
	l := mustLog(t, mem, "stream/log", true, 2<<10)
	for i := range 50 {
		if err := l.append(sealed(l.next, 1000, 3, 100)); err != nil {
			t.Fatal(err)
		}
		after := mustLog(t, mem.Crash(), "stream/log", true, 2<<10)
		if indexes, _ := contents(t, after); len(indexes) != 3*(i+1) {
			t.Fatalf("%d records after a crash, want %d", len(indexes), 3*(i+1))
		}
	}
}

func TestLogDeletesWhatExpired(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	l := mustLog(t, vfs.OS{}, dir, false, 1<<10)
	for i := range 20 {
		if err := l.append(sealed(l.next, int64(1000+i), 4, 300)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.trim(1015); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 6 {
		t.Errorf("%d files are left of 20", len(entries))
	}
	if indexes, _ := contents(t, l); len(indexes) != 20 || indexes[0] != 61 {
		t.Errorf("%d records are left, from %v", len(indexes), indexes[:1])
	}
	if err := l.trim(2000); err != nil {
		t.Fatal(err)
	}
	if indexes, _ := contents(t, l); len(indexes) != 0 {
		t.Errorf("%d records are left after all expired", len(indexes))
	}
	if err := l.append(sealed(l.next, 2001, 1, 10)); err != nil {
		t.Fatal(err)
	}
	if indexes, _ := contents(t, l); len(indexes) != 1 || indexes[0] != 81 {
		t.Errorf("after all expired a new record has the index %v, want 81", indexes)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzOpenLog opens a file of any bytes: it must be read or cut, never crash, and take
// records after that.
func FuzzOpenLog(f *testing.F) {
	f.Add([]byte{})
	f.Add(sealed(firstIndex, 1000, 3, 10))
	f.Add(sealed(firstIndex, 1000, 3, 10)[:100])
	f.Add(append(sealed(firstIndex, 1000, 1, 10), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		mem := vfstest.NewMem()
		if err := mem.MkdirAll("log", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := vfs.WriteFile(mem, segmentPath("log", firstIndex), b, false); err != nil {
			t.Fatal(err)
		}
		l, err := openLog(mem, "log", false, 0)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		kept := l.next - firstIndex
		if err := l.append(sealed(l.next, l.last, 2, 10)); err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		if err := l.read(0, func(frame) bool { n++; return true }); err != nil {
			t.Fatal(err)
		}
		if n != kept+2 {
			t.Errorf("%d records, want %d", n, kept+2)
		}
	})
}
