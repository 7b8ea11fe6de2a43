package athena

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDDLTokens(t *testing.T) {
	t.Parallel()
	d, err := lexDDL("ALTER TABLE `my``t` -- a comment\n ADD /* another */ PARTITION (dt='it''s \\'x') ;")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range d.toks {
		got = append(got, string(k.kind)+k.text)
	}
	want := []string{"wALTER", "wTABLE", "imy`t", "wADD", "wPARTITION", "p(", "wdt", "p=", "sit's 'x", "p)"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// A quoted name is a name, whatever it says.
	if d, err = lexDDL("DROP TABLE `table`"); err != nil {
		t.Fatal(err)
	}
	d.skip("DROP", "TABLE")
	if name := d.name(); name != "table" || d.end() != nil {
		t.Errorf("name %q, %v", name, d.err)
	}
	for _, bad := range []string{"DROP `x", "DROP 'x", "DROP /* x"} {
		if _, err := lexDDL(bad); err == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

func FuzzDDL(f *testing.F) {
	for _, s := range []string{
		"ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt='2026-05-24') LOCATION 's3://b/p/dt=2026-05-24/' PARTITION (dt='2026-05-25')",
		"MSCK REPAIR TABLE db.t", "CREATE DATABASE IF NOT EXISTS `d` COMMENT 'it''s' LOCATION 's3://b/'", "DROP TABLE `a`.`b`", "-- \n;", "/*", "'\\",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		d, err := lexDDL(sql)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			return
		}
		last := -1
		for _, k := range d.toks {
			if k.pos <= last || k.pos >= len(sql) {
				t.Fatalf("token %q at %d behind %d", k.text, k.pos, last)
			}
			last = k.pos
		}
		d.skip("ALTER", "TABLE")
		_, _ = d.tableName(&execution{database: "d"})
		_ = d.end()
	})
}

// What result writes, rowReader reads, to the byte.
func FuzzRows(f *testing.F) {
	f.Add("a,b\n\"c\"", true, "", false)
	f.Add("", false, "x\r\n", true)
	f.Fuzz(func(t *testing.T, a string, hasA bool, b string, hasB bool) {
		row := []*string{&a, &b}
		if !hasA {
			row[0] = nil
		}
		if !hasB {
			row[1] = nil
		}
		var buf bytes.Buffer
		r := &result{w: bufio.NewWriter(&buf)}
		for range 2 {
			if err := r.Row(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.w.Flush(); err != nil {
			t.Fatal(err)
		}
		size := int64(buf.Len())
		in := &rowReader{r: bufio.NewReader(&buf)}
		for range 2 {
			got, err := in.next()
			if err != nil || len(got.Data) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
			for i, d := range got.Data {
				if (d.VarCharValue == nil) != (row[i] == nil) || d.VarCharValue != nil && *d.VarCharValue != *row[i] {
					t.Fatalf("value %d came back different", i)
				}
			}
		}
		if _, err := in.next(); !errors.Is(err, io.EOF) || in.read != size {
			t.Fatalf("%v after %d of %d bytes", err, in.read, size)
		}
	})
}

func FuzzRowReader(f *testing.F) {
	f.Add([]byte("\"a\",\n,\"b\"\"\"\n"))
	f.Add([]byte("\"a"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		r := &rowReader{r: bufio.NewReader(bytes.NewReader(data))}
		for {
			if _, err := r.next(); err != nil {
				return
			}
		}
	})
}

// A partition is dropped only when no row of it can satisfy the condition: random
// conditions over a text and an integer column, each compared with the condition's truth
// for that very partition, where everything else may be true or false.
func TestPruningIsSound(t *testing.T) {
	t.Parallel()
	typ := catalog.Type{Kind: catalog.KindInt}
	hr := catalog.Identity("h").As("hr")
	hr.Type = typ
	table, err := catalog.New("db.t", []catalog.Field{{Name: "x", Type: typ}, {Name: "s", Type: catalog.Type{Kind: catalog.KindString}}, {Name: "h", Type: typ}}, &catalog.TableOptions{
		Location: "s3://b/t/", PartitionBy: catalog.By(catalog.Identity("s").As("dt"), hr),
	})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	ops := []string{"=", "<>", "<", "<=", ">", ">="}
	dropped := 0
	for range 4000 {
		text := condition(rnd, ops, 3)
		stmt, err := trinosql.Parse("SELECT x FROM t WHERE " + text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		q := stmt.(*trinosql.Query)
		scope, err := NewScope(q, table)
		if err != nil {
			t.Fatal(err)
		}
		f := newPartitionFilter(scope, q, table)
		for dt := range 3 {
			for hr := range 3 {
				keeps := f.keeps([]string{fmt.Sprint(dt), fmt.Sprint(hr)})
				can := satisfiable(f.where, dt, hr, true) || satisfiable(f.where, dt, hr, false)
				if can && !keeps {
					t.Fatalf("dt=%d hr=%d is dropped by %s", dt, hr, text)
				}
				if !keeps {
					dropped++
				}
			}
		}
	}
	if dropped < 4000 {
		t.Errorf("only %d partitions were dropped", dropped)
	}
}

func condition(r *rand.Rand, ops []string, depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := condition(r, ops, depth-1), condition(r, ops, depth-1)
		switch r.IntN(3) {
		case 0:
			return "(" + a + " AND " + b + ")"
		case 1:
			return "(" + a + " OR " + b + ")"
		}
		return "NOT (" + a + ")"
	}
	n := r.IntN(3)
	switch r.IntN(6) {
	case 0:
		return "x = 1" // unknown to the filter
	case 1:
		return fmt.Sprintf("dt %s '%d'", ops[r.IntN(6)], n)
	case 2:
		return fmt.Sprintf("%d %s t.hr", n, ops[r.IntN(6)])
	case 3:
		return fmt.Sprintf("hr %sBETWEEN %d AND %d", []string{"", "NOT "}[r.IntN(2)], n, r.IntN(3))
	case 4:
		return fmt.Sprintf("dt %sIN ('%d', '%d')", []string{"", "NOT "}[r.IntN(2)], n, r.IntN(3))
	}
	return fmt.Sprintf("hr %s %d", ops[r.IntN(6)], n)
}

// satisfiable computes a condition that condition made, with x = 1 given.
func satisfiable(e trinosql.Expr, dt, hr int, x bool) bool {
	value := func(e trinosql.Expr) int {
		switch e := e.(type) {
		case *trinosql.Ident:
			if e.Key() == "dt" {
				return dt
			}
			return hr
		case *trinosql.Member:
			return hr
		case *trinosql.Literal:
			return int(e.Text[0] - '0')
		}
		panic(e)
	}
	switch e := e.(type) {
	case *trinosql.Logical:
		for _, t := range e.Terms {
			if satisfiable(t, dt, hr, x) == (e.Op == "OR") {
				return e.Op == "OR"
			}
		}
		return e.Op == "AND"
	case *trinosql.Not:
		return !satisfiable(e.X, dt, hr, x)
	case *trinosql.Between:
		v := value(e.X)
		return (v >= value(e.Low) && v <= value(e.High)) != e.Not
	case *trinosql.In:
		return slices.ContainsFunc(e.List, func(l trinosql.Expr) bool { return value(l) == value(e.X) }) != e.Not
	case *trinosql.BinaryExpr:
		if id, ok := e.L.(*trinosql.Ident); ok && id.Key() == "x" {
			return x
		}
		l, r := value(e.L), value(e.R)
		switch e.Op {
		case "=":
			return l == r
		case "<>":
			return l != r
		case "<":
			return l < r
		case "<=":
			return l <= r
		case ">":
			return l > r
		}
		return l >= r
	}
	panic(fmt.Sprintf("%T", e))
}

func TestHidden(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"a.parquet": false, "dt=1/a": false, "_SUCCESS": true, "dt=1/_temporary/a": true, ".x/a": true, "dt=1/": true, "a_b": false,
	} {
		if got := hidden(key); got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]location{"s3://b/p": {"b", "p/"}, "s3://b/p/": {"b", "p/"}, "s3://b": {"b", ""}} {
		if got, err := parseLocation(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "b/p", "s3:///p", "http://b/p"} {
		if _, err := parseLocation(text); err == nil || !strings.Contains(err.Error(), "s3://BUCKET/PREFIX/") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
