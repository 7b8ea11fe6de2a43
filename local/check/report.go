package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report is what a check has come to.
type Report struct {
	// Seeds is how many seeds were run, and Records how many records their loads had.
	Seeds, Records int
	// GivenUp counts the records that the pipeline gave up itself.
	GivenUp int
	// Duplicates counts the deliveries beyond each record's first, by their causes.
	Duplicates map[string]int
	// Events says of each kind of event how often the scripts had it and how often it
	// happened, sorted by name.
	Events []Count
	// Took is how much of the bubbles' time passed.
	Took time.Duration
	// Failure is the first seed that broke a promise, nil if none did.
	Failure *Failure

	counts map[string]*Count
}

// Count says how often an event was in a script, and how often it happened: a load may be
// over before, or the thing never there.
type Count struct {
	What          string
	Set, Happened int
}

// Failure is a seed that broke a promise, with what is left of its script.
type Failure struct {
	// Seed is the seed.
	Seed uint64
	// Again of Of further runs of the whole seed broke a promise too.
	Again, Of int
	// Script are the lines that the failure needs, as far as the shrinking found out.
	Script []string
	// Lost are the records that were acknowledged and never delivered; OutOfOrder those that
	// were first delivered behind a later one of their key.
	Lost, OutOfOrder []Finding
	// Repeated are the records that arrived more than once, where [Options].Once forbids it.
	Repeated []Finding
	// WentBack are deliveries that went back within a lease's holding for no reason, Strange
	// those of no record of the load, and Errors what the pipeline returned.
	WentBack, Strange, Errors []string
	// Duplicates counts the duplicates of the run, by their causes.
	Duplicates map[string]int
	// Trace is what happened in that run, in its order.
	Trace []string
	// Replay is the command that runs what is left of the script.
	Replay string
}

func newReport() *Report {
	return &Report{Duplicates: map[string]int{}, counts: map[string]*Count{}}
}

// add counts a run.
func (r *Report) add(o *Options, seed uint64, res *result, keep map[int]bool) {
	r.Seeds++
	r.Records += res.records
	r.GivenUp += res.givenUp
	r.Took += res.took
	for why, n := range res.duplicates {
		r.Duplicates[why] += n
	}
	for _, x := range newScript(seed, newLoad(seed, o), o) {
		if keep != nil && !keep[x.number] {
			continue
		}
		c := r.counts[x.name()]
		if c == nil {
			c = &Count{What: x.name()}
			r.counts[c.What] = c
		}
		c.Set++
		if res.struck[x.number] {
			c.Happened++
		}
	}
	r.Events = r.Events[:0]
	for _, name := range slices.Sorted(maps.Keys(r.counts)) {
		r.Events = append(r.Events, *r.counts[name])
	}
}

// failure makes the report's failure of the run that is left.
func (f *finder) failure(res *result, keep []int, again int) *Failure {
	out := &Failure{
		Seed: f.seed, Again: again, Of: reruns, Lost: res.lost, OutOfOrder: res.disordered, WentBack: res.back,
		Strange: res.strange, Errors: res.errs, Duplicates: res.duplicates, Trace: res.trace,
	}
	if f.o.Unordered {
		out.OutOfOrder, out.WentBack = nil, nil
	}
	if f.o.Once {
		out.Repeated = res.repeated
	}
	var numbers []string
	for _, x := range newScript(f.seed, newLoad(f.seed, f.o), f.o) {
		if slices.Contains(keep, x.number) {
			out.Script = append(out.Script, x.String())
			numbers = append(numbers, strconv.Itoa(x.number))
		}
	}
	out.Replay = fmt.Sprintf("%s=%d/%s go test -run %s -v .", seedVariable, f.seed, strings.Join(numbers, ","), pattern(f.test))
	return out
}

// pattern is what go test -run wants for a test's name, for a shell.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return "'" + strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`) + "'"
}

// most is how many lines a list of a report has.
const most = 12

// String writes the report as a test's output has it.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "check: %d seeds, %d records, %v of the bubbles' time", r.Seeds, r.Records, r.Took.Round(time.Second))
	if r.GivenUp > 0 {
		fmt.Fprintf(&b, ", %d records given up by the pipeline", r.GivenUp)
	}
	writeCounts(&b, "\n  duplicates", r.Duplicates)
	b.WriteString("\n  happened, of what the scripts had:")
	for _, c := range r.Events {
		fmt.Fprintf(&b, "\n    %4d of %4d  %s", c.Happened, c.Set, c.What)
	}
	if r.Failure == nil {
		b.WriteString("\n  nothing lost, nothing out of order")
		return b.String()
	}
	b.WriteString("\n" + r.Failure.String())
	return b.String()
}

// String writes what broke, the script and the trace.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d fails; it did again in %d of %d runs", f.Seed, f.Again, f.Of)
	writeFindings(&b, "lost", f.Lost)
	writeFindings(&b, "out of order", f.OutOfOrder)
	writeFindings(&b, "more than once", f.Repeated)
	writeList(&b, "went back", f.WentBack, most)
	writeList(&b, "not of the load", f.Strange, most)
	writeList(&b, "errors", f.Errors, most)
	writeCounts(&b, "\n  duplicates", f.Duplicates)
	if len(f.Script) == 0 {
		b.WriteString("\n  script: nothing at all needs to happen")
	} else {
		writeList(&b, "script", f.Script, len(f.Script))
	}
	writeList(&b, "trace", f.Trace, 150)
	fmt.Fprintf(&b, "\n  replay: %s", f.Replay)
	return b.String()
}

func writeFindings(b *strings.Builder, title string, fs []Finding) {
	var texts []string
	for _, x := range fs {
		texts = append(texts, fmt.Sprintf("%s: %s", recordName(x.Key, x.N), x.What))
	}
	writeList(b, title, texts, most)
}

func writeList(b *strings.Builder, title string, list []string, limit int) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %s (%d):", title, len(list))
	for i, s := range list {
		if i == limit {
			fmt.Fprintf(b, "\n    ... and %d more", len(list)-limit)
			return
		}
		b.WriteString("\n    " + s)
	}
}

func writeCounts(b *strings.Builder, title string, counts map[string]int) {
	n := 0
	for _, c := range counts {
		n += c
	}
	fmt.Fprintf(b, "%s: %d", title, n)
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(b, "; %d %s", counts[why], why)
	}
}
