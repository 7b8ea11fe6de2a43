package dynamodb

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestNumberPrintsPlainDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "1.50": "1.5", "+1": "1", ".5": "0.5", "5.": "5", "-12.30e1": "-123",
		"3.4E-5": "0.000034", "1e5": "100000", "00120": "120", "1E-130": "0." + strings.Repeat("0", 129) + "1",
		"9.9999999999999999999999999999999999999E+125": strings.Repeat("9", 38) + strings.Repeat("0", 88),
		"0e999999999999999999999":                      "0",
	} {
		n, err := parseNumber(in)
		if err != nil || n.String() != want {
			t.Errorf("%s: %s, %v, want %s", in, n, err, want)
		}
	}
	for in, want := range map[string]error{
		"": errNotNumber, " 1": errNotNumber, "1 ": errNotNumber, "abc": errNotNumber, "0x1": errNotNumber, "1_0": errNotNumber,
		".": errNotNumber, "-": errNotNumber, "1e": errNotNumber, "1e+": errNotNumber, "e1": errNotNumber, "1.2.3": errNotNumber,
		"NaN": errNotNumber, "Infinity": errNotNumber,
		strings.Repeat("1", 39): errPrecision, "1e126": errOverflow, "1e-131": errUnderflow, "1e9999999999999": errOverflow,
	} {
		if _, err := parseNumber(in); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
}

// Sums and comparisons agree with exact rational arithmetic.
func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	text := func() string {
		var b strings.Builder
		if r.IntN(2) == 0 {
			b.WriteByte('-')
		}
		for range 1 + r.IntN(20) {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		if r.IntN(2) == 0 {
			b.WriteByte('.')
			for range r.IntN(18) {
				b.WriteByte(byte('0' + r.IntN(10)))
			}
		}
		if r.IntN(2) == 0 {
			b.WriteString("e" + strconv.Itoa(r.IntN(20)-10))
		}
		return b.String()
	}
	rat := func(s string) *big.Rat {
		q, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is not a number", s)
		}
		return q
	}
	sums := 0
	for range 20_000 {
		as, bs := text(), text()
		a, err := parseNumber(as)
		if err != nil {
			t.Fatal(as, err)
		}
		b, err := parseNumber(bs)
		if err != nil {
			t.Fatal(bs, err)
		}
		if rat(a.String()).Cmp(rat(as)) != 0 {
			t.Fatalf("%s printed as %s", as, a)
		}
		if got, want := a.compare(b), rat(as).Cmp(rat(bs)); got != want {
			t.Fatalf("compare %s and %s: %d, want %d", as, bs, got, want)
		}
		sum, err := a.add(b)
		if err != nil {
			if !errors.Is(err, errPrecision) {
				t.Fatal(err)
			}
			continue
		}
		sums++
		if want := new(big.Rat).Add(rat(as), rat(bs)); rat(sum.String()).Cmp(want) != 0 {
			t.Fatalf("%s + %s = %s, want %s", as, bs, sum, want.FloatString(30))
		}
		if back, err := sum.add(b.negated()); err == nil && back != a {
			t.Fatalf("%s + %s - %s = %s", as, bs, bs, back)
		}
	}
	if sums < 1000 {
		t.Errorf("only %d sums were checked", sums)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.5e-7", "1e125", ".5", "00012.3400", "9e999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNumber(s)
		if err != nil {
			return
		}
		again, err := parseNumber(n.String())
		if err != nil || again != n {
			t.Fatalf("%q is %s, which is read as %s, %v", s, n, again, err)
		}
	})
}
