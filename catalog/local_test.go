package catalog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/local"
)

// A table goes through its life in a catalog that keeps the rules: created with its database,
// widened, changed by somebody else, with registered partitions on the way.
func TestAgainstLocalCatalog(t *testing.T) {
	start := time.Date(2026, time.May, 24, 0, 0, 0, 0, time.UTC)
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		client := catalog.NewClient(lake.Config())
		define := func(fields ...catalog.Field) *catalog.Table {
			t.Helper()
			tab, err := catalog.New("web.t", append([]catalog.Field{{Name: "ts", Type: catalog.Type{Kind: catalog.KindTimestamp}}}, fields...), &catalog.TableOptions{
				Location: catalog.Lake("lake").Raw("t"), PartitionBy: catalog.By(catalog.Day("ts").As("dt")),
				Parameters: map[string]string{"sse_kms_key_id": "alias/lake"},
			})
			if err != nil {
				t.Fatal(err)
			}
			return tab
		}
		number := func(k catalog.Kind) catalog.Field { return catalog.Field{Name: "n", Type: catalog.Type{Kind: k}} }
		text := catalog.Field{Name: "s", JSON: "S", Type: catalog.Type{Kind: catalog.KindString}}

		first := define(number(catalog.KindInt))
		apply(t, client, first)
		var days [][]string
		for i := range 205 {
			days = append(days, []string{catalog.NewDate(2026, time.January, 1+i).String()})
		}
		for i, err := range client.AddPartitions(t.Context(), first, append(days, days[0])) {
			if err != nil {
				t.Fatal(i, err)
			}
		}
		for i, err := range client.AddPartitions(t.Context(), first, days[100:110]) {
			if err != nil {
				t.Fatal("again", i, err)
			}
		}

		second := define(number(catalog.KindBigInt), text)
		stale, err := client.Plan(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		const want = "table web.t:\n  widen  n int -> bigint: every value that is there fits\n  add    s string: NULL in the rows that are there\n  set    parameter lakekit.json.s S\n"
		if diff := cmp.Diff(want, stale.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		apply(t, client, second)
		if err := stale.Apply(t.Context()); !errors.Is(err, catalog.ErrStale) {
			t.Errorf("a stale plan: %v", err)
		}
		back, err := client.Table(t.Context(), "web.t")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(second.Fields(), back.Fields()); diff != "" {
			t.Errorf("fields (-declared +catalog):\n%s", diff)
		}
		if diff := cmp.Diff(second.Parameters(), back.Parameters()); diff != "" {
			t.Errorf("parameters (-declared +catalog):\n%s", diff)
		}
		n := 0
		pages := glue.NewGetPartitionsPaginator(glue.NewFromConfig(lake.Config()), &glue.GetPartitionsInput{DatabaseName: aws.String("web"), TableName: aws.String("t")})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.Partitions {
				n++
				if got := aws.ToString(p.StorageDescriptor.Columns[1].Type); got != "bigint" {
					t.Fatalf("partition %v still has n %s", p.Values, got)
				}
			}
		}
		if n != 205 {
			t.Errorf("%d partitions, want 205", n)
		}
		again, err := client.Plan(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		// The older declaration stays usable: nothing narrows.
		const kept = "table web.t:\n  keep   n bigint: the catalog's type is wider than the declared int\n  keep   s string: only the catalog has it: NULL in what is written from now on\n"
		if diff := cmp.Diff(kept, again.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
