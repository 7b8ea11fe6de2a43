package hashrange

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func toBig(k Key) *big.Int {
	b := new(big.Int).SetUint64(k.Hi)
	return b.Add(b.Lsh(b, 64), new(big.Int).SetUint64(k.Lo))
}

func TestOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"a":      "16955237001963240173058271559858726497",
		"user-1": "285573413173782752570879317399258818820",
	} {
		if got := Of(key).String(); got != want {
			t.Errorf("Of(%q) = %s, want %s", key, got, want)
		}
		if Of([]byte(key)) != Of(key) {
			t.Errorf("Of(%q) differs between text and bytes", key)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0", "1", "18446744073709551615", "18446744073709551616", "100000000000000000000", Max().String()} {
		k, err := Parse(s)
		if err != nil {
			t.Errorf("Parse(%q): %v", s, err)
		}
		if k.String() != s {
			t.Errorf("Parse(%q).String() = %s", s, k)
		}
	}
	for _, s := range []string{
		"", "-1", "+1", "00", "01", "1 ", "1.0", "0x1", "340282366920938463463374607431768211456",
		"999999999999999999999999999999999999999", "1000000000000000000000000000000000000000",
	} {
		if k, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %s, want an error", s, k)
		}
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	one := big.NewInt(1)
	mod := new(big.Int).Lsh(one, 128)
	for range 2000 {
		a, b := Key{r.Uint64() >> r.UintN(64), r.Uint64()}, Key{r.Uint64() >> r.UintN(64), r.Uint64()}
		if r.UintN(3) == 0 {
			a.Hi = b.Hi
		}
		if a.String() != toBig(a).String() {
			t.Fatalf("%v writes %s, want %s", a, a, toBig(a))
		}
		if got, want := a.Compare(b), toBig(a).Cmp(toBig(b)); got != want || a.Less(b) != (want < 0) {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
		up := new(big.Int).Add(toBig(a), one)
		if toBig(a.Next()).Cmp(up.Mod(up, mod)) != 0 || a.Next().Prev() != a {
			t.Fatalf("next of %s is %s", a, a.Next())
		}
		if b.Less(a) {
			a, b = b, a
		}
		mid := new(big.Int).Sub(toBig(b), toBig(a))
		mid.Add(mid.Rsh(mid, 1), toBig(a))
		if a != b {
			mid.Add(mid, one)
		}
		if got := (Range{a, b}).Mid(); toBig(got).Cmp(mid) != 0 {
			t.Fatalf("middle of %s to %s is %s, want %s", a, b, got, mid)
		}
	}
	if Max().Next() != (Key{}) || (Key{}).Prev() != Max() {
		t.Error("the ends do not wrap")
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	want := []string{
		"0-170141183460469231731687303715884105727",
		"170141183460469231731687303715884105728-340282366920938463463374607431768211455",
	}
	var got []string
	for _, r := range Split(2) {
		got = append(got, r.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Split(1), Split(0)); d != "" {
		t.Error(d)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 3, 4, 5, 7, 64, 1000, 4999} {
		rs := Split(n)
		size := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(n)))
		if len(rs) != n || rs[0].First != (Key{}) || rs[n-1].Last != Max() {
			t.Fatalf("Split(%d) does not cover all keys", n)
		}
		for i, r := range rs[:n-1] {
			if r.Last.Next() != rs[i+1].First || !r.Adjacent(rs[i+1]) || !rs[i+1].Adjacent(r) || r.Overlaps(rs[i+1]) {
				t.Fatalf("Split(%d): hole or overlap behind %d", n, i)
			}
			if w := new(big.Int).Sub(toBig(rs[i+1].First), toBig(r.First)); w.Cmp(size) != 0 {
				t.Fatalf("Split(%d): range %d has %s keys, want %s", n, i, w, size)
			}
		}
		for range 50 {
			k := Key{rnd.Uint64(), rnd.Uint64()}
			if i := Find(rs, k); i < 0 || !rs[i].Contains(k) {
				t.Fatalf("Find in Split(%d) of %s gives %d", n, k, i)
			}
		}
	}
	rs := Split(4)
	if i := Find([]Range{rs[0], rs[2]}, rs[1].First); i != -1 {
		t.Errorf("Find in a hole gives %d", i)
	}
	if rs[0].Adjacent(rs[2]) || All().Adjacent(rs[0]) || All().Adjacent(Range{}) {
		t.Error("Adjacent says yes to ranges that do not touch, or over the end")
	}
}

func TestParseRange(t *testing.T) {
	t.Parallel()
	if r, err := ParseRange("1", "2"); err != nil || r != (Range{Key{Lo: 1}, Key{Lo: 2}}) {
		t.Errorf("got %v, %v", r, err)
	}
	for _, c := range [][2]string{{"2", "1"}, {"x", "1"}, {"1", "x"}} {
		if _, err := ParseRange(c[0], c[1]); err == nil {
			t.Errorf("ParseRange(%q, %q) has no error", c[0], c[1])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "01", "340282366920938463463374607431768211455", "340282366920938463463374607431768211456"} {
		f.Add(s)
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	f.Fuzz(func(t *testing.T, s string) {
		k, err := Parse(s)
		b, ok := new(big.Int).SetString(s, 10)
		want := ok && b.Sign() >= 0 && b.Cmp(limit) < 0 && b.String() == s
		if want != (err == nil) {
			t.Fatalf("Parse(%q) gives error %v", s, err)
		}
		if want && k.String() != s {
			t.Fatalf("Parse(%q) = %s", s, k)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Of("user-123456")
	}
}
