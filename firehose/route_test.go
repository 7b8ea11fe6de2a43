package firehose

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/jsoncol"
)

type order struct {
	ID      string          `json:"id"`
	Country string          `json:"country"`
	TS      time.Time       `json:"ts"`
	Day     catalog.Date    `json:"day"`
	N       int64           `json:"n"`
	Big     catalog.Decimal `json:"big" lake:"decimal(38,2)"`
	Small   catalog.Decimal `json:"small" lake:"decimal(9,2)"`
	OK      bool            `json:"ok"`
}

// routed parses the records and gives the folder, or the error, of each.
func routed(t *testing.T, table *catalog.Table, arrived time.Time, records ...string) []string {
	t.Helper()
	schema, err := column.NewSchema(table.RecordFields())
	if err != nil {
		t.Fatal(err)
	}
	p, err := jsoncol.New(schema)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(table, schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if _, err := p.Append([]byte(rec)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for row := range records {
		to, err := r.route(p.Batch(), row, arrived)
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, strings.TrimPrefix(to.prefix.prefix, "o/"))
	}
	return got
}

func orders(t *testing.T, by ...catalog.Partition) *catalog.Table {
	t.Helper()
	table, err := catalog.Define[order]("web.orders", &catalog.TableOptions{Location: "s3://lake/o/", PartitionBy: by})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	arrived := time.Date(2026, 5, 24, 10, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		by     catalog.Partition
		record string
		want   string
	}{
		{by: catalog.Day("ts").As("p"), record: `{"ts":"2026-05-24T23:59:59.999999Z"}`, want: "p=2026-05-24/"},
		{by: catalog.Day("ts").Zone("Europe/Berlin").As("p"), record: `{"ts":"2026-05-24T23:59:59Z"}`, want: "p=2026-05-25/"},
		{by: catalog.Hour("ts").As("p").Late(time.Hour), record: `{"ts":"2026-05-24T10:10:00Z"}`, want: "p=10/"},
		{by: catalog.Hour("ts").As("p").Late(time.Hour), record: `{"ts":"2026-05-24T09:50:00Z"}`, want: "p=10/"},
		{by: catalog.Hour("ts").As("p").Late(time.Hour), record: `{"ts":"2026-05-24T07:50:00Z"}`, want: "p=08/"},
		{by: catalog.Hour("ts").As("p").Late(time.Hour), record: `{"ts":"2026-05-24T12:50:00Z"}`, want: "p=12/"},
		{by: catalog.Month("day").As("p"), record: `{"day":"2026-05-24"}`, want: "p=2026-05/"},
		{by: catalog.Identity("country"), record: `{"country":"a/b=c"}`, want: "country=a%2Fb%3Dc/"},
		{by: catalog.Identity("country"), record: `{"country":""}`, want: "country: partition country: catalog: derivation identity(country): the value is empty, which a Hive layout cannot tell from NULL"},
		{by: catalog.Identity("country"), record: `{"id":"x"}`, want: "country: the column is missing or null, and partition country=identity(country) follows from it"},
		{by: catalog.Identity("big").As("p"), record: `{"big":-123456789012345678901234567890.5}`, want: "p=-123456789012345678901234567890.50/"},
		{by: catalog.Identity("small").As("p"), record: `{"small":1.5}`, want: "p=1.50/"},
		{by: catalog.Identity("ok").As("p"), record: `{"ok":true}`, want: "p=true/"},
		{by: catalog.Truncate("n", 10).As("p"), record: `{"n":-7}`, want: "p=-10/"},
		{by: catalog.Bucket("n", 16).As("p"), record: `{"n":34}`, want: "p=3/"},
	} {
		if got := routed(t, orders(t, tt.by), arrived, tt.record, tt.record); got[0] != tt.want || got[1] != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.by, tt.record, got, tt.want)
		}
	}
}

// TestRoutesAgree holds the cached road against each derivation itself, through the hours
// that clocks are set forward and back.
func TestRoutesAgree(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/St_Johns"} {
		table := orders(t, catalog.Day("ts").Zone(zone).As("dt"), catalog.Hour("ts").Zone(zone).As("hr"))
		ps := table.Partitions()
		var records, want []string
		for _, around := range []time.Time{time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)} {
			for range 2000 {
				at := around.Add(time.Duration(r.Int64N(int64(40*time.Hour))) - 20*time.Hour).Truncate(time.Microsecond)
				if r.IntN(4) == 0 {
					at = at.Truncate(30 * time.Minute)
				}
				records = append(records, fmt.Sprintf(`{"ts":%q}`, at.Format(time.RFC3339Nano)))
				dt, _, _, err := ps[0].Derivation.OfTime(at)
				if err != nil {
					t.Fatal(err)
				}
				hr, _, _, err := ps[1].Derivation.OfTime(at)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, "dt="+dt+"/hr="+hr+"/")
			}
		}
		if diff := cmp.Diff(want, routed(t, table, time.Time{}, records...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", zone, diff)
		}
	}
}

func TestRoutesForget(t *testing.T) {
	t.Parallel()
	table := orders(t, catalog.Identity("n"))
	schema, err := column.NewSchema(table.RecordFields())
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(table, schema)
	if err != nil {
		t.Fatal(err)
	}
	p, err := jsoncol.New(schema)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxCached {
		p.Reset()
		r.forget()
		if _, err := p.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
		if to, err := r.route(p.Batch(), 0, time.Time{}); err != nil || to.values[0] != fmt.Sprint(i) {
			t.Fatalf("%v, %v", to, err)
		}
	}
	if len(r.routes) > maxCached+1 || len(r.sources[0].cache) > maxCached+1 {
		t.Errorf("%d routes and %d values are remembered", len(r.routes), len(r.sources[0].cache))
	}
}
