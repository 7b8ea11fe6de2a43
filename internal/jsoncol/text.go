package jsoncol

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/column"
)

// scalar reads a value of any scalar type but string, which takes the most common road
// (see object). Without a value of the right kind at i it gives i back and false.
func (p *Parser) scalar(b pointer, i int, f *field) (uint64, bool, int) {
	switch f.op {
	case opTimestamp:
		return p.timestamp(b, i, f)
	case opDecimal:
		return p.decimal(b, i, f)
	case opInt:
		n, ok, i := p.integer(b, i, f)
		return uint64(n), ok, i
	case opFloat64:
		x, ok, i := p.double(b, i, f)
		return math.Float64bits(x), ok, i
	case opFloat32:
		x, ok, i := p.single(b, i, f)
		return uint64(math.Float32bits(x)), ok, i
	case opBool:
		if load4(b, i) == litTrue {
			return 1, true, i + 4
		}
		if at(b, i) == 'f' && load4(b, i+1) == litAlse {
			return 0, true, i + 5
		}
		return 0, false, i
	}
	if at(b, i) != '"' {
		return 0, false, i
	}
	switch f.op {
	case opString:
		v, i := p.text(b, i)
		return v, i >= 0, i
	case opText:
		v, j := p.text(b, i)
		if j < 0 {
			return 0, false, j
		}
		if s := p.bytes(v); len(s) > f.typ.Length {
			if n := utf8.RuneCount(s); n > f.typ.Length {
				return 0, false, p.refuse(i, f.path, "the string has "+strconv.Itoa(n)+" characters, "+f.want()+" holds "+strconv.Itoa(f.typ.Length))
			}
		}
		return v, true, j
	case opDate:
		s, j := p.plain(b, i)
		if j < 0 {
			return 0, false, j
		}
		days, ok := parseDate(s)
		if !ok {
			return 0, false, p.refuse(i, f.path, "the string is no date, want yyyy-MM-dd")
		}
		return uint64(days), true, j
	case opTime:
		s, j := p.plain(b, i)
		if j < 0 {
			return 0, false, j
		}
		micros, rest, ok := parseClock(s)
		if !ok || len(rest) > 0 {
			return 0, false, p.refuse(i, f.path, "the string is no time, want HH:mm:ss or HH:mm:ss.SSSSSS")
		}
		return uint64(micros), true, j
	case opUUID:
		s, j := p.plain(b, i)
		if j < 0 {
			return 0, false, j
		}
		v, ok := p.uuid(s)
		if !ok {
			return 0, false, p.refuse(i, f.path, "the string is no uuid, want 32 hexadecimal digits as 8-4-4-4-12")
		}
		return v, true, j
	default:
		return p.base64(b, i, f)
	}
}

// bytes is what a reference stands for.
func (p *Parser) bytes(v uint64) []byte {
	s := p.buf
	if v&column.InArena != 0 {
		s, v = p.arena, v&^column.InArena
	}
	return s[v>>32:][:uint32(v)]
}

// text reads the string at i and gives a reference to it.
func (p *Parser) text(b pointer, i int) (uint64, int) {
	i++
	e, acc := stringEnd(b, i, p.acc)
	p.acc = acc
	if at(b, e) == '"' {
		return column.Ref(i, e-i), e + 1
	}
	return p.escaped(b, i, e)
}

// plain reads the string at i; its bytes are good until the next value is read.
func (p *Parser) plain(b pointer, i int) ([]byte, int) {
	mark := len(p.arena)
	v, j := p.text(b, i)
	if j < 0 {
		return nil, j
	}
	s := p.bytes(v)
	p.arena = p.arena[:mark]
	return s, j
}

// escaped reads the string that starts at i (behind the quote) and whose first byte that is
// not plain is at e. The string goes to the arena.
func (p *Parser) escaped(b pointer, i, e int) (uint64, int) {
	p.arenaRoom(p.end - i)
	mark := len(p.arena)
	a := p.arena
	for {
		a = append(a, view(b, i, e-i)...)
		switch at(b, e) {
		case '"':
			p.arena = a
			return column.Ref(mark, len(a)-mark) | column.InArena, e + 1
		case '\\':
		default:
			return 0, p.syntax(e, "a string holds a control character")
		}
		switch c := at(b, e+1); c {
		case '"', '\\', '/':
			a = append(a, c)
		case 'b':
			a = append(a, '\b')
		case 'f':
			a = append(a, '\f')
		case 'n':
			a = append(a, '\n')
		case 'r':
			a = append(a, '\r')
		case 't':
			a = append(a, '\t')
		case 'u':
			r := hex4(b, e+2)
			if r < 0 {
				return 0, p.syntax(e, "want four hexadecimal digits after \\u")
			}
			e += 4
			if utf16.IsSurrogate(r) {
				// Half a pair becomes U+FFFD and what follows stands for itself.
				low := rune(-1)
				if at(b, e+2) == '\\' && at(b, e+3) == 'u' {
					low = hex4(b, e+4)
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					e += 6
				}
			}
			a = utf8.AppendRune(a, r)
		default:
			return 0, p.syntax(e, "a string holds an unknown escape")
		}
		i = e + 2
		e, p.acc = stringEnd(b, i, p.acc)
	}
}

// hex4 reads four hexadecimal digits, or gives -1.
func hex4(b pointer, i int) rune {
	var r rune
	for k := range 4 {
		n := hexDigit(at(b, i+k))
		if n > 15 {
			return -1
		}
		r = r<<4 | rune(n)
	}
	return r
}

func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// base64 reads a binary or fixed.
func (p *Parser) base64(b pointer, i int, f *field) (uint64, bool, int) {
	p.arenaRoom(p.end - i)
	s, j := p.plain(b, i)
	if j < 0 {
		return 0, false, j
	}
	if len(s) > 0 && len(p.arena) < cap(p.arena) && start(s) == start(p.arena[len(p.arena):cap(p.arena)]) {
		// It was escaped and lies where the bytes are to go.
		p.scratch = append(p.scratch[:0], s...)
		s = p.scratch
	}
	mark := len(p.arena)
	n, err := base64.StdEncoding.Decode(p.arena[mark:cap(p.arena)], s)
	if err != nil {
		return 0, false, p.refuse(i, f.path, "the string is no standard base64")
	}
	if f.typ.Length > 0 && n != f.typ.Length {
		return 0, false, p.refuse(i, f.path, "the string has "+strconv.Itoa(n)+" bytes, "+f.want()+" has "+strconv.Itoa(f.typ.Length))
	}
	p.arena = p.arena[:mark+n]
	return column.Ref(mark, n) | column.InArena, true, j
}

// uuid puts a uuid's 16 bytes into the arena.
func (p *Parser) uuid(s []byte) (uint64, bool) {
	if len(s) != 36 {
		return 0, false
	}
	var u [16]byte
	n := 0
	for k := 0; k < len(s); k++ {
		if k == 8 || k == 13 || k == 18 || k == 23 {
			if s[k] != '-' {
				return 0, false
			}
			continue
		}
		hi, lo := hexDigit(s[k]), hexDigit(s[k+1])
		if hi|lo > 15 {
			return 0, false
		}
		u[n] = hi<<4 | lo
		n++
		k++
	}
	return p.put16(u), true
}

// wideDecimal puts a decimal of more than 18 digits into the arena.
func (p *Parser) wideDecimal(hi, lo uint64) uint64 {
	var t [16]byte
	binary.BigEndian.PutUint64(t[:], hi)
	binary.BigEndian.PutUint64(t[8:], lo)
	return p.put16(t)
}

func (p *Parser) put16(t [16]byte) uint64 {
	p.arenaRoom(16)
	mark := len(p.arena)
	p.arena = append(p.arena, t[:]...)
	return column.Ref(mark, 16) | column.InArena
}
