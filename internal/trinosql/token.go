package trinosql

import "github.com/lakekit/lakekit/internal/sqltext"

// Pos is where a node starts. The zero Pos belongs to a node that was built, not parsed.
type Pos struct {
	// Offset counts bytes from 0.
	Offset int
	// Line and Col count from 1; Col counts characters.
	Line, Col int
}

// Position gives the position; every node embeds a Pos and so has this method.
func (p Pos) Position() Pos { return p }

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokWord
	tokQuoted // "x", text without the quotes
	tokString // 'x' or U&'x', text decoded
	tokBinary // X'00', text as upper-case hex digits
	tokInteger
	tokDecimal
	tokDouble
	tokOp
)

type token struct {
	Pos
	kind tokenKind
	// text is the word as written, the operator, or the literal's content.
	text string
	// key is a word in upper case.
	key string
}

// is tells whether the token is the keyword (in upper case) or the operator.
func (t token) is(s string) bool {
	return t.kind == tokWord && t.key == s || t.kind == tokOp && t.text == s
}

// show is how the token reads in an error. Literals are named, not shown: they may be
// somebody's data.
func (t token) show() string {
	switch t.kind {
	case tokEOF:
		return "the end of the statement"
	case tokWord, tokOp:
		return `"` + t.text + `"`
	case tokQuoted:
		return "the identifier " + sqltext.Quote(t.text)
	case tokString:
		return "a string"
	case tokBinary:
		return "a binary literal"
	default:
		return "a number"
	}
}
