package dynamodb

import (
	"maps"
	"slices"

	"github.com/lakekit/lakekit/internal/awswire"
)

// keyRange is what a query asks of a key: one partition, and a range of its rows.
type keyRange struct {
	key  key
	part *entry // spot and partition key alone
	// cond is the condition on the sort key, nil for all of them.
	cond *node
	lo   *value // no row below it meets the condition
}

// keyTerm is a condition on one attribute, with the attribute on the left.
type keyTerm struct {
	name string
	n    *node
}

// keyTerms takes the conditions on keys out of a KeyConditionExpression.
func keyTerms(n *node, ts []keyTerm) ([]keyTerm, error) {
	bad := func(op string) ([]keyTerm, error) {
		return nil, validation("Invalid operator used in KeyConditionExpression: %s", op)
	}
	switch {
	case n.op == opAnd:
		ts, err := keyTerms(n.args[0], ts)
		if err != nil {
			return nil, err
		}
		return keyTerms(n.args[1], ts)
	case n.op == opOr || n.op == opNot || n.op == opIn || n.op == "<>":
		return bad(n.op)
	case n.call && n.op != fnBeginsWith:
		return bad(n.op)
	}
	args := slices.Clone(n.args)
	op := n.op
	if args[0].op == opValue && len(args) == 2 && args[1].op == opPath && isComparator(op) {
		args[0], args[1] = args[1], args[0]
		op = mirrored(op)
	}
	if args[0].op != opPath {
		if args[0].call {
			return nil, validation("KeyConditionExpressions cannot contain nested operations")
		}
		return nil, validation("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	for _, a := range args[1:] {
		if a.call {
			return nil, validation("KeyConditionExpressions cannot contain nested operations")
		}
		if a.op != opValue {
			return nil, validation("Invalid condition in KeyConditionExpression: %s operator must have exactly one key attribute", op)
		}
	}
	if len(args[0].path) > 1 {
		return nil, validation("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", args[0].path[0].name)
	}
	return append(ts, keyTerm{args[0].path[0].name, &node{op: op, args: args, call: n.call}}), nil
}

func mirrored(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

// legacyKeyTerms makes terms of KeyConditions.
func legacyKeyTerms(cs map[string]condition) ([]keyTerm, error) {
	var ts []keyTerm
	for _, name := range slices.Sorted(maps.Keys(cs)) {
		c := cs[name]
		n, err := compared(&node{op: opPath, path: path{{name: name}}}, c.ComparisonOperator, c.AttributeValueList)
		if err != nil {
			return nil, err
		}
		switch n.op {
		case "<>", fnContains, fnNotContains, fnExists, fnNotExists, opIn:
			return nil, validation("Attempted conditional constraint is not an indexable operation")
		}
		ts = append(ts, keyTerm{name, n})
	}
	return ts, nil
}

// newKeyRange fits the terms to the key of a table or index.
func (t *table) newKeyRange(k key, ts []keyTerm) (*keyRange, error) {
	r := &keyRange{key: k}
	terms := map[string]*node{}
	for _, term := range ts {
		if terms[term.name] != nil {
			return nil, validation("KeyConditionExpressions must only contain one condition per key")
		}
		terms[term.name] = term.n
	}
	hash := terms[k.hash]
	if hash == nil {
		return nil, validation("Query condition missed key schema element: %s", k.hash)
	}
	if len(terms) > 1 && (k.sort == "" || terms[k.sort] == nil) {
		if k.sort == "" {
			return nil, validation("Query key condition not supported")
		}
		return nil, validation("Query condition missed key schema element: %s", k.sort)
	}
	if len(terms) > 2 {
		return nil, validation("Conditions can be of length 1 or 2 only")
	}
	if hash.op != "=" {
		return nil, validation("Query key condition not supported")
	}
	for name, n := range terms {
		for _, a := range n.args[1:] {
			if a.val.kind != t.kindOf(name) {
				return nil, validation("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if a.val.kind != kindN && a.val.s == "" && name == k.hash {
				return nil, validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
			}
		}
	}
	part := hash.args[1].val
	r.part = &entry{spot: spot(part), part: part}
	if k.sort != "" {
		r.cond = terms[k.sort]
	}
	if r.cond != nil {
		switch r.cond.op {
		case "=", ">", ">=", opBetween, fnBeginsWith:
			r.lo = &r.cond.args[1].val
		}
	}
	return r, nil
}

// before says that the entry comes before every one in the range.
func (r *keyRange) before(e *entry) bool {
	if c := e.comparePart(r.part); c != 0 || r.lo == nil {
		return c < 0
	}
	return e.sort.compare(*r.lo) < 0
}

// upTo says that the entry is not behind the range's end: it is for searching backwards.
func (r *keyRange) upTo(e *entry) bool {
	if c := e.comparePart(r.part); c != 0 {
		return c < 0
	}
	if r.cond == nil {
		return true
	}
	switch r.cond.op {
	case "=", "<=":
		return e.sort.compare(r.cond.args[1].val) <= 0
	case "<":
		return e.sort.compare(r.cond.args[1].val) < 0
	case opBetween:
		return e.sort.compare(r.cond.args[2].val) <= 0
	case fnBeginsWith:
		return e.sort.compare(*r.lo) <= 0 || r.cond.holds(e.it)
	}
	return true
}

// in says that the entry is in the range, given that it is neither before nor behind a
// neighbour that is.
func (r *keyRange) in(e *entry) bool {
	return e.comparePart(r.part) == 0 && r.cond.holds(e.it)
}

// startKey checks an ExclusiveStartKey and gives the place that it names.
func (t *table) startKey(k item, x *index) (*entry, error) {
	const prefix = "The provided starting key is invalid"
	if k == nil {
		return nil, nil
	}
	names := t.key().names()
	if x != nil {
		for _, name := range x.key.names() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(k) != len(names) {
		return nil, validation(prefix)
	}
	for _, name := range names {
		if v, ok := k[name]; !ok || v.kind != t.kindOf(name) {
			return nil, validation("%s: The provided key element does not match the schema", prefix)
		}
	}
	base, _ := t.key().entry(k) // all names are there
	if x == nil {
		return base, nil
	}
	e, _ := x.key.entry(k)
	e.tie = base
	return e, nil
}

func noIndex(name string) error {
	return awswire.Errorf(codeValidation, "The table does not have the specified index: %s", name)
}
