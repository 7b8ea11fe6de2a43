package athena

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// maxValues is how many values of a partition column are listed at most.
const maxValues = 1000

// bind works out what the conditions (all of which hold for every row of the result) say
// about the partition columns that derive from the columns they are on. What it gives
// holds wherever all the conditions do, so it may be added to them.
//
// The proof, for a temporal derivation p = f(s): where the conditions are true, s is in one
// of the spans that instantsOf gives, and never NULL (else nothing is added). For a span
// [a, b), catalog's Bounds gives the least and the greatest f over [a, b + lateness),
// set-back clocks included, in the order in which Trino compares the column; or Values
// gives every f there. So p is between these, or one of those. An alternative that would be
// tighter at the edges, (dt > X OR hr >= Y), is not used: Athena lists partitions by the
// domain of one column at a time, so it would cost and not save.
func bind(t *catalog.Table, conds []catalog.Pred) ([]catalog.Pred, error) {
	if t.Format() == catalog.FormatIceberg {
		return nil, nil // Iceberg's own metadata does the same
	}
	all := catalog.And(conds...)
	if all.IsZero() {
		return nil, nil
	}
	var out []catalog.Pred
	for _, p := range t.Partitions() {
		d := p.Derivation
		var bound catalog.Pred
		switch {
		case d.IsZero() || d.Func == catalog.FuncIdentity && d.Column == p.Name:
			continue
		case d.Func.Temporal():
			in := instantsOf(all, d.Column, false)
			if len(in.spans) == 0 && !in.null {
				return nil, fmt.Errorf("%s: the conditions on it exclude each other, no row can satisfy them", d.Column)
			}
			if in.null {
				continue
			}
			bound = bindTime(t.Col(p.Name), p, in.spans)
		default:
			bound = bindValue(t.Col(p.Name), p, conds)
		}
		if bound.IsZero() || bound.Err() != nil || slices.ContainsFunc(conds, func(c catalog.Pred) bool { return c.String() == bound.String() }) {
			continue
		}
		if bound.Op() == catalog.OpAnd {
			out = append(out, bound.Terms()...)
		} else {
			out = append(out, bound)
		}
	}
	return out, nil
}

// bindTime gives the condition that the spans make on a temporal partition column. The
// zero condition means none.
func bindTime(col catalog.Column, p catalog.Partition, spans []span) catalog.Pred {
	ranges := make([]textRange, 0, len(spans))
	period, _ := cycle(p.Derivation)
	for _, s := range spans {
		if period > 0 && !s.from.IsZero() && !s.until.IsZero() && s.until.Add(p.Derivation.Late).Sub(s.from) >= period {
			return catalog.Pred{} // every hour of the day
		}
		lo, hi, ok := p.Derivation.Bounds(s.from, s.until)
		if !ok {
			return bindList(col, p, spans)
		}
		ranges = append(ranges, textRange{lo, hi})
	}
	if !p.Derivation.Ordered() && len(spans) > 1 { // joining ranges needs the order of time
		return bindList(col, p, spans)
	}
	var terms []catalog.Pred
	var same []any
	for _, r := range joinRanges(ranges) {
		lo, okLo := partitionValue(p.Type, r.lo)
		hi, okHi := partitionValue(p.Type, r.hi)
		switch {
		case r.lo != "" && !okLo, r.hi != "" && !okHi:
			return catalog.Pred{}
		case r.lo == r.hi:
			same = append(same, lo)
		case r.lo == "":
			terms = append(terms, col.Le(hi))
		case r.hi == "":
			terms = append(terms, col.Ge(lo))
		default:
			terms = append(terms, col.Between(lo, hi))
		}
	}
	return catalog.Or(append(oneOf(col, same), terms...)...)
}

// oneOf is column = value, or column IN (values), or nothing.
func oneOf(col catalog.Column, values []any) []catalog.Pred {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return []catalog.Pred{col.Eq(values[0])}
	}
	return []catalog.Pred{col.OneOf(values...)}
}

// textRange is lo <= v <= hi; an empty text leaves that side open.
type textRange struct{ lo, hi string }

// joinRanges joins those that meet. They come in the order of time, which is that of the
// texts.
func joinRanges(rs []textRange) []textRange {
	var out []textRange
	for _, r := range rs {
		last := len(out) - 1
		if last >= 0 && (out[last].hi == "" || r.lo == "" || r.lo <= out[last].hi) {
			if r.hi == "" || out[last].hi != "" && r.hi > out[last].hi {
				out[last].hi = r.hi
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// bindList lists the values, where their order is not that of time.
func bindList(col catalog.Column, p catalog.Partition, spans []span) catalog.Pred {
	d := p.Derivation
	period, most := cycle(d)
	var values []any
	seen := map[string]bool{}
	for _, s := range spans {
		if s.from.IsZero() || s.until.IsZero() || period > 0 && s.until.Add(d.Late).Sub(s.from) >= period {
			return catalog.Pred{} // every value, or no end of them
		}
		texts, err := d.Values(s.from, s.until, maxValues)
		if err != nil {
			return catalog.Pred{}
		}
		for _, text := range texts {
			v, ok := partitionValue(p.Type, text)
			if !ok {
				return catalog.Pred{}
			}
			if !seen[text] {
				seen[text] = true
				values = append(values, v)
			}
		}
	}
	if len(values) > maxValues || period > 0 && len(values) >= most {
		return catalog.Pred{}
	}
	return catalog.And(oneOf(col, values)...)
}

// cycle says after how long the values of a derivation that is not ordered start over, and
// how many there are then; zero if they do not. It need not be exact: a list that is not
// made is no mistake.
func cycle(d catalog.Derivation) (time.Duration, int) {
	if !cyclic(d) {
		return 0, 0
	}
	switch d.Func {
	case catalog.FuncHour:
		return 24 * time.Hour, 24
	case catalog.FuncDay:
		return 31 * 24 * time.Hour, 31
	default:
		return 366 * 24 * time.Hour, 12
	}
}

// cyclic says whether the values start over, and have the order of time until then: hours
// of a day do.
func cyclic(d catalog.Derivation) bool {
	d.Late = 0 // which could reach into the next day
	at := time.Date(2001, 1, 1, 12, 0, 0, 0, time.UTC)
	_, _, within := d.Bounds(at, at.Add(time.Second))
	return within && !d.Ordered()
}

// partitionValue gives a partition column's text as a value of its type.
func partitionValue(t catalog.Type, text string) (any, bool) {
	if text == "" {
		return nil, false
	}
	switch t.Kind {
	case catalog.KindString, catalog.KindVarchar:
		return text, true
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case catalog.KindDate:
		d, err := catalog.ParseDate(text)
		return d, err == nil
	case catalog.KindBoolean:
		b, err := strconv.ParseBool(text)
		return b, err == nil
	case catalog.KindDecimal:
		d, err := catalog.ParseDecimal(text)
		return d, err == nil
	}
	return nil, false
}

// bindValue gives the condition on a column that derives from a value: identity, truncate
// or bucket.
func bindValue(col catalog.Column, p catalog.Partition, conds []catalog.Pred) catalog.Pred {
	if vs, ok := finite(catalog.And(conds...), p.Derivation.Column); ok && len(vs) > 0 {
		var values []any
		seen := map[string]bool{}
		for _, v := range vs {
			text, err := p.Derivation.Of(v)
			pv, ok := partitionValue(p.Type, text)
			if err != nil || !ok || len(values) == maxValues {
				return catalog.Pred{}
			}
			if !seen[text] {
				seen[text] = true
				values = append(values, pv)
			}
		}
		return catalog.And(oneOf(col, values)...)
	}
	if p.Derivation.Func == catalog.FuncBucket {
		return catalog.Pred{}
	}
	var out []catalog.Pred
	for _, c := range conds {
		out = append(out, bindRange(col, p, c))
	}
	return catalog.And(out...)
}

// bindRange carries a comparison over to an identity or a truncation: both keep the order,
// where the partition column's type compares as the field's does.
func bindRange(col catalog.Column, p catalog.Partition, c catalog.Pred) catalog.Pred {
	if !isColumn(c.Left(), p.Derivation.Column) || !sameOrder(c.Left().Type(), p.Type) {
		return catalog.Pred{}
	}
	var vs []any
	for _, v := range c.Values() {
		text, err := p.Derivation.Of(v)
		pv, ok := partitionValue(p.Type, text)
		if err != nil || !ok {
			return catalog.Pred{}
		}
		vs = append(vs, pv)
	}
	switch c.Op() {
	case catalog.OpGe, catalog.OpGt: // v > x means trunc(v) >= trunc(x)
		return col.Ge(vs[0])
	case catalog.OpLe, catalog.OpLt:
		return col.Le(vs[0])
	case catalog.OpBetween:
		return col.Between(vs[0], vs[1])
	}
	return catalog.Pred{}
}

func sameOrder(field, partition catalog.Type) bool {
	text := func(k catalog.Kind) bool { return k == catalog.KindString || k == catalog.KindVarchar }
	whole := func(k catalog.Kind) bool { return k >= catalog.KindTinyInt && k <= catalog.KindBigInt }
	return (text(field.Kind) || field.Kind == catalog.KindDate) && text(partition.Kind) || whole(field.Kind) && whole(partition.Kind) ||
		field.Kind == partition.Kind && (field.Kind == catalog.KindDate || field.Kind == catalog.KindDecimal && field.Scale == partition.Scale)
}

// isColumn says whether the expression is the table's column of that name, and no member.
func isColumn(e catalog.Expr, name string) bool {
	c, ok := e.(catalog.Column)
	return ok && c.Name() == name && len(c.Path()) == 1
}

// finite gives the values that a column can have where p is true, if p lists them.
func finite(p catalog.Pred, column string) ([]any, bool) {
	switch p.Op() {
	case catalog.OpAnd:
		var best []any
		found := false
		for _, t := range p.Terms() {
			if vs, ok := finite(t, column); ok && (!found || len(vs) < len(best)) {
				best, found = vs, true
			}
		}
		return best, found
	case catalog.OpOr:
		var all []any
		for _, t := range p.Terms() {
			vs, ok := finite(t, column)
			if !ok {
				return nil, false
			}
			all = append(all, vs...)
		}
		return all, true
	case catalog.OpEq, catalog.OpOneOf:
		if !isColumn(p.Left(), column) || p.Left().Type().Kind == catalog.KindChar {
			return nil, false // a char equals values that end in other numbers of blanks
		}
		for _, v := range p.Values() {
			if _, is := v.(catalog.Column); is {
				return nil, false
			}
		}
		return p.Values(), true
	}
	return nil, false
}
