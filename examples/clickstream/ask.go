package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/local/duckdb"
)

// viewsPerCountry is the question of the example: views per country on one day, hours 09
// to 11, most first.
func viewsPerCountry(table *catalog.Table) athena.Selection {
	return athena.Select(table.Col("country"), athena.Count().As("views")).
		From(table).
		Where(table.Col("dt").Eq(askedDay), table.Col("hr").Between("09", "11")).
		GroupBy(table.Col("country")).
		OrderBy(athena.Desc("views"), athena.Asc("country"))
}

// sameWithoutPartitions asks the same by the time of the event alone, in words: no condition
// is on a partition column, so all of the table is read.
const sameWithoutPartitions = `SELECT country, count(*) AS views FROM web.clicks_raw
WHERE event_ts >= TIMESTAMP '2026-05-24 09:00:00' AND event_ts < TIMESTAMP '2026-05-24 12:00:00'
GROUP BY country ORDER BY views DESC, country`

// unboundedQuestion asks for everybody's clicks in one country, without a word about when.
func unboundedQuestion(table *catalog.Table) athena.Selection {
	return athena.Select(table.Col("user_id"), table.Col("url"), table.Col("country")).
		From(table).
		Where(table.Col("country").Eq("US"))
}

// ask runs the questions.
func ask(ctx context.Context, cfg aws.Config, table *catalog.Table, s *settings, r *report) error {
	// The builder needs no engine to refuse.
	_, err := unboundedQuestion(table).Build()
	var refused *athena.UnboundedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("the question without a bound was not refused: %w", err)
	}
	r.Refused = err.Error()
	fmt.Printf("\nA question is refused before it costs anything:\n  %v\n", err)

	// By the time of the event it is answered: the bound on dt and hr follows from it.
	day := time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC)
	mended, err := unboundedQuestion(table).Where(table.Col("event_ts").Ge(day)).Build()
	if err != nil {
		return err
	}
	fmt.Printf("\nWith event_ts >= %s it is bounded, as dt follows from event_ts:\n  %s\n", day.Format(time.DateOnly), mended)
	r.Refused += "\n\nWith a lower bound on event_ts it becomes:\n" + mended

	r.Question = "Views per country on " + askedDay + ", hours 09 to 11"
	if r.SQL, err = viewsPerCountry(table).Build(); err != nil {
		return err
	}
	client, err := athena.NewClient(cfg, &athena.ClientOptions{Output: "s3://" + s.bucket + "/results/"})
	if err != nil {
		return err
	}
	run, err := client.Run(ctx, viewsPerCountry(table))
	var failed *athena.QueryError
	if errors.As(err, &failed) && !s.onAWS && !duckdb.Available {
		r.NoSQL = failed.Reason
		fmt.Printf("\n%s was not asked: %s\n", r.Question, failed.Reason)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("\n%s:\n", r.Question)
	for row, err := range athena.Rows[countryViews](ctx, run) {
		if err != nil {
			return err
		}
		r.Countries = append(r.Countries, row)
		fmt.Printf("  %-3s %8d\n", row.Country, row.Views)
	}
	all, err := client.Run(ctx, athena.SQL(sameWithoutPartitions))
	if err != nil {
		return err
	}
	r.Scanned, r.ScannedAll, r.SQLAll = run.Scanned, all.Scanned, sameWithoutPartitions
	r.PriceNote = fmt.Sprintf("On Athena: $%.6f and $%.6f at %s.", run.Price.USD, all.Price.USD, run.Price.Price)
	fmt.Printf("scanned %.2f MB; by event_ts in words alone %.2f MB. %s\n", float64(r.Scanned)/1e6, float64(r.ScannedAll)/1e6, r.PriceNote)
	return nil
}
