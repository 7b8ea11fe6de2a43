package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

func testService(tb testing.TB) *Service {
	tb.Helper()
	s, err := Open(servicetest.Env(tb.TempDir()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// call makes a request that must succeed.
func call(tb testing.TB, s *Service, op string, body []byte) []byte {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+op)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		tb.Fatalf("%s: %d %s", op, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

func putBody(n, size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"StreamName":"s","Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Data":%q,"PartitionKey":"k%d"}`, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(i)}, size)), i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func TestRefusedAfterClose(t *testing.T) {
	t.Parallel()
	s := testService(t)
	call(t, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":1}`))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"PutRecords", "CreateStream", "DeleteStream"} {
		name := map[bool]string{true: "new", false: "s"}[op == "CreateStream"]
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(fmt.Appendf(nil, `{"StreamName":%q,"ShardCount":1,"Records":[{"Data":"","PartitionKey":"k"}]}`, name)))
		r.Header.Set("X-Amz-Target", op)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			t.Errorf("%s works after Close: %s", op, w.Body)
		}
	}
}

func BenchmarkPutRecords(b *testing.B) {
	s := testService(b)
	call(b, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":4}`))
	body := putBody(500, 1000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		call(b, s, "PutRecords", body)
	}
}

func BenchmarkGetRecords(b *testing.B) {
	s := testService(b)
	call(b, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":1}`))
	call(b, s, "PutRecords", putBody(500, 1000))
	var it struct{ ShardIterator string }
	if err := json.Unmarshal(call(b, s, "GetShardIterator", []byte(`{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)), &it); err != nil {
		b.Fatal(err)
	}
	body := fmt.Appendf(nil, `{"ShardIterator":%q}`, it.ShardIterator)
	b.SetBytes(500 * 1000)
	b.ReportAllocs()
	for b.Loop() {
		call(b, s, "GetRecords", body)
	}
}
