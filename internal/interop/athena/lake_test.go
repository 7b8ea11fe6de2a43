package athena_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/firehose"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
	"github.com/lakekit/lakekit/stream"
)

type geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type click struct {
	ID      string          `json:"id"`
	Country *string         `json:"country"`
	URL     string          `json:"url"`
	TS      time.Time       `json:"event_ts"`
	Price   catalog.Decimal `json:"price" lake:"decimal(10,2)"`
	N       int64           `json:"n"`
	Tags    []string        `json:"tags"`
	Geo     *geo            `json:"geo"`
}

var start = time.Date(2026, 5, 24, 12, 0, 0, 0, time.UTC)

// lake opens a lake with an engine, a bucket and a database.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	if !duckdb.Available {
		t.Skip("built without cgo: there is no engine")
	}
	local.Test(t, start, &local.Options{Athena: duckdb.Engine()}, func(t *testing.T, lake *local.Lake) {
		w := &world{lake: lake, cfg: lake.Config(), s3: awss3.NewFromConfig(lake.Config()), api: awsathena.NewFromConfig(lake.Config())}
		if _, err := w.s3.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		client, err := athena.NewClient(w.cfg, &athena.ClientOptions{Output: "s3://lake/results/", Database: "web"})
		if err != nil {
			t.Fatal(err)
		}
		w.client = client
		w.run(t, "CREATE DATABASE IF NOT EXISTS web COMMENT 'clicks'")
		f(t, w)
	})
}

type world struct {
	lake   *local.Lake
	cfg    aws.Config
	s3     *awss3.Client
	api    *awsathena.Client
	client *athena.Client
}

func (w *world) run(t *testing.T, sql string, params ...any) *athena.Run {
	t.Helper()
	run, err := w.client.Run(t.Context(), athena.SQL(sql, params...))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return run
}

// lines gives a result as Athena's API does, values joined by |, NULL as ∅, header first.
func (w *world) lines(t *testing.T, run *athena.Run) []string {
	t.Helper()
	var out []string
	pages := awsathena.NewGetQueryResultsPaginator(w.api, &awsathena.GetQueryResultsInput{QueryExecutionId: &run.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.ResultSet.Rows {
			var vs []string
			for _, d := range row.Data {
				if d.VarCharValue == nil {
					vs = append(vs, "∅")
				} else {
					vs = append(vs, *d.VarCharValue)
				}
			}
			out = append(out, strings.Join(vs, "|"))
		}
	}
	return out
}

func (w *world) land(t *testing.T, table *catalog.Table, clicks []click) {
	t.Helper()
	d, err := firehose.New(w.cfg, table, nil)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(clicks, 500) {
		var rs []stream.Record
		for _, c := range chunk {
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			rs = append(rs, stream.Record{Data: b})
		}
		if err := d.Handle(t.Context(), stream.NewBatch("s", rs, false, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func define(t *testing.T, name string, since catalog.Date) *catalog.Table {
	t.Helper()
	table, err := catalog.Define[click]("web."+name, &catalog.TableOptions{
		Location: catalog.Lake("lake").Raw(name), PartitionBy: catalog.By(catalog.Day("event_ts").As("dt"), catalog.Hour("event_ts").As("hr")), ProjectSince: since,
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (w *world) create(t *testing.T, table *catalog.Table) {
	t.Helper()
	ddl, err := table.DDL()
	if err != nil {
		t.Fatal(err)
	}
	w.run(t, ddl)
}

// clicksOfADay has one click per minute of 2026-05-24 up to noon, and a day before it.
func clicksOfADay() []click {
	var out []click
	for i := range 36 * 60 {
		c := click{
			ID: fmt.Sprintf("id%05d", i), URL: fmt.Sprintf("https://example.org/%d?q=\"x\",\n%d", i%7, i), TS: start.Add(-time.Duration(i+1) * time.Minute),
			Price: catalog.NewDecimal(int64(i%300), 2), N: int64(i), Tags: []string{"a", fmt.Sprint(i % 3)},
		}
		if i%5 > 0 {
			c.Country = aws.String([]string{"", "DE", "FR", "US", "US"}[i%5])
		}
		if i%2 == 0 {
			c.Geo = &geo{float64(i) / 4, -1.5}
		}
		out = append(out, c)
	}
	return out
}

// columnBytes adds up what the files of a table's folders hold of some columns, read from
// S3 and independently of what the service does.
func (w *world) columnBytes(t *testing.T, prefixes []string, columns ...string) (n int64) {
	t.Helper()
	for _, prefix := range prefixes {
		list, err := w.s3.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: &prefix})
		if err != nil || len(list.Contents) == 0 {
			t.Fatalf("%s: %d objects, %v", prefix, len(list.Contents), err)
		}
		for _, o := range list.Contents {
			out, err := w.s3.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: o.Key})
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(out.Body)
			if err != nil {
				t.Fatal(err)
			}
			m, err := parquetmeta.Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range m.RowGroups {
				for _, c := range g.Columns {
					if slices.Contains(columns, strings.Join(c.Leaf.Path, ".")) {
						n += c.Compressed
					}
				}
			}
		}
	}
	return n
}

// The question of views per country, by the builder: rows, and bytes of the columns and
// partitions that it needs, to the byte.
func TestViewsPerCountry(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		table := define(t, "clicks", catalog.NewDate(2024, 1, 1))
		w.create(t, table)
		clicks := clicksOfADay()
		w.land(t, table, clicks)
		from, to := start.Add(-3*time.Hour), start
		q := athena.Select(table.Col("country"), athena.Count().As("views")).From(table).
			Where(table.Col("event_ts").In(from, to)).GroupBy(table.Col("country")).OrderBy(athena.Desc("views"), athena.Asc("country"))
		run, err := w.client.Run(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		type views struct {
			Country *string `json:"country"`
			Views   int64   `json:"views"`
		}
		got := map[string]int64{}
		for row, err := range athena.Rows[views](t.Context(), run) {
			if err != nil {
				t.Fatal(err)
			}
			if row.Country == nil {
				row.Country = aws.String("NULL")
			}
			got[*row.Country] = row.Views
		}
		want := map[string]int64{}
		for _, c := range clicks {
			if !c.TS.Before(from) && c.TS.Before(to) {
				name := "NULL"
				if c.Country != nil {
					name = *c.Country
				}
				want[name]++
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		bytes := w.columnBytes(t, []string{"raw/clicks/dt=2026-05-24/hr=09/", "raw/clicks/dt=2026-05-24/hr=10/", "raw/clicks/dt=2026-05-24/hr=11/"}, "country", "event_ts")
		if run.Scanned != bytes || bytes == 0 {
			t.Errorf("%d bytes scanned, the files say %d", run.Scanned, bytes)
		}
		// The same by hand, over text partition columns.
		hand := w.run(t, "SELECT country, count(*) views FROM clicks WHERE dt = '2026-05-24' AND hr BETWEEN '09' AND '11' GROUP BY country ORDER BY views DESC, country")
		if d := cmp.Diff(w.lines(t, run), w.lines(t, hand)); d != "" {
			t.Errorf("by hand:\n%s", d)
		}
		if less := w.columnBytes(t, []string{"raw/clicks/dt=2026-05-24/hr=09/", "raw/clicks/dt=2026-05-24/hr=10/", "raw/clicks/dt=2026-05-24/hr=11/"}, "country"); hand.Scanned != less {
			t.Errorf("by hand %d bytes, the files say %d", hand.Scanned, less)
		}
		if none := w.run(t, "SELECT country FROM clicks WHERE dt = '2031-01-01'"); none.Scanned != 0 || len(w.lines(t, none)) != 1 {
			t.Errorf("a day out of the projection: %d bytes, %v", none.Scanned, w.lines(t, none))
		}
	})
}

// What comes out of each type, through Parquet and the CSV in S3.
func TestValues(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		table := define(t, "clicks", catalog.NewDate(2024, 1, 1))
		w.create(t, table)
		w.land(t, table, clicksOfADay())
		run := w.run(t, "SELECT id, country, url, event_ts, price, n, tags, geo, dt, hr, n/2 half, 1e0/4 quarter, current_date today, CAST(now() AS date) = date '2026-05-24' same FROM clicks WHERE dt='2026-05-24' AND n <= 1 ORDER BY n")
		want := []string{
			"id|country|url|event_ts|price|n|tags|geo|dt|hr|half|quarter|today|same",
			"id00000|∅|https://example.org/0?q=\"x\",\n0|2026-05-24 11:59:00.000|0.00|0|[a, 0]|{lat=0.0, lon=-1.5}|2026-05-24|11|0|0.25|2026-05-24|true",
			"id00001|DE|https://example.org/1?q=\"x\",\n1|2026-05-24 11:58:00.000|0.01|1|[a, 1]|∅|2026-05-24|11|0|0.25|2026-05-24|true",
		}
		if d := cmp.Diff(want, w.lines(t, run)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		params := w.run(t, "SELECT count(*) c, sum(price) s FROM clicks WHERE dt = ? AND n < ?", "2026-05-24", 10)
		if d := cmp.Diff([]string{"c|s", "10|0.45"}, w.lines(t, params)); d != "" {
			t.Errorf("parameters (-want +got):\n%s", d)
		}
		out, err := w.s3.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String(strings.TrimPrefix(params.Output, "s3://lake/"))})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(out.Body); err != nil || string(b) != "\"c\",\"s\"\n\"10\",\"0.45\"\n" {
			t.Errorf("%s is %q, %v", params.Output, b, err)
		}
	})
}

// Pages of at most 1,000 rows, the header in the first alone.
func TestPages(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		table := define(t, "clicks", catalog.NewDate(2024, 1, 1))
		w.create(t, table)
		w.land(t, table, clicksOfADay())
		run := w.run(t, "SELECT n, url FROM clicks WHERE dt >= '2026-05-01' ORDER BY n")
		lines := w.lines(t, run)
		if len(lines) != 1+36*60 || lines[0] != "n|url" {
			t.Fatalf("%d lines, the first %q", len(lines), lines[0])
		}
		for i, line := range lines[1:] {
			if !strings.HasPrefix(line, strconv.Itoa(i)+"|") {
				t.Fatalf("row %d is %q", i, line)
			}
		}
		page, err := w.api.GetQueryResults(t.Context(), &awsathena.GetQueryResultsInput{QueryExecutionId: &run.ID, MaxResults: aws.Int32(3)})
		if err != nil || len(page.ResultSet.Rows) != 3 || page.NextToken == nil || *page.ResultSet.ResultSetMetadata.ColumnInfo[0].Type != "bigint" {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// A workgroup's limit ends a query that would read more, before it reads; the same question
// over less is answered.
func TestCutoff(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		table := define(t, "big", catalog.NewDate(2024, 1, 1))
		w.create(t, table)
		var clicks []click
		seed := uint64(1)
		for i := range 4000 {
			var url strings.Builder
			for range 200 {
				seed = seed*6364136223846793005 + 1442695040888963407
				fmt.Fprintf(&url, "%016x", seed)
			}
			clicks = append(clicks, click{ID: fmt.Sprint(i), URL: url.String(), TS: start.Add(-time.Hour), N: int64(i)})
		}
		for chunk := range slices.Chunk(clicks, 500) {
			w.land(t, table, chunk)
		}
		for _, cutoff := range []int64{9_999_999, 10_000_000} {
			_, err := w.api.CreateWorkGroup(t.Context(), &awsathena.CreateWorkGroupInput{
				Name: aws.String("small"), Configuration: &athenatypes.WorkGroupConfiguration{
					BytesScannedCutoffPerQuery: &cutoff, ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://lake/small/")},
				},
			})
			if (err == nil) != (cutoff >= 10_000_000) {
				t.Fatalf("a cutoff of %d: %v", cutoff, err)
			}
		}
		client, err := athena.NewClient(w.cfg, &athena.ClientOptions{WorkGroup: "small", Database: "web"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Run(t.Context(), athena.SQL("SELECT max(url) FROM big WHERE dt = '2026-05-24'"))
		var qe *athena.QueryError
		if !errors.As(err, &qe) || qe.State != athenatypes.QueryExecutionStateCancelled || !strings.Contains(qe.Reason, "Bytes scanned limit was exceeded") {
			t.Fatalf("%v", err)
		}
		run, err := client.Run(t.Context(), athena.SQL("SELECT max(n) FROM big WHERE dt = '2026-05-24'"))
		if err != nil || !strings.HasPrefix(run.Output, "s3://lake/small/") {
			t.Fatalf("%+v, %v", run, err)
		}
	})
}

// Partitions that the catalog lists: by MSCK REPAIR, by ALTER TABLE, by the delivery.
func TestRegisteredPartitions(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		table := define(t, "reg", catalog.Date{})
		w.create(t, table)
		w.land(t, table, clicksOfADay())
		count := func(sql string) string {
			lines := w.lines(t, w.run(t, sql))
			return lines[len(lines)-1]
		}
		if got := count("SELECT count(*) FROM reg"); got != "2160" {
			t.Errorf("registered by the delivery: %s", got)
		}
		w.run(t, "DROP TABLE reg")
		w.create(t, table)
		if got := count("SELECT count(*) FROM reg"); got != "0" {
			t.Errorf("nothing registered: %s", got)
		}
		w.run(t, "ALTER TABLE reg ADD IF NOT EXISTS PARTITION (dt='2026-05-24', hr='09') PARTITION (dt='2026-05-24', hr='10') LOCATION 's3://lake/raw/reg/dt=2026-05-24/hr=10/'")
		if got := count("SELECT count(*) FROM reg WHERE hr < '10'"); got != "60" {
			t.Errorf("one hour: %s", got)
		}
		_, err := w.client.Run(t.Context(), athena.SQL("ALTER TABLE reg ADD PARTITION (dt='2026-05-24')"))
		if err == nil || !strings.Contains(err.Error(), "a partition of web.reg has 2 values, this one has 1") {
			t.Errorf("half a partition: %v", err)
		}
		w.run(t, "MSCK REPAIR TABLE reg")
		if got := count("SELECT count(*) FROM reg"); got != "2160" {
			t.Errorf("repaired: %s", got)
		}
		w.run(t, "DROP TABLE IF EXISTS reg")
		w.run(t, "DROP TABLE IF EXISTS reg")
		w.run(t, "DROP DATABASE web")
	})
}

// What cannot be run is refused by name, and what fails says why.
func TestRefused(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		w.create(t, define(t, "clicks", catalog.NewDate(2024, 1, 1)))
		for sql, want := range map[string]string{
			"SELECT * FROM clicks a JOIN clicks b ON a.n = b.n":  "JOIN",
			"INSERT INTO clicks SELECT * FROM clicks":            "INSERT",
			"SELECT no FROM clicks":                              "Column 'no' cannot be resolved",
			"SELECT * FROM none":                                 "Table 'awsdatacatalog.web.none' does not exist",
			"SELECT soundex(url) FROM clicks":                    "soundex",
			"SELECT n FROM clicks WHERE":                         "1:27",
			"SELECT * FROM \"clicks$partitions\"":                "metadata tables",
			"UNLOAD (SELECT 1) TO 's3://b/' WITH (format='ORC')": "UNLOAD",
		} {
			_, err := w.client.Run(t.Context(), athena.SQL(sql))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", sql, err, want)
			}
		}
	})
}

// A token starts a query once, a young result is reused, a finished query is not stopped.
func TestExecutions(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *world) {
		in := &awsathena.StartQueryExecutionInput{
			QueryString: aws.String("SELECT 1 one"), ClientRequestToken: aws.String(strings.Repeat("t", 32)),
			ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://lake/r/")},
		}
		a, err := w.api.StartQueryExecution(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.api.StartQueryExecution(t.Context(), in)
		if err != nil || *a.QueryExecutionId != *b.QueryExecutionId {
			t.Fatalf("one token, two queries: %v %v, %v", *a.QueryExecutionId, b, err)
		}
		in.QueryString = aws.String("SELECT 2")
		if _, err := w.api.StartQueryExecution(t.Context(), in); err == nil {
			t.Error("one token, two statements")
		}
		time.Sleep(time.Minute) // the bubble's
		reusing, err := athena.NewClient(w.cfg, &athena.ClientOptions{Output: "s3://lake/r/", ReuseResults: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		run, err := reusing.Run(t.Context(), athena.SQL("SELECT 1 one"))
		if err != nil || !run.Reused || !slices.Equal(w.lines(t, run), []string{"one", "1"}) {
			t.Errorf("%+v, %v", run, err)
		}
		time.Sleep(2 * time.Hour)
		if run, err = reusing.Run(t.Context(), athena.SQL("SELECT 1 one")); err != nil || run.Reused {
			t.Errorf("reused after two hours: %+v, %v", run, err)
		}
		if _, err := w.api.StopQueryExecution(t.Context(), &awsathena.StopQueryExecutionInput{QueryExecutionId: a.QueryExecutionId}); err != nil {
			t.Error(err)
		}
		got, err := w.api.GetQueryExecution(t.Context(), &awsathena.GetQueryExecutionInput{QueryExecutionId: a.QueryExecutionId})
		if err != nil || got.QueryExecution.Status.State != athenatypes.QueryExecutionStateSucceeded {
			t.Errorf("%+v, %v", got, err)
		}
		list, err := w.api.ListQueryExecutions(t.Context(), &awsathena.ListQueryExecutionsInput{})
		if err != nil || len(list.QueryExecutionIds) != 4 { // with the bubble's CREATE DATABASE
			t.Errorf("%v, %v", list, err)
		}
		batch, err := w.api.BatchGetQueryExecution(t.Context(), &awsathena.BatchGetQueryExecutionInput{QueryExecutionIds: []string{*a.QueryExecutionId, "none"}})
		if err != nil || len(batch.QueryExecutions) != 1 || len(batch.UnprocessedQueryExecutionIds) != 1 {
			t.Errorf("%+v, %v", batch, err)
		}
	})
}
