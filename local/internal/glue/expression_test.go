package glue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/awswire"
)

var testKeys = []column{{Name: "dt", Type: "string"}, {Name: "Hr", Type: "int"}, {Name: "day", Type: "date"}, {Name: "at", Type: "timestamp"}, {Name: "price", Type: "decimal(10,2)"}, {Name: "flag", Type: "boolean"}}

func TestExpressions(t *testing.T) {
	t.Parallel()
	values := []string{"2026-05-24", "9", "2026-05-24", "2026-05-24 10:00:00", "12.50", "true"}
	for src, want := range map[string]bool{
		"":                   true,
		"dt = '2026-05-24'":  true,
		"DT='2026-05-24'":    true,
		`"dt" <> '2026-05'`:  true,
		"`dt` < '2026-05-3'": true,
		"hr = 9":             true, "hr = '9'": true, "hr = '09'": true, "hr < 10": true, "hr < '10'": true, "hr >= -3": true, "hr > +8": true,
		"hr BETWEEN 9 AND 11": true, "hr NOT BETWEEN 9 AND 11": false, "hr in (1, 2, 9)": true, "hr NOT IN (1, '9')": false,
		"day > '2026-05-23'": true, "day <= '2026-05-23'": false,
		"at >= '2026-05-24'": true, "at = '2026-05-24 10:00:00'": true, "at < '2026-05-24 09:59:59.5'": false, "at = '2026-05-24T10:00:00'": true,
		"price = 12.5": true, "price > 12.49 AND price < 12.51": true, "price = '12.500'": true, "price = .5": false,
		"dt LIKE '2026-%'": true, "dt LIKE '2026-05-__'": true, "dt NOT LIKE '%24'": false, "dt like '2026'": false, "dt LIKE '%5%4%'": true, "hr LIKE '9'": true,
		"dt IS NULL": false, "dt is not null": true,
		"NOT dt = 'x'": true, "NOT (dt = '2026-05-24' AND hr = 9)": false, "not not hr = 9": true,
		"dt = 'x' OR hr = 1 OR hr = 9 AND day = '2026-05-24'": true, "(dt = 'x' OR hr = 9) AND hr = 1": false, "((hr = 9))": true,
		"dt = 'it''s'": false,
	} {
		f, err := parseExpression(src, testKeys)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := f.holds(values); got != want {
			t.Errorf("%s: %t, want %t", src, got, want)
		}
	}
}

func TestExpressionsOfNullPartitions(t *testing.T) {
	t.Parallel()
	values := []string{nullPartition, nullPartition, "rubbish", "", "x", ""}
	for src, want := range map[string]bool{
		"dt IS NULL": true, "dt IS NOT NULL": false, "dt = 'x'": false, "NOT dt = 'x'": false, "dt <> 'x'": false, "dt NOT LIKE 'x'": false,
		"hr IN (1)": false, "hr NOT IN (1)": false, "hr = 1 OR dt IS NULL": true, "day <> '2026-05-24'": false, "NOT (hr = 1 AND dt IS NOT NULL)": true,
	} {
		f, err := parseExpression(src, testKeys)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := f.holds(values); got != want {
			t.Errorf("%s: %t, want %t", src, got, want)
		}
	}
}

func TestExpressionErrors(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"dt":            "it ends where an operator should stand",
		"dt = ":         "it ends where a value: a number, or text in single quotes should stand",
		"dt = hr":       `"hr" at character 6 stands where a value: a number, or text in single quotes should stand`,
		"= 'x'":         `"=" at character 1 stands where a partition key should stand`,
		"and = 'x'":     `"and" at character 1 stands where a partition key should stand`,
		"zz = 'x'":      `"zz" is not a partition key; the table's are [dt, Hr, day, at, price, flag]`,
		"flag = 'true'": `the partition key "flag" is boolean; the service takes string, date, timestamp, int, bigint, long, tinyint, smallint and decimal`,
		"hr = 'nine'":   `"nine" at character 6 is not a whole number, which the partition key "Hr" is`,
		"hr = 1.5":      `"1.5" at character 6 is not a whole number, which the partition key "Hr" is`,
		"day = 'today'": `"today" at character 7 is not a date such as '2026-05-24', which the partition key "day" is`,
		"price = 1e3":   `"e3" at character 10 stands where the end, AND or OR should stand`,
		"dt != 'x'":     `"!" at character 4 is not allowed; the operators are = <> < > <= >= AND OR NOT IN BETWEEN LIKE IS NULL`,
		"dt = 'x":       "the quote at character 6 has no end",
		"(dt = 'x'":     "it ends where a closing parenthesis should stand",
		"dt = 'x')":     `")" at character 9 stands where the end, AND or OR should stand`,
		"dt IN ()":      `")" at character 8 stands where a value: a number, or text in single quotes should stand`,
		"dt IN ('x'":    "it ends where a comma or a closing parenthesis should stand",
		"dt IS 'x'":     `"x" at character 7 stands where NULL should stand`,
		"dt LIKE 5":     `"5" at character 9 stands where a pattern in quotes should stand`,
		"hr BETWEEN 1":  "it ends where AND should stand",
		"hr = 1..2":     `"1..2" at character 6 is not a number`,
		"dt = '" + strings.Repeat("x", 2048) + "'": "2055 characters are more than the 2048 that the service takes",
	} {
		_, err := parseExpression(src, testKeys)
		e, ok := errors.AsType[*awswire.Error](err)
		if !ok || e.Code != codeInvalid || e.Message != "Expression: "+want {
			t.Errorf("%.60s:\n got %v\nwant %s", src, err, want)
		}
	}
}

// sample is an expression made at random: its text, and what it is for a row.
type sample struct {
	text string
	of   func(dt string, hr int) truth
}

func makeSample(r *rand.Rand, depth int) sample {
	if depth > 0 {
		a := makeSample(r, depth-1)
		switch r.IntN(4) {
		case 0:
			b := makeSample(r, depth-1)
			return sample{"(" + a.text + ") AND (" + b.text + ")", func(dt string, hr int) truth {
				x, y := a.of(dt, hr), b.of(dt, hr)
				if x == isFalse || y == isFalse {
					return isFalse
				}
				if x == isTrue && y == isTrue {
					return isTrue
				}
				return isUnknown
			}}
		case 1:
			b := makeSample(r, depth-1)
			return sample{"(" + a.text + ") or (" + b.text + ")", func(dt string, hr int) truth {
				x, y := a.of(dt, hr), b.of(dt, hr)
				if x == isTrue || y == isTrue {
					return isTrue
				}
				if x == isFalse && y == isFalse {
					return isFalse
				}
				return isUnknown
			}}
		case 2:
			return sample{"NOT (" + a.text + ")", func(dt string, hr int) truth {
				switch a.of(dt, hr) {
				case isTrue:
					return isFalse
				case isFalse:
					return isTrue
				}
				return isUnknown
			}}
		}
		return a
	}
	null := func(known bool, yes bool) truth {
		switch {
		case !known:
			return isUnknown
		case yes:
			return isTrue
		}
		return isFalse
	}
	n, m := r.IntN(14), r.IntN(14)
	s := fmt.Sprintf("d%02d", r.IntN(14))
	switch r.IntN(7) {
	case 0:
		return sample{fmt.Sprintf("hr < %d", n), func(_ string, hr int) truth { return null(hr >= 0, hr < n) }}
	case 1:
		return sample{fmt.Sprintf("Hr >= '%d'", n), func(_ string, hr int) truth { return null(hr >= 0, hr >= n) }}
	case 2:
		return sample{fmt.Sprintf("hr BETWEEN %d AND %d", n, m), func(_ string, hr int) truth { return null(hr >= 0, n <= hr && hr <= m) }}
	case 3:
		return sample{fmt.Sprintf("hr IN (%d,%d)", n, m), func(_ string, hr int) truth { return null(hr >= 0, hr == n || hr == m) }}
	case 4:
		return sample{fmt.Sprintf("dt <> '%s'", s), func(dt string, _ int) truth { return null(dt != "", dt != s) }}
	case 5:
		return sample{fmt.Sprintf("dt LIKE '%s%%'", s[:2]), func(dt string, _ int) truth { return null(dt != "", strings.HasPrefix(dt, s[:2])) }}
	}
	return sample{"dt IS NULL", func(dt string, _ int) truth { return null(true, dt == "") }}
}

// A parsed expression is what its parts say by the rules of SQL.
func TestExpressionsAgreeWithASimpleEvaluator(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	trues := 0
	for range 2000 {
		s := makeSample(r, r.IntN(5))
		f, err := parseExpression(s.text, testKeys)
		if err != nil {
			if len(s.text) > maxExpression {
				continue
			}
			t.Fatalf("%s: %v", s.text, err)
		}
		for hr := -1; hr < 14; hr++ {
			dt, values := fmt.Sprintf("d%02d", r.IntN(14)), []string{"", strconv.Itoa(hr), "", "", "", ""}
			if r.IntN(5) == 0 {
				dt = ""
			}
			if values[0] = dt; dt == "" {
				values[0] = nullPartition
			}
			if hr < 0 {
				values[1] = nullPartition
			}
			if got, want := f.truth(values), s.of(dt, hr); got != want {
				t.Fatalf("%s of %q, %d: %d, want %d", s.text, dt, hr, got, want)
			}
			if f.holds(values) {
				trues++
			}
		}
	}
	if trues < 1000 {
		t.Errorf("only %d were true", trues)
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"dt = '2026-05-24' AND hr BETWEEN 9 AND 11", "NOT (dt LIKE '2026-%' OR day IN ('2026-01-01')) AND price > 1.5", `"dt" is not null`, "at <> '2026-05-24 10:00:00'", "((", "dt = 'é''", "hr = -", "hr=+.5",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseExpression(s, testKeys)
		if err != nil {
			if a, ok := errors.AsType[*awswire.Error](err); !ok || a.Code != codeInvalid {
				t.Fatal(err)
			}
			return
		}
		values := []string{"2026-05-24", "9", "2026-05-24", "2026-05-24 10:00:00", "12.50", "true"}
		if e == nil { // nothing but spaces
			return
		}
		if e.holds(values) && negated(e).holds(values) {
			t.Fatal("an expression and its opposite are both true")
		}
		e.holds([]string{nullPartition, "x", "", "", "", ""})
	})
}

func BenchmarkExpression(b *testing.B) {
	f, err := parseExpression("dt >= '2026-05-24' AND hr BETWEEN 9 AND 11", testKeys)
	if err != nil {
		b.Fatal(err)
	}
	values := []string{"2026-05-24", "9", "", "", "", ""}
	b.ReportAllocs()
	for b.Loop() {
		if !f.holds(values) {
			b.Fatal("false")
		}
	}
}
