package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// Check refuses a SELECT, in the writer's own words, that nothing keeps from reading every
// partition of its table, with the [*UnboundedError] of [Selection.Build]. Only what the
// text says counts: a condition on event_ts alone does not bound a scan, and the error
// then has the statement with the condition on dt that follows from it, in Rewrite.
//
// A scan is bounded when a condition compares a partition column (of an Iceberg table, what
// its transforms are of) with a constant by =, IN, >, >= or BETWEEN. A constant is a literal,
// a parameter, or computed of such and the current time alone. In an OR, all branches must
// bound the same column. An upper bound alone, <> and whatever is put into a function do not
// bound.
//
// Check runs nothing. It fails closed: a statement that is more than a SELECT over one table
// is an error that names what is not understood. Hive's DDL, SHOW and DESCRIBE, which read no
// rows, pass unread.
//
// database completes a table's name that has none; tables reads a table by its full name,
// as [catalog.Client.Table] does.
func Check(ctx context.Context, sql, database string, tables func(ctx context.Context, name string) (*catalog.Table, error)) error {
	kind, err := trinosql.Classify(sql)
	if err != nil {
		return fmt.Errorf("athena: check: %w", err)
	}
	if kind.Hive() {
		return nil
	}
	stmt, err := trinosql.Parse(sql)
	if err != nil {
		return fmt.Errorf("athena: check: %w", err)
	}
	q, isQuery := stmt.(*trinosql.Query)
	if !isQuery {
		return fmt.Errorf("athena: check: a %s statement is not understood", kind)
	}
	s, isSelect := q.Body.(*trinosql.Select)
	if !isSelect {
		return errors.New("athena: check: the query is more than a SELECT")
	}
	if s.From == nil {
		return nil
	}
	from, isTable := s.From.(*trinosql.Table)
	if !isTable {
		return errors.New("athena: check: the query is over more than a table")
	}
	full, err := fullName(from.Name, database)
	if err != nil {
		return fmt.Errorf("athena: check: %w", err)
	}
	t, err := tables(ctx, full)
	if err != nil {
		return fmt.Errorf("athena: check: %w", err)
	}
	if err := checkSelect(q, s, from, t); err != nil {
		return fmt.Errorf("athena: check: %w", err)
	}
	return nil
}

// fullName gives the name as database.table.
func fullName(n *trinosql.Name, database string) (string, error) {
	switch len(n.Parts) {
	case 1:
		if database == "" {
			return "", fmt.Errorf("table %q has no database: write database.%[1]s", n.Last())
		}
		return strings.ToLower(database) + "." + n.Last(), nil
	case 2:
		return n.Parts[0].Key() + "." + n.Last(), nil
	case 3:
		if c := n.Parts[0].Key(); c != "awsdatacatalog" {
			return "", fmt.Errorf("table %s lies in catalog %q: what is not in AwsDataCatalog is not understood", trinosql.Format(n), c)
		}
		return n.Parts[1].Key() + "." + n.Last(), nil
	}
	return "", fmt.Errorf("table %s: a name has at most three parts", trinosql.Format(n))
}

// checkSelect holds the statement against its table.
func checkSelect(q *trinosql.Query, s *trinosql.Select, from *trinosql.Table, t *catalog.Table) error {
	names := &names{table: t, of: []string{t.Name(), t.String()}}
	if from.Alias != nil {
		names.of = []string{from.Alias.Key()}
	}
	err := checkBounded(t, conjuncts(reading{names: names, unknown: true}, s.Where))
	var unbounded *UnboundedError
	if !errors.As(err, &unbounded) {
		return err
	}
	unbounded.Filtered = names.all(s.Where)
	unbounded.Mend = mendText(t)
	known := conjuncts(reading{names: names}, s.Where)
	bound, berr := bind(t, known)
	if berr != nil || len(bound) == 0 || checkBounded(t, append(known, bound...)) != nil {
		return unbounded // conditions that exclude each other bind nothing either
	}
	text := trinosql.Format(withBound(q, s, bound))
	if len(text) > trinosql.MaxBytes {
		return unbounded
	}
	unbounded.Rewrite = text
	unbounded.Mend = "add what follows from them: " + catalog.And(bound...).String()
	return unbounded
}

// withBound gives the statement with the conditions added to its WHERE.
func withBound(q *trinosql.Query, s *trinosql.Select, bound []catalog.Pred) *trinosql.Query {
	where := &trinosql.Logical{Op: "AND"}
	if l, is := s.Where.(*trinosql.Logical); is && l.Op == "AND" {
		where.Terms = append(where.Terms, l.Terms...)
	} else {
		where.Terms = append(where.Terms, s.Where)
	}
	for _, p := range bound {
		where.Terms = append(where.Terms, p.Node())
	}
	sel, query := *s, *q
	sel.Where, query.Body = where, &sel
	return &query
}

// mendText says in SQL's words how to bound the scan.
func mendText(t *catalog.Table) string {
	const how = "add a condition with =, IN, >, >= or BETWEEN and a constant on "
	iceberg := t.Format() == catalog.FormatIceberg
	var ways []string
	for _, p := range t.Partitions() {
		d := p.Derivation
		switch {
		case iceberg && d.Func == catalog.FuncBucket:
			ways = appendNew(ways, "add a condition with = or IN and a constant on "+d.Column)
		case iceberg:
			ways = appendNew(ways, how+d.Column)
		case len(ways) == 0:
			ways = append(ways, how+p.Name)
			if d.IsZero() {
				ways = append(ways, fmt.Sprintf("declare what %s follows from, as in the table parameter lakekit.derive.%[1]s = day(event_ts,UTC), so that a bound on that is carried over", p.Name))
			}
		}
		if !iceberg && !d.IsZero() && d.Column != p.Name {
			ways = appendNew(ways, fmt.Sprintf("compare %s with a literal in this way, from which a condition on %s follows", d.Column, p.Name))
			break
		}
	}
	return strings.Join(ways, ", or ")
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
