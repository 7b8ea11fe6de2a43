package athena

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/catalog"
)

// UnboundedError refuses a statement because nothing in it keeps it from reading every
// partition of a table.
type UnboundedError struct {
	// Table is the table whose scan is not bounded.
	Table string
	// Partitions are its partition columns (an Iceberg table's transforms).
	Partitions []string
	// Filtered are the columns that the statement has conditions on.
	Filtered []string
	// Mend says what to do about it.
	Mend string
	// Rewrite is, if the conditions let a bound follow, the statement with it: what it adds
	// holds for every row that the statement keeps, provided that the table's rows lie where
	// its derivations say. [Check] sets it.
	Rewrite string
}

func (e *UnboundedError) Error() string {
	filter := "there is no condition"
	if len(e.Filtered) > 0 {
		filter = "the conditions are on " + strings.Join(e.Filtered, ", ")
	}
	return fmt.Sprintf("the scan of %s is not bounded: %s, the partition columns are %s, and so every partition would be read: %s",
		e.Table, filter, strings.Join(e.Partitions, ", "), e.Mend)
}

// checkBounded refuses conditions that give no partition column a finite set of values or
// a lower bound, and those that no partition can be chosen by.
func checkBounded(t *catalog.Table, conds []catalog.Pred) error {
	parts := t.Partitions()
	if len(parts) == 0 {
		return nil
	}
	all := catalog.And(conds...)
	iceberg := t.Format() == catalog.FormatIceberg
	var errs []error
	bounded := false
	for _, p := range parts {
		if iceberg {
			bounded = bounded || boundsTransform(all, p)
			continue
		}
		bounded = bounded || bounds(all, p.Name, false)
		errs = append(errs, checkOrder(all, p), checkInjected(all, p))
	}
	if err := errors.Join(errs...); err != nil || bounded {
		return err
	}
	e := &UnboundedError{Table: t.String()}
	for _, c := range all.Columns() {
		if name := c.String(); !slices.Contains(e.Filtered, name) {
			e.Filtered = append(e.Filtered, name)
		}
	}
	for _, p := range parts {
		e.Partitions = append(e.Partitions, p.Name)
	}
	e.Mend = mend(parts, iceberg)
	return e
}

// mend says how to bound the scan of a table with these partition columns.
func mend(parts []catalog.Partition, iceberg bool) string {
	var ways []string
	sources := map[string]bool{}
	for _, p := range parts {
		d := p.Derivation
		if d.IsZero() || sources[d.Column] || !iceberg && d.Column == p.Name {
			continue
		}
		sources[d.Column] = true
		how := "a lower bound"
		if d.Func == catalog.FuncBucket {
			how = "Eq or OneOf"
		}
		ways = append(ways, fmt.Sprintf("add a condition with %s on %s, from which %s follows", how, d.Column, p.Name))
	}
	if !iceberg {
		ways = append(ways, fmt.Sprintf("add one with Eq or a lower bound on %s itself", parts[0].Name))
	}
	if len(sources) == 0 {
		ways[0] = fmt.Sprintf("add a condition with Eq or a lower bound on %s", parts[0].Name)
		ways = append(ways, fmt.Sprintf("declare what %s follows from, as in catalog.Day(\"event_ts\").As(%[1]q), so that conditions on that count", parts[0].Name))
	}
	return strings.Join(ways, ", or ") + "; Unbounded(\"why\") reads everything on purpose"
}

// bounds says whether p, where it is true (false if negated), gives the column a finite set
// of values or a lower bound. All branches of an OR must bound the same column: Athena takes
// no more from an OR than that.
func bounds(p catalog.Pred, column string, negated bool) bool {
	op := p.Op()
	switch op {
	case catalog.OpNot:
		return bounds(p.Terms()[0], column, !negated)
	case catalog.OpAnd, catalog.OpOr:
		branch := func(t catalog.Pred) bool { return bounds(t, column, negated) }
		if (op == catalog.OpAnd) != negated {
			return slices.ContainsFunc(p.Terms(), branch)
		}
		return !slices.ContainsFunc(p.Terms(), func(t catalog.Pred) bool { return !branch(t) })
	}
	if !isColumn(p.Left(), column) {
		return false
	}
	for _, v := range p.Values() {
		if _, is := v.(catalog.Column); is {
			return false
		}
	}
	if negated {
		return op == catalog.OpNe || op == catalog.OpLt || op == catalog.OpLe
	}
	return op == catalog.OpEq || op == catalog.OpOneOf || op == catalog.OpGt || op == catalog.OpGe || op == catalog.OpBetween
}

// boundsTransform says the same of an Iceberg table's partition field, which only its
// source column can bound.
func boundsTransform(p catalog.Pred, part catalog.Partition) bool {
	d := part.Derivation
	if d.Func == catalog.FuncBucket {
		_, ok := finite(p, d.Column)
		return ok
	}
	return bounds(p, d.Column, false)
}

// checkOrder refuses ranges over texts whose order is not that of time: they would choose
// the wrong partitions.
func checkOrder(p catalog.Pred, part catalog.Partition) error {
	d := part.Derivation
	if !d.Func.Temporal() || d.Ordered() || part.Type.Kind != catalog.KindString && part.Type.Kind != catalog.KindVarchar {
		return nil
	}
	if cyclic(d) {
		return nil // hours of a day do compare
	}
	for _, t := range p.Terms() {
		if err := checkOrder(t, part); err != nil {
			return err
		}
	}
	if !isColumn(p.Left(), part.Name) {
		return nil
	}
	switch p.Op() {
	case catalog.OpLt, catalog.OpLe, catalog.OpGt, catalog.OpGe, catalog.OpBetween:
		return fmt.Errorf("%s: its texts, in the format %s, do not compare in the order of time, so %s chooses the wrong ones: use IN (OneOf), or a condition on %s", part.Name, d.Format, p.Op(), d.Column)
	}
	return nil
}

// checkInjected holds the one rule that Athena has for injected partition columns.
func checkInjected(p catalog.Pred, part catalog.Partition) error {
	if part.Projection.Type != catalog.ProjectInjected {
		return nil
	}
	if _, ok := finite(p, part.Name); !ok {
		return fmt.Errorf("%s: the partition column is projected as injected, so a condition with = or IN (Eq, OneOf) on it is needed", part.Name)
	}
	return nil
}
