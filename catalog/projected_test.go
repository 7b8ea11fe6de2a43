package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
)

func TestPartitionOfUndoesPartitionLocation(t *testing.T) {
	t.Parallel()
	fields := []catalog.Field{{Name: "ts", Type: catalog.Type{Kind: catalog.KindTimestamp}}, {Name: "page", Type: catalog.Type{Kind: catalog.KindString}}}
	by := catalog.By(catalog.Day("ts").As("dt"), catalog.Identity("page").As("p"))
	plain, err := catalog.New("web.a", fields, &catalog.TableOptions{Location: "s3://lake/raw/a/", PartitionBy: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"x", "a b", "a/b", "50%", "é", "dt=1", "${dt}"} {
		values := []string{"2026-05-24", v}
		folder, err := plain.PartitionLocation(values)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := plain.PartitionOf(folder + "file.parquet")
		if !ok || !cmp.Equal(got, values) {
			t.Errorf("PartitionOf(%q) = %q, %v; want %q", folder, got, ok, values)
		}
	}
	for _, elsewhere := range []string{"s3://lake/raw/a/file", "s3://lake/raw/a/dt=2026-05-24/p=x/deeper/file", "s3://lake/raw/b/dt=2026-05-24/p=x/file", "s3://lake/raw/a/dt=2026-05-24/q=x/file"} {
		if got, ok := plain.PartitionOf(elsewhere); ok {
			t.Errorf("PartitionOf(%q) = %q, want none", elsewhere, got)
		}
	}
}

func TestProjects(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 24, 10, 0, 0, 0, time.UTC)
	date := catalog.Projection{Type: catalog.ProjectDate, Min: "2024-01-01", Max: "NOW", Format: "yyyy-MM-dd"}
	last := date
	last.Min = "NOW-3DAYS"
	hours := catalog.Projection{Type: catalog.ProjectInteger, Min: "0", Max: "23", Digits: 2}
	for _, c := range []struct {
		p     catalog.Projection
		value string
		want  bool
	}{
		{date, "2026-05-24", true},
		{date, "2026-05-25", false},
		{date, "2023-12-31", false},
		{date, "2024-01-01", true},
		{date, "20240101", false},
		{last, "2026-05-21", true},
		{last, "2026-05-20", false},
		{hours, "09", true},
		{hours, "9", false},
		{hours, "24", false},
		{hours, "x", false},
		{catalog.Projection{Type: catalog.ProjectInteger, Min: "0", Max: "10", Interval: 5}, "5", true},
		{catalog.Projection{Type: catalog.ProjectInteger, Min: "0", Max: "10", Interval: 5}, "6", false},
		{catalog.Projection{Type: catalog.ProjectEnum, Values: []string{"a", "b"}}, "b", true},
		{catalog.Projection{Type: catalog.ProjectEnum, Values: []string{"a", "b"}}, "c", false},
		{catalog.Projection{Type: catalog.ProjectInjected}, "any", true},
	} {
		if got := (catalog.Partition{Projection: c.p}).Projects(c.value, now); got != c.want {
			t.Errorf("%v projects %q: %v, want %v", c.p, c.value, got, c.want)
		}
	}
}
