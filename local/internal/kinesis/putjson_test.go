package kinesis

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/awswire"
)

type putView struct {
	Stream, ARN string
	Records     []recordView
}

type recordView struct {
	Data, Key, Explicit string
	HasData             bool
}

func viewOf(b *batch) putView {
	v := putView{Stream: b.StreamName, ARN: b.StreamARN}
	for i := range b.entries {
		e := &b.entries[i]
		f := b.arena[e.off : e.off+e.len]
		v.Records = append(v.Records, recordView{
			Data: string(f[frameHeader : frameHeader+e.dataLen()]), Key: string(f[e.len-e.keyLen:]), Explicit: e.explicit, HasData: e.hasData,
		})
	}
	return v
}

// slowly decodes the way that knows how to complain.
func slowly(body []byte, operation string) (putView, error) {
	r := &request{operation: operation, body: body}
	v, err := r.check(shapes[operation])
	if err != nil {
		return putView{}, err
	}
	b := new(batch)
	err = b.take(v, len(body), operation == "PutRecord")
	return viewOf(b), err
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	for body, operation := range map[string]string{
		`{"Records":[{"Data":"aGVsbG8=","PartitionKey":"k"}],"StreamName":"s"}`:                                                                    "PutRecords",
		`{"Records":[{"PartitionKey":"k","ExplicitHashKey":"12","Data":"aGVsbG8="},{"Data":"","PartitionKey":"a"}],"StreamARN":"` + testARN + `"}`: "PutRecords",
		" {\n\t\"StreamName\" : \"s\" , \"Records\" : [ { \"Data\" : \"aGVsbG8\\u003d\" , \"PartitionKey\" : \"k\\u00e9\\\"\\n\" } ] } ":           "PutRecords",
		`{"Records":[{"Data":"aGVsbG8=","Data":"eA==","PartitionKey":"a","PartitionKey":"b"}],"StreamName":"a","StreamName":"b"}`:                  "PutRecords",
		`{"Records":[{"Data":"AA==","PartitionKey":"日本語🎉","X":[1,2.5e-3,true,null,"x\"y"]}],"StreamName":"s","Y":{"a":-1}}`:                        "PutRecords",
		`{"Data":"AA==","PartitionKey":"k","StreamName":"s","SequenceNumberForOrdering":"0"}`:                                                      "PutRecord",
		`{"StreamARN":"` + testARN + `","X":{},"Data":"","PartitionKey":"k","ExplicitHashKey":null,"StreamName":null}`:                             "PutRecord",
	} {
		b := new(batch)
		single := operation == "PutRecord"
		if err := b.decodeJSON([]byte(body), single); err != nil || !b.sound(single) {
			t.Errorf("%s: %v", body, err)
			continue
		}
		want, err := slowly([]byte(body), operation)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, viewOf(b)); diff != "" {
			t.Errorf("%s (-slow +fast):\n%s", body, diff)
		}
	}
}

const testARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                                       `invalid JSON at byte 0: expected '{'`,
		`[]`:                                     `invalid JSON at byte 0: expected '{'`,
		`{"StreamName":"s"`:                      `invalid JSON at byte 17: expected '}'`,
		`{"StreamName":"s}`:                      `invalid JSON at byte 15: a string without an end`,
		`{"StreamName":3}`:                       `invalid JSON at byte 14: expected '"'`,
		`{"StreamName":"s"} x`:                   `invalid JSON at byte 19: text behind the value`,
		`{"StreamName":"s",}`:                    `invalid JSON at byte 18: expected '"'`,
		`{"StreamName":""}`:                      `invalid JSON at byte 16: an empty string`,
		`{"Records":[{"Data":"a"}]}`:             `illegal base64 data at input byte 0`,
		`{"Records":[{"Data":"eB=="}]}`:          `illegal base64 data at input byte 2`,
		`{"Records":[{"Data":"eA==\n"}]}`:        `invalid JSON at byte 28: base64 with line breaks`,
		`{"Records":null}`:                       `invalid JSON at byte 11: expected '['`,
		`{"X":tru}`:                              `invalid JSON at byte 5: expected a value`,
		`{"X":}`:                                 `invalid JSON at byte 5: expected a value`,
		`{"StreamName":"\q"}`:                    `invalid JSON at byte 15: a string that is not JSON`,
		"{\"StreamName\":\"a\nb\"}":              `invalid JSON at byte 15: a string that is not JSON`,
		`{"X":` + strings.Repeat("[", 200) + `}`: `invalid JSON at byte 106: nested more than 100 deep`,
	} {
		err := new(batch).decodeJSON([]byte(body), false)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", body, err, want)
		}
	}
}

// FuzzDecodeJSON: what the fast way takes, the slow one takes too and finds the same in it.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"Records":[{"PartitionKey":"k","ExplicitHashKey":"12","Data":"aGVsbG8="}],"StreamName":"s"}`), false)
	f.Add([]byte(`{"X":{"a":[1,2.5e-3,true,null,"x\"y"]},"StreamName":"\u00e9","Records":[{"Data":"eA==","PartitionKey":"\u00e9"}]}`), false)
	f.Add([]byte(`{"Data":"AA==","PartitionKey":"k","StreamName":"s","SequenceNumberForOrdering":"0"}`), true)
	f.Add([]byte(`{"Data":"AAAA\nAAAA","PartitionKey":"k","StreamName":"s"}`), true)
	f.Fuzz(func(t *testing.T, body []byte, single bool) {
		operation := "PutRecords"
		if single {
			operation = "PutRecord"
		}
		b := new(batch)
		if b.decodeJSON(body, single) != nil || !b.sound(single) {
			return
		}
		want, err := slowly(body, operation)
		if err != nil {
			t.Fatalf("%q was taken: %v", body, err)
		}
		if diff := cmp.Diff(want, viewOf(b)); diff != "" {
			t.Errorf("%q (-slow +fast):\n%s", body, diff)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("0123456789abcdef"))
	f.Add([]byte("0123456\\89abcdef"))
	f.Add([]byte("0123456\x1f89\xffbcdef"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want := !bytes.ContainsFunc(b, func(r rune) bool { return r == '\\' || r < ' ' || r >= 0x80 })
		if got := plain(b); got != want {
			t.Errorf("plain(%q) = %v", b, got)
		}
	})
}

// FuzzRequest: no body of either format, for any operation, makes the service panic or
// answer with anything but an error of the client or success.
func FuzzRequest(f *testing.F) {
	names := slices.Sorted(maps.Keys(shapes))
	f.Add(uint8(0), true, []byte("\xbf\x67Records\x9f\xbf\x64Data\x41x\x6cPartitionKey\x61k\xff\xff\xff"))
	for i := range names {
		f.Add(uint8(i), false, []byte(`{"StreamName":"s","StreamARN":"`+testARN+`","ShardCount":1,"TargetShardCount":2,"ScalingType":"UNIFORM_SCALING","Tags":{"a":"b"},"ResourceARN":"`+testARN+`"}`))
	}
	s := testService(f)
	call(f, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":1}`))
	f.Fuzz(func(t *testing.T, op uint8, cbor bool, body []byte) {
		name := names[int(op)%len(names)]
		if name == "CreateStream" || name == "SubscribeToShard" || strings.Contains(name, "Update") {
			// Streams of many shards take their time, and so do subscriptions.
			r := &request{operation: name, body: body}
			if cbor {
				r.format = awswire.FormatCBOR
			}
			_, _ = r.check(shapes[name])
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "Kinesis_20131202."+name)
		if cbor {
			r.Header.Set("Content-Type", awswire.FormatCBOR.ContentType())
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && !strings.Contains(w.Body.String(), internal) {
			t.Errorf("%s %q: %d %s", name, body, w.Code, w.Body)
		}
	})
}

func BenchmarkDecodeJSON(b *testing.B) {
	var body bytes.Buffer
	body.WriteString(`{"StreamName":"perf","Records":[`)
	data := strings.Repeat("QUJDREVG", 167)
	for i := range 500 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"Data":%q,"PartitionKey":"k%d"}`, data, i)
	}
	body.WriteString(`]}`)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	bt := new(batch)
	for b.Loop() {
		if err := bt.decodeJSON(body.Bytes(), false); err != nil {
			b.Fatal(err)
		}
	}
}
