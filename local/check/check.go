package check

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local"
)

// Options are how a pipeline is checked. The zero value is good.
type Options struct {
	// Seeds is how many seeds are run. Zero means what the environment variable
	// LAKEKIT_CHECK_SEEDS says, or 20.
	Seeds int
	// First is the first seed; the others follow it. Zero means 1.
	First uint64
	// Records is the most records of a run's load, which has at least half of them. Zero
	// means 200.
	Records int
	// Keys is the most keys of a load. Zero means 12.
	Keys int
	// Shards is the most shards that the stream begins with. Zero means 4.
	Shards int
	// Workers is the most workers of the fleet. Zero means 3.
	Workers int
	// Events is the most lines of a script, and each script has at least one where it may.
	// Zero means 12.
	Events int
	// Without are kinds of events that must not happen.
	Without []Kind
	// Other are further operations whose requests by workers go wrong and at which workers are
	// killed, for pipelines that write into the lake: [local.S3PutObject], for instance.
	Other []local.Operation
	// Once says that the pipeline delivers exactly once, so that a duplicate breaks its promise
	// too: one in what was collected, if it has a [Pipeline.Collect], or delivered. Zero means
	// that duplicates are counted.
	Once bool
	// Unordered says that the pipeline promises no order, so that none is asked for. Zero
	// means that the order per key is checked.
	Unordered bool
	// Patience is how long, in the bubble's time, nothing new has to be delivered, since the
	// last trouble was over, until what is missing counts as lost. It must be longer than the
	// pipeline's own time-outs and backoffs together. Zero means 5 minutes.
	Patience time.Duration
}

// The environment's part.
const (
	seedsVariable = "LAKEKIT_CHECK_SEEDS"
	seedVariable  = "LAKEKIT_CHECK_SEED"
)

func (o *Options) fill() error {
	var errs []error
	number := func(n *int, name string, zero, least int) {
		if *n == 0 {
			*n = zero
		}
		if *n < least {
			errs = append(errs, fmt.Errorf("%s: %d is below %d (zero means %d)", name, *n, least, zero))
		}
	}
	seeds := 20
	if v := os.Getenv(seedsVariable); v != "" && o.Seeds == 0 {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			errs = append(errs, fmt.Errorf("%s: %q is not how many seeds to run, such as 300", seedsVariable, v))
		}
		seeds = n
	}
	number(&o.Seeds, "Seeds", seeds, 1)
	number(&o.Records, "Records", 200, 2)
	number(&o.Keys, "Keys", 12, 1)
	number(&o.Shards, "Shards", 4, 1)
	number(&o.Workers, "Workers", 3, 1)
	number(&o.Events, "Events", 12, 1)
	if o.First == 0 {
		o.First = 1
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Minute
	}
	if o.Patience < time.Second {
		errs = append(errs, fmt.Errorf("Patience: %v is below 1s (zero means 5m)", o.Patience))
	}
	for _, op := range o.Other {
		if service, name, ok := strings.Cut(string(op), ":"); !ok || service == "" || name == "" {
			errs = append(errs, fmt.Errorf("Other: %q is no operation: want service:Operation, such as %s", op, local.S3PutObject))
		}
	}
	for _, k := range o.Without {
		if !slices.ContainsFunc(kinds, func(x kindOf) bool { return x.kind == k }) {
			errs = append(errs, fmt.Errorf("Without: there is no kind %q", k))
		}
	}
	return errors.Join(errs...)
}

// Run checks a pipeline, which setup makes anew for each run, and fails t with a [Report]
// when a seed breaks what the package's documentation says. What struck is logged.
//
// t must not be in a bubble. Run uses all cores: several seeds run at once, each in a bubble
// of its own.
func Run(t *testing.T, opts *Options, setup func(p *Pipeline)) *Report {
	t.Helper()
	r := Find(t, opts, setup)
	if r.Failure != nil {
		t.Error(r)
	} else {
		t.Log(r)
	}
	return r
}

// Find is Run for pipelines that are known to be broken: it leaves it to the caller what to
// do with the report.
func Find(t *testing.T, opts *Options, setup func(p *Pipeline)) *Report {
	t.Helper()
	var o Options
	if opts != nil {
		o = *opts
	}
	err := o.fill()
	only, keep, perr := parseReplay(os.Getenv(seedVariable))
	if err = errors.Join(err, perr); err != nil {
		t.Fatalf("check: %v", err)
	}
	if only != 0 {
		o.First, o.Seeds = only, 1
	}
	if err := o.hasLines(keep); err != nil {
		t.Fatalf("check: %v", err)
	}
	f := &finder{o: &o, test: t.Name(), setup: setup, keep: keep, report: newReport()}
	f.search(t)
	if f.failed != nil {
		f.shrink(t)
	}
	return f.report
}

// parseReplay reads 17 or 17/3,9: a seed, and the lines of its script that count.
func parseReplay(s string) (seed uint64, keep map[int]bool, err error) {
	if s == "" {
		return 0, nil, nil
	}
	number, lines, some := strings.Cut(s, "/")
	seed, err = strconv.ParseUint(number, 10, 64)
	if err == nil && seed == 0 {
		err = errors.New("seeds begin with 1")
	}
	if some {
		keep = map[int]bool{}
		for f := range strings.FieldsFuncSeq(lines, func(c rune) bool { return c == ',' }) {
			n, aerr := strconv.Atoi(f)
			err = errors.Join(err, aerr)
			keep[n] = true
		}
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %q is not a seed, or a seed and lines such as 17/3,9: %w", seedVariable, s, err)
	}
	return seed, keep, nil
}

// hasLines says whether the first seed's script has the lines.
func (o *Options) hasLines(keep map[int]bool) error {
	lines := len(newScript(o.First, newLoad(o.First, o), o))
	for _, n := range slices.Sorted(maps.Keys(keep)) {
		if n < 1 || n > lines {
			return fmt.Errorf("%s: the script of seed %d has no line %d (it has %d)", seedVariable, o.First, n, lines)
		}
	}
	return nil
}

// finder looks for a seed that breaks a promise.
type finder struct {
	o      *Options
	test   string
	setup  func(p *Pipeline)
	keep   map[int]bool // nil: all lines
	report *Report

	mu     sync.Mutex
	next   int
	seed   uint64
	failed *result
}

// search runs the seeds until one fails.
func (f *finder) search(t *testing.T) {
	t.Helper()
	t.Run("seeds", func(t *testing.T) {
		for range min(runtime.GOMAXPROCS(0), f.o.Seeds) {
			t.Run("bubbles", func(t *testing.T) {
				t.Parallel()
				for {
					f.mu.Lock()
					seed := f.o.First + uint64(f.next)
					over := f.next >= f.o.Seeds || f.failed != nil
					f.next++
					f.mu.Unlock()
					if over {
						return
					}
					res := f.run(t, seed, f.keep)
					f.mu.Lock()
					f.report.add(f.o, seed, res, f.keep)
					if f.failed == nil && res.broken(f.o) {
						f.seed, f.failed = seed, res
					}
					f.mu.Unlock()
				}
			})
		}
	})
}

// began is when every run begins.
var began = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// run runs a seed in a bubble of its own.
func (f *finder) run(t *testing.T, seed uint64, keep map[int]bool) (res *result) {
	t.Helper()
	// The lake's files are in memory: a run is not about the disk.
	local.Test(t, began, &local.Options{Limits: true, FS: vfstest.NewMem()}, func(t *testing.T, lake *local.Lake) {
		res = runSeed(t.Context(), f.o, seed, func(n int) bool { return keep == nil || keep[n] }, lake, f.setup)
	})
	return res
}
