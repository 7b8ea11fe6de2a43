package dynamodb

import (
	"slices"
	"strconv"
	"strings"
)

// step goes from a value to one inside it: to a map's member, or to a list's element
// when name is empty.
type step struct {
	name  string
	index int
}

// path is a document path. Its first step is an attribute's name.
type path []step

// String is the form in which the service's errors show a path.
func (p path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		if parts[i] = s.name; s.name == "" {
			parts[i] = "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// overlaps says that one of the paths leads to or through the other's end.
func (p path) overlaps(q path) bool {
	n := min(len(p), len(q))
	return slices.Equal(p[:n], q[:n])
}

// conflicts says that the paths take the same value for a list and for a map.
func (p path) conflicts(q path) bool {
	for i := range min(len(p), len(q)) {
		if p[i] != q[i] {
			return (p[i].name == "") != (q[i].name == "")
		}
	}
	return false
}

// node is a part of an expression.
type node struct {
	// op is opPath, opValue, a function's name, an operator in capitals or a symbol.
	op   string
	path path
	// val is the value of a :name, and name its name.
	val  value
	name string
	args []*node
	// call says that op is a function.
	call bool
	// parens says that the node stood in parentheses.
	parens bool
}

const (
	opPath    = "path"
	opValue   = "value"
	opAnd     = "AND"
	opOr      = "OR"
	opNot     = "NOT"
	opBetween = "BETWEEN"
	opIn      = "IN"

	fnExists       = "attribute_exists"
	fnNotExists    = "attribute_not_exists"
	fnType         = "attribute_type"
	fnBeginsWith   = "begins_with"
	fnContains     = "contains"
	fnSize         = "size"
	fnIfNotExists  = "if_not_exists"
	fnListAppend   = "list_append"
	fnNotContains  = "NOT_CONTAINS" // legacy only: false where the attribute is missing
	actionSet      = "SET"
	actionRemove   = "REMOVE"
	actionAdd      = "ADD"
	actionDelete   = "DELETE"
	comparators    = " = <> < <= > >= "
	orderings      = " < <= > >= "
	maxExpression  = 4096
	maxListIndex   = 1<<31 - 1
	exprCondition  = "ConditionExpression"
	exprUpdate     = "UpdateExpression"
	exprFilter     = "FilterExpression"
	exprProjection = "ProjectionExpression"
	exprKey        = "KeyConditionExpression"
)

func isComparator(op string) bool { return strings.Contains(comparators, " "+op+" ") }
func isOrdering(op string) bool   { return strings.Contains(orderings, " "+op+" ") }

// isCondition says that the node is true or false by its form; calls are decided by the
// function.
func (n *node) isCondition() bool {
	switch n.op {
	case opAnd, opOr, opNot, opBetween, opIn:
		return true
	}
	return isComparator(n.op)
}

// action is one change of an update.
type action struct {
	op   string
	path path
	// arg is the value of SET, ADD and DELETE.
	arg *node
	// legacy actions come from AttributeUpdates: ADD takes lists too.
	legacy bool
}
