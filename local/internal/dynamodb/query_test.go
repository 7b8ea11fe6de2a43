package dynamodb

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const rowsTable = `{"TableName":"rows","KeySchema":[{"AttributeName":"h","KeyType":"HASH"},{"AttributeName":"r","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"},{"AttributeName":"r","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"byG","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"r","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]}}]}`

type row struct {
	H, G, V string
	R       int
}

type page struct {
	Items []struct {
		H, G, V struct{ S string }
		R       struct{ N json.Number }
	}
	Count, ScannedCount int
	LastEvaluatedKey    json.RawMessage
}

// pages runs a Query or Scan to its end, page by page.
func pages(t *testing.T, s *Service, op, params string, limit int) (rows []row, count int) {
	t.Helper()
	start := ""
	for range 1000 {
		code, out := post(s, op, fmt.Sprintf(`{"TableName":"rows","Limit":%d%s,%s}`, limit, start, params))
		var p page
		if err := json.Unmarshal([]byte(out), &p); err != nil || code != 200 {
			t.Fatalf("%s %s: %s", op, params, out)
		}
		if p.ScannedCount > limit || p.Count != len(p.Items) {
			t.Fatalf("a page of %d: %s", limit, out)
		}
		for _, it := range p.Items {
			n, err := it.R.N.Int64()
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row{it.H.S, it.G.S, it.V.S, int(n)})
		}
		count += p.ScannedCount
		if p.LastEvaluatedKey == nil {
			return rows, count
		}
		start = `,"ExclusiveStartKey":` + string(p.LastEvaluatedKey)
	}
	t.Fatal("pages without end")
	return nil, 0
}

// Queries of tables and indexes give what filtering and sorting all rows gives, forwards
// and backwards, in pages of every size, while rows come and go.
func TestQueriesAgreeWithAModel(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	s := newService(t)
	must(t, s, "CreateTable", rowsTable)
	model := map[string]row{}
	for range 600 {
		w := row{fmt.Sprintf("h%d", r.IntN(3)), fmt.Sprintf("g%d", r.IntN(3)), fmt.Sprintf("v%d", r.IntN(5)), r.IntN(60) - 20}
		id := fmt.Sprintf("%s/%d", w.H, w.R)
		switch r.IntN(4) {
		case 0:
			must(t, s, "DeleteItem", fmt.Sprintf(`{"TableName":"rows","Key":{"h":{"S":%q},"r":{"N":"%d"}}}`, w.H, w.R))
			delete(model, id)
		case 1: // not in the index
			w.G = ""
			must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"rows","Item":{"h":{"S":%q},"r":{"N":"%d"},"v":{"S":%q}}}`, w.H, w.R, w.V))
			model[id] = w
		default:
			must(t, s, "UpdateItem", fmt.Sprintf(`{"TableName":"rows","Key":{"h":{"S":%q},"r":{"N":"%d"}},"UpdateExpression":"SET g = :g, v = :v","ExpressionAttributeValues":{":g":{"S":%q},":v":{"S":%q}}}`, w.H, w.R, w.G, w.V))
			model[id] = w
		}
	}
	conds := []struct {
		text string
		in   func(r, a, b int) bool
	}{
		{"", func(int, int, int) bool { return true }},
		{" AND r = :a", func(r, a, _ int) bool { return r == a }},
		{" AND r < :a", func(r, a, _ int) bool { return r < a }},
		{" AND r <= :a", func(r, a, _ int) bool { return r <= a }},
		{" AND r > :a", func(r, a, _ int) bool { return r > a }},
		{" AND :a <= r", func(r, a, _ int) bool { return r >= a }},
		{" AND r BETWEEN :a AND :b", func(r, a, b int) bool { return a <= r && r <= b }},
	}
	for range 300 {
		c := conds[r.IntN(len(conds))]
		a := r.IntN(60) - 20
		b := a + r.IntN(10)
		forward, onIndex, filtered := r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0
		part := fmt.Sprintf("%d", r.IntN(3))
		name, index := "h", ""
		if onIndex {
			name, index = "g", `"IndexName":"byG",`
		}
		values := fmt.Sprintf(`":p":{"S":"%s%s"}`, name, part)
		if strings.Contains(c.text, ":a") {
			values += fmt.Sprintf(`,":a":{"N":"%d"}`, a)
		}
		if strings.Contains(c.text, ":b") {
			values += fmt.Sprintf(`,":b":{"N":"%d"}`, b)
		}
		filter := ""
		if filtered {
			filter = `,"FilterExpression":"v = :v"`
			values += `,":v":{"S":"v1"}`
		}
		params := fmt.Sprintf(`%s"KeyConditionExpression":"%s = :p%s","ScanIndexForward":%t,"ExpressionAttributeValues":{%s}%s`, index, name, c.text, forward, values, filter)
		got, scanned := pages(t, s, "Query", params, 1+r.IntN(12))
		var want []row
		wantScanned := 0
		for _, w := range model {
			if (onIndex && w.G == "g"+part || !onIndex && w.H == "h"+part) && c.in(w.R, a, b) {
				wantScanned++
				if !filtered || w.V == "v1" {
					want = append(want, w)
				}
			}
		}
		// Rows that are equal in an index have no order there but the service's own.
		byKey := func(x, y row) int {
			d := x.R - y.R
			if !forward {
				d = -d
			}
			return d
		}
		if !slices.IsSortedFunc(got, byKey) {
			t.Fatalf("%s: not in order: %v", params, got)
		}
		all := func(x, y row) int { return strings.Compare(fmt.Sprint(x.H, x.R), fmt.Sprint(y.H, y.R)) }
		slices.SortFunc(got, all)
		slices.SortFunc(want, all)
		if diff := cmp.Diff(want, got); diff != "" || scanned != wantScanned {
			t.Fatalf("%s: scanned %d, want %d: %s", params, scanned, wantScanned, diff)
		}
	}
	for total := 1; total <= 5; total++ {
		var got []row
		for seg := range total {
			rows, _ := pages(t, s, "Scan", fmt.Sprintf(`"Segment":%d,"TotalSegments":%d`, seg, total), 7)
			got = append(got, rows...)
		}
		if len(got) != len(model) {
			t.Fatalf("%d segments give %d rows of %d", total, len(got), len(model))
		}
		for _, g := range got {
			if model[fmt.Sprintf("%s/%d", g.H, g.R)] != g {
				t.Fatalf("%d segments: %v", total, g)
			}
		}
	}
}

func TestSegmentsAreEvenAndDisjoint(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	for i := range 1000 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"k%d"}}}`, i))
	}
	sum := 0
	for seg := range 4 {
		m := must(t, s, "Scan", fmt.Sprintf(`{"TableName":"leases","Segment":%d,"TotalSegments":4,"Select":"COUNT"}`, seg))
		n, _ := m["Count"].(float64)
		if n < 180 || n > 320 {
			t.Errorf("segment %d has %v of 1000 rows", seg, n)
		}
		sum += int(n)
	}
	if sum != 1000 {
		t.Errorf("segments have %d rows of 1000", sum)
	}
}

// An index that is added to a table with rows has them at once, and is refused when it is
// gone.
func TestIndexesComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, dir)
	must(t, s, "CreateTable", leasesTable)
	for i := range 6 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"k%d"},"leaseOwner":{"S":"w%d"},"x":{"S":"y"}}}`, i, i%2))
	}
	_, out := post(s, "UpdateTable", `{"TableName":"leases","AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"},{"AttributeName":"leaseOwner","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"LeaseOwnerToLeaseKeyIndex","KeySchema":[{"AttributeName":"leaseOwner","KeyType":"HASH"},{"AttributeName":"leaseKey","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}}]}`)
	if !strings.Contains(out, `"IndexStatus":"CREATING"`) || !strings.Contains(out, `"TableStatus":"UPDATING"`) {
		t.Error(out)
	}
	const query = `{"TableName":"leases","IndexName":"LeaseOwnerToLeaseKeyIndex","KeyConditionExpression":"leaseOwner = :o","ExpressionAttributeValues":{":o":{"S":"w1"}}}`
	const want = `{"Items":[{"leaseKey":{"S":"k1"},"leaseOwner":{"S":"w1"}},{"leaseKey":{"S":"k3"},"leaseOwner":{"S":"w1"}},{"leaseKey":{"S":"k5"},"leaseOwner":{"S":"w1"}}],"Count":3,"ScannedCount":3}`
	for range 2 {
		if _, out := post(s, "Query", query); out != want {
			t.Errorf("got %s", out)
		}
		_, out = post(s, "DescribeTable", `{"TableName":"leases"}`)
		if !strings.Contains(out, `"IndexStatus":"ACTIVE","IndexSizeBytes":132,"ItemCount":6`) {
			t.Error(out)
		}
		s = openAt(t, dir) // and after kill -9
	}
	must(t, s, "UpdateTable", `{"TableName":"leases","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"LeaseOwnerToLeaseKeyIndex"}}]}`)
	if got := refused(t, s, "Query", query); got != "ValidationException: The table does not have the specified index: LeaseOwnerToLeaseKeyIndex" {
		t.Error(got)
	}
	if got := refused(t, s, "UpdateTable", `{"TableName":"leases","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"LeaseOwnerToLeaseKeyIndex"}}]}`); !strings.HasPrefix(got, "ResourceNotFoundException: ") {
		t.Error(got)
	}
}

func TestAPageEndsAtAMegabyte(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	for i := range 8 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"k%d"},"pad":{"S":%q}}}`, i, strings.Repeat("p", 300_000)))
	}
	m := must(t, s, "Scan", `{"TableName":"leases","ProjectionExpression":"leaseKey"}`)
	if m["Count"] != 4.0 || m["LastEvaluatedKey"] == nil {
		t.Errorf("got %v", m)
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", rowsTable)
	const (
		h   = `"ExpressionAttributeValues":{":h":{"S":"a"}}`
		hr  = `"ExpressionAttributeValues":{":h":{"S":"a"},":r":{"N":"1"}}`
		key = `"KeyConditionExpression":"h = :h",` + h
	)
	for params, want := range map[string]string{
		`"Select":"COUNT"`:                                                                   "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
		`"KeyConditionExpression":"h > :h",` + h:                                             "Query key condition not supported",
		`"KeyConditionExpression":"r = :r AND h <> :h",` + hr:                                "Invalid operator used in KeyConditionExpression: <>",
		`"KeyConditionExpression":"h = :h OR r = :r",` + hr:                                  "Invalid operator used in KeyConditionExpression: OR",
		`"KeyConditionExpression":"h = :h AND v = :r",` + hr:                                 "Query condition missed key schema element: r",
		`"KeyConditionExpression":"h = :h AND h = :h",` + h:                                  "KeyConditionExpressions must only contain one condition per key",
		`"KeyConditionExpression":"h = :h AND size(r) = :r",` + hr:                           "KeyConditionExpressions cannot contain nested operations",
		`"KeyConditionExpression":"h.x = :h",` + h:                                           "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: h",
		`"KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"N":"1"}}`:     "One or more parameter values were invalid: Condition parameter type does not match schema type",
		key + `,"IndexName":"nope"`:                                                          "The table does not have the specified index: nope",
		`"IndexName":"byG","ConsistentRead":true,"KeyConditionExpression":"g = :h",` + h:     "Consistent reads are not supported on global secondary indexes",
		`"IndexName":"byG","Select":"ALL_ATTRIBUTES","KeyConditionExpression":"g = :h",` + h: "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index byG because its projection type is not ALL",
		key + `,"Select":"SPECIFIC_ATTRIBUTES"`:                                              "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
		key + `,"FilterExpression":"r = :h"`:                                                 "Filter Expression can only contain non-primary key attributes: Primary key attribute: r",
		key + `,"ExclusiveStartKey":{"h":{"S":"a"}}`:                                         "The provided starting key is invalid",
		key + `,"ExclusiveStartKey":{"h":{"S":"b"},"r":{"N":"1"}}`:                           "The provided starting key is outside query boundaries based on provided conditions",
		key + `,"QueryFilter":{}`:                                                            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {QueryFilter} Expression parameters: {KeyConditionExpression}",
		`"KeyConditions":{"h":{"ComparisonOperator":"NE","AttributeValueList":[{"S":"a"}]}}`: "Attempted conditional constraint is not an indexable operation",
	} {
		if got := refused(t, s, "Query", `{"TableName":"rows",`+params+`}`); got != "ValidationException: "+want {
			t.Errorf("%s:\n got %s\nwant %s", params, got, want)
		}
	}
}
