package dynamodb

import "strings"

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenNumber
	// tokenName is #name, tokenValue :name.
	tokenName
	tokenValue
	tokenSymbol
)

// token is a piece of an expression.
type token struct {
	kind tokenKind
	text string
	// start and end are where it stands.
	start, end int
}

// is says that the token is this symbol or, in any case, this keyword.
func (t token) is(s string) bool {
	switch t.kind {
	case tokenSymbol:
		return t.text == s
	case tokenWord:
		return strings.EqualFold(t.text, s)
	}
	return false
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func inName(c byte) bool { return letter(c) || digit(c) || c == '_' }
func space(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// lex cuts an expression into tokens, the last of which is the end. Every byte that
// begins nothing else is a symbol; the parser has no rule for it and says so.
func lex(s string) []token {
	ts := make([]token, 0, len(s)/3+2)
	for i := 0; ; {
		for i < len(s) && space(s[i]) {
			i++
		}
		if i == len(s) {
			return append(ts, token{tokenEnd, "<EOF>", i, i})
		}
		start, k := i, tokenSymbol
		run := func(in func(byte) bool) {
			for i < len(s) && in(s[i]) {
				i++
			}
		}
		switch c := s[i]; {
		case letter(c):
			k = tokenWord
			run(inName)
		case digit(c):
			k = tokenNumber
			run(digit)
		case (c == '#' || c == ':') && i+1 < len(s) && inName(s[i+1]):
			k = tokenName
			if c == ':' {
				k = tokenValue
			}
			i++
			run(inName)
		case i+1 < len(s) && (s[i:i+2] == "<=" || s[i:i+2] == ">=" || s[i:i+2] == "<>"):
			i += 2
		default:
			i++
			for i < len(s) && s[i]&0xc0 == 0x80 { // the rest of a character
				i++
			}
		}
		ts = append(ts, token{k, s[start:i], start, i})
	}
}
