package dynamodb

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

func TestATransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	must(t, s, "PutItem", `{"TableName":"leases","Item":{"leaseKey":{"S":"a"},"n":{"N":"1"}}}`)
	key := func(k string) map[string]dynamodbtypes.AttributeValue {
		return map[string]dynamodbtypes.AttributeValue{"leaseKey": &dynamodbtypes.AttributeValueMemberS{Value: k}}
	}
	_, err := client(s).TransactWriteItems(t.Context(), &awsdynamodb.TransactWriteItemsInput{TransactItems: []dynamodbtypes.TransactWriteItem{
		{Put: &dynamodbtypes.Put{TableName: aws.String("leases"), Item: key("b")}},
		{ConditionCheck: &dynamodbtypes.ConditionCheck{TableName: aws.String("leases"), Key: key("a"), ConditionExpression: aws.String("attribute_not_exists(leaseKey)"), ReturnValuesOnConditionCheckFailure: "ALL_OLD"}},
		{Update: &dynamodbtypes.Update{TableName: aws.String("leases"), Key: key("c"), UpdateExpression: aws.String("SET x = y")}},
		{Delete: &dynamodbtypes.Delete{TableName: aws.String("leases"), Key: key("d")}},
	}})
	var canceled *dynamodbtypes.TransactionCanceledException
	if !errors.As(err, &canceled) || len(canceled.CancellationReasons) != 4 {
		t.Fatalf("got %v", err)
	}
	for i, want := range []string{"None", "ConditionalCheckFailed", "ValidationError", "None"} {
		if got := aws.ToString(canceled.CancellationReasons[i].Code); got != want {
			t.Errorf("reason %d: %s, want %s", i, got, want)
		}
	}
	if canceled.CancellationReasons[1].Item["n"] == nil {
		t.Error("the item that failed the check is missing")
	}
	if m := must(t, s, "Scan", `{"TableName":"leases","Select":"COUNT"}`); m["Count"] != 1.0 {
		t.Errorf("a cancelled transaction wrote: %v", m)
	}
	must(t, s, "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"leases","Item":{"leaseKey":{"S":"b"}}}},{"Delete":{"TableName":"leases","Key":{"leaseKey":{"S":"a"}}}},{"ConditionCheck":{"TableName":"leases","Key":{"leaseKey":{"S":"z"}},"ConditionExpression":"attribute_not_exists(leaseKey)"}}]}`)
	_, out := post(s, "TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"leases","Key":{"leaseKey":{"S":"a"}}}},{"Get":{"TableName":"leases","Key":{"leaseKey":{"S":"b"}}}}]}`)
	if out != `{"Responses":[{},{"Item":{"leaseKey":{"S":"b"}}}]}` {
		t.Error(out)
	}
}

func TestATokenCountsForTenMinutes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(servicetest.Env(dir))
		if err != nil {
			t.Fatal(err)
		}
		must(t, s, "CreateTable", leasesTable)
		add := func(n int) string {
			return fmt.Sprintf(`{"ClientRequestToken":"tok","TransactItems":[{"Update":{"TableName":"leases","Key":{"leaseKey":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"%d"}}}}]}`, n)
		}
		value := func() string {
			_, out := post(s, "GetItem", `{"TableName":"leases","Key":{"leaseKey":{"S":"a"}},"ProjectionExpression":"n"}`)
			return out
		}
		must(t, s, "TransactWriteItems", add(1))
		time.Sleep(9 * time.Minute)
		must(t, s, "TransactWriteItems", add(1))
		if got := value(); !strings.Contains(got, `"1"`) {
			t.Errorf("after a repetition: %s", got)
		}
		if got := refused(t, s, "TransactWriteItems", add(2)); !strings.HasPrefix(got, "IdempotentParameterMismatchException: ") {
			t.Error(got)
		}
		time.Sleep(2 * time.Minute)
		must(t, s, "TransactWriteItems", add(2))
		if got := value(); !strings.Contains(got, `"3"`) {
			t.Errorf("after the token's life: %s", got)
		}
		time.Sleep(time.Hour)
		must(t, s, "TransactWriteItems", strings.Replace(add(1), `"tok"`, `"other"`, 1))
		if n := len(s.mu.tokens); n != 1 {
			t.Errorf("%d tokens are kept, want the last one", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBatches(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	_, out := post(s, "BatchWriteItem", `{"ReturnConsumedCapacity":"TOTAL","RequestItems":{"leases":[{"PutRequest":{"Item":{"leaseKey":{"S":"a"}}}},{"PutRequest":{"Item":{"leaseKey":{"S":"b"}}}},{"DeleteRequest":{"Key":{"leaseKey":{"S":"c"}}}}]}}`)
	if out != `{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"leases","CapacityUnits":3}]}` {
		t.Error(out)
	}
	_, out = post(s, "BatchGetItem", `{"RequestItems":{"leases":{"Keys":[{"leaseKey":{"S":"a"}},{"leaseKey":{"S":"z"}},{"leaseKey":{"S":"b"}}]}}}`)
	if out != `{"Responses":{"leases":[{"leaseKey":{"S":"a"}},{"leaseKey":{"S":"b"}}]},"UnprocessedKeys":{}}` {
		t.Error(out)
	}
	keys := func(n int, form string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(form, i)
		}
		return strings.Join(parts, ",")
	}
	for body, want := range map[string]string{
		`{"RequestItems":{"leases":[{"PutRequest":{"Item":{"leaseKey":{"S":"a"}}}},{"DeleteRequest":{"Key":{"leaseKey":{"S":"a"}}}}]}}`: "Provided list of item keys contains duplicates",
		`{"RequestItems":{"leases":[` + keys(26, `{"DeleteRequest":{"Key":{"leaseKey":{"S":"%d"}}}}`) + `]}}`:                           "Too many items requested for the BatchWriteItem call",
	} {
		if got := refused(t, s, "BatchWriteItem", body); got != "ValidationException: "+want {
			t.Error(got)
		}
	}
	if got := refused(t, s, "BatchGetItem", `{"RequestItems":{"leases":{"Keys":[`+keys(101, `{"leaseKey":{"S":"%d"}}`)+`]}}}`); got != "ValidationException: Too many items requested for the BatchGetItem call" {
		t.Error(got)
	}
	// An answer of more than 16 MiB leaves keys to ask for again.
	for i := range 50 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"%d"},"p":{"S":%q}}}`, i, strings.Repeat("p", 390_000)))
	}
	got, err := client(s).BatchGetItem(t.Context(), &awsdynamodb.BatchGetItemInput{RequestItems: map[string]dynamodbtypes.KeysAndAttributes{"leases": {Keys: func() (ks []map[string]dynamodbtypes.AttributeValue) {
		for i := range 50 {
			ks = append(ks, map[string]dynamodbtypes.AttributeValue{"leaseKey": &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprint(i)}})
		}
		return ks
	}()}}})
	if err != nil {
		t.Fatal(err)
	}
	if n, left := len(got.Responses["leases"]), len(got.UnprocessedKeys["leases"].Keys); n+left != 50 || left == 0 || n == 0 {
		t.Errorf("%d items and %d keys left", n, left)
	}
}

func TestItemErrors(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", rowsTable)
	put := func(item string) string { return `{"TableName":"rows","Item":{` + item + `}}` }
	const k = `"h":{"S":"a"},"r":{"N":"1"}`
	for body, want := range map[string]string{
		put(`"h":{"S":"a"}`):                                               "One or more parameter values were invalid: Missing the key r in the item",
		put(`"h":{"S":"a"},"r":{"S":"1"}`):                                 "One or more parameter values were invalid: Type mismatch for key r expected: N actual: S",
		put(`"h":{"S":""},"r":{"N":"1"}`):                                  "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: h",
		put(k + `,"g":{"N":"1"}`):                                          "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: byG",
		put(k + `,"x":{"S":"` + strings.Repeat("x", 410_000) + `"}`):       "Item size has exceeded the maximum allowed size",
		put(`"h":{"S":"` + strings.Repeat("x", 2049) + `"},"r":{"N":"1"}`): "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
		put(k + `,"x":{"SS":[]}`):                                          "One or more parameter values were invalid: An string set  may not be empty",
		put(k + `,"x":{"SS":["a","a"]}`):                                   "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
		put(k + `,"x":{"NS":["1","1.0"]}`):                                 "Input collection contains duplicates",
		put(k + `,"x":{"N":"1","S":"x"}`):                                  "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
		put(k + `,"x":{}`):                                                 "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
		put(k + `,"x":{"NULL":false}`):                                     "One or more parameter values were invalid: Null attribute value types must have the value of true",
		put(k + `,"x":{"L":[{"M":{"y":{"N":"x"}}}]}`):                      "The parameter cannot be converted to a numeric value: x",
		put(k + `,"":{"S":"x"}`):                                           "One or more parameter values were invalid: Empty attribute name",
		put(k + `,"x":` + strings.Repeat(`{"L":[`, 33) + `{"S":"x"}` + strings.Repeat(`]}`, 33)):                                             "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
		`{"TableName":"rows","Item":{` + k + `},"ConditionExpression":"h = :a","ExpressionAttributeValues":{":a":{"S":"a"},":b":{"S":"a"}}}`: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
		`{"TableName":"rows","Item":{` + k + `},"ConditionExpression":"attribute_exists(h)","Expected":{"h":{"Exists":false}}}`:              "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
		`{"TableName":"rows","Item":{` + k + `},"ReturnValues":"ALL_NEW"}`:                                                                   "ReturnValues can only be ALL_OLD or NONE",
	} {
		if got := refused(t, s, "PutItem", body); got != "ValidationException: "+want {
			t.Errorf("%.200s:\n got %s\nwant %s", body, got, want)
		}
	}
	must(t, s, "PutItem", put(k+`,"big":{"S":"`+strings.Repeat("x", 400_000)+`"}`))
	if got := refused(t, s, "UpdateItem", `{"TableName":"rows","Key":{`+k+`},"UpdateExpression":"SET more = big"}`); got != "ValidationException: Item size to update has exceeded the maximum allowed size" {
		t.Error(got)
	}
	if got := refused(t, s, "UpdateItem", `{"TableName":"rows","Key":{`+k+`},"UpdateExpression":"REMOVE r"}`); got != "ValidationException: One or more parameter values were invalid: Cannot update attribute r. This attribute is part of the key" {
		t.Error(got)
	}
}

func TestConsumedCapacity(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", rowsTable)
	_, out := post(s, "PutItem", `{"TableName":"rows","ReturnConsumedCapacity":"INDEXES","Item":{"h":{"S":"a"},"r":{"N":"1"},"g":{"S":"x"},"v":{"S":"`+strings.Repeat("v", 1500)+`"},"w":{"S":"`+strings.Repeat("w", 5000)+`"}}}`)
	if out != `{"ConsumedCapacity":{"TableName":"rows","CapacityUnits":9,"Table":{"CapacityUnits":7},"GlobalSecondaryIndexes":{"byG":{"CapacityUnits":2}}}}` {
		t.Error(out)
	}
	for consistent, want := range map[bool]string{true: "2", false: "1"} {
		_, out = post(s, "GetItem", fmt.Sprintf(`{"TableName":"rows","ReturnConsumedCapacity":"TOTAL","ConsistentRead":%t,"ProjectionExpression":"r","Key":{"h":{"S":"a"},"r":{"N":"1"}}}`, consistent))
		if want := `{"Item":{"r":{"N":"1"}},"ConsumedCapacity":{"TableName":"rows","CapacityUnits":` + want + `}}`; out != want {
			t.Errorf("got %s, want %s", out, want)
		}
	}
}
