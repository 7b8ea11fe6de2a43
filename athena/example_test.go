package athena_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
)

// The question of a day's hours: which countries looked at most pages from 09:00 to 12:00?
// The condition on event_ts bounds the partition columns dt and hr, which derive from it.
func Example() {
	type Click struct {
		UserID  string    `json:"user_id"`
		URL     string    `json:"url"`
		Country string    `json:"country"`
		EventTS time.Time `json:"event_ts"`
	}
	clicks, err := catalog.Define[Click]("web.clicks_raw", &catalog.TableOptions{
		Location:    catalog.Lake("lake").Raw("clicks"),
		PartitionBy: catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")),
	})
	if err != nil {
		log.Fatal(err)
	}
	from := time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)

	views := athena.Select(clicks.Col("country"), athena.Count().As("views")).
		From(clicks).
		GroupBy(clicks.Col("country")).
		OrderBy(athena.Desc("views"))
	sql, err := views.Where(clicks.Col("event_ts").In(from, from.Add(3*time.Hour))).Build()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sql)

	_, err = views.Where(clicks.Col("country").Eq("US")).Build()
	var unbounded *athena.UnboundedError
	if errors.As(err, &unbounded) {
		fmt.Println()
		fmt.Printf("refused: %s has conditions on %v, its partitions are %v\n", unbounded.Table, unbounded.Filtered, unbounded.Partitions)
	}
	// Output:
	// SELECT country, count(*) AS views
	// FROM web.clicks_raw
	// WHERE event_ts >= TIMESTAMP '2026-05-24 09:00:00' AND event_ts < TIMESTAMP '2026-05-24 12:00:00' AND dt = '2026-05-24' AND hr BETWEEN '09' AND '11'
	// GROUP BY country
	// ORDER BY views DESC
	//
	// refused: web.clicks_raw has conditions on [country], its partitions are [dt hr]
}

// A program that asks AWS: it runs a statement with parameters, says what it cost, and
// reads its rows into a struct.
func ExampleRows() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client, err := athena.NewClient(cfg, &athena.ClientOptions{WorkGroup: "analysts", ReuseResults: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	run, err := client.Run(ctx, athena.SQL("SELECT country, sum(price) AS revenue FROM web.clicks_raw WHERE dt = ? GROUP BY country", "2026-05-24"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes scanned, at most $%.5f\n", run.Scanned, run.Price.USD)

	type Revenue struct {
		Country *string         `json:"country"` // nil: NULL
		Revenue catalog.Decimal `json:"revenue"` // exact
	}
	for row, err := range athena.Rows[Revenue](ctx, run) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Country, row.Revenue)
	}
}
