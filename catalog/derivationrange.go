package catalog

import (
	"fmt"
	"time"
)

// maxShift bounds how far a zone's clock has ever been set back at once: a whole day, where
// the date line moved. Inside this time of a bound the smallest and the largest value are
// looked for one by one.
const maxShift = 26 * time.Hour

// maxSteps bounds the spans that a search walks through.
const maxSteps = 4096

// Ordered says whether the order of the values, as text, is the order of time over all
// times, as for yyyy-MM-dd but not for dd-MM-yyyy nor for hours alone.
func (d Derivation) Ordered() bool {
	within, ok := d.order()
	return ok && within == unitNone
}

func (d Derivation) order() (within timeUnit, ok bool) {
	c := d.compiled
	if c == nil {
		var err error
		if c, err = d.compile(); err != nil || c == nil {
			return unitNone, false
		}
	}
	return c.format.ordered()
}

// Bounds gives the smallest and the largest value of the rows whose instant lies in
// [from, until): any such row has lo <= value <= hi as text (and as a number, if the column
// is one). A zero from or until leaves that side open and lo or hi empty. Lateness widens
// hi. Clocks that were set back count: no row is missed because its day came twice.
//
// ok is false when there are no such bounds: the format does not keep the order of time, or
// keeps it only inside a unit (HH inside a day) that [from, until) does not lie in.
func (d Derivation) Bounds(from, until time.Time) (lo, hi string, ok bool) {
	within, ok := d.order()
	if !ok || !from.IsZero() && !until.IsZero() && !from.Before(until) {
		return "", "", false
	}
	if d.compiled == nil && d.prepare() != nil {
		return "", "", false
	}
	last := until
	if !until.IsZero() {
		last = until.Add(d.Late)
	}
	if within != unitNone {
		return d.cyclicBounds(within, from, last)
	}
	if !from.IsZero() {
		end := from.Add(maxShift)
		if !last.IsZero() && last.Before(end) {
			end = last
		}
		if lo, _, ok = d.extremes(from, end); !ok {
			return "", "", false
		}
	}
	if !last.IsZero() {
		start := last.Add(-maxShift)
		if from.After(start) {
			start = from
		}
		if _, hi, ok = d.extremes(start, last); !ok {
			return "", "", false
		}
	}
	return lo, hi, !from.IsZero() || !last.IsZero()
}

// cyclicBounds is for formats that start over in each day, month or year.
func (d Derivation) cyclicBounds(within timeUnit, from, until time.Time) (lo, hi string, ok bool) {
	if from.IsZero() || until.IsZero() {
		return "", "", false
	}
	cycle := Derivation{Func: map[timeUnit]Func{unitDay: FuncDay, unitMonth: FuncMonth, unitYear: FuncYear}[within]}
	f, err := parseTimeFormat(defaultFormat(cycle.Func))
	if err != nil {
		return "", "", false
	}
	cycle.compiled = &compiledTime{unit: within, loc: d.compiled.loc, format: f}
	if first, last, ok := cycle.extremes(from, until); !ok || first != last {
		return "", "", false
	}
	return d.extremes(from, until)
}

// extremes walks through [from, until).
func (d Derivation) extremes(from, until time.Time) (lo, hi string, ok bool) {
	steps := 0
	for t := from; t.Before(until); steps++ {
		v, _, next, err := d.OfTime(t)
		if err != nil || steps == maxSteps {
			return "", "", false
		}
		if steps == 0 {
			lo, hi = v, v
		}
		lo, hi, t = min(lo, v), max(hi, v), next
	}
	return lo, hi, steps > 0
}

// Values gives every value of the rows whose instant lies in [from, until), in the order of
// time, if there are at most limit.
func (d Derivation) Values(from, until time.Time, limit int) ([]string, error) {
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	var vs []string
	seen := map[string]bool{}
	until = until.Add(d.Late)
	for t := from; t.Before(until); {
		v, _, next, err := d.OfTime(t)
		if err != nil {
			return nil, err
		}
		if !seen[v] {
			if len(vs) == limit {
				return nil, fmt.Errorf("catalog: derivation %s: more than %d values from %s to %s", d, limit, from, until)
			}
			seen[v] = true
			vs = append(vs, v)
		}
		t = next
	}
	return vs, nil
}
