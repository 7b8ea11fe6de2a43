package land

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/local/duckdb"
)

// lakekit builds the command.
func lakekit(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "lakekit")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../../cmd/lakekit").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// output runs a command and gives its standard output.
func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

type rows map[string]map[string]any

type expectation struct{ Flights, Webhooks rows }

// data gives the folder with the data sets, and what they say.
func data(t *testing.T) (string, expectation) {
	t.Helper()
	peer.Need(t)
	if !duckdb.Available {
		t.Skip("built without cgo: the queries need DuckDB")
	}
	python := peer.Python(t)
	dir := strings.TrimSpace(string(output(t, "./datasets.sh"))) // fetches nothing that is there
	var want expectation
	if err := json.Unmarshal(output(t, python, "expect.py", dir), &want); err != nil {
		t.Fatal(err)
	}
	return dir, want
}

// query gives the rows of a query by the value of a column.
func query(t *testing.T, bin, dir, key, sql string) rows {
	t.Helper()
	out := rows{}
	sc := bufio.NewScanner(bytes.NewReader(output(t, bin, "query", "-dir", dir, "-json", sql)))
	for sc.Scan() {
		var row map[string]any
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatalf("%v: %s", err, sc.Bytes())
		}
		k, _ := row[key].(string)
		delete(row, key)
		out[k] = row
	}
	return out
}

const flightsByDay = `SELECT dt, count(*) AS records, count(dep_delay) AS dep_delays, sum(dep_delay) AS dep_delay,
	sum(distance) AS distance, count(*) - count(tailnum) AS no_tailnum, count(*) - count(air_time) AS no_air_time,
	count(DISTINCT carrier) AS carriers, CAST(min(time_hour) AS varchar) AS first
	FROM nyc.flights WHERE dt >= '2013-01-01' GROUP BY dt`

// TestFlights lands 336,776 flights by the local day of their departure. Their time is an
// instant in UTC, and the day is New York's, through both changes of the clock.
func TestFlights(t *testing.T) {
	dir, want := data(t)
	bin, lake := lakekit(t), filepath.Join(t.TempDir(), "lake")
	var s struct{ Records, Rows, Rejected int64 }
	out := output(t, bin, "land", "-json", "-dir", lake, "-table", "nyc.flights", "-time", "time_hour",
		"-partition", "dt=day(time_hour,America/New_York)", filepath.Join(dir, "flights.ndjson.gz"))
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	if s.Records != 336_776 || s.Rows != s.Records || s.Rejected != 0 {
		t.Errorf("landed %+v, want 336,776 records as rows", s)
	}
	if d := cmp.Diff(want.Flights, query(t, bin, lake, "dt", flightsByDay)); d != "" {
		t.Errorf("the landed flights differ from the original's (-want +got):\n%.4000s", d)
	}
}

// TestWebhooks lands 329 GitHub webhooks, whose records have up to thousands of leaves in a
// dozen levels, and fields whose type depends on the record.
func TestWebhooks(t *testing.T) {
	dir, want := data(t)
	bin, lake := lakekit(t), filepath.Join(t.TempDir(), "lake")
	var s struct{ Records, Rows, Rejected int64 }
	out := output(t, bin, "land", "-json", "-dir", lake, "-table", "gh.webhooks", "-partition", "event=identity(event)", filepath.Join(dir, "webhooks.ndjson"))
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	if s.Records != 329 || s.Rows != s.Records || s.Rejected != 0 {
		t.Errorf("landed %+v, want 329 records as rows", s)
	}
	got := query(t, bin, lake, "event", `SELECT event, count(*) AS records, count(sender.id) AS senders, coalesce(sum(sender.id), 0) AS sender,
		count(repository.id) AS repositories, coalesce(sum(repository.id), 0) AS repository, count(repository.owner.login) AS owners,
		count_if(repository.private) AS private, coalesce(sum(cardinality(repository.topics)), 0) AS topics,
		coalesce(sum(cardinality(pull_request.labels)), 0) AS labels
		FROM gh.webhooks WHERE event >= 'a' GROUP BY event`)
	if d := cmp.Diff(want.Webhooks, got); d != "" {
		t.Errorf("the landed webhooks differ from the original's (-want +got):\n%.4000s", d)
	}
}

// TestKill9 kills a landing in the middle, and lands again: every record is there. Rows
// that the first run had written may be there twice, and no more often.
func TestKill9(t *testing.T) {
	dir, want := data(t)
	bin, lake := lakekit(t), filepath.Join(t.TempDir(), "lake")
	args := []string{
		"land", "-json", "-dir", lake, "-table", "nyc.flights", "-time", "time_hour",
		"-partition", "dt=day(time_hour,America/New_York)", filepath.Join(dir, "flights.ndjson.gz"),
	}
	first := exec.CommandContext(context.WithoutCancel(t.Context()), bin, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	// As soon as files land, and so in the middle of it.
	landed := func() int {
		files, _ := filepath.Glob(filepath.Join(lake, "s3", "lake", "raw", "nyc", "flights", "*", "*.parquet"))
		return len(files)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	for began := time.Now(); landed() == 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > 2*time.Minute {
			t.Fatal("nothing landed in two minutes")
		}
	}
	if err := first.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Log("the first run ended before it was killed")
	}
	t.Logf("killed with %d files", landed())
	output(t, bin, args...)
	got := query(t, bin, lake, "dt", `SELECT dt, count(DISTINCT CAST(month AS varchar) || '.' || CAST(day AS varchar) || ' ' || CAST(sched_dep_time AS varchar) || carrier || CAST(flight AS varchar) || origin) AS flights, count(*) AS records
		FROM nyc.flights WHERE dt >= '2013-01-01' GROUP BY dt`)
	for dt, w := range want.Flights {
		n, _ := got[dt]["flights"].(float64)
		rows, _ := got[dt]["records"].(float64)
		once, _ := w["records"].(float64)
		if n != once { // no flight leaves an airport twice a day at one time
			t.Errorf("%s: %v flights after the second run, want %v", dt, n, once)
		}
		if rows > 2*once {
			t.Errorf("%s: %v rows of %v flights: some are there more than twice", dt, rows, once)
		}
	}
}
