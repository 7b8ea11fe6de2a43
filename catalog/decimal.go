package catalog

import (
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"strings"
)

// Decimal is an exact decimal number of up to 38 digits. Its zero value is 0. It is never a
// float on its way: text and JSON numbers are read and written digit by digit.
//
// 1.5 and 1.50 are the same number with different scales: compare with [Decimal.Cmp] or
// [Decimal.Equal], not with ==.
type Decimal struct {
	neg    bool
	hi, lo uint64 // the unscaled value without its sign
	scale  uint8
}

// maxDigits is the most that Athena, Iceberg and Parquet agree on.
const maxDigits = 38

// NewDecimal gives unscaled / 10^scale: NewDecimal(1999, 2) is 19.99. A scale outside 0 to
// 38 gives the nearest of the two.
func NewDecimal(unscaled int64, scale int) Decimal {
	d := Decimal{neg: unscaled < 0, lo: uint64(unscaled), scale: uint8(min(max(scale, 0), maxDigits))}
	if d.neg {
		d.lo = -d.lo
	}
	return d
}

// DecimalFromBig gives unscaled / 10^scale, which must fit 38 digits.
func DecimalFromBig(unscaled *big.Int, scale int) (Decimal, error) {
	if scale < 0 || scale > maxDigits {
		return Decimal{}, fmt.Errorf("catalog: decimal scale %d is out of range (0 to %d)", scale, maxDigits)
	}
	abs := new(big.Int).Abs(unscaled)
	if abs.Cmp(pow10(maxDigits)) >= 0 {
		return Decimal{}, errDigits
	}
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(1<<64-1)).Uint64()
	return Decimal{neg: unscaled.Sign() < 0, hi: abs.Rsh(abs, 64).Uint64(), lo: lo, scale: uint8(scale)}, nil
}

var errDigits = errors.New("catalog: decimal has more than 38 digits")

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// ParseDecimal reads a number such as -12.50 or 1.5e3. The scale is the number of digits
// behind the point, so that 12.50 keeps its zero.
func ParseDecimal(s string) (Decimal, error) {
	var d Decimal
	bad := func() (Decimal, error) {
		return Decimal{}, fmt.Errorf("catalog: %q is not a decimal number", shorten(s))
	}
	rest := s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.neg, rest = rest[0] == '-', rest[1:]
	}
	digits, scale, point := 0, 0, false
	i := 0
	for ; i < len(rest); i++ {
		c := rest[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if !isDigit(c) {
			break
		}
		digits++
		if point {
			scale++
		}
		if !d.push(uint64(c - '0')) {
			return Decimal{}, errDigits
		}
	}
	if digits == 0 {
		return bad()
	}
	if i < len(rest) {
		exp, ok := exponent(rest[i:])
		if !ok {
			return bad()
		}
		scale -= exp
	}
	return d.scaled(scale)
}

// exponent reads e, a sign and at most three digits: no more can lead to 38 digits.
func exponent(s string) (int, bool) {
	if s[0]|0x20 != 'e' {
		return 0, false
	}
	s = s[1:]
	neg := s != "" && s[0] == '-'
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 3 {
		return 0, false
	}
	v, ok := leadingInt(s, len(s))
	if neg {
		v = -v
	}
	return v, ok
}

// scaled sets a scale that may be out of range as parsed: 1e3 is 1000, 1000e-40 is 1e-37.
func (d Decimal) scaled(scale int) (Decimal, error) {
	for ; scale < 0; scale++ {
		if d.hi|d.lo != 0 && !d.push(0) {
			return Decimal{}, errDigits
		}
	}
	for ; scale > maxDigits; scale-- {
		q, rem := d.div10()
		if rem != 0 {
			return Decimal{}, errDigits
		}
		d = q
	}
	d.scale = uint8(scale)
	return d, nil
}

// push appends a digit, unless the value would have more than 38.
func (d *Decimal) push(digit uint64) bool {
	c1, lo := bits.Mul64(d.lo, 10)
	c2, hi := bits.Mul64(d.hi, 10)
	lo, carry := bits.Add64(lo, digit, 0)
	hi, over := bits.Add64(hi, c1, carry)
	// 10^38 is 0x4b3b4ca85a86c47a_098a224000000000.
	if c2|over != 0 || hi > 0x4b3b4ca85a86c47a || hi == 0x4b3b4ca85a86c47a && lo >= 0x098a224000000000 {
		return false
	}
	d.hi, d.lo = hi, lo
	return true
}

func (d Decimal) div10() (q Decimal, rem uint64) {
	q = d
	q.hi, rem = d.hi/10, d.hi%10
	q.lo, rem = bits.Div64(rem, d.lo, 10)
	return q, rem
}

// Unscaled gives the number times 10^scale.
func (d Decimal) Unscaled() *big.Int {
	v := new(big.Int).SetUint64(d.hi)
	v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(d.lo))
	if d.neg {
		v.Neg(v)
	}
	return v
}

// Scale is the number of digits behind the point.
func (d Decimal) Scale() int { return int(d.scale) }

// Sign gives -1, 0 or +1.
func (d Decimal) Sign() int {
	switch {
	case d.hi|d.lo == 0:
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// Cmp gives -1, 0 or +1 as d is less than, equal to or more than e.
func (d Decimal) Cmp(e Decimal) int {
	a, b := d.Unscaled(), e.Unscaled()
	if d.scale < e.scale {
		a.Mul(a, pow10(int(e.scale-d.scale)))
	} else if e.scale < d.scale {
		b.Mul(b, pow10(int(d.scale-e.scale)))
	}
	return a.Cmp(b)
}

// Equal says whether d and e are the same number.
func (d Decimal) Equal(e Decimal) bool { return d.Cmp(e) == 0 }

// Fit gives the same number as a decimal(precision,scale) holds it. A number that would
// have to be rounded, or is too large, is an error: nothing is lost silently.
func (d Decimal) Fit(precision, scale int) (Decimal, error) {
	if precision < 1 || precision > maxDigits || scale < 0 || scale > precision {
		return Decimal{}, fmt.Errorf("catalog: decimal(%d,%d) is out of range (precision 1 to 38, scale 0 to the precision)", precision, scale)
	}
	r := d
	for int(r.scale) > scale {
		q, rem := r.div10()
		if rem != 0 {
			return Decimal{}, fmt.Errorf("catalog: %s has more than %d decimal places, decimal(%d,%d) holds no more", d, scale, precision, scale)
		}
		r = q
		r.scale--
	}
	for int(r.scale) < scale {
		if !r.push(0) {
			return Decimal{}, fmt.Errorf("catalog: %s is too large for decimal(%d,%d)", d, precision, scale)
		}
		r.scale++
	}
	if r.Unscaled().CmpAbs(pow10(precision)) >= 0 {
		return Decimal{}, fmt.Errorf("catalog: %s is too large for decimal(%d,%d)", d, precision, scale)
	}
	return r, nil
}

// String gives the number in full, such as -0.05.
func (d Decimal) String() string { return string(d.append(nil)) }

func (d Decimal) append(b []byte) []byte {
	var buf [48]byte
	i := len(buf)
	for n := 0; n <= int(d.scale) || d.hi|d.lo != 0; n++ {
		if n == int(d.scale) && n > 0 {
			i--
			buf[i] = '.'
		}
		var rem uint64
		neg := d.neg
		d, rem = d.div10()
		d.neg = neg
		i--
		buf[i] = byte('0' + rem)
	}
	if d.neg && strings.Trim(string(buf[i:]), "0.") != "" {
		i--
		buf[i] = '-'
	}
	return append(b, buf[i:]...)
}

// MarshalJSON gives a JSON number.
func (d Decimal) MarshalJSON() ([]byte, error) { return d.append(nil), nil }

// UnmarshalJSON reads a JSON number, or a string that holds one. null changes nothing, as
// for encoding/json's own numbers.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	s := string(data)
	if s == "null" {
		return nil
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return d.UnmarshalText([]byte(s))
}

// MarshalText gives the number in full.
func (d Decimal) MarshalText() ([]byte, error) { return d.append(nil), nil }

// UnmarshalText reads what [ParseDecimal] reads.
func (d *Decimal) UnmarshalText(text []byte) error {
	p, err := ParseDecimal(string(text))
	if err != nil {
		return err
	}
	*d = p
	return nil
}

// shorten keeps error messages small.
func shorten(s string) string {
	if len(s) > 40 {
		return s[:37] + "..."
	}
	return s
}
