package dynamodb

import (
	"maps"
	"slices"
	"strings"
)

// expectation is one attribute's condition in Expected, in its older form (Value and
// Exists) or its newer one (ComparisonOperator and AttributeValueList).
type expectation struct {
	Value              *value
	Exists             *bool
	ComparisonOperator string
	AttributeValueList []value
}

// expected makes a condition of Expected.
func expected(es map[string]expectation, operator string) (*node, error) {
	if es == nil {
		return nil, conditionalOperator(operator, false)
	}
	var terms []*node
	for _, name := range slices.Sorted(maps.Keys(es)) {
		n, err := es[name].condition(name)
		if err != nil {
			return nil, err
		}
		terms = append(terms, n)
	}
	return joined(terms, operator)
}

func conditionalOperator(operator string, any bool) error {
	switch {
	case operator == "":
		return nil
	case operator != opAnd && operator != opOr:
		return validation("1 validation error detected: Value '%s' at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum value set: [OR, AND]", operator)
	case !any:
		return validation("ConditionalOperator cannot be used without Filter or Expected")
	}
	return nil
}

func joined(terms []*node, operator string) (*node, error) {
	if err := conditionalOperator(operator, len(terms) > 0); err != nil || len(terms) == 0 {
		return nil, err
	}
	if operator != "" && len(terms) == 1 {
		return nil, validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")
	}
	if operator == "" {
		operator = opAnd
	}
	n := terms[0]
	for _, t := range terms[1:] {
		n = &node{op: operator, args: []*node{n, t}}
	}
	return n, nil
}

func (e expectation) condition(name string) (*node, error) {
	invalid := func(format string, args ...any) (*node, error) {
		return nil, suffixed(validation("One or more parameter values were invalid: "+format, args...), " for Attribute: "+name)
	}
	attribute := &node{op: opPath, path: path{{name: name}}}
	if e.ComparisonOperator == "" {
		switch {
		case e.AttributeValueList != nil:
			return invalid("AttributeValueList can only be used with a ComparisonOperator")
		case e.Exists != nil && !*e.Exists && e.Value != nil:
			return invalid("Value cannot be used when Exists is false")
		case e.Exists != nil && !*e.Exists:
			return &node{op: fnNotExists, call: true, args: []*node{attribute}}, nil
		case e.Value == nil && e.Exists != nil:
			return invalid("Value must be provided when Exists is true")
		case e.Value == nil:
			return invalid("Value must be provided when Exists is null")
		}
		return &node{op: "=", args: []*node{attribute, {op: opValue, val: *e.Value}}}, nil
	}
	switch {
	case e.Exists != nil:
		return invalid("Exists and ComparisonOperator cannot be used together")
	case e.Value != nil && e.AttributeValueList != nil:
		return invalid("Value and AttributeValueList cannot be used together")
	}
	list := e.AttributeValueList
	if e.Value != nil {
		list = []value{*e.Value}
	}
	if n, _, ok := comparison(e.ComparisonOperator); ok && n != 0 && list == nil {
		return invalid("Value or AttributeValueList must be used with ComparisonOperator: %s", e.ComparisonOperator)
	}
	return compared(attribute, e.ComparisonOperator, list)
}

// comparison gives how many values a legacy operator takes, -1 for one or more, and what
// it is in a condition.
func comparison(operator string) (count int, op string, ok bool) {
	switch operator {
	case "EQ":
		return 1, "=", true
	case "NE":
		return 1, "<>", true
	case "LT":
		return 1, "<", true
	case "LE":
		return 1, "<=", true
	case "GT":
		return 1, ">", true
	case "GE":
		return 1, ">=", true
	case "NULL":
		return 0, fnNotExists, true
	case "NOT_NULL":
		return 0, fnExists, true
	case "CONTAINS":
		return 1, fnContains, true
	case "NOT_CONTAINS":
		return 1, fnNotContains, true
	case "BEGINS_WITH":
		return 1, fnBeginsWith, true
	case "IN":
		return -1, opIn, true
	case "BETWEEN":
		return 2, opBetween, true
	}
	return 0, "", false
}

// compared makes a condition of a legacy operator and its values.
func compared(attribute *node, operator string, list []value) (*node, error) {
	count, op, ok := comparison(operator)
	if !ok {
		return nil, validation("1 validation error detected: Value '%s' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]", operator)
	}
	if count >= 0 && len(list) != count || count < 0 && len(list) == 0 {
		return nil, validation("One or more parameter values were invalid: Invalid number of argument(s) for the %s ComparisonOperator", operator)
	}
	n := &node{op: op, args: []*node{attribute}}
	for _, v := range list {
		if !takes(operator, v.kind) {
			return nil, validation("One or more parameter values were invalid: ComparisonOperator %s is not valid for %s AttributeValue type", operator, v.kind)
		}
		if v.depth() > maxNesting {
			return nil, tooDeep()
		}
		n.args = append(n.args, &node{op: opValue, val: v})
	}
	switch op {
	case opBetween:
		if list[0].kind != list[1].kind {
			return nil, validation("One or more parameter values were invalid: AttributeValues inside AttributeValueList must be of same type")
		}
		if list[0].compare(list[1]) > 0 {
			return nil, validation("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")
		}
	case opIn:
		if slices.ContainsFunc(list, func(v value) bool { return v.kind != list[0].kind }) {
			return nil, validation("One or more parameter values were invalid: AttributeValues inside AttributeValueList must all be of the same type")
		}
	}
	return n, nil
}

// takes says that a legacy operator may be given a value of the kind.
func takes(operator string, k kind) bool {
	switch operator {
	case "EQ", "NE":
		return true
	case "BEGINS_WITH":
		return k == kindS || k == kindB
	case "CONTAINS", "NOT_CONTAINS":
		return !strings.HasSuffix(string(k), "S") || k == kindS
	}
	return k == kindS || k == kindN || k == kindB
}

// condition is one attribute's in KeyConditions, QueryFilter and ScanFilter.
type condition struct {
	ComparisonOperator string
	AttributeValueList []value
}

// legacyFilter makes a condition of QueryFilter or ScanFilter.
func legacyFilter(cs map[string]condition, operator string) (*node, error) {
	if cs == nil {
		return nil, conditionalOperator(operator, false)
	}
	var terms []*node
	for _, name := range slices.Sorted(maps.Keys(cs)) {
		n, err := compared(&node{op: opPath, path: path{{name: name}}}, cs[name].ComparisonOperator, cs[name].AttributeValueList)
		if err != nil {
			return nil, err
		}
		terms = append(terms, n)
	}
	return joined(terms, operator)
}

// attributeUpdate is one attribute's change in AttributeUpdates.
type attributeUpdate struct {
	Action string
	Value  *value
}

// attributeUpdates makes actions of AttributeUpdates.
func attributeUpdates(us map[string]attributeUpdate) ([]action, error) {
	var as []action
	for _, name := range slices.Sorted(maps.Keys(us)) {
		u := us[name]
		a := action{op: u.Action, path: path{{name: name}}, legacy: true}
		if u.Value != nil {
			a.arg = &node{op: opValue, val: *u.Value}
			if u.Value.depth() > maxNesting {
				return nil, tooDeep()
			}
		}
		switch {
		case u.Action == "" || u.Action == "PUT":
			a.op = actionSet
		case u.Action != actionAdd && u.Action != actionDelete:
			return nil, validation("1 validation error detected: Value '%s' at 'attributeUpdates.%s.member.action' failed to satisfy constraint: Member must satisfy enum value set: [ADD, DELETE, PUT]", u.Action, name)
		}
		switch {
		case u.Value == nil && a.op == actionDelete:
			a.op = actionRemove
		case u.Value == nil:
			return nil, validation("One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified")
		case a.op == actionDelete && !u.Value.isSet():
			return nil, validation("One or more parameter values were invalid: DELETE action with value is not supported for the type %s", typeName(u.Value.kind))
		case a.op == actionAdd && !u.Value.isSet() && u.Value.kind != kindN && u.Value.kind != kindL:
			return nil, validation("One or more parameter values were invalid: ADD action is not supported for the type %s", typeName(u.Value.kind))
		}
		as = append(as, a)
	}
	return as, nil
}

// attributesToGet makes paths of AttributesToGet.
func attributesToGet(names []string) ([]path, error) {
	if names == nil {
		return nil, nil
	}
	if len(names) == 0 {
		return nil, validation("1 validation error detected: Value '[]' at 'attributesToGet' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	ps := make([]path, len(names))
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, validation("One or more parameter values were invalid: Duplicate value in attribute name: %s", name)
		}
		ps[i] = path{{name: name}}
	}
	return ps, nil
}
