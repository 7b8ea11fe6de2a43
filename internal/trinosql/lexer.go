package trinosql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a statement and where.
type Error struct {
	Pos
	// Msg names what was found and what was expected.
	Msg string
	// Unsupported names the construct when the text may be good Trino that this parser
	// does not take, such as "JOIN". It is empty for a plain mistake.
	Unsupported string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg) }

func unsupported(at Pos, what string) *Error {
	return &Error{Pos: at, Unsupported: what, Msg: "this parser does not take " + what}
}

// lexer cuts a statement into tokens.
type lexer struct {
	src  string
	pos  Pos
	hive bool // also take `x`, and read "x" as Hive does: for Classify
	toks []token
}

// lex gives the statement's tokens, the last of which is tokEOF; with an error, those
// before it.
func lex(src string, hive bool) ([]token, error) {
	l := &lexer{src: src, pos: Pos{Line: 1, Col: 1}, hive: hive}
	if !utf8.ValidString(src) {
		for i, r := range src {
			if r == utf8.RuneError && !strings.HasPrefix(src[i:], string(utf8.RuneError)) {
				l.advance(i)
				break
			}
		}
		return nil, &Error{Pos: l.pos, Msg: "the statement is not valid UTF-8"}
	}
	for {
		if err := l.space(); err != nil {
			return l.toks, err
		}
		t, err := l.next()
		if err != nil {
			return l.toks, err
		}
		l.toks = append(l.toks, t)
		if t.kind == tokEOF {
			return l.toks, nil
		}
	}
}

// advance moves over n bytes, which end between two characters.
func (l *lexer) advance(n int) {
	s := l.src[l.pos.Offset : l.pos.Offset+n]
	l.pos.Offset += n
	if nl := strings.Count(s, "\n"); nl > 0 {
		l.pos.Line += nl
		l.pos.Col = 1
		s = s[strings.LastIndexByte(s, '\n')+1:]
	}
	l.pos.Col += utf8.RuneCountInString(s)
}

func (l *lexer) rest() string { return l.src[l.pos.Offset:] }

// space skips white space and comments.
func (l *lexer) space() error {
	for {
		s := l.rest()
		n := len(s) - len(strings.TrimLeft(s, " \t\r\n"))
		switch {
		case n > 0:
		case strings.HasPrefix(s, "--"):
			if n = strings.IndexByte(s, '\n'); n < 0 {
				n = len(s)
			}
		case strings.HasPrefix(s, "/*"):
			end := strings.Index(s[2:], "*/")
			if end < 0 {
				return &Error{Pos: l.pos, Msg: "the comment that begins here has no end (*/)"}
			}
			n = end + 4
		default:
			return nil
		}
		l.advance(n)
	}
}

// operators, the longer ones first.
var operators = [...]string{
	"<>", "!=", "<=", ">=", "||", "->", "=>", "=", "<", ">", "+", "-", "*", "/", "%", "?", "(", ")", "[", "]", ".", ",", ";",
}

func (l *lexer) next() (token, error) {
	s, at := l.rest(), l.pos
	if s == "" {
		return token{Pos: at, kind: tokEOF}, nil
	}
	c := s[0]
	switch {
	case c == '\'':
		text, err := l.quoted('\'', "string")
		return token{Pos: at, kind: tokString, text: text}, err
	case c == '"':
		text, err := l.quoted('"', "identifier")
		kind := tokQuoted
		if err == nil && text == "" && !l.hive {
			err = &Error{Pos: at, Msg: `found "", an identifier has at least one character`}
		}
		return token{Pos: at, kind: kind, text: text}, err
	case c == '`':
		if !l.hive {
			return token{}, &Error{Pos: at, Msg: "found a backquote, Trino quotes identifiers with double quotes (backquotes are for DDL)"}
		}
		text, err := l.quoted('`', "identifier")
		return token{Pos: at, kind: tokQuoted, text: text}, err
	case (c == 'x' || c == 'X') && strings.HasPrefix(s[1:], "'"):
		l.advance(1)
		return l.binary(at)
	case (c == 'u' || c == 'U') && strings.HasPrefix(s[1:], "&'"):
		l.advance(2)
		return l.unicode(at)
	case (c == 'u' || c == 'U') && strings.HasPrefix(s[1:], `&"`):
		return token{}, unsupported(at, `identifiers of the form U&"…"`)
	case isLetter(c):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
			n++
		}
		l.advance(n)
		return token{Pos: at, kind: tokWord, text: s[:n], key: strings.ToUpper(s[:n])}, nil
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		return l.number(at)
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			l.advance(len(op))
			return token{Pos: at, kind: tokOp, text: op}, nil
		}
	}
	r, n := utf8.DecodeRuneInString(s)
	if l.hive { // Hive has more of them; what they mean does not matter here
		l.advance(n)
		return token{Pos: at, kind: tokOp, text: s[:n]}, nil
	}
	if r > utf8.RuneSelf {
		return token{}, &Error{Pos: at, Msg: fmt.Sprintf("found %q, which stands only in strings and quoted identifiers", r)}
	}
	return token{}, &Error{Pos: at, Msg: fmt.Sprintf("found %q, which begins nothing in Trino's SQL", r)}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// quoted reads text in quotes, where a doubled quote stands for one.
func (l *lexer) quoted(q byte, what string) (string, error) {
	at, s := l.pos, l.rest()
	var b strings.Builder
	escapes := l.hive && q != '`' // Hive escapes with a backslash too
	from := 1
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\' && i+1 < len(s):
			i++
		case s[i] != q:
		case i+1 < len(s) && s[i+1] == q:
			b.WriteString(s[from : i+1])
			i++
			from = i + 1
		default:
			b.WriteString(s[from:i])
			l.advance(i + 1)
			return b.String(), nil
		}
	}
	return "", &Error{Pos: at, Msg: fmt.Sprintf("the %s that begins here has no closing %c", what, q)}
}

func (l *lexer) binary(at Pos) (token, error) {
	text, err := l.quoted('\'', "binary literal")
	if err != nil {
		return token{}, err
	}
	text = strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, text))
	if strings.Trim(text, "0123456789ABCDEF") != "" || len(text)%2 != 0 {
		return token{}, &Error{Pos: at, Msg: "a binary literal holds hexadecimal digits, two for each byte"}
	}
	return token{Pos: at, kind: tokBinary, text: text}, nil
}

// unicode reads U&'…' [UESCAPE 'c'].
func (l *lexer) unicode(at Pos) (token, error) {
	text, err := l.quoted('\'', "string")
	if err != nil {
		return token{}, err
	}
	esc := byte('\\')
	save := l.pos
	if err := l.space(); err != nil {
		return token{}, err
	}
	if s := l.rest(); len(s) > 7 && strings.EqualFold(s[:7], "UESCAPE") && !isLetter(s[7]) && !isDigit(s[7]) {
		l.advance(7)
		if err := l.space(); err != nil {
			return token{}, err
		}
		if !strings.HasPrefix(l.rest(), "'") {
			return token{}, &Error{Pos: l.pos, Msg: "UESCAPE is followed by a string of one character"}
		}
		where := l.pos
		e, err := l.quoted('\'', "string")
		if err != nil {
			return token{}, err
		}
		if len(e) != 1 || e[0] <= ' ' || e[0] > '~' || strings.ContainsAny(e, `+'"`) || strings.ContainsAny(e, "0123456789abcdefABCDEF") {
			return token{}, &Error{Pos: where, Msg: "an escape character is one ASCII character, no hexadecimal digit, plus sign, quote or space"}
		}
		esc = e[0]
	} else {
		l.pos = save
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] != esc {
			b.WriteByte(text[i])
			i++
			continue
		}
		if i++; i < len(text) && text[i] == esc {
			b.WriteByte(esc)
			i++
			continue
		}
		n := 4
		if i < len(text) && text[i] == '+' {
			i++
			n = 6
		}
		if i+n > len(text) {
			return token{}, &Error{Pos: at, Msg: "an escape in the string is cut off: four hexadecimal digits, or + and six"}
		}
		v, err := strconv.ParseUint(text[i:i+n], 16, 32)
		if err != nil || !utf8.ValidRune(rune(v)) {
			return token{}, &Error{Pos: at, Msg: "an escape in the string stands for no character"}
		}
		b.WriteRune(rune(v))
		i += n
	}
	return token{Pos: at, kind: tokString, text: b.String()}, nil
}

func (l *lexer) number(at Pos) (token, error) {
	s := l.rest()
	digits := func(n int) int {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		return n
	}
	kind, n := tokInteger, digits(0)
	if n < len(s) && s[n] == '.' {
		kind, n = tokDecimal, digits(n+1)
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := digits(m); d > m {
			kind, n = tokDouble, d
		}
	}
	if n < len(s) && isLetter(s[n]) && !l.hive {
		return token{}, &Error{Pos: at, Msg: "an identifier that begins with a digit must be quoted"}
	}
	l.advance(n)
	return token{Pos: at, kind: kind, text: s[:n]}, nil
}
