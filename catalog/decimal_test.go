package catalog

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestDecimalText(t *testing.T) {
	t.Parallel()
	nines := strings.Repeat("9", 38)
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0.00", "-0.05": "-0.05", "+1.5": "1.5", "12.50": "12.50", ".5": "0.5", "5.": "5",
		"1e3": "1000", "1.5E-3": "0.0015", "100e-2": "1.00", "0e99": "0", "1000e-40": "0." + strings.Repeat("0", 36) + "10",
		nines: nines, "-0." + nines: "-0." + nines, "000000000000000000000000000000000000000000001": "1",
		"18446744073709551616": "18446744073709551616", "-9223372036854775808": "-9223372036854775808",
	} {
		d, err := ParseDecimal(in)
		if err != nil || d.String() != want {
			t.Errorf("%s: %s, %v; want %s", in, d, err, want)
		}
	}
	for in, want := range map[string]string{
		"": "is not a decimal number", "x": "is not a decimal number", "1.2.3": "is not a decimal number", "--1": "is not a decimal number",
		"1e": "is not a decimal number", "1e9999999": "is not a decimal number", "NaN": "is not a decimal number", "1,5": "is not a decimal number", ".": "is not a decimal number",
		"1" + nines: "more than 38 digits", "1e38": "more than 38 digits", "1e-39": "more than 38 digits", "1e999": "more than 38 digits",
	} {
		if d, err := ParseDecimal(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want ... %s", in, d, err, want)
		}
	}
}

func TestDecimalJSON(t *testing.T) {
	t.Parallel()
	type row struct {
		Price Decimal            `json:"price"`
		Other *Decimal           `json:"other"`
		Map   map[string]Decimal `json:"map"`
	}
	var r row
	const in = `{"price":12.50,"other":null,"map":{"a":"-1.5","b":1e2}}`
	if err := json.Unmarshal([]byte(in), &r); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(r)
	if err != nil || string(out) != `{"price":12.50,"other":null,"map":{"a":-1.5,"b":100}}` {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := json.Marshal(row{}); err != nil || string(out) != `{"price":0,"other":null,"map":null}` {
		t.Errorf("the zero value: %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"price":true}`), &r); err == nil {
		t.Error("true was taken for a number")
	}
}

func TestDecimalFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in               string
		precision, scale int
		want             string
	}{
		{"1.5", 10, 2, "1.50"},
		{"1.500", 10, 2, "1.50"},
		{"-1", 1, 0, "-1"},
		{"0", 2, 2, "0.00"},
		{"1.234", 10, 2, "catalog: 1.234 has more than 2 decimal places, decimal(10,2) holds no more"},
		{"100", 4, 2, "catalog: 100 is too large for decimal(4,2)"},
		{"99999999999999999999999999999999999999", 38, 1, "catalog: 99999999999999999999999999999999999999 is too large for decimal(38,1)"},
		{"1", 39, 0, "catalog: decimal(39,0) is out of range (precision 1 to 38, scale 0 to the precision)"},
	} {
		d, err := ParseDecimal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		f, err := d.Fit(c.precision, c.scale)
		got := f.String()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s as decimal(%d,%d): %s, want %s", c.in, c.precision, c.scale, got, c.want)
		}
	}
}

// Decimals agree with big.Rat.
func TestDecimalAgainstBig(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	random := func() (Decimal, *big.Rat) {
		n := new(big.Int)
		for range 1 + r.IntN(38) {
			n.Mul(n, big.NewInt(10)).Add(n, big.NewInt(r.Int64N(10)))
		}
		if r.IntN(2) == 0 {
			n.Neg(n)
		}
		scale := r.IntN(39)
		d, err := DecimalFromBig(n, scale)
		if err != nil {
			t.Fatal(err)
		}
		if d.Unscaled().Cmp(n) != 0 || d.Scale() != scale || d.Sign() != n.Sign() {
			t.Fatalf("%s / 10^%d is kept as %s / 10^%d", n, scale, d.Unscaled(), d.Scale())
		}
		return d, new(big.Rat).SetFrac(n, pow10(scale))
	}
	for range 5000 {
		a, x := random()
		b, y := random()
		if a.Cmp(b) != x.Cmp(y) || a.Equal(b) != (x.Cmp(y) == 0) {
			t.Fatalf("Cmp(%s, %s) = %d, want %d", a, b, a.Cmp(b), x.Cmp(y))
		}
		back, err := ParseDecimal(a.String())
		if err != nil || !back.Equal(a) || back.Scale() != a.Scale() {
			t.Fatalf("%s reads back as %s, %v", a, back, err)
		}
		if z, ok := new(big.Rat).SetString(a.String()); !ok || z.Cmp(x) != 0 {
			t.Fatalf("%s is not %s", a, x)
		}
	}
	for _, v := range []int64{0, 1, -1, 1<<63 - 1, -1 << 63} {
		if d := NewDecimal(v, 0); d.Unscaled().Int64() != v {
			t.Errorf("NewDecimal(%d) = %s", v, d)
		}
	}
	if _, err := DecimalFromBig(pow10(38), 0); err == nil {
		t.Error("39 digits were taken")
	}
	if _, err := DecimalFromBig(big.NewInt(1), 39); err == nil {
		t.Error("scale 39 was taken")
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-1.50", "1e3", "1e-37", "99999999999999999999999999999999999999", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is no number, and gives %s", s, d)
		}
		if got := new(big.Rat).SetFrac(d.Unscaled(), pow10(d.Scale())); got.Cmp(want) != 0 {
			t.Fatalf("%q gives %s", s, d)
		}
	})
}

func TestDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d    Date
		text string
		days int
	}{
		{Date{}, "0001-01-01", -719162},
		{NewDate(1970, 1, 1), "1970-01-01", 0},
		{NewDate(1969, 12, 31), "1969-12-31", -1},
		{NewDate(2024, 2, 30), "2024-03-01", 19783},
		{NewDate(9999, 12, 31), "9999-12-31", 2932896},
		{NewDate(1600, 2, 29), "1600-02-29", -135081},
		{DateOf(time.Date(2026, 5, 24, 23, 0, 0, 0, time.FixedZone("", -7200))), "2026-05-24", 20597},
	} {
		if c.d.String() != c.text || c.d.Days() != c.days || DateOfDays(c.days) != c.d {
			t.Errorf("%s is %d, want %s and %d", c.d, c.d.Days(), c.text, c.days)
		}
		back, err := ParseDate(c.text)
		if err != nil || back != c.d || back.Compare(c.d) != 0 || !back.Time().Equal(c.d.Time()) {
			t.Errorf("%s reads back as %s, %v", c.text, back, err)
		}
	}
	if d := NewDate(2024, 2, 28); d.AddDays(2).Compare(d) != 1 || d.Compare(d.AddDays(1)) != -1 || d.AddDays(2).String() != "2024-03-01" || d.IsZero() {
		t.Error("AddDays or Compare")
	}
	for _, bad := range []string{"", "2026-5-24", "2026-02-29", "2026-05-24T00:00:00Z", "24.05.2026"} {
		if _, err := ParseDate(bad); err == nil || !strings.Contains(err.Error(), "it is written as 2026-05-24") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	var row struct{ D *Date }
	if err := json.Unmarshal([]byte(`{"D":"2026-05-24"}`), &row); err != nil || row.D.String() != "2026-05-24" {
		t.Errorf("%v, %v", row.D, err)
	}
	if out, err := json.Marshal(row); err != nil || string(out) != `{"D":"2026-05-24"}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := json.Marshal(NewDate(10000, 1, 1)); err == nil {
		t.Error("year 10000 was written")
	}
}
