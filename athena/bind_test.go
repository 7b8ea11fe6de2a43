package athena

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// truth is SQL's: a comparison with NULL is unknown.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

// eval says whether p holds for a row: a plain model of SQL, which knows nothing of spans.
func eval(t *testing.T, p catalog.Pred, row map[string]any) truth {
	t.Helper()
	switch p.Op() {
	case 0:
		return yes
	case catalog.OpAnd, catalog.OpOr:
		out := yes
		if p.Op() == catalog.OpOr {
			out = no
		}
		for _, term := range p.Terms() {
			if v := eval(t, term, row); p.Op() == catalog.OpAnd {
				out = min(out, v)
			} else {
				out = max(out, v)
			}
		}
		return out
	case catalog.OpNot:
		return yes - eval(t, p.Terms()[0], row)
	}
	c, ok := p.Left().(catalog.Column)
	if !ok {
		t.Fatalf("%s: no column", p)
	}
	v := row[c.Name()]
	switch p.Op() {
	case catalog.OpIsNull:
		return is(v == nil)
	case catalog.OpIsNotNull:
		return is(v != nil)
	}
	if v == nil {
		return unknown
	}
	vs := p.Values()
	cmp := func(i int) int { return compare(t, v, vs[i]) }
	switch p.Op() {
	case catalog.OpEq:
		return is(cmp(0) == 0)
	case catalog.OpNe:
		return is(cmp(0) != 0)
	case catalog.OpLt:
		return is(cmp(0) < 0)
	case catalog.OpLe:
		return is(cmp(0) <= 0)
	case catalog.OpGt:
		return is(cmp(0) > 0)
	case catalog.OpGe:
		return is(cmp(0) >= 0)
	case catalog.OpBetween:
		return is(cmp(0) >= 0 && cmp(1) <= 0)
	case catalog.OpOneOf:
		for i := range vs {
			if cmp(i) == 0 {
				return yes
			}
		}
		return no
	}
	t.Fatalf("%s: unknown operation", p)
	return no
}

func is(b bool) truth {
	if b {
		return yes
	}
	return no
}

func compare(t *testing.T, a, b any) int {
	t.Helper()
	switch a := a.(type) {
	case time.Time:
		return a.Compare(b.(time.Time))
	case catalog.Date:
		return a.Compare(b.(catalog.Date))
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		switch b := b.(int64); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	t.Fatalf("a %T is not compared here", a)
	return 0
}

// layout is a table for the property test.
type layout struct {
	table *catalog.Table
	zone  *time.Location
	// late is how much later than its instant a row may be laid out.
	late time.Duration
}

func randomLayout(t *testing.T, r *rand.Rand) layout {
	t.Helper()
	// Zones whose clocks are set back at midnight, by half an hour, by a day, or a minute
	// after midnight are among them.
	zones := []string{
		"UTC", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut",
		"America/St_Johns", "Pacific/Apia", "America/Havana", "Asia/Kathmandu",
	}
	zone := zones[r.IntN(len(zones))]
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Skip("no time zone database")
	}
	late := []time.Duration{0, 0, time.Minute, 3 * time.Hour, 30 * time.Hour}[r.IntN(5)]
	var ps []catalog.Partition
	add := func(p catalog.Partition, formats ...string) {
		if f := formats[r.IntN(len(formats))]; f != "" {
			p = p.Format(f)
		}
		ps = append(ps, p.Zone(zone).Late(late))
	}
	add(catalog.Day("event_ts").As("dt"), "", "yyyyMMdd", "yyyy/MM/dd", "dd-MM-yyyy", "dd", "MM-dd")
	add(catalog.Hour("event_ts").As("hr"), "", "yyyy-MM-dd-HH", "HH dd", "dd HH", "H")
	if r.IntN(2) == 0 {
		add(catalog.Month("event_ts").As("mon"), "", "MM", "MM-yyyy")
	}
	if r.IntN(2) == 0 {
		add(catalog.Year("event_ts").As("yr").Typed(kind(catalog.KindInt)), "yyyy")
	}
	if r.IntN(3) == 0 {
		ps = append(ps, catalog.Day("day").As("d").Typed(kind(catalog.KindDate)))
	}
	if r.IntN(2) == 0 {
		ps = append(ps, catalog.Truncate("country", 1).As("c1"))
	}
	if r.IntN(2) == 0 {
		ps = append(ps, catalog.Truncate("n", 10).As("n10").Typed(kind(catalog.KindBigInt)))
	}
	if r.IntN(2) == 0 {
		ps = append(ps, catalog.Bucket("n", 8).As("b").Typed(kind(catalog.KindInt)))
	}
	if r.IntN(2) == 0 {
		ps = append(ps, catalog.Identity("country").As("country_copy"))
	}
	return layout{table: clicksBy(t, "", ps...), zone: loc, late: late}
}

var countries = []string{"DE", "DK", "US", "UK", "ÄÖ", "Z"}

// instant is near the changes of clocks of 2009 to 2012, or near midnight, more often than
// anywhere else.
func (l layout) instant(r *rand.Rand) time.Time {
	t := time.Date(2009, 1, 1, 0, 0, 0, 0, l.zone).Add(time.Duration(r.Int64N(int64(4 * 365 * 24 * time.Hour))))
	if _, end := t.ZoneBounds(); r.IntN(2) == 0 && !end.IsZero() && end.Year() < 2014 {
		t = end
	} else if r.IntN(2) == 0 {
		y, m, d := t.Date()
		t = time.Date(y, m, d, r.IntN(2)*r.IntN(24), 0, 0, 0, l.zone)
	}
	steps := []time.Duration{0, 1, -1, time.Microsecond, time.Minute, -time.Minute, 30 * time.Minute, -59 * time.Minute, time.Hour, -time.Hour, 5 * time.Hour, -25 * time.Hour, 72 * time.Hour}
	return t.Add(steps[r.IntN(len(steps))]).UTC()
}

// pred is a random condition. Most are conjunctions with a span of time, as people write.
func (l layout) pred(r *rand.Rand, depth int, about time.Time) catalog.Pred {
	col := l.table.Col
	near := func() time.Time {
		return about.Add(time.Duration(r.Int64N(int64(96*time.Hour))) - 48*time.Hour).Truncate([]time.Duration{1, time.Minute, time.Hour, 24 * time.Hour}[r.IntN(4)])
	}
	if depth > 0 && r.IntN(3) > 0 {
		n := 2 + r.IntN(2)
		var ps []catalog.Pred
		for range n {
			ps = append(ps, l.pred(r, depth-1, about))
		}
		switch r.IntN(6) {
		case 0:
			return catalog.Not(catalog.And(ps...))
		case 1, 2:
			return catalog.Or(ps...)
		default:
			return catalog.And(ps...)
		}
	}
	ts, n := col("event_ts"), col("n")
	a, b := near(), near()
	if b.Before(a) {
		a, b = b, a
	}
	switch r.IntN(16) {
	case 0:
		return ts.Ge(a)
	case 1:
		return ts.Gt(a)
	case 2:
		return ts.Lt(b)
	case 3:
		return ts.Le(b)
	case 4:
		return ts.Eq(a)
	case 5:
		return ts.Ne(a)
	case 6:
		return ts.OneOf(a, b)
	case 7:
		return ts.IsNull()
	case 8:
		return ts.IsNotNull()
	case 9:
		return col("country").OneOf(countries[r.IntN(len(countries))], countries[r.IntN(len(countries))])
	case 10:
		return col("country").Between(countries[r.IntN(len(countries))], countries[r.IntN(len(countries))])
	case 11:
		return n.Gt(r.IntN(50) - 25)
	case 12:
		return n.Eq(r.IntN(50) - 25)
	case 13:
		return col("day").Between(catalog.DateOf(a), catalog.DateOf(b))
	default:
		return ts.Between(a, b)
	}
}

// row is a random row: its columns, and where the layout puts it.
func (l layout) row(t *testing.T, r *rand.Rand, about time.Time) map[string]any {
	t.Helper()
	ts := l.instant(r)
	if r.IntN(2) == 0 {
		ts = about.Add(time.Duration(r.Int64N(int64(98*time.Hour))) - 49*time.Hour)
	}
	row := map[string]any{
		"event_ts": ts, "country": countries[r.IntN(len(countries))], "n": int64(r.IntN(50) - 25), "day": catalog.DateOf(ts),
	}
	for _, p := range l.table.Partitions() {
		d := p.Derivation
		v := row[d.Column]
		if d.Func.Temporal() && d.Late > 0 {
			v = ts.Add(time.Duration(r.Int64N(int64(d.Late) + 1)))
		}
		text, err := d.Of(v)
		if err != nil {
			t.Fatal(err)
		}
		var ok bool
		if row[p.Name], ok = partitionValue(p.Type, text); !ok {
			t.Fatalf("%s: %q is no value", p.Name, text)
		}
	}
	if r.IntN(20) == 0 { // NULL lies in a partition of its own
		for name := range row {
			if c := l.table.Col(name); c.IsPartition() && sourceOf(l.table, name) == "event_ts" {
				row[name] = nil
			}
		}
		row["event_ts"] = nil
	}
	return row
}

func sourceOf(t *catalog.Table, partition string) string {
	for _, p := range t.Partitions() {
		if p.Name == partition {
			return p.Derivation.Column
		}
	}
	return ""
}

// TestBindKeepsEveryRow is the proof's opponent: whatever row the conditions keep, what is
// added to them keeps too, over random layouts, zones, lateness, formats, conditions and rows.
func TestBindKeepsEveryRow(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("LAKEKIT_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	kept, bound, cut := 0, 0, 0
	for range 700 {
		l := randomLayout(t, r)
		about := l.instant(r)
		conds := []catalog.Pred{l.pred(r, 3, about)}
		if r.IntN(2) == 0 {
			from := about.Add(-time.Duration(r.Int64N(int64(40 * time.Hour))))
			conds = append(conds, l.table.Col("event_ts").In(from, about.Add(time.Duration(1+r.Int64N(int64(40*time.Hour))))))
		}
		if r.IntN(4) == 0 {
			ts, first := l.table.Col("event_ts"), about.Add(-time.Duration(r.Int64N(int64(30*time.Hour))))
			conds = append(conds, catalog.Or(ts.In(first, first.Add(2*time.Hour)), ts.In(about, about.Add(time.Hour)), ts.Eq(about.Add(9*time.Hour))))
		}
		whole := catalog.And(conds...)
		if err := whole.Err(); err != nil {
			t.Fatal(err)
		}
		if whole.Op() == catalog.OpAnd {
			conds = whole.Terms()
		} else {
			conds = []catalog.Pred{whole}
		}
		added, err := bind(l.table, conds)
		if err == nil && len(added) == 0 {
			continue
		}
		bound++
		for range 60 {
			row := l.row(t, r, about)
			if eval(t, whole, row) != yes {
				if eval(t, catalog.And(added...), row) != yes {
					cut++
				}
				continue
			}
			kept++
			if err != nil {
				t.Fatalf("seed %d: %v, but a row satisfies %s", seed, err, whole)
			}
			for _, a := range added {
				if aerr := a.Err(); aerr != nil {
					t.Fatal(aerr)
				}
				if eval(t, a, row) != yes {
					t.Fatalf("seed %d: the row\n%v\nof %v\nsatisfies\n%s\nand not the added\n%s", seed, row, l.table.Partitions(), whole, a)
				}
			}
		}
	}
	t.Logf("seed %d: %d conditions bound something, %d rows kept, %d others cut", seed, bound, kept, cut)
	if bound < 150 || kept < 500 || cut < 500 {
		t.Errorf("seed %d: too little was tested: %d bound, %d kept, %d cut", seed, bound, kept, cut)
	}
}

// TestBind has the conditions that follow, case by case.
func TestBind(t *testing.T) {
	t.Parallel()
	from, to := at(24, 9), at(24, 12)
	day := func() catalog.Partition { return catalog.Day("event_ts").As("dt") }
	hour := func() catalog.Partition { return catalog.Hour("event_ts").As("hr") }
	for _, c := range []struct {
		name string
		by   catalog.Partition
		p    func(*catalog.Table) catalog.Pred
		want string
	}{
		{"a zone", day().Zone("America/New_York"), span2(from.Add(-9*time.Hour), from.Add(-4*time.Hour)), "dt BETWEEN '2026-05-23' AND '2026-05-24'"},
		{"the end is exclusive", day(), span2(at(24, 0), at(25, 0)), "dt = '2026-05-24'"},
		{"just into the next day", day(), span2(at(24, 0), at(25, 0).Add(1)), "dt BETWEEN '2026-05-24' AND '2026-05-25'"},
		{"lateness", day().Late(3 * time.Hour), span2(at(24, 20), at(24, 22)), "dt BETWEEN '2026-05-24' AND '2026-05-25'"},
		{"late hours", hour().Late(time.Hour), span2(from, to), "hr BETWEEN '09' AND '12'"},
		{"a format that sorts", day().Format("yyyy/MM/dd"), span2(from, at(26, 0)), "dt BETWEEN '2026/05/24' AND '2026/05/25'"},
		{"a format that does not sort", day().Format("dd-MM-yyyy"), span2(from, at(26, 0)), "dt IN ('24-05-2026', '25-05-2026')"},
		{"and has no end", day().Format("dd-MM-yyyy"), func(t *catalog.Table) catalog.Pred { return t.Col("event_ts").Ge(from) }, "TRUE"},
		{"integers", hour().Typed(kind(catalog.KindInt)), span2(from, to), "hr BETWEEN 9 AND 11"},
		{"dates", day().Typed(kind(catalog.KindDate)), span2(from, to), "dt = DATE '2026-05-24'"},
		{"all hours", hour(), span2(from, from.Add(24*time.Hour)), "TRUE"},
		{"clocks set back", hour().Zone("America/New_York").Format("yyyy-MM-dd HH"), span2(time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC)), "hr = '2026-11-01 01'"},
		{"a day that comes twice", catalog.Day("event_ts").As("dt").Zone("America/St_Johns"), func(t *catalog.Table) catalog.Pred {
			// At 00:01 on 7 November 2010 the clocks went back to 23:01.
			return t.Col("event_ts").Ge(time.Date(2010, 11, 7, 2, 30, 30, 0, time.UTC))
		}, "dt >= '2010-11-06'"},
		{"a month", catalog.Month("event_ts").As("mon"), func(t *catalog.Table) catalog.Pred { return t.Col("event_ts").Between(from, to) }, "mon = '2026-05'"},
		{"negation", day(), func(t *catalog.Table) catalog.Pred { return catalog.Not(t.Col("event_ts").Lt(from)) }, "dt >= '2026-05-24'"},
		{"negation of both", day(), func(t *catalog.Table) catalog.Pred {
			return catalog.Not(catalog.Or(t.Col("event_ts").Lt(from), t.Col("event_ts").Ge(to), t.Col("n").Eq(1)))
		}, "dt = '2026-05-24'"},
		{"hours of two spans", hour(), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(t.Col("event_ts").In(at(23, 22), at(24, 0)), t.Col("event_ts").In(at(24, 1), at(24, 3)))
		}, "hr IN ('22', '23', '01', '02')"},
		{"late hours of two spans", hour().Zone("Australia/Lord_Howe").Late(3 * time.Hour), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(t.Col("event_ts").Eq(at(23, 8)), t.Col("event_ts").Eq(at(23, 22)))
		}, "hr IN ('18', '19', '20', '21', '08', '09', '10', '11')"},
		{"or null", day(), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(t.Col("event_ts").Ge(from), t.Col("event_ts").IsNull())
		}, "TRUE"},
		{"or something else", day(), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(t.Col("event_ts").Ge(from), t.Col("n").Eq(1))
		}, "TRUE"},
		{"or with a time in each", day(), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(catalog.And(t.Col("event_ts").In(from, to), t.Col("n").Eq(1)), t.Col("event_ts").Eq(at(3, 1)))
		}, "dt IN ('2026-05-03', '2026-05-24')"},
		{"a date", catalog.Day("day").As("dt"), func(t *catalog.Table) catalog.Pred { return t.Col("day").Gt(catalog.NewDate(2026, 5, 24)) }, "dt >= '2026-05-25'"},
		{"truncate", catalog.Truncate("country", 1).As("c"), func(t *catalog.Table) catalog.Pred { return t.Col("country").OneOf("DE", "DK", "US") }, "c IN ('D', 'U')"},
		{"truncate a range", catalog.Truncate("country", 1).As("c"), func(t *catalog.Table) catalog.Pred { return t.Col("country").Gt("DE") }, "c >= 'D'"},
		{"truncate numbers as text", catalog.Truncate("n", 10).As("n10"), func(t *catalog.Table) catalog.Pred { return t.Col("n").Gt(5) }, "TRUE"},
		{"truncate numbers", catalog.Truncate("n", 10).As("n10").Typed(kind(catalog.KindBigInt)), func(t *catalog.Table) catalog.Pred { return t.Col("n").Between(-5, 15) }, "n10 BETWEEN -10 AND 10"},
		{"bucket", catalog.Bucket("user_id", 16).As("b").Typed(kind(catalog.KindInt)), func(t *catalog.Table) catalog.Pred { return t.Col("user_id").Eq("iceberg") }, "b = " + bucketOf(t, "iceberg", 16)},
		{"bucket of a range", catalog.Bucket("user_id", 16).As("b"), func(t *catalog.Table) catalog.Pred { return t.Col("user_id").Ge("iceberg") }, "TRUE"},
		{"identity", catalog.Identity("country").As("c"), func(t *catalog.Table) catalog.Pred {
			return catalog.Or(t.Col("country").Eq("DE"), catalog.And(t.Col("country").Eq("US"), t.Col("n").Eq(1)))
		}, "c IN ('DE', 'US')"},
	} {
		tbl := clicksBy(t, "", c.by)
		p := c.p(tbl)
		conds := []catalog.Pred{p}
		if p.Op() == catalog.OpAnd {
			conds = p.Terms()
		}
		got, err := bind(tbl, conds)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text := catalog.And(got...).String(); text != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, p, text, c.want)
		}
	}
}

func span2(from, to time.Time) func(*catalog.Table) catalog.Pred {
	return func(t *catalog.Table) catalog.Pred { return t.Col("event_ts").In(from, to) }
}

func bucketOf(t *testing.T, v string, n int) string {
	t.Helper()
	s, err := catalog.Bucket("x", n).Derivation.Of(v)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(s)
}
