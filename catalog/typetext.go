package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// maxTypeDepth bounds how deep types nest, so that hostile text cannot exhaust the stack.
const maxTypeDepth = 64

// String gives the type as Athena's DDL and Glue write it, such as
// struct<lat:double,tags:array<string>>.
func (t Type) String() string { return string(t.appendText(nil, glueStyle)) }

// DML gives the type as Athena's queries write it: integer for int, real for float,
// varchar for string, row(lat double) for struct<lat:double>.
func (t Type) DML() string { return string(t.appendText(nil, dmlStyle)) }

// textStyle says which language a type is written in.
type textStyle uint8

const (
	glueStyle textStyle = iota // as the catalog holds it: names as they are
	ddlStyle                   // as a statement holds it: names quoted where Hive wants it
	dmlStyle
)

// String gives the kind's name in DDL.
func (k Kind) String() string { return k.name(glueStyle) }

func (k Kind) name(style textStyle) string {
	if style == dmlStyle {
		switch k {
		case KindInt:
			return "integer"
		case KindFloat:
			return "real"
		case KindString:
			return "varchar"
		case KindBinary:
			return "varbinary"
		case KindTimestampTZ:
			return "timestamp with time zone"
		case KindStruct:
			return "row"
		case KindFixed:
			return "varbinary"
		}
	}
	switch k {
	case KindBoolean:
		return "boolean"
	case KindTinyInt:
		return "tinyint"
	case KindSmallInt:
		return "smallint"
	case KindInt:
		return "int"
	case KindBigInt:
		return "bigint"
	case KindFloat:
		return "float"
	case KindDouble:
		return "double"
	case KindDecimal:
		return "decimal"
	case KindString:
		return "string"
	case KindVarchar:
		return "varchar"
	case KindChar:
		return "char"
	case KindBinary:
		return "binary"
	case KindDate:
		return "date"
	case KindTimestamp:
		return "timestamp"
	case KindTimestampTZ:
		return "timestamptz"
	case KindTime:
		return "time"
	case KindUUID:
		return "uuid"
	case KindFixed:
		return "fixed"
	case KindArray:
		return "array"
	case KindMap:
		return "map"
	case KindStruct:
		return "struct"
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

func (t Type) appendText(b []byte, style textStyle) []byte {
	b = append(b, t.Kind.name(style)...)
	open, end, colon := byte('<'), byte('>'), byte(':')
	if style == dmlStyle {
		open, end, colon = '(', ')', ' '
	}
	switch t.Kind {
	case KindDecimal:
		b = append(b, '(')
		b = strconv.AppendInt(b, int64(t.Precision), 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(t.Scale), 10)
		b = append(b, ')')
	case KindVarchar, KindChar:
		b = append(b, '(')
		b = strconv.AppendInt(b, int64(t.Length), 10)
		b = append(b, ')')
	case KindFixed:
		if style != dmlStyle {
			b = append(b, '(')
			b = strconv.AppendInt(b, int64(t.Length), 10)
			b = append(b, ')')
		}
	case KindArray:
		b = append(b, open)
		b = appendElem(b, t.Elem, style)
		b = append(b, end)
	case KindMap:
		b = append(b, open)
		b = appendElem(b, t.Key, style)
		b = append(b, ',')
		b = appendElem(b, t.Elem, style)
		b = append(b, end)
	case KindStruct:
		b = append(b, open)
		for i, f := range t.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, memberName(f.Name, style)...)
			b = append(b, colon)
			b = f.Type.appendText(b, style)
		}
		b = append(b, end)
	}
	return b
}

func appendElem(b []byte, t *Type, style textStyle) []byte {
	if t == nil {
		return append(b, '?')
	}
	return t.appendText(b, style)
}

// memberName quotes a struct member's name where its language needs it: in the catalog only
// where the text could not be read back.
func memberName(name string, style textStyle) string {
	switch style {
	case dmlStyle:
		return sqltext.Ident(name)
	case ddlStyle:
		return sqltext.HiveIdent(name)
	}
	if name == "" || strings.ContainsAny(name, ":,<>` \t\n()") {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return name
}

// Equal says whether two types are the same in the catalog's eyes: names, kinds and
// parameters; JSON keys, comments and ids do not count.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Precision != u.Precision || t.Scale != u.Scale || t.Length != u.Length ||
		len(t.Fields) != len(u.Fields) || !equalElem(t.Elem, u.Elem) || !equalElem(t.Key, u.Key) {
		return false
	}
	for i := range t.Fields {
		if t.Fields[i].Name != u.Fields[i].Name || !t.Fields[i].Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	return true
}

func equalElem(t, u *Type) bool {
	if t == nil || u == nil {
		return t == u
	}
	return t.Equal(*u)
}

// Scalar says whether the type has no parts.
func (t Type) Scalar() bool {
	return t.Kind != KindArray && t.Kind != KindMap && t.Kind != KindStruct
}

// validate checks the type's parameters and parts; path names the place in complaints.
func (t Type) validate(path string, depth int) error {
	if depth > maxTypeDepth {
		return fmt.Errorf("%s: type nests deeper than %d", path, maxTypeDepth)
	}
	switch t.Kind {
	case KindDecimal:
		if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return fmt.Errorf("%s: %s is out of range (precision 1 to 38, scale 0 to the precision)", path, t)
		}
	case KindVarchar:
		if t.Length < 1 || t.Length > 65535 {
			return fmt.Errorf("%s: %s is out of range (1 to 65535 characters)", path, t)
		}
	case KindChar:
		if t.Length < 1 || t.Length > 255 {
			return fmt.Errorf("%s: %s is out of range (1 to 255 characters)", path, t)
		}
	case KindFixed:
		if t.Length < 1 {
			return fmt.Errorf("%s: %s is out of range (at least 1 byte)", path, t)
		}
	case KindArray:
		return validateElem(t.Elem, path+".element", depth)
	case KindMap:
		if t.Key != nil && !t.Key.Scalar() {
			return fmt.Errorf("%s: a map's key is a scalar, not %s", path, t.Key)
		}
		return errors.Join(validateElem(t.Key, path+".key", depth), validateElem(t.Elem, path+".value", depth))
	case KindStruct:
		if len(t.Fields) == 0 {
			return fmt.Errorf("%s: a struct needs a member (neither Hive nor Parquet has an empty one)", path)
		}
		return validateFields(t.Fields, path+".", depth+1)
	default:
		if t.Kind < KindBoolean || t.Kind > KindStruct {
			return fmt.Errorf("%s: no type given", path)
		}
	}
	return nil
}

func validateElem(t *Type, path string, depth int) error {
	if t == nil {
		return fmt.Errorf("%s: no type given", path)
	}
	return t.validate(path, depth+1)
}

// ParseType reads a type as [Type.String] writes it. The names of Athena's queries
// (integer, real, varchar without a length, varbinary, row) are refused with the name that
// DDL wants, because a DDL statement with them fails.
func ParseType(s string) (Type, error) {
	p := &typeParser{text: s}
	t, err := p.parse(0)
	if err == nil {
		p.space()
		if p.pos < len(s) {
			err = fmt.Errorf("unexpected %q at %d", s[p.pos:min(len(s), p.pos+10)], p.pos+1)
		}
	}
	if err != nil {
		return Type{}, fmt.Errorf("catalog: type %q: %w", s, err)
	}
	return t, nil
}

type typeParser struct {
	text string
	pos  int
}

func (p *typeParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// take reads c if it is next.
func (p *typeParser) take(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *typeParser) want(c byte) error {
	if p.take(c) {
		return nil
	}
	if p.pos >= len(p.text) {
		return fmt.Errorf("it ends where %q should be", c)
	}
	return fmt.Errorf("found %q at %d where %q should be", p.text[p.pos], p.pos+1, c)
}

// word reads a type's name.
func (p *typeParser) word() string {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && (isDigit(p.text[p.pos]) || p.text[p.pos] == '_' || p.text[p.pos]|0x20 >= 'a' && p.text[p.pos]|0x20 <= 'z') {
		p.pos++
	}
	return strings.ToLower(p.text[start:p.pos])
}

func (p *typeParser) parse(depth int) (Type, error) {
	if depth > maxTypeDepth {
		return Type{}, fmt.Errorf("it nests deeper than %d", maxTypeDepth)
	}
	start := p.pos
	word := p.word()
	switch word {
	case "decimal", "numeric", "dec":
		return p.decimal()
	case "varchar":
		return p.sized(KindVarchar, 65535)
	case "char":
		return p.sized(KindChar, 255)
	case "fixed":
		return p.sized(KindFixed, 1<<30)
	case "array":
		elem, err := p.parts(depth, 1)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: KindArray, Elem: &elem[0]}, nil
	case "map":
		parts, err := p.parts(depth, 2)
		if err != nil {
			return Type{}, err
		}
		if !parts[0].Scalar() {
			return Type{}, fmt.Errorf("a map's key is a scalar, not %s", parts[0])
		}
		return Type{Kind: KindMap, Key: &parts[0], Elem: &parts[1]}, nil
	case "struct":
		return p.members(depth)
	case "long": // what Iceberg's and Glue's own tools call it
		return Type{Kind: KindBigInt}, nil
	case "integer":
		return Type{Kind: KindInt}, nil
	case "":
		return Type{}, fmt.Errorf("a type's name should be at %d", start+1)
	case "real", "varbinary", "row", "text", "bytes", "float32", "float64", "int64", "int32", "bool":
		return Type{}, fmt.Errorf("%s is not a name of a type in DDL%s", word, ddlNameFor(word))
	}
	for k := KindBoolean; k <= KindFixed; k++ {
		if k.name(glueStyle) == word {
			return Type{Kind: k}, nil
		}
	}
	return Type{}, fmt.Errorf("%s is not a type", word)
}

func ddlNameFor(word string) string {
	switch word {
	case "real", "float32":
		return ": write float"
	case "float64":
		return ": write double"
	case "varbinary", "bytes":
		return ": write binary"
	case "row":
		return ": write struct<name:type>"
	case "text":
		return ": write string"
	case "int64":
		return ": write bigint"
	case "int32":
		return ": write int"
	case "bool":
		return ": write boolean"
	}
	return ""
}

func (p *typeParser) number() (int, error) {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && isDigit(p.text[p.pos]) {
		p.pos++
	}
	n, err := strconv.Atoi(p.text[start:p.pos])
	if err != nil {
		return 0, fmt.Errorf("a number should be at %d", start+1)
	}
	return n, nil
}

// decimal reads (p), (p,s) or nothing, which is Hive's decimal(10,0).
func (p *typeParser) decimal() (t Type, err error) {
	t = Type{Kind: KindDecimal, Precision: 10}
	if !p.take('(') {
		return t, nil
	}
	if t.Precision, err = p.number(); err != nil {
		return t, err
	}
	if p.take(',') {
		if t.Scale, err = p.number(); err != nil {
			return t, err
		}
	}
	if t.Precision < 1 || t.Precision > 38 || t.Scale > t.Precision {
		return t, fmt.Errorf("%s is out of range (precision 1 to 38, scale 0 to the precision)", t)
	}
	return t, p.want(')')
}

func (p *typeParser) sized(k Kind, most int) (t Type, err error) {
	t.Kind = k
	if !p.take('(') {
		return t, fmt.Errorf("%s needs a length, such as %s(16)", k, k)
	}
	if t.Length, err = p.number(); err != nil {
		return t, err
	}
	if t.Length < 1 || t.Length > most {
		return t, fmt.Errorf("%s is out of range (1 to %d)", t, most)
	}
	return t, p.want(')')
}

// parts reads <T> or <K,V>.
func (p *typeParser) parts(depth, n int) ([]Type, error) {
	if err := p.want('<'); err != nil {
		return nil, err
	}
	parts := make([]Type, n)
	for i := range parts {
		if i > 0 {
			if err := p.want(','); err != nil {
				return nil, err
			}
		}
		t, err := p.parse(depth + 1)
		if err != nil {
			return nil, err
		}
		parts[i] = t
	}
	return parts, p.want('>')
}

// members reads <name:type,...>.
func (p *typeParser) members(depth int) (Type, error) {
	if err := p.want('<'); err != nil {
		return Type{}, err
	}
	t := Type{Kind: KindStruct}
	for {
		name, err := p.name()
		if err != nil {
			return Type{}, err
		}
		if err := p.want(':'); err != nil {
			return Type{}, err
		}
		mt, err := p.parse(depth + 1)
		if err != nil {
			return Type{}, err
		}
		for _, f := range t.Fields {
			if f.Name == name {
				return Type{}, fmt.Errorf("struct has two members %q", name)
			}
		}
		t.Fields = append(t.Fields, Field{Name: name, Type: mt})
		if p.take(',') {
			continue
		}
		return t, p.want('>')
	}
}

// name reads a member's name: in backquotes, or everything up to the colon.
func (p *typeParser) name() (string, error) {
	p.space()
	start := p.pos
	if p.take('`') {
		var b strings.Builder
		for p.pos < len(p.text) {
			c := p.text[p.pos]
			p.pos++
			if c == '`' && !(p.pos < len(p.text) && p.text[p.pos] == '`') {
				return strings.ToLower(b.String()), nil
			}
			if c == '`' {
				p.pos++
			}
			b.WriteByte(c)
		}
		return "", fmt.Errorf("the backquote at %d is not closed", start+1)
	}
	n := strings.IndexAny(p.text[p.pos:], ":,<>` \t\r\n()")
	if n <= 0 {
		return "", fmt.Errorf("a member's name should be at %d", start+1)
	}
	p.pos += n
	return strings.ToLower(p.text[start:p.pos]), nil
}
