package catalog

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func parsePartition(t *testing.T, s string) Partition {
	t.Helper()
	p, err := ParsePartition(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDerivationText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"dt=day(event_ts,UTC)":                                            "dt=day(event_ts,UTC)",
		" dt = day( event_ts )":                                           "dt=day(event_ts,UTC)",
		"hr=hour(ts,Europe/Berlin);type=int":                              "hr=hour(ts,Europe/Berlin);type=int",
		"dt=day(ts);late=90m;type=string;format=yyyy/MM/dd":               "dt=day(ts,UTC);format=yyyy/MM/dd;late=1h30m",
		"m=month(ts);format=yyyy-MM":                                      "m=month(ts,UTC)",
		"p=truncate(name, 4)":                                             "p=truncate(name,4)",
		"b=bucket(id,16);type=int":                                        "b=bucket(id,16);type=int",
		"c=identity(country)":                                             "c=identity(country)",
		"dt=day(ts);format='d='yyyy-MM-dd":                                "dt=day(ts,UTC);format='d='yyyy-MM-dd",
		"y=year(ts,America/Argentina/Buenos_Aires);late=36h0m0s;type=int": "y=year(ts,America/Argentina/Buenos_Aires);type=int;late=36h",
	} {
		p, err := ParsePartition(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := p.String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		again, err := ParsePartition(p.String())
		if err != nil || again.String() != p.String() || !again.Derivation.Equal(p.Derivation) {
			t.Errorf("%s: reads back as %s, %v", in, again, err)
		}
	}
}

func TestDerivationComplaints(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"dt":                             "it is written as dt=day(event_ts,UTC)",
		"dt=event_ts":                    "is written as day(event_ts,UTC)",
		"dt=week(ts)":                    `unknown function "week" (known are year, month, day, hour, identity, truncate, bucket)`,
		"dt=day()":                       "names no field",
		"dt=day(ts,)":                    "the time zone is missing",
		"dt=day(ts,Mars/Olympus)":        `zone "Mars/Olympus" is not known here`,
		"dt=day(ts,Local)":               "differs from machine to machine",
		"dt=day(ts);fmt=yyyy":            `unknown key "fmt" (known are format, type, late)`,
		"dt=day(ts);late=1d":             "unknown unit",
		"dt=day(ts);late=-1h":            "late=-1h0m0s is negative",
		"dt=day(ts);late=1h;late=2h":     `key "late" is given twice`,
		"dt=day(ts);format=YYYY-MM-dd":   "letter 'Y' is not supported",
		"dt=day(ts);format=yy-MM-dd":     "yy is not supported, years are written yyyy",
		"dt=day(ts);format=yyyy-MMM-dd":  "MMM prints a name or is not valid, use MM",
		"dt=day(ts);format=yyyy-MM-ddHH": `prints the hour, and day stops at the day`,
		"dt=day(ts);format='open":        "a quote is not closed",
		"dt=day(ts);format=[yyyy]":       "is not supported",
		"dt=day(ts);format='x'":          "prints no part of a date",
		"dt=day(ts);type=text":           "write string",
		"b=bucket(id)":                   "takes a field and a number",
		"b=bucket(id,0)":                 "0 is out of range",
		"b=truncate(id,-1)":              "-1 is out of range",
		"b=identity(id,1)":               "identity takes a field alone",
		"b=bucket(id,4);late=1h":         "bucket takes no zone, format or lateness",
	} {
		if _, err := ParsePartition(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ... %s", in, err, want)
		}
	}
}

func TestParsePartitions(t *testing.T) {
	t.Parallel()
	ps, err := ParsePartitions("dt=day(ts,Europe/Berlin);format=yyyy,MM,dd,hr=hour(ts), shard=bucket(id,4)")
	if err != nil || len(ps) != 3 {
		t.Fatalf("%v, %v", ps, err)
	}
	if got := fmt.Sprint(ps); got != "[dt=day(ts,Europe/Berlin);format=yyyy,MM,dd hr=hour(ts,UTC) shard=bucket(id,4)]" {
		t.Error(got)
	}
	if _, err := ParsePartitions("dt=day(ts),"); err == nil {
		t.Error("a comma at the end was taken")
	}
}

func TestOfTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ partition, at, value, from, until string }{
		{"d=day(t)", "2026-05-24T23:59:59.999999999Z", "2026-05-24", "2026-05-24T00:00:00Z", "2026-05-25T00:00:00Z"},
		{"d=day(t)", "2026-05-25T01:00:00+02:00", "2026-05-24", "2026-05-24T00:00:00Z", "2026-05-25T00:00:00Z"},
		{"d=hour(t)", "2026-05-24T09:30:00Z", "09", "2026-05-24T09:00:00Z", "2026-05-24T10:00:00Z"},
		{"d=month(t)", "2024-02-29T12:00:00Z", "2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"d=year(t)", "0001-01-01T00:00:00Z", "0001", "0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z"},
		// Berlin sets its clock back at 01:00 UTC: the hour of two comes twice, and the day
		// has 25 hours, in two spans.
		{"d=hour(t,Europe/Berlin)", "2026-10-25T00:30:00Z", "02", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		{"d=hour(t,Europe/Berlin)", "2026-10-25T01:30:00Z", "02", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		{"d=day(t,Europe/Berlin)", "2026-10-25T00:30:00Z", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T01:00:00Z"},
		{"d=day(t,Europe/Berlin)", "2026-10-25T05:30:00Z", "2026-10-25", "2026-10-25T01:00:00Z", "2026-10-25T23:00:00Z"},
		// And forward at 01:00 UTC: there is no hour of two.
		{"d=hour(t,Europe/Berlin)", "2026-03-29T00:59:59Z", "01", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"d=hour(t,Europe/Berlin)", "2026-03-29T01:00:00Z", "03", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		{"d=hour(t,Asia/Kathmandu)", "2026-05-24T09:30:00Z", "15", "2026-05-24T09:15:00Z", "2026-05-24T10:15:00Z"},
		{"d=day(t,Pacific/Apia)", "2011-12-30T09:59:59Z", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"d=day(t,Pacific/Apia)", "2011-12-30T10:00:00Z", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"d=day(t);format=d.M.yyyy", "2026-05-04T09:30:00Z", "4.5.2026", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z"},
		{"d=hour(t);format=yyyy/MM/dd'T'HH", "2026-05-04T09:30:00Z", "2026/05/04T09", "2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z"},
	} {
		d := parsePartition(t, c.partition).Derivation
		v, from, until, err := d.OfTime(instant(t, c.at))
		if err != nil || v != c.value || !from.Equal(instant(t, c.from)) || !until.Equal(instant(t, c.until)) {
			t.Errorf("%s at %s: %q in [%s, %s), %v; want %q in [%s, %s)", c.partition, c.at, v, from.UTC(), until.UTC(), err, c.value, c.from, c.until)
		}
	}
	for _, year := range []int{0, -5, 10000} {
		if _, _, _, err := Day("t").Derivation.OfTime(time.Date(year, 5, 5, 0, 0, 0, 0, time.UTC)); err == nil || !strings.Contains(err.Error(), "years are 1 to 9999") {
			t.Errorf("year %d: %v", year, err)
		}
	}
	if _, _, _, err := Identity("t").Derivation.OfTime(time.Now()); err == nil {
		t.Error("identity took an instant")
	}
}

// zones have every kind of odd clock: half hours, changes at midnight, a missing day, a
// clock set back at one minute past midnight.
func zones() []string {
	return []string{"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Monrovia"}
}

func randomInstant(r *rand.Rand) time.Time {
	years := []int{1969, 1988, 1999, 2006, 2011, 2024, 2026}
	at := time.Date(years[r.IntN(len(years))], 1, 1, 0, 0, 0, 0, time.UTC)
	return at.Add(time.Duration(r.Int64N(int64(366 * 24 * time.Hour))))
}

// The span that comes with a value is true: the value is the same all over it, and the clock
// of package time, asked directly, agrees.
func TestSpansOfGeneratedInstants(t *testing.T) {
	t.Parallel()
	layouts := map[Func]string{FuncYear: "2006", FuncMonth: "2006-01", FuncDay: "2006-01-02", FuncHour: "15"}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		zone := zones()[r.IntN(len(zones()))]
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		fn := []Func{FuncYear, FuncMonth, FuncDay, FuncHour}[r.IntN(4)]
		d := Derivation{Func: fn, Column: "t", Zone: zone}
		at := randomInstant(r)
		if r.IntN(2) == 0 { // near a change of the clock
			if _, end := at.In(loc).ZoneBounds(); !end.IsZero() {
				at = end.Add(time.Duration(r.Int64N(int64(4*time.Hour))) - 2*time.Hour)
			}
		}
		if err := d.prepare(); err != nil {
			t.Fatal(err)
		}
		v, from, until, err := d.OfTime(at)
		if err != nil {
			t.Fatal(err)
		}
		if at.Before(from) || !at.Before(until) {
			t.Fatalf("seed %d: %s at %s: not in its span [%s, %s)", seed, d, at, from, until)
		}
		for _, in := range []time.Time{at, from, until.Add(-1), from.Add(time.Duration(r.Int64N(int64(until.Sub(from)))))} {
			if want := in.In(loc).Format(layouts[fn]); v != want {
				t.Fatalf("seed %d: %s at %s in [%s, %s): %s, the clock says %s", seed, d, in, from, until, v, want)
			}
		}
	}
}

// No row that lies between two instants may have a value outside the bounds.
func TestBoundsOfGeneratedRanges(t *testing.T) {
	t.Parallel()
	formats := map[Func][]string{
		FuncYear: {""}, FuncMonth: {"", "MM", "yyyyMM"}, FuncDay: {"", "dd", "yyyyMMdd", "yyyy/MM/dd", "MMdd", "dd-MM-yyyy"}, FuncHour: {"", "yyyy-MM-dd-HH", "ddHH"},
	}
	bounded := map[string]int{}
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 2))
		fn := []Func{FuncYear, FuncMonth, FuncDay, FuncHour}[r.IntN(4)]
		d := Derivation{Func: fn, Column: "t", Zone: zones()[r.IntN(len(zones()))], Format: formats[fn][r.IntN(len(formats[fn]))]}
		if r.IntN(3) == 0 {
			d.Late = time.Duration(r.Int64N(int64(50 * time.Hour)))
		}
		if err := d.prepare(); err != nil {
			t.Fatal(err)
		}
		from := randomInstant(r)
		if loc, err := time.LoadLocation(d.Zone); err == nil && r.IntN(2) == 0 {
			if _, end := from.In(loc).ZoneBounds(); !end.IsZero() {
				from = end.Add(time.Duration(r.Int64N(int64(40*time.Hour))) - 20*time.Hour)
			}
		}
		length := []time.Duration{time.Hour, 20 * time.Hour, 60 * time.Hour, 60 * 24 * time.Hour, 500 * 24 * time.Hour}[r.IntN(5)]
		until := from.Add(1 + time.Duration(r.Int64N(int64(length))))
		lo, hi, ok := d.Bounds(from, until)
		openLo, _, okLo := d.Bounds(from, time.Time{})
		_, openHi, okHi := d.Bounds(time.Time{}, until)
		if d.Ordered() && !(ok && okLo && okHi) || !d.Ordered() && (okLo || okHi) {
			t.Fatalf("seed %d: %s: ordered %v, bounds %v, %v, %v", seed, d, d.Ordered(), ok, okLo, okHi)
		}
		if ok {
			bounded[string(fn)+d.Format]++
		}
		for range 60 {
			at := from.Add(time.Duration(r.Int64N(int64(until.Sub(from)))))
			if d.Late > 0 {
				at = at.Add(time.Duration(r.Int64N(int64(d.Late)))) // it arrived
			}
			v, _, _, err := d.OfTime(at)
			if err != nil {
				t.Fatal(err)
			}
			if ok && (v < lo || v > hi) || okLo && v < openLo || okHi && v > openHi {
				t.Fatalf("seed %d: %s of [%s, %s): %s at %s is outside [%s, %s]", seed, d, from, until, v, at, lo, hi)
			}
		}
	}
	for _, must := range []string{"hour", "dayMMdd", "daydd", "monthMM", "dayyyyy/MM/dd", "hourddHH"} {
		if bounded[must] == 0 {
			t.Errorf("%s: no generated range had bounds, so nothing was tested: %v", must, bounded)
		}
	}
	if bounded["daydd-MM-yyyy"] > 0 {
		t.Error("dd-MM-yyyy does not keep the order of time")
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ partition, from, until, want string }{
		{"d=day(t)", "2026-05-24T00:00:00Z", "2026-05-25T00:00:00Z", "2026-05-24 2026-05-24 true"},
		{"d=day(t)", "2026-05-24T00:00:00Z", "", "2026-05-24  true"},
		{"d=day(t)", "", "2026-05-25T00:00:00.000001Z", " 2026-05-25 true"},
		{"d=day(t)", "", "", "  false"},
		{"d=day(t)", "2026-05-25T00:00:00Z", "2026-05-24T00:00:00Z", "  false"},
		{"d=day(t);late=1h", "2026-05-24T00:00:00Z", "2026-05-25T00:00:00Z", "2026-05-24 2026-05-25 true"},
		{"h=hour(t)", "2026-05-24T09:00:00Z", "2026-05-24T12:00:00Z", "09 11 true"},
		{"h=hour(t)", "2026-05-24T09:00:00Z", "2026-05-25T00:00:00.000001Z", "  false"},
		{"h=hour(t)", "2026-05-24T09:00:00Z", "", "  false"},
		{"h=hour(t,Europe/Berlin)", "2026-05-23T22:00:00Z", "2026-05-24T22:00:00Z", "00 23 true"},
		// The clock of St. John's went from 00:01 back to 23:01 of the day before.
		{"d=day(t,America/St_Johns)", "2006-10-29T02:30:30Z", "2006-10-29T05:00:00Z", "2006-10-28 2006-10-29 true"},
	} {
		d := parsePartition(t, c.partition).Derivation
		var from, until time.Time
		if c.from != "" {
			from = instant(t, c.from)
		}
		if c.until != "" {
			until = instant(t, c.until)
		}
		if got := fmt.Sprintln(d.Bounds(from, until)); strings.TrimSuffix(got, "\n") != c.want {
			t.Errorf("%s of [%s, %s): %s, want %s", c.partition, c.from, c.until, got, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	d := parsePartition(t, "h=hour(t,Europe/Berlin);late=1h").Derivation
	vs, err := d.Values(instant(t, "2026-10-24T23:30:00Z"), instant(t, "2026-10-25T03:00:00Z"), 10)
	if err != nil || !slices.Equal(vs, []string{"01", "02", "03", "04"}) {
		t.Errorf("%v, %v", vs, err)
	}
	if _, err := d.Values(instant(t, "2026-10-24T00:00:00Z"), instant(t, "2026-10-25T03:00:00Z"), 10); err == nil {
		t.Error("more values than the limit")
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	dec := func(s string) Decimal {
		d, err := ParseDecimal(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	at := instant(t, "2017-11-16T22:31:08Z")
	for _, c := range []struct {
		partition string
		v         any
		want      string // or the error's end
	}{
		{"p=identity(x)", "US", "US"},
		{"p=identity(x)", []byte("US"), "US"},
		{"p=identity(x)", int8(-3), "-3"},
		{"p=identity(x)", uint64(1) << 63, "a uint64 cannot be a partition value"},
		{"p=identity(x)", true, "true"},
		{"p=identity(x)", dec("1.50"), "1.50"},
		{"p=identity(x)", NewDate(2026, 5, 24), "2026-05-24"},
		{"p=identity(x)", at, "2017-11-16 22:31:08"},
		{"p=identity(x)", nil, "the field is missing or null"},
		{"p=identity(x)", "", "the value is empty, which a Hive layout cannot tell from NULL"},
		{"p=identity(x)", strings.Repeat("é", 1025), "the value is longer than 1024 characters"},
		{"p=identity(x)", 1.5, "a float64 cannot be a partition value"},
		{"p=day(x)", NewDate(2026, 5, 24), "2026-05-24"},
		{"p=day(x,Europe/Berlin)", NewDate(2026, 5, 24), "a date has neither hours nor a time zone"},
		{"p=day(x,Europe/Berlin)", at, "2017-11-16"},
		{"p=day(x)", "2026-05-24", "a string is neither an instant nor a date"},
		// The examples of Iceberg's specification.
		{"p=truncate(x,10)", 1, "0"},
		{"p=truncate(x,10)", -1, "-10"},
		{"p=truncate(x,50)", dec("10.65"), "10.50"},
		{"p=truncate(x,50)", dec("-0.05"), "-0.50"},
		{"p=truncate(x,3)", "iceberg", "ice"},
		{"p=truncate(x,2)", "äöü", "äö"},
		{"p=truncate(x,3)", []byte{0x61, 0x62, 0x63, 0x64}, "abc"},
		{"p=truncate(x,10)", int64(-1 << 63), "leaves the range of bigint"},
		{"p=truncate(x,10)", 1.5, "not a float64"},
		{"p=bucket(x,2147483647)", 34, fmt.Sprint(2017239379)},
		{"p=bucket(x,2147483647)", dec("14.20"), fmt.Sprint((1<<32 - 500754589) & 0x7fffffff)},
		{"p=bucket(x,2147483647)", NewDate(2017, 11, 16), fmt.Sprint((1<<32 - 653330422) & 0x7fffffff)},
		{"p=bucket(x,2147483647)", at, fmt.Sprint((1<<32 - 2047944441) & 0x7fffffff)},
		{"p=bucket(x,2147483647)", "iceberg", fmt.Sprint(1210000089)},
		{"p=bucket(x,2147483647)", []byte{0, 1, 2, 3}, fmt.Sprint((1<<32 - 188683207) & 0x7fffffff)},
		{"p=bucket(x,16)", true, "not a bool"},
	} {
		d := parsePartition(t, c.partition).Derivation
		got, err := d.Of(c.v)
		if err != nil {
			got = err.Error()
			if !strings.HasSuffix(got, c.want) || !strings.HasPrefix(got, "catalog: derivation ") {
				t.Errorf("%s of %T: %s, want ... %s", c.partition, c.v, got, c.want)
			}
		} else if got != c.want {
			t.Errorf("%s of %T %v: %s, want %s", c.partition, c.v, c.v, got, c.want)
		}
	}
}

func TestTwosComplement(t *testing.T) {
	t.Parallel()
	for v, want := range map[int64]string{0: "00", 127: "7f", 128: "0080", 255: "00ff", 1420: "058c", -1: "ff", -128: "80", -129: "ff7f", -256: "ff00", -32768: "8000"} {
		if got := fmt.Sprintf("%x", twosComplement(big.NewInt(v))); got != want {
			t.Errorf("%d: %s, want %s", v, got, want)
		}
	}
}

func FuzzParsePartition(f *testing.F) {
	for _, s := range []string{"dt=day(ts,UTC)", "a=bucket(b,4);type=int", "h=hour(t,Europe/Berlin);format='x'HH;late=1h", "=()", "a=identity(b);;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePartition(s)
		if err != nil {
			return
		}
		again, err := ParsePartition(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q gives %q, which gives %q, %v", s, p, again, err)
		}
	})
}

func BenchmarkOfTime(b *testing.B) {
	p, err := ParsePartition("hr=hour(ts,Europe/Berlin)")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 5, 24, 9, 30, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := p.Derivation.OfTime(at); err != nil {
			b.Fatal(err)
		}
	}
}
