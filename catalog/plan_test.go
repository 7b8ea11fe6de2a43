package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
)

func mustDDL(t *testing.T, sql string) *catalog.Table {
	t.Helper()
	tab, err := catalog.FromDDL(sql)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// apply brings the catalog to a table and fails the test if it cannot.
func apply(t *testing.T, c *catalog.Client, tab *catalog.Table) {
	t.Helper()
	p, err := c.Plan(t.Context(), tab)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const before = `CREATE EXTERNAL TABLE web.t (
  id bigint, small int, ratio float, price decimal(10,2), name varchar(10), gone string, same date,
  geo struct<lat:double,n:int>, tags array<int>, m map<string,struct<a:int>>, big bigint, text string
) PARTITIONED BY (dt string)
STORED AS PARQUET LOCATION 's3://lake/t/'
TBLPROPERTIES ('classification'='parquet', 'owner'='ops', 'lakekit.derive.dt'='day(same,UTC)')`

func TestPlanText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, after, want string }{
		{"same", before, "table web.t: no changes\n"},
		{
			"everything", `CREATE EXTERNAL TABLE web.t (
  id bigint COMMENT 'key', small bigint, ratio double, price decimal(12,2), name string, same date,
  geo struct<lat:double,n:bigint,alt:double>, tags array<bigint>, m map<string,struct<a:int,b:string>>, big int, text bigint, extra string
) PARTITIONED BY (dt string)
STORED AS PARQUET LOCATION 's3://lake/elsewhere/'
TBLPROPERTIES ('classification'='parquet', 'team'='a', 'lakekit.derive.dt'='day(same,UTC);late=1h')`,
			`table web.t:
  set    id comment
  widen  small int -> bigint: every value that is there fits
  widen  ratio float -> double: every value that is there fits
  widen  price decimal(10,2) -> decimal(12,2): every value that is there fits
  widen  name varchar(10) -> string: every value that is there fits
  keep   gone string: only the catalog has it: NULL in what is written from now on
  widen  geo.n int -> bigint: every value that is there fits
  add    geo.alt double: NULL in the rows that are there
  widen  tags.element int -> bigint: every value that is there fits
  add    m.value.b string: NULL in the rows that are there
  keep   big bigint: the catalog's type is wider than the declared int
  break  text string -> bigint: files that are there cannot be read as bigint
  add    extra string: NULL in the rows that are there
  break  location s3://lake/t/ -> s3://lake/elsewhere/: what lies at the old place would no longer be in the table
  break  partition dt day(same,UTC) -> day(same,UTC);late=1h: rows that are there follow the old rule, and filters would miss them
  set    parameter team a
`,
		},
		{
			"layout", strings.NewReplacer("dt string", "dt string, hr string", "PARQUET", "TEXTFILE").Replace(before),
			`table web.t:
  break  format parquet -> csv: the files that are there could not be read
  break  partitions (dt string) -> (dt string, hr string): the files that are there lie in other folders
`,
		},
		{
			"projection", strings.Replace(before, "'owner'", "'projection.enabled'='true','projection.dt.type'='injected','owner'", 1),
			`table web.t:
  break  projection: with it, Athena does not look at registered partitions, and rows outside the projection are not found
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := catalog.NewClient(newFakeGlue().config())
			apply(t, client, mustDDL(t, before))
			p, err := client.Plan(t.Context(), mustDDL(t, c.after))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanProjectionChanges(t *testing.T) {
	t.Parallel()
	ddl := func(lo, hi string) string {
		return fmt.Sprintf(`CREATE EXTERNAL TABLE web.t (id bigint) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://lake/t/'
TBLPROPERTIES ('projection.enabled'='true','projection.dt.type'='date','projection.dt.range'='%s,%s','projection.dt.format'='yyyy-MM-dd')`, lo, hi)
	}
	for _, c := range []struct{ after, want string }{
		{ddl("2024-01-01", "NOW"), "table web.t: no changes\n"},
		{ddl("2023-01-01", "NOW"), "table web.t:\n  set    parameter projection.dt.range 2024-01-01,NOW -> 2023-01-01,NOW: it covers more\n"},
		{ddl("2025-01-01", "NOW"), "table web.t:\n  break  projection: rows outside the new projection are not found (projection.dt.range differ)\n"},
		{ddl("2023-01-01", "2024-06-01"), "table web.t:\n  break  projection: rows outside the new projection are not found (projection.dt.range differ)\n"},
		{"CREATE EXTERNAL TABLE web.t (id bigint) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://lake/t/'", "table web.t:\n  break  projection: without it, only partitions that are registered are found\n"},
	} {
		client := catalog.NewClient(newFakeGlue().config())
		apply(t, client, mustDDL(t, ddl("2024-01-01", "NOW")))
		p, err := client.Plan(t.Context(), mustDDL(t, c.after))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, p.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
			continue
		}
		if strings.Contains(c.want, "break") {
			if err := p.Apply(t.Context(), "projection"); err != nil {
				t.Error(err)
			}
		} else if err := p.Apply(t.Context()); err != nil {
			t.Error(err)
		}
		again, err := client.Plan(t.Context(), mustDDL(t, c.after))
		if err != nil || len(again.Changes()) > 0 {
			t.Errorf("after Apply: %v, %v", again, err)
		}
	}
}

func TestApplyCreatesTheDatabase(t *testing.T) {
	t.Parallel()
	g := newFakeGlue()
	client := catalog.NewClient(g.config())
	tab := mustDDL(t, before)
	p, err := client.Plan(t.Context(), tab)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != "table web.t:\n  create web.t: the catalog does not have it\n" {
		t.Error(got)
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GetTable", "CreateTable", "CreateDatabase", "CreateTable"}, g.calls); diff != "" {
		t.Error(diff)
	}
	back, err := client.Table(t.Context(), "web.t")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tab.Parameters(), back.Parameters()); diff != "" {
		t.Error(diff)
	}
	// Who made it in the meantime wins, and is told to the other.
	if err := p.Apply(t.Context()); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("second Apply: %v", err)
	}
}

func TestApplyRefusesBreaks(t *testing.T) {
	t.Parallel()
	g := newFakeGlue()
	client := catalog.NewClient(g.config())
	apply(t, client, mustDDL(t, before))
	after := mustDDL(t, strings.NewReplacer("text string", "text bigint", "s3://lake/t/", "s3://lake/u/", "id bigint,", "id bigint, more int,").Replace(before))
	p, err := client.Plan(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Apply(t.Context(), "location", "prise")
	const want = `catalog: apply the plan for table "web.t": break  text string -> bigint: files that are there cannot be read as bigint (to let it through: Apply(ctx, "text"))
the plan has no break "prise"`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	if slices.Contains(g.calls, "UpdateTable") {
		t.Error("a refused plan changed the table")
	}
	if err := p.Apply(t.Context(), "location", "text"); err != nil {
		t.Fatal(err)
	}
	back, err := client.Table(t.Context(), "web.t")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range back.Fields() {
		names = append(names, f.Name+" "+f.Type.String())
	}
	if !slices.Contains(names, "text bigint") || names[len(names)-1] != "more int" || back.Location() != "s3://lake/u/" {
		t.Errorf("%v at %s", names, back.Location())
	}
	if back.Parameters()["owner"] != "ops" {
		t.Error("another tool's parameter is gone")
	}
	impossible, err := client.Plan(t.Context(), mustDDL(t, strings.Replace(before, "dt string", "dt string, hr string", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := impossible.Apply(t.Context(), "partitions", "location", "text"); err == nil || !strings.Contains(err.Error(), "declare a table of another name") {
		t.Errorf("partitions: %v", err)
	}
}

func TestApplyKeepsWhatOthersDid(t *testing.T) {
	t.Parallel()
	g := newFakeGlue()
	client := catalog.NewClient(g.config())
	apply(t, client, mustDDL(t, before))
	wider := mustDDL(t, strings.Replace(before, "id bigint,", "id bigint, more int,", 1))
	p, err := client.Plan(t.Context(), wider)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, client, mustDDL(t, strings.Replace(before, "id bigint,", "id bigint, other int,", 1)))
	if err := p.Apply(t.Context()); !errors.Is(err, catalog.ErrStale) || !strings.Contains(err.Error(), `catalog: update table "web.t": the table has changed since the plan was made: plan again`) {
		t.Errorf("stale plan: %v", err)
	}
	apply(t, client, wider)
	p, err = client.Plan(t.Context(), wider)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != "table web.t:\n  keep   other int: only the catalog has it: NULL in what is written from now on\n" {
		t.Error(got)
	}
	fields := p.Table().Fields()
	if n := len(fields); fields[n-2].Name != "other" || fields[n-1].Name != "more" {
		t.Errorf("merged fields: %v", fields)
	}
	calls := len(g.calls)
	if err := p.Apply(t.Context()); err != nil || len(g.calls) != calls {
		t.Errorf("a plan without changes: %v, calls %v", err, g.calls[calls:])
	}
}

// The partitions come first: a failure behind them leaves a plan that finishes the work.
func TestApplyWidensPartitions(t *testing.T) {
	t.Parallel()
	g := newFakeGlue()
	client := catalog.NewClient(g.config())
	tab := mustDDL(t, before)
	apply(t, client, tab)
	var days [][]string
	for i := range 250 {
		days = append(days, []string{catalog.NewDate(2025, time.January, 1+i).String()})
	}
	for i, err := range client.AddPartitions(t.Context(), tab, days) {
		if err != nil {
			t.Fatal(i, err)
		}
	}
	wider := mustDDL(t, strings.Replace(before, "small int", "small bigint", 1))
	g.fail["UpdateTable"] = "InternalServiceException"
	p, err := client.Plan(t.Context(), wider)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(t.Context()); !errorAs[*gluetypes.InternalServiceException](err) {
		t.Fatalf("failed update: %v", err)
	}
	delete(g.fail, "UpdateTable")
	if p, err = client.Plan(t.Context(), wider); err != nil || len(p.Changes()) != 1 {
		t.Fatalf("plan after a failure: %v, %v", p, err)
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, part := range g.partitions["web.t"] {
		sd := part["StorageDescriptor"].(object)
		if got := sd["Columns"].([]any)[1].(object)["Type"]; got != "bigint" || !strings.HasSuffix(sd["Location"].(string), "/dt="+part["Values"].([]any)[0].(string)+"/") {
			t.Fatalf("partition %v: column %v at %v", part["Values"], got, sd["Location"])
		}
	}
}

func TestAddPartitions(t *testing.T) {
	t.Parallel()
	client := catalog.NewClient(newFakeGlue().config())
	tab := mustDDL(t, before)
	apply(t, client, tab)
	give := [][]string{{"2026-05-12"}, {"2026-05-13"}, {"2026-05-12"}, {"a", "b"}, {""}, {"2026-05-14"}}
	for round := range 2 {
		errs := client.AddPartitions(t.Context(), tab, give)
		var got []string
		for _, err := range errs {
			got = append(got, fmt.Sprint(err))
		}
		want := []string{
			"<nil>",
			`catalog: add partition 2026-05-13 to table "web.t": api error InternalServiceException: because`,
			"<nil>",
			"catalog: table web.t: 2 partition values for 1 columns",
			"catalog: table web.t: partition dt: the value is empty",
			"<nil>",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round %d (-want +got):\n%s", round, diff)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if errs := client.AddPartitions(ctx, tab, give[:1]); !errors.Is(errs[0], context.Canceled) {
		t.Errorf("cancelled: %v", errs)
	}
}

func TestIcebergIsNotCreatedThroughGlue(t *testing.T) {
	t.Parallel()
	client := catalog.NewClient(newFakeGlue().config())
	p, err := client.Plan(t.Context(), mustDDL(t, "CREATE TABLE web.t (id bigint) LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type'='ICEBERG')"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "create it with the statement that DDL gives") {
		t.Errorf("%v", err)
	}
}

func TestTableErrors(t *testing.T) {
	t.Parallel()
	client := catalog.NewClient(newFakeGlue().config())
	if _, err := client.Table(t.Context(), "web.none"); !errorAs[*gluetypes.EntityNotFoundException](err) || !strings.HasPrefix(err.Error(), `catalog: get table "web.none": `) {
		t.Errorf("%v", err)
	}
	if _, err := client.Table(t.Context(), "none"); err == nil || err.Error() != `catalog: table "none": a table's name is written database.table` {
		t.Errorf("%v", err)
	}
}

func errorAs[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
