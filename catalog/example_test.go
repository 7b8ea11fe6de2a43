package catalog_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// Click is a page view, as a producer writes it.
type Click struct {
	UserID  string          `json:"user_id"`
	URL     string          `json:"url"`
	Country string          `json:"country"`
	EventTS time.Time       `json:"event_ts"`
	Price   catalog.Decimal `json:"price" lake:"decimal(10,2)"`
}

// A table from a Go struct: the statement that creates it, and where a record belongs.
func Example() {
	clicks, err := catalog.Define[Click]("web.clicks_raw", &catalog.TableOptions{
		Location:     catalog.Lake("lake").Raw("clicks"),
		PartitionBy:  catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
		ProjectSince: catalog.NewDate(2024, time.January, 1),
	})
	if err != nil {
		log.Fatal(err)
	}
	sql, err := clicks.DDL()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sql)

	event := time.Date(2026, time.May, 24, 9, 30, 0, 0, time.UTC)
	var values []string
	for _, p := range clicks.Partitions() {
		v, _, _, err := p.Derivation.OfTime(event)
		if err != nil {
			log.Fatal(err)
		}
		values = append(values, v)
	}
	location, err := clicks.PartitionLocation(values)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(location)
	// Output:
	// CREATE EXTERNAL TABLE web.clicks_raw (
	//   user_id string,
	//   url string,
	//   country string,
	//   event_ts timestamp,
	//   price decimal(10,2)
	// )
	// PARTITIONED BY (
	//   dt string,
	//   hr string
	// )
	// STORED AS PARQUET
	// LOCATION 's3://lake/raw/clicks/'
	// TBLPROPERTIES (
	//   'classification' = 'parquet',
	//   'lakekit.derive.dt' = 'day(event_ts,UTC)',
	//   'lakekit.derive.hr' = 'hour(event_ts,UTC)',
	//   'projection.dt.format' = 'yyyy-MM-dd',
	//   'projection.dt.range' = '2024-01-01,NOW',
	//   'projection.dt.type' = 'date',
	//   'projection.enabled' = 'true',
	//   'projection.hr.digits' = '2',
	//   'projection.hr.range' = '0,23',
	//   'projection.hr.type' = 'integer',
	//   'storage.location.template' = 's3://lake/raw/clicks/dt=${dt}/hr=${hr}/'
	// )
	// s3://lake/raw/clicks/dt=2026-05-24/hr=09/
}

// Columns from data, with remarks where the data disagrees with itself.
func ExampleInferJSON() {
	found, err := catalog.InferJSON(strings.NewReader(`
{"id": 1, "at": "2026-05-24T09:30:00Z", "delay": 4, "geo": {"lat": 52.5}}
{"id": 2, "at": "2026-05-24T09:31:00Z", "delay": 1.5, "geo": {"lon": 13.4}}
{"id": "x", "at": null}
`), &catalog.InferOptions{Times: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range found.Fields {
		fmt.Println(f.Name, f.Type)
	}
	for _, n := range found.Notes {
		fmt.Println("note:", n)
	}
	// Output:
	// id string
	// at timestamp
	// delay double
	// geo struct<lat:double,lon:double>
	// note: id: it is a whole number, then text, which only string holds (line 2, 4)
	// note: delay: it is a whole number, then a fraction: double (line 2, 3)
}

// The values that a filter on an instant leaves of a partition column.
func ExampleDerivation_Bounds() {
	p, err := catalog.ParsePartition("dt=day(event_ts,Europe/Berlin);late=3h")
	if err != nil {
		log.Fatal(err)
	}
	from := time.Date(2026, time.May, 24, 0, 0, 0, 0, time.UTC)
	lo, hi, ok := p.Derivation.Bounds(from, from.Add(24*time.Hour))
	fmt.Println(lo, hi, ok)
	// Output: 2026-05-24 2026-05-25 true
}
