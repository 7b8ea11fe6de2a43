package trinosql

import "strings"

// Node is a piece of a statement.
type Node interface {
	Position() Pos
	node()
}

// Statement is a whole statement: [*Query].
type Statement interface {
	Node
	statement()
}

// Body is what a [Query] orders and cuts: [*Select].
type Body interface {
	Node
	body()
}

// Relation is what FROM names: [*Table].
type Relation interface {
	Node
	relation()
}

// Expr is an expression: one of the types in this file that have a method expr.
type Expr interface {
	Node
	expr()
}

// Query is a query expression.
type Query struct {
	Pos
	Body    Body
	OrderBy []*Order
	// Offset and Limit are a [*Literal] or a [*Param]. Nil means none; LIMIT ALL is nil.
	Offset, Limit Expr
}

// Select is a query specification.
type Select struct {
	Pos
	Distinct bool
	Items    []*Item
	// From is nil in SELECT 1.
	From    Relation
	Where   Expr
	GroupBy []Expr
	Having  Expr
}

// Item is an entry of a select list. Expr is a [*Star] for * and t.*.
type Item struct {
	Pos
	Expr  Expr
	Alias *Ident
}

// Table is a table by name.
type Table struct {
	Pos
	Name  *Name
	Alias *Ident
}

// Order is an entry of ORDER BY.
type Order struct {
	Pos
	Expr Expr
	Desc bool
	// Nulls says where the nulls go. Zero means the default: last, in either direction.
	Nulls Nulls
}

// Nulls is NULLS FIRST or NULLS LAST.
type Nulls uint8

// The two orders of nulls.
const (
	NullsDefault Nulls = iota
	NullsFirst
	NullsLast
)

// Name is a name of several parts, such as "web"."clicks_raw".
type Name struct {
	Pos
	Parts []*Ident
}

// Last is the last part in lower case: the table, or the function.
func (n *Name) Last() string { return n.Parts[len(n.Parts)-1].Key() }

// Ident is an identifier. As an expression it is a column, or the first part of t.c.
type Ident struct {
	Pos
	// Name is as written, without quotes.
	Name   string
	Quoted bool
}

// Key is the name in lower case. Trino compares names of columns and tables so, quoted
// or not.
func (id *Ident) Key() string { return strings.ToLower(id.Name) }

// Star is * or t.* in a select list.
type Star struct {
	Pos
	// Of is t. Nil means all tables.
	Of Expr
}

// Member is base.field: a table's column or a struct's member, which only names can tell.
type Member struct {
	Pos
	Base  Expr
	Field *Ident
}

// Dotted writes a chain of identifiers, such as db.t.c, in lower case; it is empty if e is
// anything else.
func Dotted(e Expr) string {
	switch e := e.(type) {
	case *Ident:
		return e.Key()
	case *Member:
		if base := Dotted(e.Base); base != "" {
			return base + "." + e.Field.Key()
		}
	}
	return ""
}

// Index is base[index].
type Index struct {
	Pos
	Base, At Expr
}

// LiteralKind says how a [Literal] is written.
type LiteralKind uint8

// The kinds of literals.
const (
	Null LiteralKind = iota + 1
	Boolean
	Integer
	DecimalNumber
	DoubleNumber
	String
	Binary
	Typed
)

// Literal is a constant. Numbers have no sign: -1 is an [*Unary].
type Literal struct {
	Pos
	Kind LiteralKind
	// Text is TRUE or FALSE, the digits, the string's characters, or the hexadecimal
	// digits of a binary.
	Text string
	// Type is, for Typed, the type's name in lower case: date in DATE '2026-05-24'.
	Type string
}

// Interval is INTERVAL '3' DAY.
type Interval struct {
	Pos
	Negative bool
	Text     string
	// From and To are YEAR, MONTH, DAY, HOUR, MINUTE or SECOND. To may be empty.
	From, To string
}

// Param is a question mark. N counts from 0.
type Param struct {
	Pos
	N int
}

// Current is a function without parentheses, such as current_date.
type Current struct {
	Pos
	// Name is in lower case.
	Name string
	// Precision is current_timestamp(6)'s. Empty means none.
	Precision string
}

// Unary is + or - in front of X.
type Unary struct {
	Pos
	Op string
	X  Expr
}

// BinaryExpr is L Op R. The operators are || + - * / %, the comparisons = <> < <= > >=, IS DISTINCT FROM
// and IS NOT DISTINCT FROM. (!= is read as <>.)
type BinaryExpr struct {
	Pos
	Op   string
	L, R Expr
}

// Logical is AND or OR over two or more terms.
type Logical struct {
	Pos
	Op    string
	Terms []Expr
}

// Not is NOT X.
type Not struct {
	Pos
	X Expr
}

// IsNull is X IS [NOT] NULL.
type IsNull struct {
	Pos
	X   Expr
	Not bool
}

// In is X [NOT] IN (list).
type In struct {
	Pos
	X    Expr
	List []Expr
	Not  bool
}

// Between is X [NOT] BETWEEN Low AND High.
type Between struct {
	Pos
	X, Low, High Expr
	Not          bool
}

// Like is X [NOT] LIKE Pattern [ESCAPE Escape].
type Like struct {
	Pos
	X, Pattern, Escape Expr
	Not                bool
}

// Case is CASE [Operand] WHEN … THEN … [ELSE Else] END.
type Case struct {
	Pos
	Operand Expr
	Whens   []*When
	Else    Expr
}

// When is a branch of a [Case].
type When struct {
	Pos
	Cond, Then Expr
}

// Cast is CAST(X AS Type), or TRY_CAST when Try is set.
type Cast struct {
	Pos
	X    Expr
	Type *Type
	Try  bool
}

// Call is a function call.
type Call struct {
	Pos
	Name     *Name
	Distinct bool
	// Star is count(*)'s.
	Star    bool
	Args    []Expr
	OrderBy []*Order
	// Filter is FILTER (WHERE …)'s condition.
	Filter Expr
}

// Extract is EXTRACT(Field FROM X). Field is in upper case.
type Extract struct {
	Pos
	Field string
	X     Expr
}

// Array is ARRAY[…].
type Array struct {
	Pos
	Elems []Expr
}

// Row is ROW(…) or (a, b).
type Row struct {
	Pos
	Elems []Expr
}

// AtTimeZone is X AT TIME ZONE Zone. Zone is a string [*Literal] or an [*Interval].
type AtTimeZone struct {
	Pos
	X, Zone Expr
}

// Type is a type's name: bigint, decimal(10,2), array(varchar), row(a bigint),
// timestamp(3) with time zone.
type Type struct {
	Pos
	// Name is in lower case, without arguments: "timestamp with time zone", "row",
	// "interval day to second".
	Name string
	Args []TypeArg
}

// TypeArg is an argument of a [Type]: a number, or a type, which in a row may have a name.
type TypeArg struct {
	Number string
	Name   *Ident
	Type   *Type
}

func (*Query) node()      {}
func (*Select) node()     {}
func (*Item) node()       {}
func (*Table) node()      {}
func (*Order) node()      {}
func (*Name) node()       {}
func (*Ident) node()      {}
func (*Star) node()       {}
func (*Member) node()     {}
func (*Index) node()      {}
func (*Literal) node()    {}
func (*Interval) node()   {}
func (*Param) node()      {}
func (*Current) node()    {}
func (*Unary) node()      {}
func (*BinaryExpr) node() {}
func (*Logical) node()    {}
func (*Not) node()        {}
func (*IsNull) node()     {}
func (*In) node()         {}
func (*Between) node()    {}
func (*Like) node()       {}
func (*Case) node()       {}
func (*When) node()       {}
func (*Cast) node()       {}
func (*Call) node()       {}
func (*Extract) node()    {}
func (*Array) node()      {}
func (*Row) node()        {}
func (*AtTimeZone) node() {}
func (*Type) node()       {}

func (*Query) statement() {}
func (*Select) body()     {}
func (*Table) relation()  {}

func (*Ident) expr()      {}
func (*Star) expr()       {}
func (*Member) expr()     {}
func (*Index) expr()      {}
func (*Literal) expr()    {}
func (*Interval) expr()   {}
func (*Param) expr()      {}
func (*Current) expr()    {}
func (*Unary) expr()      {}
func (*BinaryExpr) expr() {}
func (*Logical) expr()    {}
func (*Not) expr()        {}
func (*IsNull) expr()     {}
func (*In) expr()         {}
func (*Between) expr()    {}
func (*Like) expr()       {}
func (*Case) expr()       {}
func (*Cast) expr()       {}
func (*Call) expr()       {}
func (*Extract) expr()    {}
func (*Array) expr()      {}
func (*Row) expr()        {}
func (*AtTimeZone) expr() {}
