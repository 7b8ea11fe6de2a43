package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/golden"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// tablesOf gives the tables by their names.
func tablesOf(ts map[string]*catalog.Table) func(context.Context, string) (*catalog.Table, error) {
	return func(_ context.Context, name string) (*catalog.Table, error) {
		if t := ts[name]; t != nil {
			return t, nil
		}
		return nil, fmt.Errorf("there is no table %s", name)
	}
}

func checkTables(t *testing.T) func(context.Context, string) (*catalog.Table, error) {
	free, err := catalog.New("web.users", []catalog.Field{{Name: "id", Type: kind(catalog.KindString)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tablesOf(map[string]*catalog.Table{
		"web.clicks_raw": clicksTable(t),
		"web.plain":      plain(t),
		"web.users":      free,
		"web.ice":        clicksBy(t, catalog.FormatIceberg, catalog.Day("event_ts"), catalog.Bucket("user_id", 16)),
		"web.berlin":     clicksBy(t, "", catalog.Day("event_ts").As("dt").Zone("Europe/Berlin")),
		"web.backwards":  clicksBy(t, "", catalog.Day("event_ts").Format("dd-MM-yyyy").As("dt")),
		"web.numbered":   clicksBy(t, "", catalog.Bucket("user_id", 16).As("b").Typed(kind(catalog.KindInt))),
		"web.injected":   clicksBy(t, "", catalog.Partition{Name: "tenant", Projection: catalog.Projection{Type: catalog.ProjectInjected}}),
	})
}

func TestCheckAccepts(t *testing.T) {
	t.Parallel()
	tables := checkTables(t)
	for _, sql := range []string{
		"SELECT 1",
		"SELECT id FROM web.users",
		"SELECT * FROM web.clicks_raw WHERE dt = '2026-05-24'",
		"SELECT * FROM clicks_raw WHERE DT >= '2026-05-24'",
		"SELECT * FROM \"awsdatacatalog\".\"web\".\"clicks_raw\" WHERE '2026-05-24' < dt",
		"SELECT * FROM web.clicks_raw c WHERE c.dt IN ('2026-05-24', '2026-05-25') AND country = 'US'",
		"SELECT * FROM web.clicks_raw WHERE clicks_raw.dt BETWEEN '2026-05-24' AND '2026-05-25'",
		"SELECT * FROM web.clicks_raw WHERE web.clicks_raw.dt > '2026-05-24' OR dt = '2026-05-01'",
		"SELECT * FROM web.clicks_raw WHERE NOT dt < '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE NOT (dt < '2026-05-24' OR dt > '2026-05-25')",
		"SELECT * FROM web.clicks_raw WHERE NOT (dt NOT IN ('2026-05-24'))",
		"SELECT * FROM web.clicks_raw WHERE dt >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')",
		"SELECT * FROM web.clicks_raw WHERE dt = CAST(current_date AS varchar) AND length(url) > 3",
		"SELECT * FROM web.clicks_raw WHERE dt >= ?",
		"SELECT * FROM web.ice WHERE event_ts >= current_timestamp - INTERVAL '1' HOUR",
		"SELECT * FROM web.ice WHERE user_id IN ('a', 'b')",
		"SELECT * FROM web.numbered WHERE b = 3",
		"SELECT * FROM web.injected WHERE tenant = 'acme'",
		"CREATE EXTERNAL TABLE web.x (a int) LOCATION 's3://lake/x/'",
		"MSCK REPAIR TABLE web.clicks_raw",
		"SHOW PARTITIONS web.clicks_raw",
	} {
		if err := Check(t.Context(), sql, "web", tables); err != nil {
			t.Errorf("%s\n%v", sql, err)
		}
	}
}

// TestCheckRefuses has the text of every refusal, and Rewrites that must be accepted.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	tables := checkTables(t)
	var b strings.Builder
	for _, sql := range []string{
		// What bounds nothing.
		"SELECT * FROM web.clicks_raw",
		"SELECT * FROM web.clicks_raw WHERE country = 'US'",
		"SELECT * FROM web.clicks_raw WHERE dt < '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE dt <> '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE dt >= ''",
		"SELECT * FROM web.clicks_raw WHERE NOT dt < ''",
		"SELECT * FROM web.clicks_raw WHERE dt >= url",
		"SELECT * FROM web.clicks_raw WHERE dt >= NULL",
		"SELECT * FROM web.clicks_raw WHERE dt IN ('2026-05-24', NULL)",
		"SELECT * FROM web.clicks_raw WHERE dt IS NOT NULL",
		"SELECT * FROM web.clicks_raw WHERE dt LIKE '2026%'",
		"SELECT * FROM web.clicks_raw WHERE date(dt) = DATE '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE dt >= CAST(uuid() AS varchar)",
		"SELECT * FROM web.clicks_raw WHERE dt = '2026-05-24' OR country = 'US'",
		"SELECT * FROM web.clicks_raw WHERE dt = '2026-05-24' OR hr = '09'",
		"SELECT * FROM web.clicks_raw WHERE NOT (dt < '2026-05-24' AND length(url) > 3)",
		"SELECT * FROM web.clicks_raw WHERE dt >= DATE '2026-05-24'",
		"SELECT geo.dt FROM web.clicks_raw AS c WHERE clicks_raw.dt = '2026-05-24'",
		"SELECT dt, count(*) FROM web.clicks_raw GROUP BY dt HAVING dt = '2026-05-24'",
		"SELECT * FROM web.plain WHERE event_ts >= DATE '2026-05-24'",
		"SELECT * FROM web.ice WHERE user_id >= 'a'",
		"SELECT * FROM web.numbered WHERE n = 3",
		// What lets a bound follow.
		"SELECT user_id, url, country FROM web.clicks_raw WHERE country='US' AND event_ts >= date '2026-05-24'",
		"SELECT count(*) FROM web.clicks_raw c WHERE c.event_ts >= TIMESTAMP '2026-05-24 09:00:00' AND TIMESTAMP '2026-05-24 12:00:00' > c.event_ts ORDER BY 1 LIMIT 5",
		"SELECT * FROM web.clicks_raw WHERE event_ts BETWEEN CAST('2026-05-24' AS date) AND DATE '2026-05-26'",
		"SELECT * FROM web.clicks_raw WHERE event_ts >= TIMESTAMP '2026-05-24 01:00:00 +02:00'",
		"SELECT * FROM web.clicks_raw WHERE event_ts = DATE '2026-05-24' OR event_ts > DATE '2026-06-01' AND length(url) > 3",
		"SELECT * FROM web.berlin WHERE event_ts >= TIMESTAMP '2026-05-23 22:00:00'",
		"SELECT * FROM web.numbered WHERE user_id = 'u1'",
		// What does not.
		"SELECT * FROM web.clicks_raw WHERE event_ts < DATE '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE event_ts >= current_date - INTERVAL '7' DAY",
		"SELECT * FROM web.clicks_raw WHERE event_ts >= '2026-05-24'",
		"SELECT * FROM web.clicks_raw WHERE event_ts > DATE '2026-05-24' AND event_ts < DATE '2026-05-23'",
		"SELECT * FROM web.clicks_raw WHERE event_ts >= TIMESTAMP '2026-05-24 00:00:00.1234567891'",
		// What partitions cannot be chosen by.
		"SELECT * FROM web.backwards WHERE dt >= '24-05-2026'",
		"SELECT * FROM web.injected WHERE tenant >= 'a'",
		// What is not understood.
		"SELECT * FROM web.clicks_raw a JOIN web.clicks_raw b ON a.dt = b.dt",
		"WITH c AS (SELECT * FROM web.clicks_raw) SELECT * FROM c",
		"SELECT * FROM web.users UNION ALL SELECT * FROM web.clicks_raw",
		"SELECT * FROM web.users WHERE id IN (SELECT user_id FROM web.clicks_raw)",
		"INSERT INTO web.users SELECT user_id FROM web.clicks_raw",
		"CREATE TABLE web.copy AS SELECT * FROM web.clicks_raw",
		"EXPLAIN ANALYZE SELECT * FROM web.clicks_raw",
		"SELECT * FROM nowhere.users",
		"SELECT * FROM web.nothing",
		"SELECT * FROM other.web.users",
		"SELEC 1",
		"",
	} {
		err := Check(t.Context(), sql, "", tables)
		if err == nil {
			t.Errorf("%s: no error", sql)
			continue
		}
		fmt.Fprintf(&b, "-- %s\n%v\n", sql, err)
		var e *UnboundedError
		if errors.As(err, &e) && e.Rewrite != "" {
			fmt.Fprintf(&b, "%s\n", e.Rewrite)
			if _, err := trinosql.Parse(e.Rewrite); err != nil {
				t.Errorf("%s: its rewrite does not parse: %v\n%s", sql, err, e.Rewrite)
			}
			if err := Check(t.Context(), e.Rewrite, "", tables); err != nil {
				t.Errorf("%s: its rewrite is refused: %v\n%s", sql, err, e.Rewrite)
			}
		}
		b.WriteString("\n")
	}
	golden.Check(t, "check.golden", b.String())
	if err := Check(t.Context(), "SELECT * FROM users", "", tables); err == nil || !strings.Contains(err.Error(), "has no database") {
		t.Errorf("a name without database: %v", err)
	}
}

// FuzzCheck looks for statements that break it, and for rewrites that are not accepted.
func FuzzCheck(f *testing.F) {
	for _, sql := range []string{
		"SELECT * FROM web.clicks_raw WHERE event_ts >= DATE '2026-05-24' AND NOT (dt <> 'x' OR hr BETWEEN '0' AND '1')",
		"SELECT a FROM web.clicks_raw c WHERE -1 < n AND c.event_ts IN (TIMESTAMP '2026-05-24 09:00:00.123', DATE '2026-05-24')",
		"MSCK REPAIR TABLE x", "SELECT 1",
	} {
		f.Add(sql)
	}
	tables := tablesOf(map[string]*catalog.Table{"web.clicks_raw": clicksTable(f)})
	f.Fuzz(func(t *testing.T, sql string) {
		var e *UnboundedError
		if err := Check(t.Context(), sql, "web", tables); errors.As(err, &e) && e.Rewrite != "" {
			if err := Check(t.Context(), e.Rewrite, "web", tables); err != nil {
				t.Errorf("%q: the rewrite %q is refused: %v", sql, e.Rewrite, err)
			}
		}
	})
}
