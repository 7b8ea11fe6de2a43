package dynamodb_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes calls at random.
type generator struct{ r *rand.Rand }

func pick[T any](g *generator, of ...T) T { return of[g.r.IntN(len(of))] }

type m = map[string]any

// value is an attribute value, not deeper than depth.
func (g *generator) value(depth int) m {
	switch n := g.r.IntN(11); {
	case n < 3:
		return m{"N": pick(g, "0", "1", "2", "-3", "10", "1.5", "2.50", "1E2", "-0.001", "123456789012345678901234567890")}
	case n < 5:
		return m{"S": pick(g, "a", "ab", "b", "", "N", "S", "é")}
	case n == 5:
		return m{"SS": pick(g, []any{"a"}, []any{"a", "b"}, []any{"b", "c"})}
	case n == 6:
		return m{"NS": pick(g, []any{"1"}, []any{"1", "2.0"}, []any{"3", "1"})}
	case n == 7:
		return pick(g, m{"BOOL": true}, m{"BOOL": false}, m{"NULL": true}, m{"B": "AQI="}, m{"B": "AQ=="}, m{"BS": []any{"AQ==", "AQI="}})
	case depth > 0 && n < 10:
		l := []any{}
		for range g.r.IntN(4) {
			l = append(l, g.value(depth-1))
		}
		return m{"L": l}
	case depth > 0:
		o := m{}
		for _, k := range []string{"x", "y", "z"} {
			if g.r.IntN(2) == 0 {
				o[k] = g.value(depth - 1)
			}
		}
		return m{"M": o}
	}
	return m{"N": "7"}
}

var attributes = []string{"n", "s", "l", "mm", "ss", "cnt", "own", "dat"}

func (g *generator) path() string {
	p := pick(g, attributes...)
	for g.r.IntN(3) == 0 {
		p += pick(g, ".x", ".y", "[0]", "[1]", "[2]")
	}
	return p
}

// expression is an expression under construction, with its values.
type expression struct {
	g      *generator
	values m
}

func (e *expression) val(v m) string {
	name := fmt.Sprintf(":v%d", len(e.values))
	e.values[name] = v
	return name
}

func (e *expression) operand() string {
	switch e.g.r.IntN(5) {
	case 0:
		return "size(" + e.g.path() + ")"
	case 1, 2:
		return e.val(e.g.value(1))
	}
	return e.g.path()
}

func (e *expression) condition(depth int) string {
	g := e.g
	if depth > 0 && g.r.IntN(2) == 0 {
		switch g.r.IntN(3) {
		case 0:
			return "NOT " + e.condition(depth-1)
		case 1:
			return "(" + e.condition(0) + pick(g, " AND ", " OR ") + e.condition(0) + ")"
		}
		return e.condition(depth-1) + pick(g, " AND ", " OR ") + e.condition(depth-1)
	}
	switch g.r.IntN(9) {
	case 0:
		return pick(g, "attribute_exists", "attribute_not_exists") + "(" + g.path() + ")"
	case 1:
		return "attribute_type(" + g.path() + ", " + e.val(m{"S": pick(g, "S", "N", "L", "M", "SS", "NULL", "BOOL")}) + ")"
	case 2:
		return "begins_with(" + g.path() + ", " + e.operand() + ")"
	case 3:
		return "contains(" + g.path() + ", " + e.operand() + ")"
	case 4:
		return g.path() + " BETWEEN " + e.operand() + " AND " + e.operand()
	case 5:
		return g.path() + " IN (" + e.operand() + ", " + e.operand() + ")"
	}
	return e.operand() + " " + pick(g, "=", "<>", "<", "<=", ">", ">=") + " " + e.operand()
}

func (e *expression) setValue() string {
	g := e.g
	one := func() string {
		switch g.r.IntN(4) {
		case 0:
			return "if_not_exists(" + g.path() + ", " + e.val(g.value(1)) + ")"
		case 1:
			return g.path()
		}
		return e.val(g.value(1))
	}
	switch g.r.IntN(4) {
	case 0:
		return one() + pick(g, " + ", " - ") + one()
	case 1:
		return "list_append(" + one() + ", " + one() + ")"
	}
	return one()
}

func (e *expression) update() string {
	g := e.g
	var parts []string
	sections := []string{"SET", "REMOVE", "ADD", "DELETE"}
	g.r.Shuffle(4, func(i, j int) { sections[i], sections[j] = sections[j], sections[i] })
	for _, s := range sections[:1+g.r.IntN(3)] {
		var as []string
		for range 1 + g.r.IntN(2) {
			a := g.path()
			switch s {
			case "SET":
				a += " = " + e.setValue()
			case "ADD":
				a += " " + e.val(pick(g, m{"N": "1"}, m{"N": "-2.5"}, m{"SS": []any{"b", "q"}}, m{"NS": []any{"9"}}))
			case "DELETE":
				a += " " + e.val(pick(g, m{"SS": []any{"a"}}, m{"NS": []any{"1", "3"}}, m{"SS": []any{"a", "b", "c", "q"}}))
			}
			as = append(as, a)
		}
		parts = append(parts, s+" "+strings.Join(as, ", "))
	}
	return strings.Join(parts, " ")
}

func (g *generator) key() m { return m{"k": m{"S": pick(g, "a", "b", "c", "d")}} }

func (g *generator) expected() m {
	out := m{}
	for range 1 + g.r.IntN(2) {
		var e m
		switch g.r.IntN(4) {
		case 0:
			e = m{"Exists": false}
		case 1:
			e = m{"Value": g.value(1), "Exists": true}
		case 2:
			e = m{"ComparisonOperator": pick(g, "EQ", "NE", "LT", "LE", "GT", "GE", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"), "AttributeValueList": []any{g.value(0)}}
		default:
			e = pick(g, m{"ComparisonOperator": "NULL"}, m{"ComparisonOperator": "NOT_NULL"}, m{"ComparisonOperator": "IN", "AttributeValueList": []any{m{"N": "1"}, m{"N": "2"}}}, m{"ComparisonOperator": "BETWEEN", "AttributeValueList": []any{m{"N": "1"}, m{"N": "5"}}})
		}
		out[pick(g, attributes...)] = e
	}
	return out
}

func (g *generator) attributeUpdates() m {
	out := m{}
	for range 1 + g.r.IntN(3) {
		var u m
		switch g.r.IntN(4) {
		case 0:
			u = m{"Action": "DELETE"}
		case 1:
			u = m{"Action": "ADD", "Value": pick(g, m{"N": "1"}, m{"SS": []any{"z"}}, m{"NS": []any{"4"}}, m{"S": "x"})}
		case 2:
			u = m{"Action": "DELETE", "Value": pick(g, m{"SS": []any{"a"}}, m{"NS": []any{"1"}}, m{"N": "1"})}
		default:
			u = m{"Action": "PUT", "Value": g.value(2)}
		}
		out[pick(g, attributes...)] = u
	}
	return out
}

func (g *generator) call() (string, m) {
	in := m{"TableName": "rnd"}
	e := &expression{g, m{}}
	done := func(op string) (string, m) {
		if len(e.values) > 0 {
			in["ExpressionAttributeValues"] = e.values
		}
		return op, in
	}
	legacy := g.r.IntN(3) == 0
	condition := func() {
		switch {
		case g.r.IntN(2) == 0:
		case legacy:
			in["Expected"] = g.expected()
			if g.r.IntN(3) == 0 {
				in["ConditionalOperator"] = pick(g, "AND", "OR")
			}
		default:
			in["ConditionExpression"] = e.condition(2)
			in["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
		}
	}
	switch g.r.IntN(10) {
	case 0, 1:
		it := g.key()
		for _, a := range attributes {
			if g.r.IntN(2) == 0 {
				it[a] = g.value(3)
			}
		}
		in["Item"] = it
		in["ReturnValues"] = pick(g, "NONE", "ALL_OLD")
		condition()
		return done("PutItem")
	case 2:
		in["Key"] = g.key()
		in["ReturnValues"] = pick(g, "NONE", "ALL_OLD")
		condition()
		return done("DeleteItem")
	case 3:
		in["Key"] = g.key()
		if g.r.IntN(2) == 0 {
			in["ProjectionExpression"] = g.path() + ", " + g.path() + ", k"
		}
		return done("GetItem")
	case 4:
		in["FilterExpression"] = e.condition(2)
		return done("Scan")
	case 5:
		in["KeyConditionExpression"] = "k = " + e.val(m{"S": pick(g, "a", "b", "c", "d")})
		in["FilterExpression"] = e.condition(1)
		return done("Query")
	}
	in["Key"] = g.key()
	in["ReturnValues"] = pick(g, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
	condition()
	if legacy {
		in["AttributeUpdates"] = g.attributeUpdates()
	} else {
		in["UpdateExpression"] = e.update()
	}
	return done("UpdateItem")
}
