package dynamodb

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lakekit/lakekit/internal/awswire"
)

func parseItem(t testing.TB, s string) item {
	t.Helper()
	var it item
	if err := json.Unmarshal([]byte(s), &it); err != nil {
		t.Fatal(err)
	}
	return it
}

// The item and the values that the tables of expressions below stand for.
const (
	testItem   = `{"k":{"S":"a"},"n":{"N":"5"},"s":{"S":"str"},"l":{"L":[{"N":"1"},{"S":"x"},{"M":{"q":{"N":"7"}}}]},"m":{"M":{"x":{"N":"1"},"l":{"L":[{"N":"1"}]}}},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"nul":{"NULL":true},"b":{"B":"AQI="},"t":{"BOOL":true}}`
	testValues = `{":n":{"N":"1"},":five":{"N":"5.0"},":s":{"S":"st"},":ss":{"SS":["b","c"]},":l":{"L":[{"N":"9"}]},":S":{"S":"S"},":b":{"B":"AQ=="},":six":{"N":"6"},":e":{"L":[]}}`
)

func testPlaceholders(t testing.TB) *placeholders {
	t.Helper()
	var vs values
	if err := json.Unmarshal([]byte(testValues), &vs); err != nil {
		t.Fatal(err)
	}
	ph, err := newPlaceholders(map[string]string{"#n": "n", "#dot": "a.b"}, vs, true, "")
	if err != nil {
		t.Fatal(err)
	}
	return ph
}

func TestConditions(t *testing.T) {
	t.Parallel()
	it := parseItem(t, testItem)
	for src, want := range map[string]bool{
		"n = :five": true, "#n = :five": true, ":five = n": true, "n <> :five": false, "zz <> :n": true, "zz = :n": false,
		"n < :six": true, "n <= :five": true, "n > :five": false, "n >= :five": true, "n < :s": false, "s > :s": true, "b > :b": true,
		"n BETWEEN :n AND :six": true, "s between :n and :six": false, "zz BETWEEN :n AND :six": false,
		"n IN (:n, :five)": true, "n in (:n)": false, "s IN (:n, :s)": false,
		"attribute_exists(m.x)": true, "attribute_exists(m.y)": false, "attribute_exists(l[2].q)": true, "attribute_exists(l[3])": false,
		"attribute_exists(n.x)": false, "attribute_not_exists(#dot)": true,
		"attribute_type(s, :S)": true, "attribute_type(n, :S)": false, "attribute_type(zz, :S)": false,
		"begins_with(s, :s)": true, "begins_with(b, :b)": true, "begins_with(n, :s)": false,
		"contains(s, :s)": true, "contains(ss, :s)": false, "contains(ns, :n)": true, "contains(l, :n)": true, "contains(n, :n)": false,
		"contains(b, :b)": true, "size(s) > :n": true, "size(ss) = :n": false, "size(l) IN (:n, :six)": false, "size(n) = :n": false, "size(m) > :n": true,
		"NOT n = :five": false, "NOT zz = :five": true, "n = :n OR s = :s OR n = :five AND attribute_exists(k)": true,
		"(n = :n OR n = :five) AND NOT (s = :s)": true, "(n) = :five": true, "n = (:five)": true, "(size(ss)) >= (:n)": true,
		"(attribute_exists(k))": true, "NOT NOT attribute_exists(k)": true, "n = :n OR (attribute_exists(k) AND n = :five)": true,
	} {
		n, err := parseCondition(exprCondition, src, testPlaceholders(t))
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := n.holds(it); got != want {
			t.Errorf("%s: %t, want %t", src, got, want)
		}
		if n.holds(nil) && !parseHoldsOfNothing[src] {
			t.Errorf("%s holds of nothing", src)
		}
	}
}

// parseHoldsOfNothing are the conditions above that are true where no item is.
var parseHoldsOfNothing = map[string]bool{
	"n <> :five": true, "zz <> :n": true, "attribute_not_exists(#dot)": true, "NOT n = :five": true, "NOT zz = :five": true,
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"SET n = n + :n, a = :s REMOVE s, nul ADD ns :n9 DELETE ss :ss": "",
		"SET n = n + :n REMOVE s ADD cnt :n DELETE ss :ss":              `{"n":{"N":"6"},"s":null,"cnt":{"N":"1"},"ss":{"SS":["a"]}}`,
		"SET n = :six - n": `{"n":{"N":"1"}}`,
		"SET n = s, s = n": `{"n":{"S":"str"},"s":{"N":"5"}}`,
		"SET a = if_not_exists(n, :n), z = if_not_exists(y, :n) + :five": `{"a":{"N":"5"},"z":{"N":"6"}}`,
		"SET l = list_append(l, :l)":                                     `{"l":{"L":[{"N":"1"},{"S":"x"},{"M":{"q":{"N":"7"}}},{"N":"9"}]}}`,
		"SET l = list_append(:l, if_not_exists(y, :e))":                  `{"l":{"L":[{"N":"9"}]}}`,
		"SET l[1] = :n, l[9] = :six, l[8] = :five":                       `{"l":{"L":[{"N":"1"},{"N":"1"},{"M":{"q":{"N":"7"}}},{"N":"5"},{"N":"6"}]}}`,
		"REMOVE l[0], l[2] SET l[1] = :n":                                `{"l":{"L":[{"N":"1"}]}}`,
		"SET l[2].q = :n REMOVE m.x, m.zz":                               `{"l":{"L":[{"N":"1"},{"S":"x"},{"M":{"q":{"N":"1"}}}]},"m":{"M":{"l":{"L":[{"N":"1"}]}}}}`,
		"ADD m.x :five, m.y :n, ss :ss":                                  `{"m":{"M":{"x":{"N":"6"},"y":{"N":"1"},"l":{"L":[{"N":"1"}]}}},"ss":{"SS":["a","b","c"]}}`,
		"SET #dot = :n":                                                  `{"a.b":{"N":"1"}}`,
		"set a = (n + :n) remove zz":                                     `{"a":{"N":"6"}}`,
		"DELETE zz :ss":                                                  `{}`,
	} {
		as, err := parseUpdate(src, testPlaceholders(t))
		if want == "" { // a value that is not defined
			if err == nil {
				t.Errorf("%s: no error", src)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		it := parseItem(t, testItem)
		out, err := it.update(as)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(testItem2(t), string(it.appendJSON(nil))); diff != "" {
			t.Errorf("%s changed the old item: %s", src, diff)
		}
		var changes map[string]json.RawMessage
		if err := json.Unmarshal([]byte(want), &changes); err != nil {
			t.Fatal(err)
		}
		wanted := parseItem(t, testItem)
		for name, raw := range changes {
			if string(raw) == "null" {
				delete(wanted, name)
				continue
			}
			var v value
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			wanted[name] = v
		}
		if diff := cmp.Diff(string(wanted.appendJSON(nil)), string(out.appendJSON(nil))); diff != "" {
			t.Errorf("%s: %s", src, diff)
		}
	}
}

func testItem2(t *testing.T) string { return string(parseItem(t, testItem).appendJSON(nil)) }

func TestUpdatesThatTheItemRefuses(t *testing.T) {
	t.Parallel()
	const (
		invalid = "The document path provided in the update expression is invalid for update"
		missing = "The provided expression refers to an attribute that does not exist in the item"
		kinds   = "An operand in the update expression has an incorrect data type"
	)
	for src, want := range map[string]string{
		"SET a.b = :n": invalid, "SET m.y.z = :n": invalid, "SET n.x = :n": invalid, "SET s[0] = :n": invalid, "REMOVE zz.yy": invalid,
		"SET l[7].x = :n": invalid, "ADD zz.y :n": invalid, "DELETE zz.y :ss": invalid, "SET m[0] = :n": invalid,
		"SET a = zz": missing, "SET a = zz + :n": missing, "SET a = list_append(zz, :l)": missing, "SET a = if_not_exists(zz, yy)": missing,
		"SET a = list_append(s, :l)": kinds, "SET a = s + :n": kinds, "ADD s :n": kinds, "ADD ns :ss": kinds, "DELETE n :ss": kinds,
	} {
		as, err := parseUpdate(src, testPlaceholders(t))
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		_, err = parseItem(t, testItem).update(as)
		if e, ok := errors.AsType[*awswire.Error](err); !ok || e.Message != want {
			t.Errorf("%s: %v, want %s", src, err, want)
		}
	}
}

func TestProjections(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"n":                        `{"n":{"N":"5"}}`,
		"n, zz, m.x, l[2].q, l[0]": `{"l":{"L":[{"N":"1"},{"M":{"q":{"N":"7"}}}]},"m":{"M":{"x":{"N":"1"}}},"n":{"N":"5"}}`,
		"m.zz, l[9], n.x":          `{}`,
		"m.l[0], #n":               `{"m":{"M":{"l":{"L":[{"N":"1"}]}}},"n":{"N":"5"}}`,
	} {
		ps, err := parseProjection(src, testPlaceholders(t))
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(want, string(parseItem(t, testItem).project(ps).appendJSON(nil))); diff != "" {
			t.Errorf("%s: %s", src, diff)
		}
	}
}

// Errors say what DynamoDB Local was seen to say.
func TestExpressionErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, src, want string }{
		{exprCondition, "", "The expression can not be empty;"},
		{exprCondition, "  ", `Syntax error; token: "<EOF>", near: "  "`},
		{exprCondition, "n", `Syntax error; token: "<EOF>", near: "n"`},
		{exprCondition, "n = ", `Syntax error; token: "<EOF>", near: "= "`},
		{exprCondition, "n == :n", `Syntax error; token: "=", near: "== :n"`},
		{exprCondition, "(n = :n", `Syntax error; token: "<EOF>", near: ":n"`},
		{exprCondition, "n = :n)", `Syntax error; token: ")", near: ":n)"`},
		{exprCondition, "n IN ()", `Syntax error; token: ")", near: "()"`},
		{exprCondition, "a <> b <> c", `Syntax error; token: "<>", near: "b <> c"`},
		{exprCondition, "n = 5", `Syntax error; token: "5", near: "= 5"`},
		{exprCondition, "((n = :n))", "The expression has redundant parentheses;"},
		{exprCondition, "((n)) = :n", "The expression has redundant parentheses;"},
		{exprCondition, "n = n", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]"},
		{exprCondition, "status = :n", "Attribute name is a reserved keyword; reserved keyword: status"},
		{exprCondition, "n = :zz", "An expression attribute value used in expression is not defined; attribute value: :zz"},
		{exprCondition, "#zz = :n", "An expression attribute name used in the document path is not defined; attribute name: #zz"},
		{exprCondition, "foo(n)", "Invalid function name; function: foo"},
		{exprCondition, "size(n)", "The function is not allowed to be used this way in an expression; function: size"},
		{exprCondition, "n = attribute_exists(k)", "The function is not allowed to be used this way in an expression; function: attribute_exists"},
		{exprCondition, "attribute_exists(k, n)", "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2"},
		{exprCondition, "attribute_exists(:n)", "Operator or function requires a document path; operator or function: attribute_exists"},
		{exprCondition, "begins_with(k, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{exprCondition, "n < :ss", "Incorrect operand type for operator or function; operator or function: <, operand type: SS"},
		{exprCondition, "attribute_type(k, :s)", "Invalid attribute type name found; type: st, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}"},
		{exprCondition, "n BETWEEN :six AND :n", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:6}, upper bound operand: AttributeValue: {N:1}"},
		{exprUpdate, "SET a = :n SET b = :n", `The "SET" section can only be used once in an update expression;`},
		{exprUpdate, "SET m = :n, m.x = :n", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]"},
		{exprUpdate, "SET m.x = :n, m[0] = :n", "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m, [0]]"},
		{exprCondition, "begins_with(s, size(l))", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{exprCondition, "n BETWEEN :ss AND :n", "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: SS"},
		{exprUpdate, "SET m = :ss + :n REMOVE m", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m]"},
		{exprUpdate, "SET a = size(l)", "The function is not allowed in an update expression; function: size"},
		{exprUpdate, "SET a = :n + :n + :n", `Syntax error; token: "+", near: ":n + :n"`},
		{exprUpdate, "SET :n = :n", `Syntax error; token: ":n", near: "SET :n ="`},
		{exprUpdate, "SET l[99999999999] = :n", "List index is not within the allowable range; index: [99999999999]"},
		{exprUpdate, "ADD n :s", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
	} {
		var err error
		if c.what == exprUpdate {
			_, err = parseUpdate(c.src, testPlaceholders(t))
		} else {
			_, err = parseCondition(c.what, c.src, testPlaceholders(t))
		}
		want := "Invalid " + c.what + ": " + c.want
		if e, ok := errors.AsType[*awswire.Error](err); !ok || e.Message != want {
			t.Errorf("%s: %v, want %s", c.src, err, want)
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"n = :five AND (NOT contains(l, :n) OR size(ss) > :n)", "SET a = if_not_exists(n, :n) + :n, l[0].q = :s REMOVE m.x ADD cnt :n DELETE ss :ss",
		"a.b[0].c, #n", "n BETWEEN :n AND :six", "n IN (:n, (:s))", "((", "SET", "é = :n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		it := parseItem(t, testItem)
		before := string(it.appendJSON(nil))
		if n, err := parseCondition(exprFilter, s, testPlaceholders(t)); err == nil {
			yes := n.holds(it)
			if (&node{op: opNot, args: []*node{n}}).holds(it) == yes {
				t.Fatal("a condition and its opposite agree")
			}
		} else if !isService(err) {
			t.Fatal(err)
		}
		if as, err := parseUpdate(s, testPlaceholders(t)); err == nil {
			if _, err := it.update(as); err != nil && !isService(err) {
				t.Fatal(err)
			}
		}
		if ps, err := parseProjection(s, testPlaceholders(t)); err == nil {
			it.project(ps)
		}
		if string(it.appendJSON(nil)) != before {
			t.Fatal("the item has changed")
		}
	})
}
