package athena

import (
	"slices"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// span is the instants from <= t < until. A zero from or until leaves that side open.
type span struct{ from, until time.Time }

// instants are those that a column may hold in rows for which a condition is true: spans
// in order that do not touch, and NULL if null is set. Too many is right, too few is not.
type instants struct {
	spans []span
	null  bool
}

func anyInstant() instants { return instants{spans: []span{{}}, null: true} }

func notNull() instants { return instants{spans: []span{{}}} }

// beginsAfter compares begins, where zero is the earliest.
func beginsAfter(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.After(b)) }

// endsBefore compares ends, where zero is the latest.
func endsBefore(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }

// empty tells a span that holds nothing.
func (s span) empty() bool {
	return !s.from.IsZero() && !s.until.IsZero() && !s.from.Before(s.until)
}

func (a instants) and(b instants) instants {
	out := instants{null: a.null && b.null}
	for _, x := range a.spans {
		for _, y := range b.spans {
			s := x
			if beginsAfter(y.from, s.from) {
				s.from = y.from
			}
			if endsBefore(y.until, s.until) {
				s.until = y.until
			}
			if !s.empty() {
				out.spans = append(out.spans, s)
			}
		}
	}
	return out.tidy()
}

func (a instants) or(b instants) instants {
	return instants{spans: slices.Concat(a.spans, b.spans), null: a.null || b.null}.tidy()
}

// tidy sorts the spans and joins those that meet.
func (a instants) tidy() instants {
	slices.SortFunc(a.spans, func(x, y span) int {
		switch {
		case beginsAfter(y.from, x.from):
			return -1
		case beginsAfter(x.from, y.from):
			return 1
		}
		return 0
	})
	var out []span
	for _, s := range a.spans {
		last := len(out) - 1
		switch {
		case last >= 0 && out[last].until.IsZero():
		case last >= 0 && !beginsAfter(s.from, out[last].until):
			if endsBefore(out[last].until, s.until) {
				out[last].until = s.until
			}
		default:
			out = append(out, s)
		}
	}
	a.spans = out
	return a
}

// instantsOf says what the column may hold where p is true, or where it is false if
// negated. It knows the column by its name: p speaks of one table.
func instantsOf(p catalog.Pred, column string, negated bool) instants {
	switch op := p.Op(); op {
	case catalog.OpNot:
		return instantsOf(p.Terms()[0], column, !negated)
	case catalog.OpAnd, catalog.OpOr:
		var all instants
		for i, t := range p.Terms() {
			in := instantsOf(t, column, negated)
			switch {
			case i == 0:
				all = in
			case (op == catalog.OpAnd) != negated: // NOT (a AND b) is NOT a OR NOT b
				all = all.and(in)
			default:
				all = all.or(in)
			}
		}
		return all
	}
	if !isColumn(p.Left(), column) {
		return anyInstant()
	}
	return comparison(p, negated)
}

func comparison(p catalog.Pred, negated bool) instants {
	switch op := p.Op(); {
	case op == catalog.OpIsNull && !negated, op == catalog.OpIsNotNull && negated:
		return instants{null: true}
	case op == catalog.OpOneOf && !negated:
		var all instants
		for _, v := range p.Values() {
			at, ok := valueSpan(v)
			if !ok {
				return notNull()
			}
			all = all.or(instants{spans: []span{at}})
		}
		return all
	}
	vs := p.Values()
	if len(vs) == 0 {
		return notNull()
	}
	low, ok := valueSpan(vs[0])
	if !ok {
		return notNull()
	}
	before, from := span{until: low.from}, span{from: low.from}
	upTo, after := span{until: low.until}, span{from: low.until}
	one := func(s, otherwise span) instants {
		if negated {
			s = otherwise
		}
		return instants{spans: []span{s}}
	}
	switch p.Op() {
	case catalog.OpEq:
		if !negated {
			return instants{spans: []span{low}}
		}
		return notNull()
	case catalog.OpNe:
		if negated {
			return instants{spans: []span{low}}
		}
		return notNull()
	case catalog.OpLt:
		return one(before, from)
	case catalog.OpLe:
		return one(upTo, after)
	case catalog.OpGt:
		return one(after, upTo)
	case catalog.OpGe:
		return one(from, before)
	case catalog.OpBetween:
		high, ok := valueSpan(vs[1])
		if !ok {
			return notNull()
		}
		if negated {
			return instants{spans: []span{before}}.or(instants{spans: []span{{from: high.until}}})
		}
		return instants{spans: []span{from}}.and(instants{spans: []span{{until: high.until}}})
	}
	return notNull()
}

// valueSpan is the instants that equal a value: a nanosecond, or the 24 hours of a date.
func valueSpan(v any) (span, bool) {
	switch v := v.(type) {
	case time.Time:
		return span{from: v, until: v.Add(1)}, true
	case catalog.Date:
		return span{from: v.Time(), until: v.AddDays(1).Time()}, true
	}
	return span{}, false
}
