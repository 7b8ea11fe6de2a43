package dynamodb_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// oracle asks both and compares.
type oracle struct {
	t     *testing.T
	peer  string
	ours  string
	calls int
	// several says that a call may have several mistakes, of which either names one.
	several bool
	// wrong are the differences.
	wrong []string
}

func newOracle(t *testing.T) *oracle {
	theirs := peer.DynamoDBLocal(t) + "/"
	ln, err := peer.Lake(t, nil).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &oracle{t: t, peer: theirs, ours: ln.URL()}
}

// ask sends a call to both. It gives the answer of ours.
func (o *oracle) ask(op string, in any) map[string]any {
	o.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		o.t.Fatal(err)
	}
	pcode, peer, err := send(o.t.Context(), http.DefaultClient, o.peer, op, body)
	if err != nil {
		o.t.Fatalf("DynamoDB Local: %v", err)
	}
	code, ours, err := send(o.t.Context(), http.DefaultClient, o.ours, op, body)
	if err != nil {
		o.t.Fatal(err)
	}
	o.calls++
	if d := o.difference(op, in, pcode, peer, code, ours); d != "" {
		o.wrong = append(o.wrong, fmt.Sprintf("%s %s\n%s", op, body, d))
	}
	return ours
}

func (o *oracle) difference(op string, in any, pcode int, peer map[string]any, code int, ours map[string]any) string {
	if pcode == http.StatusOK && code == http.StatusOK {
		return diff.Diff(tidy(op, in, peer), tidy(op, in, ours))
	}
	pe, oe := problem(pcode, peer), problem(code, ours)
	if o.several && stage(pe) != "" && stage(pe) == stage(oe) {
		return ""
	}
	if same(pe, oe) {
		return diff.Diff(peer["CancellationReasons"] == nil, ours["CancellationReasons"] == nil || strings.HasPrefix(oe, "TransactionCanceledException") && peer["CancellationReasons"] == nil)
	}
	return fmt.Sprintf("  DynamoDB Local: %s\n            ours: %s", pe, oe)
}

// problem is an error as "Code: message", or "ok".
func problem(code int, m map[string]any) string {
	if code == http.StatusOK {
		return "ok"
	}
	typ, _ := m["__type"].(string)
	msg, ok := m["message"].(string)
	if !ok {
		msg, _ = m["Message"].(string)
	}
	return typ[strings.LastIndexByte(typ, '#')+1:] + ": " + msg
}

// stage says where a call with mistakes was refused: when an expression was read, or when
// an update met the item. It is empty for anything else.
func stage(message string) string {
	if strings.HasPrefix(message, "ValidationException: Invalid ") {
		return "read"
	}
	if strings.HasPrefix(message, "ValidationException: One or more parameter values were invalid: ") && strings.Contains(message, " not supported for the type ") {
		return "legacy"
	}
	switch strings.TrimPrefix(message, "ValidationException: ") {
	case "Type mismatch for attribute to update":
		return "legacy"
	case "The document path provided in the update expression is invalid for update",
		"The provided expression refers to an attribute that does not exist in the item",
		"An operand in the update expression has an incorrect data type":
		return "met"
	}
	return ""
}

// known are the differences that are meant: what DynamoDB Local says, and what the service
// says and ours with it. Both are beginnings.
var known = [][2]string{
	{"ResourceNotFoundException: Cannot do operations on a non-existent table", "ResourceNotFoundException: Requested resource not found"},
	{"ResourceInUseException: Cannot create preexisting table", "ResourceInUseException: Table already exists: "},
	{"ValidationException: DynamoDB only supports precision up to 38 digits", "ValidationException: Attempting to store more than 38 significant digits in a Number"},
	{"ValidationException: A value provided cannot be converted into a number", "ValidationException: The parameter cannot be converted to a numeric value: "},
	{"ValidationException: ExpressionAttributeValues contains invalid value: A value provided cannot be converted into a number", "ValidationException: ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: "},
	{"ValidationException: The number of conditions on the keys is invalid", "ValidationException: The provided key element does not match the schema"},
	{"ValidationException: One or more parameter values were invalid: Type mismatch for key", "ValidationException: The provided key element does not match the schema"},
	{"ValidationException: One or more parameter values were invalid: Type mismatch for key", "ValidationException: One or more parameter values were invalid: Type mismatch for key "},
	{"ValidationException: One or more parameter values were invalid: Type mismatch for Index Key", "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key "},
	{"ValidationException: One of the required keys was not given a value", "ValidationException: One or more parameter values were invalid: Missing the key "},
	{"ValidationException: One of the required keys was not given a value", "ValidationException: The provided key element does not match the schema"},
	{"ValidationException: Cannot have null key for ", "ValidationException: 1 validation error detected: Value null at 'key' "},
	{"ValidationException: Value null at 'tableName' ", "ValidationException: 1 validation error detected: Value null at 'tableName' "},
	{"ValidationException: Hash primary key values must be under 2048 bytes", "ValidationException: One or more parameter values were invalid: Size of hashkey "},
	{"ValidationException: Return values set to invalid value", "ValidationException: ReturnValues can only be ALL_OLD or NONE"},
	{"ValidationException: Return values set to invalid value", "ValidationException: 1 validation error detected: Value 'FOO' at 'returnValues' "},
	{"ValidationException: Empty attribute name", "ValidationException: One or more parameter values were invalid: Empty attribute name"},
	{"ValidationException: Comparison type does not exist in DynamoDB", "ValidationException: 1 validation error detected: Value 'FOO' at 'comparisonOperator' "},
	{"ValidationException: Member must satisfy enum value set: [ADD, DELETE, PUT]", "ValidationException: 1 validation error detected: Value 'FOO' at 'attributeUpdates.n.member.action' "},
	{"ValidationException: Query condition missed key schema element", "ValidationException: Query condition missed key schema element: "},
	{"ValidationException: Exclusive Start Key must have same size as table's key schema", "ValidationException: The provided starting key is invalid"},
	{"ValidationException: The provided starting key does not match the range key predicate", "ValidationException: The provided starting key is outside query boundaries based on provided conditions"},
	{"ValidationException: Limit must be greater than or equal to 1", "ValidationException: 1 validation error detected: Value '0' at 'limit' "},
	{"ValidationException: 1 validation error detected: Value '3' at 'segment' ", "ValidationException: The Segment parameter is zero-based "},
	{"ValidationException: If segment is specified, total segment must also be specified", "ValidationException: The TotalSegments parameter is required "},
	{"ValidationException: If total segments is specified, a particular segment must also be specified", "ValidationException: The Segment parameter is required "},
	{"ValidationException: Value [] at 'transactItems' ", "ValidationException: 1 validation error detected: Value at 'transactItems' "},
	{"ValidationException: Invalid Request: TransactWriteRequest should contain Delete or Put or Update request", "ValidationException: TransactItems can only contain one of Check, Put, Update or Delete"},
	{"IdempotentParameterMismatchException: ", "IdempotentParameterMismatchException: "},
	{"ValidationException: BatchWriteItem cannot have a null or no requests set", "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' "},
	{"ValidationException: The batch write request list for a table cannot be null or empty", "ValidationException: 1 validation error detected: Value '[]' at 'requestItems.leases.member' "},
	{"ValidationException: BatchGetItem must have some requests set", "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' "},
	{"ValidationException: The list of keys in RequestItems for BatchGetItem is required", "ValidationException: 1 validation error detected: Value '[]' at 'requestItems.leases.member.keys' "},
	{"ValidationException: One or more parameter values were invalid: Input collection [a, a] contains duplicates", "ValidationException: One or more parameter values were invalid: Input collection [a, a] contains duplicates."},
	{"ValidationException: ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input collection [a, a] contains duplicates", "ValidationException: ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input collection [a, a] contains duplicates."},
	{"ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {", "ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: attribute_type, operand type: document path"},
	// The service cancels a transaction with the reason ValidationError.
	{"ValidationException: The provided expression refers to an attribute that does not exist in the item", "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"},
	// Values that an action never takes are refused before anything else.
	{"ConditionalCheckFailedException: ", "ValidationException: One or more parameter values were invalid: DELETE action with value is not supported for the type "},
	{"ConditionalCheckFailedException: ", "ValidationException: One or more parameter values were invalid: ADD action is not supported for the type "},
	// DynamoDB Local does not check the JSON's own types, and fails on what is no base64.
	{"InternalFailure: ", "SerializationException: "},
	{"ok", "SerializationException: BOOL holds true or false"},
	{"ok", "SerializationException: S holds a string"},
	{"ConditionalCheckFailedException: ", "SerializationException: ExpressionAttributeValues contains invalid value: N holds a number written as a string"},
}

func same(peer, ours string) bool {
	if first(peer) == first(ours) {
		return true
	}
	return slices.ContainsFunc(known, func(k [2]string) bool {
		return strings.HasPrefix(peer, k[0]) && strings.HasPrefix(ours, k[1])
	})
}

// first leaves out which of several culprits a message names: DynamoDB Local goes through
// them in the order of a hash table.
func first(message string) string {
	for _, from := range []string{"; path one: ", "; operator or function: ", "; operator: "} {
		message, _, _ = strings.Cut(message, from)
	}
	return message
}

// tidy takes out of an answer what may differ: the form of numbers, the order of rows
// that have none, times and identities.
func tidy(op string, in any, m map[string]any) any {
	params, _ := in.(map[string]any)
	v, _ := numbers(m).(map[string]any)
	if params["ReturnConsumedCapacity"] == nil {
		delete(v, "ConsumedCapacity") // DynamoDB Local sends it unasked at times
	}
	switch op {
	case "Scan":
		if params["Limit"] != nil { // which rows a page has is not determined
			delete(v, "Items")
			delete(v, "LastEvaluatedKey")
		}
		order(v["Items"])
	case "Query":
		if params["IndexName"] != nil {
			if params["Limit"] != nil {
				delete(v, "Items")
				delete(v, "LastEvaluatedKey")
			}
			order(v["Items"])
		}
	case "CreateTable", "DescribeTable", "DeleteTable":
		return nil // compared where they are described
	}
	return v
}

func order(rows any) {
	if rs, ok := rows.([]any); ok {
		slices.SortFunc(rs, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
}

// numbers writes every N and NS in one form: DynamoDB Local keeps what an update wrote as it
// was written.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if s, ok := e.(string); ok && k == "N" {
				out[k] = plain(s)
				continue
			}
			if l, ok := e.([]any); ok && k == "NS" {
				ns := make([]any, len(l))
				for i, s := range l {
					ns[i] = plain(fmt.Sprint(s))
				}
				out[k] = ns
				continue
			}
			out[k] = numbers(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = numbers(e)
		}
		return out
	}
	return v
}

func plain(s string) string {
	if r, ok := new(big.Rat).SetString(s); ok {
		return r.RatString()
	}
	return s
}

func (o *oracle) report() {
	o.t.Helper()
	o.t.Logf("%d calls compared", o.calls)
	for i, w := range o.wrong {
		if i == 20 {
			o.t.Errorf("and %d more", len(o.wrong)-20)
			break
		}
		o.t.Error(w)
	}
}

// The calls of testdata/calls.jsonl: every kind of error and corner that leases, locks and
// expressions can meet.
func TestCallsAgreeWithDynamoDBLocal(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	b, err := os.ReadFile("testdata/calls.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(bytes.NewReader(b))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var c struct {
			Op string
			In map[string]any
		}
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		o.ask(c.Op, c.In)
	}
	if o.calls < 400 {
		t.Errorf("only %d calls", o.calls)
	}
	o.report()
}

// Calls made at random, on a few items so that they meet.
func TestRandomCallsAgreeWithDynamoDBLocal(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	o.several = true
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &generator{rand.New(rand.NewPCG(seed, 1))}
	o.ask("CreateTable", map[string]any{
		"TableName": "rnd", "BillingMode": "PAY_PER_REQUEST",
		"KeySchema":            []any{map[string]any{"AttributeName": "k", "KeyType": "HASH"}},
		"AttributeDefinitions": []any{map[string]any{"AttributeName": "k", "AttributeType": "S"}},
	})
	for i := range 3000 {
		op, in := g.call()
		o.ask(op, in)
		if i%50 == 0 {
			o.ask("Scan", map[string]any{"TableName": "rnd"})
		}
		if len(o.wrong) > 20 {
			break
		}
	}
	o.report()
}
