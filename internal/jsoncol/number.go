package jsoncol

import (
	"math"
	"math/bits"
	"strconv"
)

// integer reads a whole number in the field's range. Without one at i it gives i back, so
// that the caller can look for null.
func (p *Parser) integer(b pointer, i int, f *field) (int64, bool, int) {
	from := i
	neg := at(b, i) == '-'
	if neg {
		i++
	}
	s, v := i, uint64(0)
	c := at(b, i) - '0'
	for ; c <= 9; c = at(b, i) - '0' {
		v = v*10 + uint64(c)
		i++
	}
	c += '0'
	if n := i - s; n-1 >= 18 || c == '.' || c|0x20 == 'e' || at(b, s) == '0' && n > 1 {
		return p.integerSlow(b, from, f)
	} else if n == 0 {
		return 0, false, from
	}
	n := int64(v)
	if neg {
		n = -n
	}
	if n < f.lo || n > f.hi {
		return 0, false, p.refuse(from, f.path, "the number is out of the range of "+f.want())
	}
	return n, true, i
}

// integerSlow reads what has 19 digits or more, a point or an exponent.
func (p *Parser) integerSlow(b pointer, from int, f *field) (int64, bool, int) {
	i, d := p.digits(b, from)
	if i < 0 {
		return 0, false, i
	}
	if d.exp < 0 {
		return 0, false, p.refuse(from, f.path, "the number is not whole, want "+f.want())
	}
	hi, lo, ok := d.scaled(d.exp)
	if n := int64(lo); ok && hi == 0 && (lo <= math.MaxInt64 || d.neg && lo == 1<<63) {
		if d.neg {
			n = -n
		}
		if n >= f.lo && n <= f.hi {
			return n, true, i
		}
	}
	return 0, false, p.refuse(from, f.path, "the number is out of the range of "+f.want())
}

// mantissa reads a number with at most 18 digits and no exponent: v and how many of its
// digits are behind the point. ok is false for any other number, and for none.
func mantissa(b pointer, i int) (v uint64, frac int, neg, ok bool, next int) {
	if neg = at(b, i) == '-'; neg {
		i++
	}
	s := i
	c := at(b, i) - '0'
	for ; c <= 9; c = at(b, i) - '0' {
		v = v*10 + uint64(c)
		i++
	}
	n := i - s
	if n == 0 || n > 1 && at(b, s) == '0' {
		return 0, 0, false, false, i
	}
	if c+'0' == '.' {
		i++
		s = i
		for c = at(b, i) - '0'; c <= 9; c = at(b, i) - '0' {
			v = v*10 + uint64(c)
			i++
		}
		if frac = i - s; frac == 0 {
			return 0, 0, false, false, i
		}
	}
	return v, frac, neg, n+frac <= 18 && (c+'0')|0x20 != 'e', i
}

// number says whether a number starts at i.
func number(b pointer, i int) bool {
	c := at(b, i)
	return c == '-' || c-'0' <= 9
}

// double reads a number by Clinger's fast path: both the digits and the power of ten are
// exact, so one division rounds once. Other numbers go to strconv.
func (p *Parser) double(b pointer, i int, f *field) (float64, bool, int) {
	v, frac, neg, ok, next := mantissa(b, i)
	if !ok || v >= 1<<53 {
		if !number(b, i) {
			return 0, false, i
		}
		return p.parseFloat(b, i, f, 64)
	}
	x := float64(v) / pow10[frac]
	if neg {
		x = -x
	}
	return x, true, next
}

func (p *Parser) single(b pointer, i int, f *field) (float32, bool, int) {
	v, frac, neg, ok, next := mantissa(b, i)
	if !ok || v >= 1<<24 || frac > 10 {
		if !number(b, i) {
			return 0, false, i
		}
		x, ok, next := p.parseFloat(b, i, f, 32)
		return float32(x), ok, next
	}
	x := float32(v) / float32(pow10[frac])
	if neg {
		x = -x
	}
	return x, true, next
}

func (p *Parser) parseFloat(b pointer, i int, f *field, size int) (float64, bool, int) {
	j := p.numberEnd(b, i)
	if j < 0 {
		return 0, false, j
	}
	x, err := strconv.ParseFloat(viewString(b, i, j-i), size)
	if err != nil {
		return 0, false, p.refuse(i, f.path, "the number is out of the range of "+f.want())
	}
	return x, true, j
}

// numberEnd checks the number at i and gives the place behind it.
func (p *Parser) numberEnd(b pointer, i int) int {
	if at(b, i) == '-' {
		i++
	}
	s := i
	if i = digitsEnd(b, i); i == s {
		return p.syntax(i, "want a digit")
	}
	if at(b, s) == '0' && i > s+1 {
		return p.syntax(s, "a number starts with 0")
	}
	if at(b, i) == '.' {
		s = i + 1
		if i = digitsEnd(b, s); i == s {
			return p.syntax(i, "want a digit behind the point")
		}
	}
	if at(b, i)|0x20 == 'e' {
		if i++; at(b, i) == '+' || at(b, i) == '-' {
			i++
		}
		s = i
		if i = digitsEnd(b, i); i == s {
			return p.syntax(i, "want a digit in the exponent")
		}
	}
	return i
}

func digitsEnd(b pointer, i int) int {
	for at(b, i)-'0' <= 9 {
		i++
	}
	return i
}

// digits is a number of any length: the significant digits without zeros at either end, and
// the power of ten that they are to be multiplied by.
type digits struct {
	neg  bool
	many bool // more than 38 digits: only n and exp hold
	n    int  // how many digits
	exp  int
	d    [38]byte
}

// maxExp clamps exponents: no type holds numbers as large or as precise.
const maxExp = 1 << 20

func (p *Parser) digits(b pointer, i int) (int, digits) {
	var d digits
	end := p.numberEnd(b, i)
	if end < 0 {
		return end, d
	}
	zeros, point := 0, false
	for ; i < end; i++ {
		switch c := at(b, i); {
		case c == '-':
			d.neg = true
		case c == '.':
			point = true
		case c|0x20 == 'e':
			e, sign := 0, 1
			if i++; at(b, i) == '-' {
				sign = -1
			}
			for ; i < end; i++ {
				if c := at(b, i) - '0'; c <= 9 && e < maxExp {
					e = e*10 + int(c)
				}
			}
			d.exp += sign * e
		default:
			if point {
				d.exp--
			}
			if c == '0' {
				// Zeros count when another digit comes behind them.
				if d.n > 0 {
					zeros++
				}
				continue
			}
			for ; zeros > 0; zeros-- {
				d.push(0)
			}
			d.push(c - '0')
		}
	}
	d.exp += zeros
	if d.n == 0 {
		d.exp = 0
	}
	return end, d
}

func (d *digits) push(c byte) {
	if d.n < len(d.d) {
		d.d[d.n] = c
	} else {
		d.many = true
	}
	d.n++
}

// scaled is the digits times ten to the power of by, as 128 bits. ok is false when that has
// more than 38 digits.
func (d *digits) scaled(by int) (hi, lo uint64, ok bool) {
	if d.n == 0 {
		return 0, 0, true
	}
	if d.many || by < 0 || by > 38 || d.n+by > 38 {
		return 0, 0, false
	}
	for k := range d.n + by {
		c := uint64(0)
		if k < d.n {
			c = uint64(d.d[k])
		}
		h, l := bits.Mul64(lo, 10)
		var carry uint64
		lo, carry = bits.Add64(l, c, 0)
		hi = hi*10 + h + carry
	}
	return hi, lo, true
}

// decimal reads a number that decimal(precision, scale) holds exactly.
func (p *Parser) decimal(b pointer, i int, f *field) (uint64, bool, int) {
	s := f.typ.Scale
	v, frac, neg, ok, next := mantissa(b, i)
	if ok && f.typ.Precision <= 18 && frac <= s {
		// v has at most 18 digits, so a product that overflows is above the limit before.
		if limit := pow10int[f.typ.Precision-(s-frac)]; v < limit {
			n := int64(v * pow10int[s-frac])
			if neg {
				n = -n
			}
			return uint64(n), true, next
		}
	}
	if !number(b, i) {
		return 0, false, i
	}
	next, d := p.digits(b, i)
	if next < 0 {
		return 0, false, next
	}
	if -d.exp > s {
		return 0, false, p.refuse(i, f.path, "the number has "+places(-d.exp)+", "+f.want()+" holds "+strconv.Itoa(s))
	}
	hi, lo, ok := d.scaled(d.exp + s)
	if !ok || d.n > 0 && d.n+d.exp+s > f.typ.Precision {
		return 0, false, p.refuse(i, f.path, "the number is out of the range of "+f.want())
	}
	if d.neg {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	if f.typ.Precision <= 18 {
		return lo, true, next
	}
	return p.wideDecimal(hi, lo), true, next
}

func places(n int) string {
	if n == 1 {
		return "1 decimal place"
	}
	return strconv.Itoa(n) + " decimal places"
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

var pow10int = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
