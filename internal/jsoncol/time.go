package jsoncol

const (
	second = 1_000_000 // microseconds
	day    = 86_400 * second
)

// cachedDay is the day that the last timestamp fell on: its text and its first microsecond.
type cachedDay struct {
	w0, w1 uint64 // yyyy-MM- and dd
	micros int64
}

// timestamp reads an instant as microseconds since 1970.
func (p *Parser) timestamp(b pointer, i int, f *field) (uint64, bool, int) {
	if at(b, i) != '"' {
		if number(b, i) {
			return p.epoch(b, i, f)
		}
		return 0, false, i
	}
	if v, ok := p.millisZ(b, i+1); ok {
		return uint64(v), true, i + 26
	}
	s, j := p.plain(b, i)
	if j < 0 {
		return 0, false, j
	}
	v, ok := parseTimestamp(s)
	if !ok {
		return 0, false, p.refuse(i, f.path, "the string is no timestamp, want RFC 3339 or yyyy-MM-dd HH:mm:ss")
	}
	return uint64(v), true, j
}

// millisZ reads the form that most producers write, 2026-03-01T12:34:56.789Z" with the
// closing quote, in four loads. Eight digits are checked at once: a digit less '0' plus 118
// stays below 128, any byte that must be zero plus 127 does too.
func (p *Parser) millisZ(b pointer, i int) (int64, bool) {
	const (
		t0, k0 = 'T' | '0'<<8 | '0'<<16 | ':'<<24 | '0'<<32 | '0'<<40 | ':'<<48 | '0'<<56, 0x76_7f_76_76_7f_76_76_7f
		t1, k1 = '0' | '0'<<8 | '.'<<16 | '0'<<24 | '0'<<32 | '0'<<40 | 'Z'<<48 | '"'<<56, 0x7f_7f_76_76_76_7f_76_76
	)
	w0, w1 := load(b, i), load(b, i+8)&0xffff
	c := &p.day
	if w0 != c.w0 || w1 != c.w1 {
		days, ok := parseDate(view(b, i, 10))
		if !ok {
			return 0, false
		}
		*c = cachedDay{w0, w1, days * day}
	}
	x, y := load(b, i+10)^t0, load(b, i+17)^t1
	if ((x+k0)|x|(y+k1)|y)&highs != 0 {
		return 0, false
	}
	h, m := int64(x>>8&15*10+x>>16&15), int64(x>>32&15*10+x>>40&15)
	s, ms := int64(y&15*10+y>>8&15), int64(y>>24&15*100+y>>32&15*10+y>>40&15)
	if h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return c.micros + ((h*60+m)*60+s)*second + ms*1000, true
}

// epoch reads a number of seconds, or of milliseconds when it is whole and has at least 13
// digits, as the OpenX SerDe does.
func (p *Parser) epoch(b pointer, i int, f *field) (uint64, bool, int) {
	j, d := p.digits(b, i)
	if j < 0 {
		return 0, false, j
	}
	scale := 6
	if s := i; digitsEnd(b, s+minus(b, s)) == j && j-s-minus(b, s) >= 13 {
		scale = 3
	}
	// Digits behind the microsecond are dropped, toward the past as for text.
	cut := false
	for d.n > 0 && !d.many && d.exp+scale < 0 {
		cut = cut || d.d[d.n-1] != 0
		d.n--
		d.exp++
	}
	hi, lo, ok := d.scaled(max(d.exp+scale, 0))
	v := int64(lo)
	if d.neg {
		if v = -v; cut {
			v--
		}
	}
	if !ok || hi != 0 || lo > 1<<62 || v < firstMicro || v > lastMicro {
		return 0, false, p.refuse(i, f.path, "the number is no time between the years 1 and 9999, want seconds or milliseconds since 1970")
	}
	return uint64(v), true, j
}

func minus(b pointer, i int) int {
	if at(b, i) == '-' {
		return 1
	}
	return 0
}

// The range of instants: the years 1 to 9999.
const (
	firstMicro = -62_135_596_800 * second
	lastMicro  = 253_402_300_800*second - 1
)

// parseDate reads yyyy-MM-dd as days since 1970.
func parseDate(s []byte) (int64, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y, ok1 := twoDigits(s)
	y2, ok2 := twoDigits(s[2:])
	m, ok3 := twoDigits(s[5:])
	d, ok4 := twoDigits(s[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	return civil(y*100+y2, m, d)
}

// civil is the days since 1970 of a date in the years 1 to 9999.
func civil(y, m, d int64) (int64, bool) {
	if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	leap := y%4 == 0 && (y%100 != 0 || y%400 == 0)
	if m == 2 && (d > 29 || d == 29 && !leap) || d == 31 && (m == 4 || m == 6 || m == 9 || m == 11) {
		return 0, false
	}
	// Years start in March, so that the leap day is the last one.
	if m <= 2 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719_468, true
}

func twoDigits(s []byte) (int64, bool) {
	if len(s) < 2 {
		return 0, false
	}
	a, b := s[0]-'0', s[1]-'0'
	return int64(a)*10 + int64(b), a <= 9 && b <= 9
}

// parseClock reads HH:mm:ss with up to nine digits behind a point, as microseconds, and
// gives what comes after.
func parseClock(s []byte) (int64, []byte, bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, nil, false
	}
	h, ok1 := twoDigits(s)
	m, ok2 := twoDigits(s[3:])
	sec, ok3 := twoDigits(s[6:])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 59 {
		return 0, nil, false
	}
	v := ((h*60+m)*60 + sec) * second
	s = s[8:]
	if len(s) == 0 || s[0] != '.' {
		return v, s, true
	}
	n := 1
	for unit := int64(second / 10); n < len(s) && s[n]-'0' <= 9; n++ {
		v += int64(s[n]-'0') * unit
		unit /= 10
	}
	return v, s[n:], n > 1 && n <= 10
}

// parseTimestamp reads an RFC 3339 time, yyyy-[M]M-[d]d HH:mm:ss[.S], or a date alone, as
// microseconds since 1970.
func parseTimestamp(s []byte) (int64, bool) {
	days, rest, ok := parseLooseDate(s)
	if !ok {
		return 0, false
	}
	if len(rest) == 0 {
		return days * day, true
	}
	if c := rest[0]; c != 'T' && c != 't' && c != ' ' {
		return 0, false
	}
	v, rest, ok := parseClock(rest[1:])
	if !ok {
		return 0, false
	}
	off, ok := parseOffset(rest)
	if v += days*day - off; v < firstMicro || v > lastMicro {
		return 0, false
	}
	return v, ok
}

// parseLooseDate reads yyyy-[M]M-[d]d and gives what comes after.
func parseLooseDate(s []byte) (int64, []byte, bool) {
	y1, ok1 := twoDigits(s)
	if !ok1 {
		return 0, nil, false
	}
	y2, ok2 := twoDigits(s[2:])
	m, s, ok3 := oneOrTwo(s[min(4, len(s)):])
	d, s, ok4 := oneOrTwo(s)
	if !ok2 || !ok3 || !ok4 {
		return 0, nil, false
	}
	days, ok := civil(y1*100+y2, m, d)
	return days, s, ok
}

// oneOrTwo reads a dash and one or two digits.
func oneOrTwo(s []byte) (int64, []byte, bool) {
	if len(s) < 2 || s[0] != '-' || s[1]-'0' > 9 {
		return 0, nil, false
	}
	if v, ok := twoDigits(s[1:]); ok {
		return v, s[3:], true
	}
	return int64(s[1] - '0'), s[2:], true
}

// parseOffset reads Z, +hh:mm, +hhmm or nothing.
func parseOffset(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	if s[0] != '+' && s[0] != '-' || len(s) != 5 && (len(s) != 6 || s[3] != ':') {
		return 0, false
	}
	h, ok1 := twoDigits(s[1:])
	m, ok2 := twoDigits(s[len(s)-2:])
	v := (h*60 + m) * 60 * second
	if s[0] == '-' {
		v = -v
	}
	return v, ok1 && ok2 && h <= 23 && m <= 59
}
