package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"STRING":                       {"string", "varchar"},
		"integer":                      {"int", "integer"},
		" float ":                      {"float", "real"},
		"decimal":                      {"decimal(10,0)", "decimal(10,0)"},
		"numeric( 12 , 2 )":            {"decimal(12,2)", "decimal(12,2)"},
		"varchar(16)":                  {"varchar(16)", "varchar(16)"},
		"binary":                       {"binary", "varbinary"},
		"timestamptz":                  {"timestamptz", "timestamp with time zone"},
		"array<map<string,int>>":       {"array<map<string,int>>", "array(map(varchar,integer))"},
		"struct<A:int,b-c:array<int>>": {"struct<a:int,b-c:array<int>>", `row(a integer,"b-c" array(integer))`},
		"struct<`a b`:int,order:date>": {"struct<`a b`:int,order:date>", `row("a b" integer,"order" date)`},
		"struct<`x``y`: int >":         {"struct<`x``y`:int>", "row(\"x`y\" integer)"},
	} {
		ty, err := ParseType(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if ty.String() != want[0] || ty.DML() != want[1] {
			t.Errorf("%s: %s and %s, want %v", in, ty, ty.DML(), want)
		}
	}
	for in, want := range map[string]string{
		"":                            "a type's name should be at 1",
		"text":                        "text is not a name of a type in DDL: write string",
		"row(a int)":                  "write struct<name:type>",
		"varchar":                     "varchar needs a length, such as varchar(16)",
		"varchar(70000)":              "varchar(70000) is out of range (1 to 65535)",
		"decimal(39,2)":               "decimal(39,2) is out of range (precision 1 to 38, scale 0 to the precision)",
		"decimal(4,5)":                "is out of range",
		"array<int":                   "it ends where '>' should be",
		"array int":                   "found 'i' at 7 where '<' should be",
		"map<array<int>,int>":         "a map's key is a scalar, not array<int>",
		"struct<>":                    "a member's name should be at 8",
		"struct<a:int,A:int>":         `struct has two members "a"`,
		"struct<`a:int>":              "the backquote at 8 is not closed",
		"int int":                     `unexpected "int" at 5`,
		"uniontype<int>":              "uniontype is not a type",
		strings.Repeat("array<", 100): "it nests deeper than 64",
	} {
		if _, err := ParseType(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ... %s", in, err, want)
		}
	}
	a, b := Type{Kind: KindArray, Elem: &Type{Kind: KindInt}}, Type{Kind: KindArray, Elem: &Type{Kind: KindBigInt}}
	if a.Equal(b) || !a.Equal(a) || a.Equal(Type{Kind: KindArray}) {
		t.Error("Equal")
	}
}

func FuzzParseType(f *testing.F) {
	for _, s := range []string{"int", "struct<a:array<map<string,decimal(10,2)>>,`b c`:char(3)>", "array<", "varchar(1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ty, err := ParseType(s)
		if err != nil {
			return
		}
		if err := ty.validate("t", 0); err != nil {
			t.Fatalf("%q gives an invalid type: %v", s, err)
		}
		for _, text := range []string{ty.String(), string(ty.appendText(nil, ddlStyle))} {
			if again, err := ParseType(text); err != nil || !again.Equal(ty) {
				t.Fatalf("%q gives %q, which gives %s, %v", s, text, again, err)
			}
		}
	})
}

// complaints makes a table and gives the lines of its error.
func complaints(fields []Field, opts *TableOptions) []string {
	_, err := New("web.t", fields, opts)
	if err == nil {
		return nil
	}
	return strings.Split(strings.TrimPrefix(err.Error(), `catalog: table "web.t": `), "\n")
}

func TestTableComplaints(t *testing.T) {
	t.Parallel()
	by := func(ps ...string) *TableOptions {
		return &TableOptions{Location: "s3://lake/t", PartitionBy: func() (out []Partition) {
			for _, p := range ps {
				out = append(out, parsePartition(t, p))
			}
			return out
		}()}
	}
	fields := append(clicksFields(), Field{Name: "n", Type: Type{Kind: KindBigInt}}, Field{Name: "x", Type: Type{Kind: KindDouble}}, Field{Name: "day", Type: Type{Kind: KindDate}}, Field{Name: "geo", Type: Type{Kind: KindStruct, Fields: []Field{{Name: "a", Type: Type{Kind: KindInt}}}}})
	projected := func(ps ...Partition) *TableOptions {
		return &TableOptions{Location: "s3://lake/t", PartitionBy: ps}
	}
	dt := Day("event_ts").As("dt")
	date := Projection{Type: ProjectDate, Min: "2024-01-01", Max: "NOW", Format: "yyyy-MM-dd"}
	edit := func(p Projection, fn func(*Projection)) Projection { fn(&p); return p }
	for _, c := range []struct {
		name string
		opts *TableOptions
		want []string
	}{
		{"fine", by("dt=day(event_ts)"), nil},
		{"location without a scheme", &TableOptions{Location: "/lake/raw"}, []string{`Location: "/lake/raw" has no scheme: write s3://lake/raw`}},
		{"location without a bucket", &TableOptions{Location: "s3:///raw"}, []string{`Location: "s3:///raw" names no bucket: write s3://BUCKET/FOLDER/`}},
		{"location with an empty folder", &TableOptions{Location: "s3://lake//raw"}, []string{`Location: "s3://lake//raw" has an empty folder name, which Athena and Spark read differently`}},
		{"format", &TableOptions{Format: "xml"}, []string{`Format: "xml" is unknown (known are parquet, json, csv, iceberg)`}},
		{"implied parameter", &TableOptions{Parameters: map[string]string{"classification": "x", "projection.dt.type": "y", "mine": "z"}}, []string{
			`Parameters: "classification" follows from the table: leave it out`, `Parameters: "projection.dt.type" follows from the table: leave it out`,
		}},
		{"partition sources", by("dt=day(when)", "h=hour(day)", "d=day(url)", "b=bucket(x,4)", "i=identity(geo)", "t=truncate(day,4)", "z=day(day,Europe/Berlin)"), []string{
			`partition dt: day(when,UTC): the table has no field "when" (it has user_id, url, device, event_ts, country, n, x, day, geo)`,
			`partition h: hour(day,UTC): hour takes a timestamp, and day is a date`,
			`partition d: day(url,UTC): day takes a timestamp or a date, and url is a string`,
			`partition b: bucket(x,4): x is a double, whose values have more than one text`,
			`partition i: identity(geo): geo is a struct, and partition values are scalars`,
			`partition t: truncate(day,4): truncate takes text, binary, integers and decimals, and day is a date`,
			`partition z: day(day,Europe/Berlin): day is a date, which lies in no time zone: leave Europe/Berlin out`,
		}},
		{"partition names and types", by("day=day(event_ts)", "dt=day(event_ts);type=int", "dt2=day(event_ts);type=date;format=yyyyMMdd", "b=bucket(n,4);type=date", "f=identity(n);type=double", "a=day(event_ts)", "a=hour(event_ts)"), []string{
			`partition day: a field has this name, and a Hive table has it in the files or in the layout, not in both: use As with another name, or Identity("day")`,
			`partition dt: format "yyyy-MM-dd" is no number, and the type is int`,
			`partition dt2: day(event_ts,UTC);format=yyyyMMdd does not write a date`,
			`partition b: bucket(n,4) writes an integer, and the type is date`,
			`partition f: a double cannot be a partition column (use string, an integer, date)`,
			`partition a: there are two of this name`,
		}},
		{"partition without a name", &TableOptions{PartitionBy: By(Day("event_ts"))}, []string{`partition "": a column needs a name in lower-case letters, digits and underscores: use As("dt")`}},
		{"projection needs all columns", projected(dt.Project(date), Identity("country")), []string{`partition country: it has no projection, and once one column has, all need one: use Project`}},
		{"projection of nothing", &TableOptions{ProjectSince: NewDate(2024, time.January, 1)}, []string{`ProjectSince: the table has no partition columns`}},
		{"date projections", projected(
			dt.As("a").Project(edit(date, func(p *Projection) { p.Format = "" })),
			dt.As("b").Project(edit(date, func(p *Projection) { p.Min = "01/01/2024" })),
			dt.As("c").Project(edit(date, func(p *Projection) { p.Max = "NOW+1" })),
			dt.As("d").Project(edit(date, func(p *Projection) { p.Unit = "FORTNIGHTS" })),
			dt.As("e").Project(edit(date, func(p *Projection) { p.Max = "2023-12-31" })),
			dt.As("f").Project(Projection{Type: ProjectDate, Min: "2024-01-01-00", Max: "NOW", Format: "yyyy-MM-dd-HH"}),
			dt.As("g").Format("yyyyMMdd").Typed(Type{Kind: KindInt}).Project(date),
		), []string{
			`partition a: a date projection needs a Format, such as yyyy-MM-dd`,
			`partition b: range bound "01/01/2024" is not written as yyyy-MM-dd, nor relative to NOW`,
			`partition c: range bound "NOW+1" is not written as NOW, NOW-3YEARS or NOW+1DAY`,
			`partition d: Unit "FORTNIGHTS" is unknown (known are YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES, SECONDS)`,
			`partition e: range 2024-01-01 to 2023-12-31 is empty`,
			`partition f: format "yyyy-MM-dd-HH": only days and months have a step of their own: give Interval and Unit`,
			`partition g: a date projection wants a string, date or timestamp column, not int`,
		}},
		{"other projections", projected(
			Identity("country").As("a").Project(Projection{Type: ProjectEnum}),
			Identity("country").As("b").Project(Projection{Type: ProjectEnum, Values: []string{"a", "b,c"}}),
			Identity("country").As("c").Project(Projection{Type: ProjectEnum, Values: []string{"a", "a"}}),
			Identity("n").As("d").Project(Projection{Type: ProjectInteger, Min: "1", Max: "x"}),
			Identity("n").As("e").Project(Projection{Type: ProjectInteger, Min: "2", Max: "1"}),
			Identity("n").As("f").Typed(Type{Kind: KindBigInt}).Project(Projection{Type: ProjectInjected}),
			Identity("n").As("g").Project(Projection{Type: "guess"}),
			Identity("n").As("h").Project(Projection{Type: ProjectInteger, Min: "1", Max: "2", Interval: -1}),
		), []string{
			`partition a: an enum has 1 to 1000 values, not 0: use an injected column for more`,
			`partition b: enum value "b,c": values are not empty and hold no comma`,
			`partition c: enum value "a" is given twice`,
			`partition d: an integer range is two whole numbers, not "1" and "x"`,
			`partition e: range 2 to 1 is empty`,
			`partition f: an injected column is a string, not bigint`,
			`partition g: Projection: type "guess" is unknown (known are enum, integer, date, injected)`,
			`partition h: Projection: Interval and Digits are positive`,
		}},
		{"a projection too wide", projected(dt.Project(date), Identity("n").As("a").Project(Projection{Type: ProjectInteger, Min: "1", Max: "1000"})), []string{
			`partition a: the projection spans more than 1000000 partitions with the columns before it, and Athena reads no more: narrow a range, or make a column injected`,
		}},
		{"template", &TableOptions{Location: "s3://lake/t", PartitionBy: By(dt), ProjectSince: NewDate(2024, 1, 1), Template: "lake/${day}"}, []string{
			`Template: "lake/${day}" has no scheme: write s3://BUCKET/...`, `Template: "lake/${day}" does not end with a slash`,
			`Template: "lake/${day}" has no ${dt}: every partition column must appear`, `Template: ${day} is not a partition column`,
		}},
		{"template without projection", &TableOptions{Location: "s3://lake/t", PartitionBy: By(dt), Template: "s3://lake/${dt}/"}, []string{`Template: "s3://lake/${dt}/" is read for projected tables only`}},
		{"iceberg", &TableOptions{Format: FormatIceberg, PartitionBy: By(dt, Hour("event_ts").Zone("Europe/Berlin"), Identity("country").Project(Projection{Type: ProjectInjected}), Partition{Name: "p"})}, []string{
			`partition dt: Iceberg calls it event_ts_day: leave As out`,
			`partition event_ts_hour: hour(event_ts,Europe/Berlin): Iceberg partitions by UTC, has its own format, and no lateness`,
			`partition country: an Iceberg table is not projected`,
			`partition p: an Iceberg table's partitions follow from its fields: use Identity("p") or another derivation`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := complaints(fields, c.opts); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
	for _, name := range []string{"t", "Web.t", "web.t.u", "web.", "we b.t"} {
		if _, err := New(name, clicksFields(), nil); err == nil || !strings.Contains(err.Error(), "name: it is written database.table, in lower-case letters, digits and underscores") {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := New("web.t", nil, nil); err == nil || !strings.Contains(err.Error(), "it has no fields") {
		t.Errorf("no fields: %v", err)
	}
	if _, err := New("web.t", []Field{{Name: "c", Type: Type{Kind: KindString}}}, &TableOptions{PartitionBy: By(Identity("c"))}); err == nil || !strings.Contains(err.Error(), "nothing is left for the files") {
		t.Errorf("all in the layout: %v", err)
	}
}

func TestIdentityPartitionLeavesTheFiles(t *testing.T) {
	t.Parallel()
	tab, err := New("web.t", clicksFields(), &TableOptions{Location: "s3://lake/t", PartitionBy: By(Identity("country"), Day("event_ts").As("dt"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := findField(tab.Fields(), "country"); ok {
		t.Error("country is in the files and in the layout")
	}
	record := tab.RecordFields()
	if len(record) != 5 || record[4].Name != "country" {
		t.Errorf("a record has %v", record)
	}
	loc, err := tab.PartitionLocation([]string{"a/b=c%", "2026-05-24"})
	if err != nil || loc != "s3://lake/t/country=a%2Fb%3Dc%25/dt=2026-05-24/" {
		t.Errorf("%s, %v", loc, err)
	}
	if tab.Projected() {
		t.Error("it is projected")
	}
}

func TestFormatsOfTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 9, 7, 6, 0, time.UTC)
	for pattern, want := range map[string]string{
		"yyyy-MM-dd HH:mm:ss": "2026-05-04 09:07:06", "uuuuMMdd": "20260504", "d.M.yyyy H:m:s": "4.5.2026 9:7:6",
		"'year='yyyy'/it''s'": "year=2026/it's", "yyyy''MM": "2026'05",
	} {
		f, err := parseTimeFormat(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		got := string(f.append(nil, at))
		if got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
		back, err := f.parse(got)
		if err != nil || string(f.append(nil, back)) != got {
			t.Errorf("%s: %s reads back as %s, %v", pattern, got, back, err)
		}
	}
	for _, pattern := range []string{"yyyy-MM-dd", "yyyy-MM", "HH", "MM-dd", "yyyyMMddHHmmss"} {
		f, err := parseTimeFormat(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.ordered(); !ok {
			t.Errorf("%s keeps the order of time", pattern)
		}
	}
	for _, pattern := range []string{"dd-MM-yyyy", "yyyy-dd", "yyyy-M-dd", "yyyy-yyyy", "H"} {
		f, err := parseTimeFormat(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.ordered(); ok {
			t.Errorf("%s does not keep the order of time", pattern)
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	z := Lake("s3://lake/eu/")
	got := fmt.Sprint(z.Raw("clicks"), z.Clean("/clicks/"), z.Curated("a/b"), z.Serve("x"))
	if got != "s3://lake/eu/raw/clicks/s3://lake/eu/clean/clicks/s3://lake/eu/curated/a/b/s3://lake/eu/serve/x/" {
		t.Error(got)
	}
}
