package catalog

import (
	"fmt"
	"strings"
	"time"
)

// timeFormat is a pattern of java.time's DateTimeFormatter, which is what partition
// projection and derivations are written in. The subset is the letters whose meaning does
// not depend on a locale or a resolver; anything else is refused, never guessed.
type timeFormat struct {
	pattern string
	pieces  []formatPiece
}

// formatPiece is a field (letter and width) or, with letter 0, a literal.
type formatPiece struct {
	letter  byte
	width   int
	literal string
}

// units of time, from coarse to fine.
type timeUnit uint8

const (
	unitNone timeUnit = iota
	unitYear
	unitMonth
	unitDay
	unitHour
	unitMinute
	unitSecond
)

func (u timeUnit) String() string {
	return [...]string{"nothing", "year", "month", "day", "hour", "minute", "second"}[u]
}

// unitOf gives what a pattern letter prints.
func unitOf(letter byte) timeUnit {
	switch letter {
	case 'y', 'u':
		return unitYear
	case 'M':
		return unitMonth
	case 'd':
		return unitDay
	case 'H':
		return unitHour
	case 'm':
		return unitMinute
	case 's':
		return unitSecond
	}
	return unitNone
}

// parseTimeFormat reads a pattern.
func parseTimeFormat(pattern string) (*timeFormat, error) {
	f := &timeFormat{pattern: pattern}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			f.pieces = append(f.pieces, formatPiece{literal: lit.String()})
			lit.Reset()
		}
	}
	fields := 0
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, n, ok := quotedLiteral(pattern[i:])
			if !ok {
				return nil, fmt.Errorf("format %q: a quote is not closed", pattern)
			}
			lit.WriteString(text)
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			if err := checkField(pattern, c, n); err != nil {
				return nil, err
			}
			flush()
			f.pieces = append(f.pieces, formatPiece{letter: c, width: n})
			fields++
			i += n
		case strings.IndexByte("[]{}#;", c) >= 0:
			return nil, fmt.Errorf("format %q: %q is not supported (java.time reserves it, or a derivation ends with it)", pattern, c)
		default:
			lit.WriteByte(c)
			i++
		}
	}
	flush()
	if fields == 0 {
		return nil, fmt.Errorf("format %q: it prints no part of a date", pattern)
	}
	return f, nil
}

// quotedLiteral reads 'text' at the start of s; a quote is doubled inside, and two quotes
// alone are one.
func quotedLiteral(s string) (text string, n int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func checkField(pattern string, letter byte, n int) error {
	switch {
	case unitOf(letter) == unitNone:
		return fmt.Errorf("format %q: letter %q is not supported (use yyyy, MM, dd, HH, mm, ss)", pattern, letter)
	case unitOf(letter) == unitYear && n != 4:
		return fmt.Errorf("format %q: %s is not supported, years are written yyyy", pattern, strings.Repeat(string(letter), n))
	case n > 2 && unitOf(letter) != unitYear:
		return fmt.Errorf("format %q: %s prints a name or is not valid, use %[3]c%[3]c", pattern, strings.Repeat(string(letter), n), letter)
	}
	return nil
}

// append prints the wall clock of t. Years must be 1 to 9999.
func (f *timeFormat) append(b []byte, t time.Time) []byte {
	for _, p := range f.pieces {
		if p.letter == 0 {
			b = append(b, p.literal...)
			continue
		}
		b = appendPadded(b, fieldOf(p.letter, t), p.width)
	}
	return b
}

func fieldOf(letter byte, t time.Time) int {
	switch unitOf(letter) {
	case unitYear:
		return t.Year()
	case unitMonth:
		return int(t.Month())
	case unitDay:
		return t.Day()
	case unitHour:
		return t.Hour()
	case unitMinute:
		return t.Minute()
	default:
		return t.Second()
	}
}

func appendPadded(b []byte, v, width int) []byte {
	var digits [8]byte
	i := len(digits)
	for v > 0 || i == len(digits) {
		i--
		digits[i] = byte('0' + v%10)
		v /= 10
	}
	for len(digits)-i < width {
		i--
		digits[i] = '0'
	}
	return append(b, digits[i:]...)
}

// parse reads what append prints. Fields that the pattern lacks are the first of their
// kind, as projection takes them: yyyy-MM is the month's first day.
func (f *timeFormat) parse(s string) (time.Time, error) {
	v := [...]int{unitNone: 0, unitYear: 1970, unitMonth: 1, unitDay: 1, unitHour: 0, unitMinute: 0, unitSecond: 0}
	rest := s
	for _, p := range f.pieces {
		if p.letter == 0 {
			after, ok := strings.CutPrefix(rest, p.literal)
			if !ok {
				return time.Time{}, fmt.Errorf("%q is not written as %s", s, f.pattern)
			}
			rest = after
			continue
		}
		n := p.width
		if n == 1 && len(rest) > 1 && isDigit(rest[1]) {
			n = 2
		}
		x, ok := leadingInt(rest, n)
		if !ok {
			return time.Time{}, fmt.Errorf("%q is not written as %s", s, f.pattern)
		}
		v[unitOf(p.letter)], rest = x, rest[n:]
	}
	if rest != "" {
		return time.Time{}, fmt.Errorf("%q is not written as %s", s, f.pattern)
	}
	t := time.Date(v[unitYear], time.Month(v[unitMonth]), v[unitDay], v[unitHour], v[unitMinute], v[unitSecond], 0, time.UTC)
	if t.Month() != time.Month(v[unitMonth]) || t.Day() != v[unitDay] || t.Hour() != v[unitHour] || t.Minute() != v[unitMinute] || t.Second() != v[unitSecond] {
		return time.Time{}, fmt.Errorf("%q is no date", s)
	}
	return t, nil
}

func leadingInt(s string, n int) (int, bool) {
	if len(s) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		if !isDigit(s[i]) {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// finest is the finest unit that the pattern prints.
func (f *timeFormat) finest() timeUnit {
	u := unitNone
	for _, p := range f.pieces {
		u = max(u, unitOf(p.letter))
	}
	return u
}

// ordered says inside which unit the order of the printed texts is the order of time:
// unitNone means over all time (yyyy-MM-dd), unitDay inside one day (HH). The fields must
// come from coarse to fine, without a gap and with a fixed width.
func (f *timeFormat) ordered() (within timeUnit, ok bool) {
	last := unitNone
	first := true
	for _, p := range f.pieces {
		u := unitOf(p.letter)
		if u == unitNone {
			continue
		}
		if p.width < 2 || !first && u != last+1 {
			return 0, false
		}
		if first {
			within, first = u-1, false
		}
		last = u
	}
	return within, true
}

// digitsOnly says whether the texts are numbers, so that a partition column may be an
// integer.
func (f *timeFormat) digitsOnly() bool {
	for _, p := range f.pieces {
		if p.letter == 0 {
			return false
		}
	}
	return true
}
