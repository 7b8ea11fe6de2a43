package kinesis

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// processor measures how busy the processors are that this process may use, in the terms of
// Java workers: a container's use of its limit (Cgroupv2CpuWorkerMetric,
// Cgroupv1CpuWorkerMetric), or else the host's (LinuxCpuWorkerMetric). Where neither can be
// read, as on other systems than Linux, there are no values.
type processor struct {
	root   string // of the file system
	last   usage
	values []float64 // percent, the newest last
}

// processorValues is how many values a Java worker publishes.
const processorValues = 10

// usage is what the processors have done since some time and what they could have.
type usage struct {
	source      string
	busy, total float64
}

var errNoProcessor = errors.New("no measure of the processors")

// sample adds the value of the time since the last call.
func (p *processor) sample(now time.Time) {
	u, err := p.read(now)
	if err != nil {
		p.last, p.values = usage{}, nil
		return
	}
	busy, total := u.busy-p.last.busy, u.total-p.last.total
	switch {
	case u.source != p.last.source:
		p.values = nil
	case total <= 0 || busy < 0:
		return // nothing has moved, or a counter has begun again
	default:
		p.values = append(p.values, min(100*busy/total, 100))
		p.values = p.values[max(len(p.values)-processorValues, 0):]
	}
	p.last = u
}

func (p *processor) read(now time.Time) (usage, error) {
	for _, source := range []func(time.Time) (usage, error){p.cgroup2, p.cgroup1, p.host} {
		if u, err := source(now); err == nil {
			return u, nil
		}
	}
	return usage{}, errNoProcessor
}

// A group without a limit of its own is the host's root group, which has no such files, or
// may use all processors.
func (p *processor) cgroup2(now time.Time) (usage, error) {
	limit, err := p.fields("sys/fs/cgroup/cpu.max") // QUOTA|max PERIOD
	if err != nil || len(limit) < 2 {
		return usage{}, errNoProcessor
	}
	stat, err := p.fields("sys/fs/cgroup/cpu.stat") // usage_usec N ...
	if err != nil || len(stat) < 2 {
		return usage{}, errNoProcessor
	}
	return group("cgroup2", stat[1], 1e6, limit[0], limit[1], now)
}

func (p *processor) cgroup1(now time.Time) (usage, error) {
	quota, err := p.fields("sys/fs/cgroup/cpu/cpu.cfs_quota_us") // -1: no limit
	if err != nil || len(quota) < 1 {
		return usage{}, errNoProcessor
	}
	period, err := p.fields("sys/fs/cgroup/cpu/cpu.cfs_period_us")
	if err != nil || len(period) < 1 {
		return usage{}, errNoProcessor
	}
	used, err := p.fields("sys/fs/cgroup/cpu/cpuacct.usage")
	if err != nil || len(used) < 1 {
		return usage{}, errNoProcessor
	}
	return group("cgroup1", used[0], 1e9, quota[0], period[0], now)
}

func group(source, used string, unit float64, quota, period string, now time.Time) (usage, error) {
	busy, err := strconv.ParseFloat(used, 64)
	if err != nil {
		return usage{}, err
	}
	cores := float64(runtime.NumCPU())
	q, qerr := strconv.ParseFloat(quota, 64)
	if d, err := strconv.ParseFloat(period, 64); err == nil && qerr == nil && q > 0 && d > 0 {
		cores = q / d
	}
	return usage{source: source, busy: busy / unit, total: now.Sub(epoch).Seconds() * cores}, nil
}

// epoch is a time to count monotonic seconds from.
var epoch = time.Now()

// host counts user, nice and system time as busy, idle and waiting for I/O as not.
func (p *processor) host(time.Time) (usage, error) {
	f, err := p.fields("proc/stat") // cpu USER NICE SYSTEM IDLE IOWAIT ...
	if err != nil || len(f) < 6 {
		return usage{}, errNoProcessor
	}
	u := usage{source: "host"}
	for i, s := range f[1:6] {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return usage{}, err
		}
		if u.total += n; i < 3 {
			u.busy += n
		}
	}
	return u, nil
}

// fields gives the words of a file's first line.
func (p *processor) fields(name string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.Fields(line), nil
}
