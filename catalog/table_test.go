package catalog

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func clicksFields() []Field {
	str := Type{Kind: KindString}
	return []Field{
		{Name: "user_id", Type: str},
		{Name: "url", Type: str},
		{Name: "device", Type: str},
		{Name: "event_ts", Type: Type{Kind: KindTimestamp}},
		{Name: "country", Type: str},
	}
}

func clicks(t *testing.T) *Table {
	t.Helper()
	tab, err := New("web.clicks_raw", clicksFields(), &TableOptions{
		Location:     Lake("lake").Raw("clicks"),
		PartitionBy:  By(Day("event_ts").As("dt"), Hour("event_ts").As("hr")),
		ProjectSince: NewDate(2024, time.January, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestScenarioTable(t *testing.T) {
	t.Parallel()
	tab := clicks(t)
	want := map[string]string{
		"EXTERNAL":                  "TRUE",
		"classification":            "parquet",
		"lakekit.derive.dt":         "day(event_ts,UTC)",
		"lakekit.derive.hr":         "hour(event_ts,UTC)",
		"projection.enabled":        "true",
		"projection.dt.type":        "date",
		"projection.dt.range":       "2024-01-01,NOW",
		"projection.dt.format":      "yyyy-MM-dd",
		"projection.hr.type":        "integer",
		"projection.hr.range":       "0,23",
		"projection.hr.digits":      "2",
		"storage.location.template": "s3://lake/raw/clicks/dt=${dt}/hr=${hr}/",
	}
	if diff := cmp.Diff(want, tab.Parameters()); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	loc, err := tab.PartitionLocation([]string{"2026-05-24", "09"})
	if err != nil || loc != "s3://lake/raw/clicks/dt=2026-05-24/hr=09/" {
		t.Errorf("PartitionLocation = %q, %v", loc, err)
	}
}
