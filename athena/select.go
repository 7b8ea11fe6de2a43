package athena

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// Selection is a SELECT over one table. It is a value: its methods return changed copies, so
// that a query can be kept and built upon. Mistakes come up in [Selection.Build], all at once.
type Selection struct {
	items         []catalog.Expr
	table         *catalog.Table
	where, having []catalog.Pred
	group         []catalog.Column
	order         []Order
	limit, offset int64 // -1 means none
	distinct      bool
	unbounded     *string
}

// Select begins a query that gives these columns and aggregates. An aggregate needs a
// name, a column may have one ([As]). A column that is an array, a map or a struct comes as
// JSON text, which [Rows] reads exactly.
func Select(items ...catalog.Expr) Selection {
	return Selection{items: slices.Clone(items), limit: -1, offset: -1}
}

// From is the table.
func (q Selection) From(t *catalog.Table) Selection {
	q.table = t
	return q
}

// Where keeps the rows for which all conditions hold; further calls add conditions. A
// condition on a column from which partition columns derive bounds these too: see
// [Selection.Build].
func (q Selection) Where(ps ...catalog.Pred) Selection {
	q.where = append(slices.Clip(q.where), ps...)
	return q
}

// GroupBy makes a row of each group.
func (q Selection) GroupBy(cs ...catalog.Column) Selection {
	q.group = append(slices.Clip(q.group), cs...)
	return q
}

// Having keeps the groups for which all conditions hold.
func (q Selection) Having(ps ...catalog.Pred) Selection {
	q.having = append(slices.Clip(q.having), ps...)
	return q
}

// OrderBy sorts the result.
func (q Selection) OrderBy(os ...Order) Selection {
	q.order = append(slices.Clip(q.order), os...)
	return q
}

// Limit gives at most n rows. Athena may still read everything, and it reuses no result of
// a query that has a limit and no order.
func (q Selection) Limit(n int) Selection {
	q.limit = count(n)
	return q
}

// Offset leaves out the first n rows.
func (q Selection) Offset(n int) Selection {
	q.offset = count(n)
	return q
}

// count makes every negative number -2, which is a complaint: -1 means none.
func count(n int) int64 {
	if n < 0 {
		return -2
	}
	return int64(n)
}

// Distinct leaves out rows that repeat others.
func (q Selection) Distinct() Selection {
	q.distinct = true
	return q
}

// Unbounded lets the query read every partition of its table, for the reason given, which
// is for those who read the code.
func (q Selection) Unbounded(why string) Selection {
	q.unbounded = &why
	return q
}

// Order is an entry of [Selection.OrderBy].
type Order struct {
	name  string
	desc  bool
	nulls trinosql.Nulls
}

// Asc sorts by a column of the result or, when the query has no groups, of the table,
// smallest first. NULL comes last.
func Asc(name string) Order { return Order{name: name} }

// Desc sorts largest first. NULL comes last.
func Desc(name string) Order { return Order{name: name, desc: true} }

// NullsFirst puts NULL first.
func (o Order) NullsFirst() Order {
	o.nulls = trinosql.NullsFirst
	return o
}

// Build gives the statement's text. The same query always has the same text.
//
// Conditions on a column from which a partition column derives are turned into conditions
// on the partition column, which are added to them, never put in their place: event_ts in
// [2026-05-24 09:00, 12:00) adds dt = '2026-05-24' AND hr BETWEEN '09' AND '11'. The zone,
// the format and the lateness of the derivation count. What is added holds for every row
// for which the original conditions hold, provided that the table's rows lie where the
// derivation says.
//
// Build refuses a query that nothing keeps from reading all partitions with an
// [*UnboundedError], unless [Selection.Unbounded] says that it may.
func (q Selection) Build() (string, error) {
	stmt, err := q.statement()
	if err != nil {
		return "", err
	}
	text := trinosql.Format(stmt)
	if len(text) > trinosql.MaxBytes {
		return "", fmt.Errorf("athena: query %s: the statement has %d bytes, Athena takes at most %d", q.table, len(text), trinosql.MaxBytes)
	}
	return text, nil
}

// statement checks everything and gives the statement's tree.
func (q Selection) statement() (*trinosql.Query, error) {
	if q.table == nil {
		return nil, errors.New("athena: query: From names no table")
	}
	c := &checker{q: q, t: q.table}
	s := &trinosql.Select{
		Distinct: q.distinct,
		From:     &trinosql.Table{Name: name(q.table.Database(), q.table.Name())},
	}
	s.Items = c.items()
	where := c.conditions()
	s.GroupBy = c.groups()
	s.Having = c.groupConditions()
	stmt := &trinosql.Query{Body: s, OrderBy: c.orders(), Limit: c.rows("Limit", q.limit), Offset: c.rows("Offset", q.offset)}
	if len(c.errs) == 0 {
		bound, err := bind(q.table, where)
		c.add(err)
		where = append(where, bound...)
		if err == nil && q.unbounded == nil {
			c.add(checkBounded(q.table, where))
		}
	}
	if q.unbounded != nil && strings.TrimSpace(*q.unbounded) == "" {
		c.add(errors.New("Unbounded: the reason is empty"))
	}
	if len(c.errs) > 0 {
		return nil, c.err()
	}
	if p := catalog.And(where...); !p.IsZero() {
		s.Where = p.Node()
	}
	return stmt, nil
}

// checker collects the complaints about a query.
type checker struct {
	q    Selection
	t    *catalog.Table
	errs []error
	// outputs are the names of the result's columns.
	outputs map[string]catalog.Expr
}

// add keeps a complaint, or each of those that it joins.
func (c *checker) add(err error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			c.add(e)
		}
		return
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

func (c *checker) err() error {
	for i, err := range c.errs {
		c.errs[i] = fmt.Errorf("athena: query %s: %w", c.t, err)
	}
	return errors.Join(c.errs...)
}

// own complains about columns of other tables.
func (c *checker) own(cs ...catalog.Column) {
	for _, col := range cs {
		if t := col.Table(); col.Err() == nil && t != c.t && t.String() != c.t.String() {
			c.add(fmt.Errorf("%s is a column of %s, and the query reads %s alone", col, t, c.t))
		}
	}
}

func (c *checker) grouped() bool {
	return len(c.q.group) > 0 || slices.ContainsFunc(c.q.items, func(e catalog.Expr) bool {
		_, is := unnamed(e).(Aggregate)
		return is
	})
}

// inGroup says whether the column is one of GroupBy's, or a member of one.
func (c *checker) inGroup(col catalog.Column) bool {
	path := col.Path()
	return slices.ContainsFunc(c.q.group, func(g catalog.Column) bool {
		p := g.Path()
		return len(p) <= len(path) && slices.Equal(p, path[:len(p)])
	})
}

// unnamed takes the name off an item.
func unnamed(e catalog.Expr) catalog.Expr {
	if i, ok := e.(Item); ok {
		return i.expr
	}
	return e
}

func (c *checker) items() []*trinosql.Item {
	if len(c.q.items) == 0 {
		c.add(errors.New("Select names nothing to select"))
	}
	grouped := c.grouped()
	c.outputs = map[string]catalog.Expr{}
	out := make([]*trinosql.Item, 0, len(c.q.items))
	for _, e := range c.q.items {
		if e == nil {
			c.add(errors.New("Select: an item is nil"))
			continue
		}
		if err := e.Err(); err != nil {
			c.add(err)
			continue
		}
		it := &trinosql.Item{Expr: e.Node()}
		var label string
		switch x := unnamed(e).(type) {
		case catalog.Column:
			label = x.Name()
			c.own(x)
			if grouped && !c.inGroup(x) {
				c.add(fmt.Errorf("%s is selected, and neither grouped by nor inside of an aggregate: add it to GroupBy", x))
			}
		case Aggregate:
			c.own(x.columns()...)
		default:
			c.add(fmt.Errorf("a %T is neither a column nor an aggregate", x))
			continue
		}
		if i, named := e.(Item); named {
			label = i.alias
			if !validLabel(label) {
				c.add(fmt.Errorf("%s: %q is no name for a column: one to 255 characters, none of them a control character", trinosql.Format(it.Expr), label))
			}
			it.Alias = &trinosql.Ident{Name: label}
		} else if label == "" {
			c.add(fmt.Errorf("%[1]s has no name in the result: add .As(\"name\")", trinosql.Format(it.Expr)))
			continue
		}
		key := strings.ToLower(label)
		if _, twice := c.outputs[key]; twice {
			c.add(fmt.Errorf("the result has two columns called %q: name one with athena.As", label))
		}
		c.outputs[key] = e
		if t := e.Type(); !t.Scalar() {
			c.add(jsonType(label, t))
			it.Expr = asJSON(it.Expr)
			it.Alias = &trinosql.Ident{Name: label}
		}
		out = append(out, it)
	}
	return out
}

func validLabel(s string) bool {
	return s != "" && len([]rune(s)) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd })
}

// asJSON is json_format(CAST(e AS json)): Athena's own text of nested values cannot be
// read back.
func asJSON(e trinosql.Expr) trinosql.Expr {
	return &trinosql.Call{Name: name("json_format"), Args: []trinosql.Expr{&trinosql.Cast{X: e, Type: &trinosql.Type{Name: "json"}}}}
}

// jsonType complains about what does not cast to JSON.
func jsonType(path string, t catalog.Type) error {
	switch t.Kind {
	case catalog.KindArray:
		return jsonType(path+".element", *t.Elem)
	case catalog.KindMap:
		var err error
		switch t.Key.Kind {
		case catalog.KindDate, catalog.KindTimestamp:
			err = fmt.Errorf("%s: Athena does not cast a map with keys of type %s to JSON: select what is needed of it", path, t.Key)
		default:
			err = jsonType(path+".key", *t.Key)
		}
		return errors.Join(err, jsonType(path+".value", *t.Elem))
	case catalog.KindStruct:
		var errs []error
		for _, f := range t.Fields {
			errs = append(errs, jsonType(path+"."+f.Name, f.Type))
		}
		return errors.Join(errs...)
	case catalog.KindBinary, catalog.KindFixed, catalog.KindChar, catalog.KindTimestampTZ, catalog.KindTime, catalog.KindUUID:
		return fmt.Errorf("%s: Athena does not cast %s to JSON, in which nested values come: select its neighbours as members instead", path, t)
	}
	return nil
}

// conditions checks Where and gives its conditions one by one.
func (c *checker) conditions() []catalog.Pred {
	var out []catalog.Pred
	for _, p := range c.q.where {
		c.add(p.Err())
		c.own(p.Columns()...)
		if a := aggregateIn(p); a != nil {
			c.add(fmt.Errorf("%s stands in Where, which sees rows: conditions on groups go into Having", trinosql.Format(a.Node())))
		}
		if p.Op() == catalog.OpAnd {
			out = append(out, p.Terms()...)
		} else if !p.IsZero() {
			out = append(out, p)
		}
	}
	return out
}

// aggregateIn finds an aggregate in a condition.
func aggregateIn(p catalog.Pred) catalog.Expr {
	if a, ok := p.Left().(Aggregate); ok {
		return a
	}
	for _, t := range p.Terms() {
		if a := aggregateIn(t); a != nil {
			return a
		}
	}
	return nil
}

func (c *checker) groups() []trinosql.Expr {
	var out []trinosql.Expr
	for _, g := range c.q.group {
		if err := g.Err(); err != nil {
			c.add(err)
			continue
		}
		c.own(g)
		out = append(out, g.Node())
	}
	return out
}

func (c *checker) groupConditions() trinosql.Expr {
	p := catalog.And(c.q.having...)
	if err := p.Err(); err != nil {
		c.add(err)
		return nil
	}
	if p.IsZero() {
		return nil
	}
	if !c.grouped() {
		c.add(errors.New("Having needs groups: use Where, or add GroupBy"))
	}
	for _, col := range p.Columns() {
		c.own(col)
		if !c.inGroup(col) {
			c.add(fmt.Errorf("%s stands in Having, and not in GroupBy", col))
		}
	}
	c.ownAggregates(p)
	return p.Node()
}

func (c *checker) ownAggregates(p catalog.Pred) {
	if a, ok := p.Left().(Aggregate); ok {
		c.own(a.columns()...)
	}
	for _, t := range p.Terms() {
		c.ownAggregates(t)
	}
}

func (c *checker) orders() []*trinosql.Order {
	var out []*trinosql.Order
	for _, o := range c.q.order {
		e, ok := c.outputs[strings.ToLower(o.name)]
		if !ok && !c.grouped() && !c.q.distinct {
			if col := c.t.Col(o.name); col.Err() == nil {
				e, ok = col, true
			}
		}
		switch {
		case !ok:
			c.add(fmt.Errorf("OrderBy: %q is no column of the result", o.name))
			continue
		case !e.Type().Scalar():
			c.add(fmt.Errorf("OrderBy: %s is %s, which has no order", o.name, e.Type()))
		}
		out = append(out, &trinosql.Order{Expr: &trinosql.Ident{Name: o.name}, Desc: o.desc, Nulls: o.nulls})
	}
	return out
}

func (c *checker) rows(what string, n int64) trinosql.Expr {
	switch {
	case n == -1:
		return nil
	case n < 0:
		c.add(fmt.Errorf("%s: the number of rows is negative", what))
		return nil
	}
	return &trinosql.Literal{Kind: trinosql.Integer, Text: strconv.FormatInt(n, 10)}
}
