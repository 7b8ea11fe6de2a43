package kinesis

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// viewByLibrary decodes with encoding/json.
func viewByLibrary(body []byte) (putView, error) {
	var in putRecordsInput
	if err := json.Unmarshal(body, &in); err != nil {
		return putView{}, err
	}
	v := putView{Stream: in.StreamName, ARN: in.StreamARN}
	for _, r := range in.Records {
		rv := recordView{Key: r.PartitionKey, Explicit: r.ExplicitHashKey, HasData: r.Data != nil}
		if r.Data != nil {
			rv.Data = string(*r.Data)
		}
		v.Records = append(v.Records, rv)
	}
	return v, nil
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`,
		`{"StreamName":"s","Records":[]}`,
		`{"Records":[{"Data":"aGVsbG8=","PartitionKey":"k"}],"StreamName":"s"}`,
		`{"Records":[{"PartitionKey":"k","ExplicitHashKey":"12","Data":"aGVsbG8="},{"Data":"","PartitionKey":"a"}],"StreamARN":"arn"}`,
		" {\n\t\"StreamName\" : \"s\" , \"Records\" : [ { \"Data\" : \"aGVsbG8\\u003d\" , \"PartitionKey\" : \"k\\u00e9\\\"\\n\" } ] } ",
		`{"StreamName":null,"Records":null,"Unknown":{"a":[1,2.5e-3,true,null,"x\"y"]},"More":-1}`,
		`{"Records":[{"Data":null,"PartitionKey":null,"ExplicitHashKey":null}]}`,
		`{"Records":[{"Data":"aGVsbG8=","Data":"eA==","PartitionKey":"a","PartitionKey":"b"}],"StreamName":"a","StreamName":"b"}`,
		`{"Records":[{"Data":"AA==","PartitionKey":"日本語🎉"}]}`,
	} {
		b := new(batch)
		if err := b.decodeJSON([]byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		want, err := viewByLibrary([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, viewOf(b)); diff != "" {
			t.Errorf("%s (-encoding/json +ours):\n%s", body, diff)
		}
	}
}

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
		`{"Records":[{"Data":"a"}]}`:             `the Data of record 1 is not base64: illegal base64 data at input byte 0`,
		`{"X":tru}`:                              `invalid JSON at byte 5: expected a value`,
		`{"X":}`:                                 `invalid JSON at byte 5: expected a value`,
		`{"StreamName":"\q"}`:                    `invalid JSON at byte 15: a string that is not JSON`,
		"{\"StreamName\":\"a\nb\"}":              `invalid JSON at byte 15: a string that is not JSON`,
		`{"X":` + strings.Repeat("[", 200) + `}`: `invalid JSON at byte 106: nested more than 100 deep`,
	} {
		err := new(batch).decodeJSON([]byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", body, err, want)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"Records":[{"PartitionKey":"k","ExplicitHashKey":"12","Data":"aGVsbG8="}],"StreamName":"s"}`))
	f.Add([]byte(`{"X":{"a":[1,2.5e-3,true,null,"x\"y"]},"StreamName":"\u00e9"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := new(batch)
		err := b.decodeJSON(body)
		// encoding/json takes member names in any case, the service does not.
		lower := bytes.ToLower(body)
		for _, name := range []string{"StreamName", "StreamARN", "StreamId", "Records", "Data", "PartitionKey", "ExplicitHashKey"} {
			if bytes.Count(lower, []byte(strings.ToLower(name))) != bytes.Count(body, []byte(name)) {
				return
			}
		}
		if bytes.ContainsRune(body, '\\') || bytes.ContainsRune(body, 0x17f) || bytes.ContainsRune(body, 0x212a) {
			return // a name may be written with escapes, or folded from other letters
		}
		want, lerr := viewByLibrary(body)
		if err == nil && lerr == nil {
			if diff := cmp.Diff(want, viewOf(b)); diff != "" && len(b.entries) < maxDecoded {
				t.Errorf("%q (-encoding/json +ours):\n%s", body, diff)
			}
		} else if err == nil && !json.Valid(body) {
			t.Errorf("%q was taken: %v", body, lerr)
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

func FuzzDecodeCBOR(f *testing.F) {
	seed, err := awswire.EncodeCBOR(putRecordsInput{streamRef: streamRef{StreamName: "s"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\xbf\x67Records\x9f\xbf\x64Data\x41x\x6cPartitionKey\x61k\xff\xff\xff"))
	f.Fuzz(func(_ *testing.T, body []byte) {
		b := new(batch)
		_ = b.decode(&request{format: awswire.FormatCBOR, body: body}) // must not panic
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
		if err := bt.decodeJSON(body.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
