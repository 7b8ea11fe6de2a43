package kinesis

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestProcessor(t *testing.T) {
	t.Parallel()
	cores := float64(runtime.NumCPU())
	type files map[string]string
	host := func(user, nice, system, idle, wait int) files {
		return files{"proc/stat": fmt.Sprintf("cpu  %d %d %d %d %d 9 9 9 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", user, nice, system, idle, wait)}
	}
	two := func(limit string, used int) files {
		return files{"sys/fs/cgroup/cpu.max": limit + "\n", "sys/fs/cgroup/cpu.stat": fmt.Sprintf("usage_usec %d\nuser_usec 1\n", used), "proc/stat": "cpu 1 1 1 1 1"}
	}
	one := func(quota string, used int) files {
		return files{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota + "\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n", "sys/fs/cgroup/cpu/cpuacct.usage": fmt.Sprintln(used)}
	}
	for _, c := range []struct {
		name  string
		steps []files // ten seconds apart
		want  []float64
	}{
		{"the first look says nothing", []files{host(100, 0, 0, 100, 0)}, nil},
		{"a host", []files{host(100, 10, 5, 100, 0), host(110, 15, 10, 150, 30), host(110, 15, 10, 160, 30)}, []float64{20, 0}},
		{"a host's counters begin again", []files{host(100, 10, 5, 100, 0), host(1, 1, 1, 1, 1)}, nil},
		{"nothing has moved", []files{host(1, 1, 1, 1, 1), host(1, 1, 1, 1, 1)}, nil},
		{"a container with half a core", []files{two("50000 100000", 0), two("50000 100000", 2500000), two("50000 100000", 12500000)}, []float64{50, 100}},
		{"a container without a limit", []files{two("max 100000", 0), two("max 100000", 1000000)}, []float64{10 / cores}},
		{"an older container with two cores", []files{one("200000", 0), one("200000", 4e9)}, []float64{20}},
		{"an older container without a limit", []files{one("-1", 0), one("-1", 1e9)}, []float64{10 / cores}},
		{"no Linux", []files{{}, {}}, nil},
		{"what cannot be read", []files{{"proc/stat": "cpu a b c d e"}, {"proc/stat": ""}, {"sys/fs/cgroup/cpu.max": "max"}}, nil},
		{"a source that goes", []files{host(1, 1, 1, 1, 1), host(2, 1, 1, 1, 1), {}}, nil},
		{"another source", []files{host(1, 1, 1, 1, 1), host(2, 1, 1, 1, 1), two("max 100000", 5)}, nil},
	} {
		p := &processor{root: t.TempDir()}
		for i, fs := range c.steps {
			if err := os.RemoveAll(p.root); err != nil {
				t.Fatal(err)
			}
			for name, text := range fs {
				path := filepath.Join(p.root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p.sample(epoch.Add(time.Duration(i) * 10 * time.Second))
		}
		if !slices.EqualFunc(p.values, c.want, func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }) {
			t.Errorf("%s: %v, want %v", c.name, p.values, c.want)
		}
	}
}

// TestProcessorOfThisMachine reads what is really there.
func TestProcessorOfThisMachine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	p := &processor{root: "/"}
	for range 3 {
		p.sample(time.Now())
		for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
		}
	}
	if len(p.values) == 0 || slices.Min(p.values) < 0 || slices.Max(p.values) > 100 {
		t.Errorf("values %v", p.values)
	}
}

func TestProcessorKeepsTen(t *testing.T) {
	t.Parallel()
	p := &processor{root: t.TempDir()}
	if err := os.Mkdir(filepath.Join(p.root, "proc"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if err := os.WriteFile(filepath.Join(p.root, "proc/stat"), fmt.Appendf(nil, "cpu %d 0 0 %d 0", i*i, 100*i-i*i), 0o600); err != nil {
			t.Fatal(err)
		}
		p.sample(epoch)
	}
	if len(p.values) != 10 || p.values[9] != 57 || p.values[0] != 39 {
		t.Errorf("values %v", p.values)
	}
}
