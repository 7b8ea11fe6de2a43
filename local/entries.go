package local

import (
	"crypto/md5" // Content-MD5 is what the protocol has
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// An Entry is one entry of a batch, for [FailEntries].
type Entry struct {
	// Index is the entry's place in the request, from 0 (in BatchWriteItem, in its table's
	// list), without those that a fault before this one has failed.
	Index int
	// Key is the partition key of a record, the key of an object, the values of a partition
	// with slashes between them, or the table of an item.
	Key string
}

// FailEntries fails the entries of a batch that which says, or all when it is nil, with an
// error code, such as ProvisionedThroughputExceededException; the others happen. It happens to
// kinesis:PutRecords, s3:DeleteObjects, glue:BatchCreatePartition, and dynamodb:BatchWriteItem,
// which knows no codes and gives the entries back as UnprocessedItems: there code must be
// empty. which is asked once per entry, and must not call the lake.
func FailEntries(code string, which func(e Entry) bool) Effect {
	if which == nil {
		which = func(Entry) bool { return true }
	}
	kinds := map[Operation]func(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler, code string, which func(Entry) bool){
		KinesisPutRecords: failRecords, S3DeleteObjects: failObjects,
		GlueBatchCreatePartition: failPartitions, DynamoDBBatchWriteItem: failItems,
	}
	return Effect{
		reads: true,
		happen: func(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler) {
			kinds[c.Operation](w, r, c, next, code, which)
		},
		check: func(op Operation) error {
			switch {
			case kinds[op] == nil:
				return fmt.Errorf("local.FailEntries needs a batch whose entries have outcomes of their own (%s, %s, %s, %s): use local.Throttle or local.Fail",
					KinesisPutRecords, S3DeleteObjects, GlueBatchCreatePartition, DynamoDBBatchWriteItem)
			case code == "" && op != DynamoDBBatchWriteItem:
				return errors.New("local.FailEntries without a code: name one, such as InternalFailure")
			case code != "" && op == DynamoDBBatchWriteItem:
				return fmt.Errorf("local.FailEntries with code %q: entries of BatchWriteItem have none, they come back as UnprocessedItems: leave it empty", code)
			}
			return nil
		},
	}
}

const entryMessage = "A fault of the local lake."

// failRecords lets PutRecords put the records that do not fail and answers for all.
func failRecords(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler, code string, which func(Entry) bool) {
	type putRecord struct {
		Data            []byte
		PartitionKey    string
		ExplicitHashKey string `json:",omitempty"`
	}
	type result struct {
		SequenceNumber string `json:",omitempty"`
		ShardID        string `json:"ShardId,omitempty"`
		ErrorCode      string `json:",omitempty"`
		ErrorMessage   string `json:",omitempty"`
	}
	var in struct {
		StreamName string `json:",omitempty"`
		StreamARN  string `json:",omitempty"`
		Records    []putRecord
	}
	var out struct {
		FailedRecordCount int
		EncryptionType    string `json:",omitempty"`
		Records           []result
	}
	if err := c.format.Decode(c.body, &in); err != nil {
		next.ServeHTTP(w, r)
		return
	}
	failed := make([]bool, len(in.Records))
	var rest []putRecord
	for i, rec := range in.Records {
		if failed[i] = which(Entry{i, rec.PartitionKey}); !failed[i] {
			rest = append(rest, rec)
		}
	}
	if len(rest) == len(in.Records) {
		next.ServeHTTP(w, r)
		return
	}
	if in.Records = rest; len(rest) > 0 {
		if k := askFor(r, c, next, in, &out); k != nil {
			k.pass(w)
			return
		}
	}
	got := out.Records
	out.Records = nil
	for _, f := range failed {
		if f {
			out.FailedRecordCount++
			out.Records = append(out.Records, result{ErrorCode: code, ErrorMessage: entryMessage})
			continue
		}
		out.Records, got = append(out.Records, got[0]), got[1:]
	}
	answerValue(w, r, http.StatusOK, &out)
}

// failPartitions does so for BatchCreatePartition.
func failPartitions(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler, code string, which func(Entry) bool) {
	type partitionError struct {
		PartitionValues []string
		ErrorDetail     struct{ ErrorCode, ErrorMessage string }
	}
	in := map[string]json.RawMessage{}
	var list []json.RawMessage
	if json.Unmarshal(c.body, &in) != nil || json.Unmarshal(in["PartitionInputList"], &list) != nil {
		next.ServeHTTP(w, r)
		return
	}
	var out struct {
		Errors []partitionError `json:",omitempty"`
	}
	var failed []partitionError
	rest := []json.RawMessage{}
	for i, raw := range list {
		var p struct{ Values []string }
		_ = json.Unmarshal(raw, &p) // for the service to refuse
		if which(Entry{i, strings.Join(p.Values, "/")}) {
			e := partitionError{PartitionValues: p.Values}
			e.ErrorDetail.ErrorCode, e.ErrorDetail.ErrorMessage = code, entryMessage
			failed = append(failed, e)
		} else {
			rest = append(rest, raw)
		}
	}
	if len(rest) > 0 || len(list) == 0 {
		in["PartitionInputList"] = mustJSON(rest)
		if k := askFor(r, c, next, in, &out); k != nil {
			k.pass(w)
			return
		}
	}
	out.Errors = append(out.Errors, failed...)
	answerValue(w, r, http.StatusOK, &out)
}

// failItems does so for BatchWriteItem.
func failItems(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler, _ string, which func(Entry) bool) {
	in := map[string]json.RawMessage{}
	var items map[string][]json.RawMessage
	if json.Unmarshal(c.body, &in) != nil || json.Unmarshal(in["RequestItems"], &items) != nil {
		next.ServeHTTP(w, r)
		return
	}
	failed, rest := map[string][]json.RawMessage{}, map[string][]json.RawMessage{}
	for table, list := range items {
		for i, raw := range list {
			to := rest
			if which(Entry{i, table}) {
				to = failed
			}
			to[table] = append(to[table], raw)
		}
	}
	out := map[string]json.RawMessage{}
	if len(rest) > 0 || len(items) == 0 {
		in["RequestItems"] = mustJSON(rest)
		if k := askFor(r, c, next, in, &out); k != nil {
			k.pass(w)
			return
		}
	}
	var own map[string][]json.RawMessage
	_ = json.Unmarshal(out["UnprocessedItems"], &own) // absent, or ours
	for table, list := range own {
		failed[table] = append(failed[table], list...)
	}
	out["UnprocessedItems"] = mustJSON(failed)
	answerValue(w, r, http.StatusOK, out)
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was JSON before
	}
	return b
}

// failObjects does so for DeleteObjects.
func failObjects(w http.ResponseWriter, r *http.Request, _ *Call, next http.Handler, code string, which func(Entry) bool) {
	type object struct {
		Key       string
		VersionID string `xml:"VersionId,omitempty"`
		ETag      string `xml:",omitempty"`
	}
	type deleted struct{ Key string }
	type objectError struct{ Key, Code, Message string }
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Objects []object `xml:"Object"`
	}
	var out struct {
		XMLName xml.Name      `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []deleted     `xml:"Deleted"`
		Errors  []objectError `xml:"Error"`
	}
	if err := awswire.ReadXML(r.Body, 8<<20, &in); err != nil {
		answerError(w, r, &Call{Operation: S3DeleteObjects}, &failure{http.StatusBadRequest, "MalformedXML", err.Error()})
		return
	}
	var failed []objectError
	var rest []object
	for i, o := range in.Objects {
		if which(Entry{i, o.Key}) {
			failed = append(failed, objectError{o.Key, code, entryMessage})
		} else {
			rest = append(rest, o)
		}
	}
	if len(rest) > 0 || len(failed) == 0 {
		in.Objects = rest
		b, err := xml.Marshal(in)
		if err != nil {
			panic(err) // it was XML before
		}
		q := r.Clone(r.Context())
		setBody(q, b)
		for name := range q.Header {
			if strings.HasPrefix(name, "X-Amz-Checksum-") {
				q.Header.Del(name)
			}
		}
		sum := md5.Sum(b)
		q.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
		q.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		k := ask(q, next)
		if k.status != http.StatusOK || xml.Unmarshal(k.body, &out) != nil {
			k.pass(w)
			return
		}
	}
	out.Errors = append(out.Errors, failed...)
	awswire.WriteXML(w, http.StatusOK, &out)
}
