package athena

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/golden"
	"github.com/lakekit/lakekit/internal/trinosql"
)

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

// clicksBy is web.clicks_raw with other partition columns.
func clicksBy(tb testing.TB, format catalog.Format, ps ...catalog.Partition) *catalog.Table {
	tb.Helper()
	str := kind(catalog.KindString)
	t, err := catalog.New("web.clicks_raw", []catalog.Field{
		{Name: "user_id", Type: str},
		{Name: "url", Type: str},
		{Name: "device", Type: str},
		{Name: "country", Type: str},
		{Name: "event_ts", Type: kind(catalog.KindTimestamp)},
		{Name: "day", Type: kind(catalog.KindDate)},
		{Name: "n", Type: kind(catalog.KindBigInt)},
		{Name: "price", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 10, Scale: 2}},
		{Name: "raw", Type: kind(catalog.KindBinary)},
		{Name: "geo", Type: catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{
			{Name: "lat", Type: kind(catalog.KindDouble)}, {Name: "lon", Type: kind(catalog.KindDouble)},
		}}},
		{Name: "tags", Type: catalog.Type{Kind: catalog.KindArray, Elem: &str}},
	}, &catalog.TableOptions{Location: "s3://lake/raw/clicks/", Format: format, PartitionBy: ps})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func clicksTable(tb testing.TB) *catalog.Table {
	return clicksBy(tb, "", catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr"))
}

// plain has partition columns of which nobody said what they follow from.
func plain(tb testing.TB) *catalog.Table {
	return clicksBy(tb, "", catalog.Partition{Name: "dt"}, catalog.Partition{Name: "hr"})
}

func at(day, hour int) time.Time { return time.Date(2026, 5, day, hour, 0, 0, 0, time.UTC) }

// TestBuild has the text of many statements, each of which the parser must take.
func TestBuild(t *testing.T) {
	t.Parallel()
	c := clicksTable(t)
	views := Select(c.Col("country"), Count().As("views")).From(c).GroupBy(c.Col("country")).OrderBy(Desc("views"))
	ice := clicksBy(t, catalog.FormatIceberg, catalog.Day("event_ts"), catalog.Bucket("user_id", 16))
	var b strings.Builder
	for _, s := range []struct {
		name string
		q    Selection
	}{
		{"views per country on one day, hours 09 to 11", views.Where(c.Col("event_ts").In(at(24, 9), at(24, 12)))},
		{"the same, bound by hand", views.Where(c.Col("dt").Eq("2026-05-24"), c.Col("hr").Between("09", "11"))},
		{"a table that derives nothing, bound by hand", func() Selection {
			p := plain(t)
			return Select(p.Col("user_id"), p.Col("url"), p.Col("country")).From(p).Where(p.Col("country").Eq("US"), p.Col("dt").Ge("2026-05-24"))
		}()},
		{"from a day on", Select(c.Col("user_id"), c.Col("url"), c.Col("country")).From(c).Where(c.Col("country").Eq("US"), c.Col("event_ts").Ge(at(24, 0)))},
		{"a whole day", views.Where(c.Col("event_ts").In(at(24, 0), at(25, 0)))},
		{"over midnight", views.Where(c.Col("event_ts").In(at(24, 22), at(25, 2)))},
		{"two spans", views.Where(catalog.Or(c.Col("event_ts").In(at(3, 9), at(3, 12)), c.Col("event_ts").In(at(24, 0), at(26, 0))))},
		{"one instant", views.Where(c.Col("event_ts").Eq(at(24, 9)))},
		{"everything", Select(
			c.Col("country"), As(c.Col("device"), "Device Kind"), Count().As("n"), CountDistinct(c.Col("user_id")).As("users"),
			ApproxDistinct(c.Col("url")).As("urls"), Sum(c.Col("price")).As("revenue"), Avg(c.Col("n")).As("mean"),
			Min(c.Col("event_ts")).As("first"), Max(c.Col("event_ts")).As("last"),
			Count().Where(c.Col("price").Gt(catalog.NewDecimal(1999, 2))).As("dear"),
		).From(c).Where(c.Col("dt").OneOf("2026-05-23", "2026-05-24"), catalog.Not(c.Col("url").Like("%/health"))).
			GroupBy(c.Col("country"), c.Col("device")).Having(Count().Ge(10), c.Col("country").IsNotNull()).
			OrderBy(Desc("revenue").NullsFirst(), Asc("Device Kind")).Offset(5).Limit(10)},
		{"nested", Select(c.Col("geo"), c.Col("geo").Field("lat"), As(c.Col("tags"), "t")).From(c).Where(c.Col("dt").Eq("2026-05-24")).OrderBy(Asc("event_ts")).Limit(1)},
		{"distinct", Select(c.Col("country")).From(c).Distinct().Unbounded("the list of all countries ever seen")},
		{"iceberg, by time", Select(Count().As("n")).From(ice).Where(ice.Col("event_ts").Ge(at(24, 0)))},
		{"iceberg, by bucket", Select(Count().As("n")).From(ice).Where(ice.Col("user_id").Eq("u1"))},
	} {
		text, err := s.q.Build()
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if again, _ := s.q.Build(); again != text {
			t.Errorf("%s: another text the second time", s.name)
		}
		stmt, err := trinosql.Parse(text)
		if err != nil {
			t.Errorf("%s: %v\n%s", s.name, err, text)
			continue
		}
		if trinosql.Format(stmt) != text {
			t.Errorf("%s: not canonical:\n%s", s.name, text)
		}
		fmt.Fprintf(&b, "-- %s\n%s\n\n", s.name, text)
	}
	golden.Check(t, "build.golden", b.String())
}

// TestBuildRefuses has the text of every complaint.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	c := clicksTable(t)
	p := plain(t)
	other, err := catalog.New("web.users", []catalog.Field{{Name: "id", Type: kind(catalog.KindString)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ice := clicksBy(t, catalog.FormatIceberg, catalog.Bucket("user_id", 16), catalog.Day("event_ts"))
	backwards := clicksBy(t, "", catalog.Day("event_ts").Format("dd-MM-yyyy").As("dt"))
	injected := clicksBy(t, "", catalog.Partition{Name: "tenant", Projection: catalog.Projection{Type: catalog.ProjectInjected}})
	day := c.Col("dt").Eq("2026-05-24")
	one := Select(c.Col("country")).From(c)
	var b strings.Builder
	for _, s := range []struct {
		name string
		q    Selection
	}{
		{"S7", Select(p.Col("user_id"), p.Col("url"), p.Col("country")).From(p).Where(p.Col("country").Eq("US"), p.Col("event_ts").Ge(at(24, 0)))},
		{"no bound at all", one},
		{"another column", one.Where(c.Col("country").Eq("US"))},
		{"an upper bound alone", one.Where(c.Col("event_ts").Lt(at(24, 0)))},
		{"not equal", one.Where(c.Col("dt").Ne("2026-05-24"))},
		{"one branch of an OR", one.Where(catalog.Or(day, c.Col("country").Eq("US")))},
		{"branches that bound different columns", one.Where(catalog.Or(day, c.Col("hr").Eq("09")))},
		{"iceberg", Select(ice.Col("country")).From(ice).Where(ice.Col("user_id").Ge("u"), ice.Col("country").Eq("US"))},
		{"empty reason", one.Unbounded(" ")},
		{"exclude each other", one.Where(c.Col("event_ts").Ge(at(24, 0)), c.Col("event_ts").Lt(at(23, 0)))},
		{"texts out of order", Select(backwards.Col("country")).From(backwards).Where(backwards.Col("dt").Ge("24-05-2026"))},
		{"injected", Select(injected.Col("country")).From(injected).Where(injected.Col("tenant").Ge("a"))},
		{"no table", Select(c.Col("country"))},
		{"nothing", Selection{}.From(c)},
		{"many mistakes", Select(c.Col("contry"), c.Col("url"), c.Col("url"), other.Col("id"), Count(), As(c.Col("n"), ""), Sum(c.Col("url")).As("s"), Min(c.Col("geo")).As("m"), Item{}, Aggregate{}, nil).
			From(c).Where(day, c.Col("n").Eq("1"), Count().Gt(1)).GroupBy(c.Col("device"), other.Col("id")).Having(c.Col("url").Eq("x"), Sum(other.Col("id")).Gt(1)).
			OrderBy(Asc("nothing"), Asc("geo")).Limit(-1).Offset(-1)},
		{"having without groups", one.Where(day).Having(c.Col("country").Eq("US"))},
		{"having of another table", Select(Count().As("n")).From(c).Where(day).Having(Max(other.Col("id")).Gt("1"))},
		{"order of nested", Select(c.Col("geo")).From(c).Where(day).OrderBy(Asc("geo"))},
		{"too long", one.Where(c.Col("dt").Eq(strings.Repeat("x", trinosql.MaxBytes)))},
	} {
		_, err := s.q.Build()
		if err == nil {
			t.Errorf("%s: no error", s.name)
			continue
		}
		fmt.Fprintf(&b, "-- %s\n%v\n\n", s.name, err)
	}
	golden.Check(t, "refused.golden", b.String())

	_, err = one.Where(c.Col("country").Eq("US")).Build()
	var e *UnboundedError
	if !errors.As(err, &e) || e.Table != "web.clicks_raw" {
		t.Errorf("not an *UnboundedError: %v", err)
	}
}

// TestHoursCompare allows ranges of hours wherever the day begins and however late rows are.
func TestHoursCompare(t *testing.T) {
	t.Parallel()
	c := clicksBy(t, "", catalog.Hour("event_ts").As("hr").Zone("Australia/Lord_Howe").Late(3*time.Hour))
	if _, err := Select(c.Col("country")).From(c).Where(c.Col("hr").Between("09", "11")).Build(); err != nil {
		t.Error(err)
	}
}

// TestJSONTypes refuses nested types that Athena does not cast to JSON.
func TestJSONTypes(t *testing.T) {
	t.Parallel()
	elem := func(k catalog.Kind) *catalog.Type { t := kind(k); return &t }
	for _, c := range []struct {
		typ  catalog.Type
		want string
	}{
		{catalog.Type{Kind: catalog.KindArray, Elem: elem(catalog.KindBinary)}, "x.element: Athena does not cast binary"},
		{catalog.Type{Kind: catalog.KindMap, Key: elem(catalog.KindDate), Elem: elem(catalog.KindInt)}, "x: Athena does not cast a map with keys of type date"},
		{catalog.Type{Kind: catalog.KindMap, Key: elem(catalog.KindInt), Elem: elem(catalog.KindChar)}, "x.value: Athena does not cast char"},
		{catalog.Type{Kind: catalog.KindMap, Key: elem(catalog.KindString), Elem: elem(catalog.KindTimestamp)}, ""},
	} {
		switch err := jsonType("x", c.typ); {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.typ, err, c.want)
		}
	}
}

// TestSelectionIsValue builds two queries on one.
func TestSelectionIsValue(t *testing.T) {
	t.Parallel()
	c := clicksTable(t)
	base := Select(c.Col("country")).From(c).Where(c.Col("dt").Eq("2026-05-24"))
	a, b := base.Where(c.Col("country").Eq("DE")), base.Where(c.Col("country").Eq("US"))
	ta, err := a.Build()
	if err != nil {
		t.Fatal(err)
	}
	tb, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(ta, "'DE'") || strings.Contains(ta, "'US'") || !strings.Contains(tb, "'US'") {
		t.Errorf("the queries share conditions:\n%s\n%s", ta, tb)
	}
}

func BenchmarkBuild(b *testing.B) {
	c := clicksTable(b)
	q := Select(c.Col("country"), Count().As("views")).From(c).Where(c.Col("event_ts").In(at(24, 9), at(24, 12))).GroupBy(c.Col("country")).OrderBy(Desc("views"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Build(); err != nil {
			b.Fatal(err)
		}
	}
}
