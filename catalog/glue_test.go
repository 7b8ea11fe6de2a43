package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// object is a decoded JSON object.
type object = map[string]any

// fakeGlue answers the calls that the client makes, from maps. It is here for its faults:
// what a catalog does is tested against package local.
type fakeGlue struct {
	mu         sync.Mutex
	databases  map[string]bool
	tables     map[string]object
	partitions map[string][]object
	calls      []string
	fail       map[string]string // by call, the error that it gets
}

func newFakeGlue() *fakeGlue {
	return &fakeGlue{databases: map[string]bool{}, tables: map[string]object{}, partitions: map[string][]object{}, fail: map[string]string{}}
}

func (g *fakeGlue) config() aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: g, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		RetryMaxAttempts: 1,
	}
}

// Do serves a request.
func (g *fakeGlue) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var in object
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, op)
	var out object
	code := g.fail[op]
	if code == "" {
		out, code = g.serve(op, in)
	}
	status := http.StatusOK
	if code != "" {
		status, out = http.StatusBadRequest, object{"__type": code, "Message": "because"}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

func (g *fakeGlue) serve(op string, in object) (object, string) {
	db, _ := in["DatabaseName"].(string)
	name, _ := in["Name"].(string)
	if name == "" {
		name, _ = in["TableName"].(string)
	}
	if ti, ok := in["TableInput"].(object); ok {
		name = ti["Name"].(string)
	}
	key := db + "." + name
	table, exists := g.tables[key]
	switch op {
	case "CreateDatabase":
		db = in["DatabaseInput"].(object)["Name"].(string)
		if g.databases[db] {
			return nil, "AlreadyExistsException"
		}
		g.databases[db] = true
		return object{}, ""
	case "CreateTable":
		switch {
		case !g.databases[db]:
			return nil, "EntityNotFoundException"
		case exists:
			return nil, "AlreadyExistsException"
		}
		g.put(key, db, in["TableInput"].(object), 0)
		return object{}, ""
	case "GetTable":
		if !exists {
			return nil, "EntityNotFoundException"
		}
		return object{"Table": table}, ""
	case "UpdateTable":
		if !exists {
			return nil, "EntityNotFoundException"
		}
		if in["VersionId"] != table["VersionId"] {
			return nil, "ConcurrentModificationException"
		}
		n, _ := strconv.Atoi(table["VersionId"].(string))
		g.put(key, db, in["TableInput"].(object), n+1)
		return object{}, ""
	case "BatchCreatePartition":
		list := in["PartitionInputList"].([]any)
		if len(list) > 100 {
			return nil, "InvalidInputException"
		}
		var errs []object
		for _, p := range list {
			p := p.(object)
			code := ""
			for _, q := range g.partitions[key] {
				if fmt.Sprint(q["Values"]) == fmt.Sprint(p["Values"]) {
					code = "AlreadyExistsException"
				}
			}
			if fmt.Sprint(p["Values"]) == "[2026-05-13]" {
				code = "InternalServiceException"
			}
			if code != "" {
				errs = append(errs, object{"PartitionValues": p["Values"], "ErrorDetail": object{"ErrorCode": code, "ErrorMessage": "because"}})
				continue
			}
			g.partitions[key] = append(g.partitions[key], p)
		}
		return object{"Errors": errs}, ""
	case "GetPartitions":
		from, _ := strconv.Atoi(fmt.Sprint(in["NextToken"]))
		all := g.partitions[key]
		end := min(from+130, len(all))
		out := object{"Partitions": all[from:end]}
		if end < len(all) {
			out["NextToken"] = strconv.Itoa(end)
		}
		return out, ""
	case "BatchUpdatePartition":
		entries := in["Entries"].([]any)
		if len(entries) > 100 {
			return nil, "InvalidInputException"
		}
		for _, e := range entries {
			e := e.(object)
			i := slices.IndexFunc(g.partitions[key], func(p object) bool { return fmt.Sprint(p["Values"]) == fmt.Sprint(e["PartitionValueList"]) })
			g.partitions[key][i] = e["PartitionInput"].(object)
		}
		return object{}, ""
	}
	return nil, "UnknownOperationException"
}

func (g *fakeGlue) put(key, db string, input object, version int) {
	t := object{}
	for k, v := range input {
		t[k] = v
	}
	t["DatabaseName"], t["VersionId"] = db, strconv.Itoa(version)
	g.tables[key] = t
}
