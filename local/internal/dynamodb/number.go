package dynamodb

import (
	"cmp"
	"errors"
	"math/big"
	"strings"
)

// DynamoDB keeps 38 significant digits and magnitudes from 1e-130 to below 1e126.
const (
	maxDigits = 38
	minExp    = -130
	maxExp    = 125
)

var (
	errNotNumber = errors.New("The parameter cannot be converted to a numeric value")
	errPrecision = errors.New("Attempting to store more than 38 significant digits in a Number")
	errOverflow  = errors.New("Number overflow. Attempting to store a number with magnitude larger than supported range")
	errUnderflow = errors.New("Number underflow. Attempting to store a number with magnitude smaller than supported range")
)

// number is an exact decimal, 0.d1d2d3… times ten to the exp: digits has no zeros at
// either end and is empty for zero, so equal numbers are equal as Go values.
type number struct {
	digits string
	exp    int
	neg    bool
}

// parseNumber reads an optional sign, digits with an optional point, and an optional
// exponent; nothing else, and no space.
func parseNumber(s string) (number, error) {
	var n number
	rest := s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		n.neg = rest[0] == '-'
		rest = rest[1:]
	}
	mantissa, exponent, hasExp := rest, "", false
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent, hasExp = rest[:i], rest[i+1:], true
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return number{}, errNotNumber
	}
	exp := 0
	if hasExp {
		var ok bool
		if exp, ok = parseExponent(exponent); !ok {
			return number{}, errNotNumber
		}
	}
	digits := whole + fraction
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits = strings.TrimRight(digits[lead:], "0")
	if digits == "" {
		return number{}, nil
	}
	n.digits, n.exp = digits, exp+len(whole)-lead
	return n, n.check()
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parseExponent stops counting where every answer is out of range anyway.
func parseExponent(s string) (int, bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if s == "" || !allDigits(s) {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if n < 1_000_000_000 {
			n = n*10 + int(s[i]-'0')
		}
	}
	if neg {
		n = -n
	}
	return n, true
}

func (n number) check() error {
	switch {
	case n.digits == "":
		return nil
	case n.exp-1 > maxExp:
		return errOverflow
	case n.exp-1 < minExp:
		return errUnderflow
	case len(n.digits) > maxDigits:
		return errPrecision
	}
	return nil
}

// String prints plain digits, without an exponent, as the service does.
func (n number) String() string {
	if n.digits == "" {
		return "0"
	}
	var b strings.Builder
	if n.neg {
		b.WriteByte('-')
	}
	switch {
	case n.exp <= 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -n.exp))
		b.WriteString(n.digits)
	case n.exp >= len(n.digits):
		b.WriteString(n.digits)
		b.WriteString(strings.Repeat("0", n.exp-len(n.digits)))
	default:
		b.WriteString(n.digits[:n.exp])
		b.WriteByte('.')
		b.WriteString(n.digits[n.exp:])
	}
	return b.String()
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.neg:
		return -1
	}
	return 1
}

func (n number) compare(m number) int {
	if c := cmp.Compare(n.sign(), m.sign()); c != 0 || n.digits == "" {
		return c
	}
	c := cmp.Compare(n.exp, m.exp)
	if c == 0 {
		c = strings.Compare(n.digits, m.digits)
	}
	if n.neg {
		return -c
	}
	return c
}

// int gives n times ten to the -low as an integer; low is at most n's lowest place.
func (n number) int(low int) *big.Int {
	if n.digits == "" {
		return new(big.Int)
	}
	i, _ := new(big.Int).SetString(n.digits+strings.Repeat("0", n.exp-len(n.digits)-low), 10)
	if n.neg {
		i.Neg(i)
	}
	return i
}

func (n number) lowest() int { return n.exp - len(n.digits) }

// add is exact; a sum that needs more digits than the service keeps is an error.
func (n number) add(m number) (number, error) {
	if n.digits == "" {
		return m, nil
	}
	if m.digits == "" {
		return n, nil
	}
	low := min(n.lowest(), m.lowest())
	sum := new(big.Int).Add(n.int(low), m.int(low))
	if sum.Sign() == 0 {
		return number{}, nil
	}
	digits := new(big.Int).Abs(sum).String()
	r := number{digits: strings.TrimRight(digits, "0"), exp: len(digits) + low, neg: sum.Sign() < 0}
	return r, r.check()
}

func (n number) negated() number {
	if n.digits != "" {
		n.neg = !n.neg
	}
	return n
}

// size is what the number counts towards an item's size.
func (n number) size() int {
	s := (len(n.digits)+1)/2 + 1
	if n.neg {
		s++
	}
	return s
}
