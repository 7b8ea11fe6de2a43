package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

func TestKeyPath(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"raw/clicks/dt=2026-05-24/hr=09/x.parquet": "raw/clicks/dt=2026-05-24/hr=09/x.parquet",
		"a":                      "a%",
		"a/b":                    "a/b%",
		"a/":                     "a/%_%",
		"a.b/c.d":                "a.b%/c.d",
		"_SUCCESS":               "_SUCCESS%",
		"..":                     "%2e%2e%",
		"../x.csv":               "%2e%2e/x.csv",
		"x//y.z":                 "x/%_/y.z",
		"50%":                    "50%25%",
		"a*b.c":                  "a%2ab.c",
		strings.Repeat("k", 201): strings.Repeat("k", 200) + "%~/k%",
	} {
		if got := keyPath(key, false); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	if got := keyPath("Ab/É.txt", true); got != "%41b/%c3%89.txt" {
		t.Errorf("folded: %q", got)
	}
}

func FuzzKeyPath(f *testing.F) {
	for _, k := range anyKeys() {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if key == "" || len(key) > maxKey {
			return
		}
		for _, fold := range []bool{false, true} {
			path := keyPath(key, fold)
			back, err := pathKey(path)
			if err != nil || back != key {
				t.Fatalf("%q became %q became %q, %v", key, path, back, err)
			}
			for part := range strings.SplitSeq(path, "/") {
				if part == "" || part == "." || part == ".." || len(part) > 255 || strings.ContainsAny(part, "\\\x00*?[") {
					t.Fatalf("%q: part %q", key, part)
				}
				if fold && part != strings.ToLower(part) {
					t.Fatalf("%q: part %q has another case", key, part)
				}
			}
			if len(path) > 3400 {
				t.Fatalf("%q: a path of %d bytes", key, len(path))
			}
		}
	})
}

func FuzzPathKey(f *testing.F) {
	for _, k := range anyKeys() {
		f.Add(keyPath(k, false))
	}
	f.Add("%")
	f.Add("a%~")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, path string) {
		if key, err := pathKey(path); err == nil && key == "" && path != "%_%" {
			t.Fatalf("%q is the empty key", path)
		}
	})
}

// chunks frames a body as the SDKs do.
func chunks(payload string, size int, signed bool, trailers ...string) string {
	sig := ""
	if signed {
		sig = ";chunk-signature=" + strings.Repeat("ab", 32)
	}
	var b strings.Builder
	for len(payload) > 0 {
		n := min(size, len(payload))
		fmt.Fprintf(&b, "%x%s\r\n%s\r\n", n, sig, payload[:n])
		payload = payload[n:]
	}
	fmt.Fprintf(&b, "0%s\r\n", sig)
	for _, t := range trailers {
		b.WriteString(t + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

func TestChunkReader(t *testing.T) {
	t.Parallel()
	payload := strings.Repeat("0123456789", 10_000)
	for _, signed := range []bool{false, true} {
		for _, size := range []int{1, 7, 64 << 10, 1 << 20} {
			for name, wrap := range map[string]func(io.Reader) io.Reader{
				"whole": func(r io.Reader) io.Reader { return r }, "by byte": iotest.OneByteReader, "eof with data": iotest.DataErrReader,
			} {
				c := newChunkReader(wrap(strings.NewReader(chunks(payload, size, signed, "x-amz-checksum-crc32:AAAAAA==", "x-amz-trailer-signature:00"))))
				got, err := io.ReadAll(c)
				if err != nil || string(got) != payload || c.trailer.Get("X-Amz-Checksum-Crc32") != "AAAAAA==" {
					t.Errorf("signed %v, chunks of %d, %s: %d bytes, %v, %v", signed, size, name, len(got), c.trailer, err)
				}
			}
		}
	}
	whole := chunks("hello world", 5, false, "x-amz-checksum-crc32:AAAAAA==")
	for cut := range len(whole) - 2 {
		got, err := io.ReadAll(newChunkReader(strings.NewReader(whole[:cut])))
		if err == nil && cut < strings.LastIndex(whole, "0\r\n")+3 {
			t.Errorf("cut at %d: %q passes for whole", cut, got)
		}
	}
	for text, code := range map[string]string{
		"zz\r\nab\r\n0\r\n\r\n":                   "InvalidChunkSizeError",
		"2\r\nabc\r\n0\r\n\r\n":                   "InvalidChunkSizeError",
		"-1\r\n":                                  "InvalidChunkSizeError",
		strings.Repeat("1", 5000) + "\r\n":        "InvalidChunkSizeError",
		"0\r\nno colon\r\n\r\n":                   "MalformedTrailerError",
		"0\r\n" + strings.Repeat("a:b\r\n", 1000): "MalformedTrailerError",
	} {
		_, err := io.ReadAll(newChunkReader(strings.NewReader(text)))
		var e *awswire.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%.20q: %v, want %s", text, err, code)
		}
	}
}

func FuzzChunkReader(f *testing.F) {
	f.Add([]byte(chunks("hello world", 5, true)), 3)
	f.Add([]byte(chunks("hello world", 5, false, "x-amz-checksum-crc32:AAAAAA==")), 100)
	f.Add([]byte("ffffffffffffffff\r\n"), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		got, err := io.ReadAll(newChunkReader(bytes.NewReader(data)))
		if len(got) > len(data) {
			t.Fatalf("%d bytes of %d", len(got), len(data))
		}
		if err != nil && errors.Is(err, io.EOF) {
			t.Fatal("EOF as an error")
		}
		// And back: any bytes survive the framing.
		framed := chunks(string(data), max(1, min(size, 1<<16)), false)
		back, err := io.ReadAll(newChunkReader(strings.NewReader(framed)))
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%d bytes came back, want %d: %v", len(back), len(data), err)
		}
	})
}

func FuzzRequestXML(f *testing.F) {
	f.Add([]byte(`<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key></Object></Delete>`))
	f.Add([]byte(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>"x"</ETag></Part></CompleteMultipartUpload>`))
	f.Add([]byte(`<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`))
	f.Add([]byte(`<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter></Rule></LifecycleConfiguration>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e *awswire.Error
		for _, v := range []any{&deleteXML{}, &completeXML{}, &taggingXML{}, &lifecycle{}} {
			if err := awswire.ReadXML(bytes.NewReader(data), maxXML, v); err != nil && (!errors.As(err, &e) || e.Code != "MalformedXML") {
				t.Fatalf("%T: %v", v, err)
			}
		}
	})
}

func FuzzLog(f *testing.F) {
	var buf bytes.Buffer
	key := "k"
	for _, r := range []*record{{Bucket: &bucketInfo{Created: 1, Region: "r"}}, {Put: &object{Key: "k", ID: "1"}}, {Delete: &key}} {
		if err := encodeLine(&buf, r); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(buf.Bytes())
	f.Add(buf.Bytes()[:buf.Len()-3])
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newState()
		end, lines, err := readLog(data, s.apply)
		if err != nil {
			return
		}
		// What is kept reads the same again, and takes the next record.
		again := newState()
		end2, lines2, err := readLog(data[:end], again.apply)
		if err != nil || end2 != end || lines2 != lines || again.objects.n != s.objects.n {
			t.Fatalf("read again: %d %d, want %d %d: %v", end2, lines2, end, lines, err)
		}
	})
}

// A log that was cut anywhere opens with the records before the cut; one that was changed
// in the middle is refused.
func TestLogDamage(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	ends := []int{0}
	for i := range 20 {
		r := &record{Put: &object{Key: fmt.Sprint(i), ID: "x"}}
		if i == 0 {
			r = &record{Bucket: &bucketInfo{Region: "r"}}
		}
		if err := encodeLine(&buf, r); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, buf.Len())
	}
	data := buf.Bytes()
	for cut := range len(data) {
		want := 0
		for want+1 < len(ends) && ends[want+1] <= cut {
			want++
		}
		_, lines, err := readLog(data[:cut], func(*record) {})
		if err != nil || lines != want {
			t.Fatalf("cut at %d: %d records, want %d: %v", cut, lines, want, err)
		}
	}
	for at := range ends[19] - 1 { // without its end it is one with the last, which may be torn
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if _, _, err := readLog(bad, func(*record) {}); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Fatalf("a flipped bit at %d: %v", at, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "k", "v")
	w.put(t, "l", "v")
	log := filepath.Join(w.env.Dir, ".meta", "lake.log")
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(data)
	bad[20] ^= 1
	if err := os.WriteFile(log, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(w.env); err == nil || !strings.Contains(err.Error(), "lake.log: damaged: the record at byte 0") {
		t.Errorf("damaged log: %v", err)
	}
	if err := os.WriteFile(log, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.env.Dir, ".format"), []byte(`{"format":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(w.env); err == nil || !strings.Contains(err.Error(), "has format 99, this lakekit reads 1: open it with the version that wrote it") {
		t.Errorf("format of the future: %v", err)
	}
}

// The log is shortened while the bucket is in use, and says the same after it.
func TestCompaction(t *testing.T) {
	t.Parallel()
	w := setup(t)
	b, err := w.s.bucket("lake")
	if err != nil {
		t.Fatal(err)
	}
	id := w.create(t, "up", "", "")
	w.part(t, "up", id, 1, []byte("x"), "")
	w.put(t, "kept", "v")
	for range 6000 {
		b.mu.Lock()
		lc := ""
		err := w.s.change(b, &record{Lifecycle: &lc})
		b.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	if b.mu.log.lines > 4096 {
		t.Errorf("the log has %d lines", b.mu.log.lines)
	}
	w.put(t, "later", "w")
	w.reopen(t)
	if w.get(t, "kept") != "v" || w.get(t, "later") != "w" {
		t.Error("objects lost")
	}
	if b, _ := w.s.bucket("lake"); len(b.mu.uploads[*id].parts) != 1 {
		t.Error("upload lost")
	}
}

// Hand-made requests, for what the SDK does not send.
func TestWire(t *testing.T) {
	t.Parallel()
	w := setup(t)
	crc := "DUoRhQ==" // CRC32 of "hello world"
	for name, c := range map[string]struct {
		method, target, body string
		header               map[string]string
		status               int
		want                 string
	}{
		"signed chunks": {
			"PUT", "/lake/w1", chunks("hello world", 5, true),
			map[string]string{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "X-Amz-Decoded-Content-Length": "11", "Content-Encoding": "aws-chunked,gzip"},
			200, "",
		},
		"signed trailer": {
			"PUT", "/lake/w2", chunks("hello world", 5, true, "x-amz-checksum-crc32:"+crc, "x-amz-trailer-signature:00"),
			map[string]string{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "11", "X-Amz-Trailer": "x-amz-checksum-crc32"},
			200, "",
		},
		"wrong trailer": {
			"PUT", "/lake/bad", chunks("hello world", 5, false, "x-amz-checksum-crc32:AAAAAA=="),
			map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "11", "X-Amz-Trailer": "x-amz-checksum-crc32"},
			400, "<Code>BadDigest</Code>",
		},
		"missing trailer": {
			"PUT", "/lake/bad", chunks("hello world", 5, false),
			map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "11", "X-Amz-Trailer": "x-amz-checksum-crc32"},
			400, "<Code>MalformedTrailerError</Code>",
		},
		"decoded length": {
			"PUT", "/lake/bad", chunks("hello world", 5, false),
			map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "12"},
			400, "<Code>IncompleteBody</Code>",
		},
		"wrong sha256": {
			"PUT", "/lake/bad", "hello", map[string]string{"X-Amz-Content-Sha256": strings.Repeat("0", 64)}, 400, "<Code>XAmzContentSHA256Mismatch</Code>",
		},
		"strange sha256": {"PUT", "/lake/bad", "hello", map[string]string{"X-Amz-Content-Sha256": "x"}, 400, "<ArgumentName>x-amz-content-sha256</ArgumentName>"},
		"two checksums": {
			"PUT", "/lake/bad", "hello world", map[string]string{"X-Amz-Checksum-Crc32": crc, "X-Amz-Checksum-Crc32c": crc}, 400, "Multiple checksum Types are not allowed",
		},
		"no checksum of a delete": {"POST", "/lake?delete", "<Delete><Object><Key>a</Key></Object></Delete>", nil, 400, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"},
		"bad XML":                 {"PUT", "/lake?lifecycle", "<a>", nil, 400, "<Code>MalformedXML</Code>"},
		"unknown storage class":   {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Storage-Class": "COLD"}, 400, "<Code>InvalidStorageClass</Code>"},
		"restored storage class":  {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Storage-Class": "GLACIER"}, 501, "GLACIER, whose objects must be restored"},
		"SSE-C":                   {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256"}, 501, "SSE-C"},
		"a key without KMS":       {"PUT", "/lake/bad", "", map[string]string{kmsKey: "k"}, 400, "<Code>InvalidArgument</Code>"},
		"object lock":             {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Object-Lock-Mode": "GOVERNANCE"}, 400, "Bucket is missing Object Lock Configuration"},
		"too much metadata":       {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Meta-A": strings.Repeat("x", 3000)}, 400, "<Code>MetadataTooLarge</Code>"},
		"too many tags":           {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Tagging": "a=1&b&c&d&e&f&g&h&i&j&k"}, 400, "Object tags cannot be greater than 10"},
		"a tag twice":             {"PUT", "/lake/bad", "", map[string]string{"X-Amz-Tagging": "a=1&a=2"}, 400, "<Code>InvalidTag</Code>"},
		"versions":                {"GET", "/lake/w1?versionId=abc", "", nil, 400, "the local lake&#39;s buckets have no versions"},
		"unnamed operation":       {"POST", "/lake/w1?select&select-type=2", "", nil, 501, "does not serve PostSelectObjectContent"},
		"part number":             {"PUT", "/lake/k?partNumber=0&uploadId=x", "", nil, 400, "Part number must be an integer between 1 and 10000"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "http://127.0.0.1"+c.target, strings.NewReader(c.body))
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		rec := httptest.NewRecorder()
		w.s.ServeHTTP(rec, r)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.want) {
			t.Errorf("%s: %d %s, want %d %s", name, rec.Code, rec.Body, c.status, c.want)
		}
	}
	for _, k := range []string{"w1", "w2"} {
		if got := w.get(t, k); got != "hello world" {
			t.Errorf("%s: %q", k, got)
		}
	}
	if got := w.object("w1").Header["Content-Encoding"]; got != "gzip" {
		t.Errorf("content encoding %q", got)
	}
	if w.object("bad") != nil {
		t.Error("a refused put is visible")
	}
	w.noTemps(t)
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rec := httptest.NewRecorder()
	w.s.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "http://127.0.0.1/lake/none", nil))
	if rec.Code != 404 || rec.Body.Len() != 0 {
		t.Errorf("%d %q", rec.Code, rec.Body)
	}
}

func TestOperation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"GET http://s3.us-east-1.amazonaws.com/":                      "ListBuckets",
		"GET http://lake.s3.us-east-1.amazonaws.com/?list-type=2":     "ListObjectsV2",
		"GET http://my.lake.s3.us-east-1.amazonaws.com/k":             "GetObject",
		"GET http://lake.s3.dualstack.eu-west-1.amazonaws.com/k":      "GetObject",
		"PUT http://lake.s3-eu-west-1.amazonaws.com/k?x-id=PutObject": "PutObject",
		"PUT http://s3.us-east-1.amazonaws.com/lake":                  "CreateBucket",
		"PUT http://127.0.0.1:4566/lake/":                             "CreateBucket",
		"PUT http://[::1]:4566/lake/k?partNumber=1&uploadId=2":        "UploadPart",
		"POST http://127.0.0.1:4566/lake/k?uploads":                   "CreateMultipartUpload",
		"POST http://127.0.0.1:4566/lake/k?uploadId=2":                "CompleteMultipartUpload",
		"DELETE http://127.0.0.1:4566/lake/k?uploadId=2":              "AbortMultipartUpload",
		"POST http://127.0.0.1:4566/lake?delete":                      "DeleteObjects",
		"GET http://127.0.0.1:4566/lake?lifecycle":                    "GetBucketLifecycleConfiguration",
		"GET http://127.0.0.1:4566/lake/k?tagging":                    "GetObjectTagging",
		"GET http://127.0.0.1:4566/lake?policy":                       "GetBucketPolicy",
		"PUT http://127.0.0.1:4566/lake/k?acl":                        "PutObjectAcl",
		"HEAD http://127.0.0.1:4566/lake":                             "HeadBucket",
		"GET http://127.0.0.1:4566/lake?prefix=a&delimiter=/":         "ListObjects",
		"PATCH http://127.0.0.1:4566/lake/k":                          "PATCH Object",
		"GET http://127.0.0.1:4566/lake/k?attributes":                 "GetObjectAttributes",
		"GET http://127.0.0.1:4566/lake?uploads":                      "ListMultipartUploads",
		"DELETE http://127.0.0.1:4566/lake?lifecycle":                 "DeleteBucketLifecycle",
		"GET http://127.0.0.1:4566/lake/k?uploadId=x":                 "ListParts",
		"GET http://lake.s3.localhost:4566/k":                         "GetObject",
		"DELETE http://127.0.0.1:4566/":                               "DELETE on the service",
	} {
		method, target, _ := strings.Cut(text, " ")
		if got := parseRequest(httptest.NewRequestWithContext(t.Context(), method, target, nil)).op; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestErrorDocument(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rec := httptest.NewRecorder()
	w.s.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/lake/no%20key", nil))
	var e struct {
		XMLName                                 xml.Name `xml:"Error"`
		Code, Message, Key, Resource, RequestId string
	}
	if err := xml.Unmarshal(rec.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	got := []string{e.Code, e.Message, e.Key, e.Resource, rec.Header().Get("Content-Type")}
	want := []string{"NoSuchKey", "The specified key does not exist.", "no key", "/lake/no key", "application/xml"}
	if d := cmp.Diff(want, got); d != "" || e.RequestId != rec.Header().Get("X-Amz-Request-Id") {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "k", "v")
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	w.s.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/lake/k", nil))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, k := range []string{"a/1", "a/2", "b"} {
		w.put(t, k, k)
	}
	var got []string
	w.s.List("lake", "a/", func(key string, size int64, path string) bool {
		b, err := os.ReadFile(path)
		if err != nil || string(b) != key || size != 3 {
			t.Errorf("%s: %q, %d, %v", key, b, size, err)
		}
		got = append(got, key)
		return true
	})
	if d := cmp.Diff([]string{"a/1", "a/2"}, got); d != "" {
		t.Error(d)
	}
	w.s.List("none", "", func(string, int64, string) bool { t.Error("an object in no bucket"); return true })
	if _, _, _, ok := w.s.Object("lake", "none"); ok {
		t.Error("an object that is not there")
	}
}

func BenchmarkPutObject(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, payload := benchService(b), bytes.Repeat([]byte{'x'}, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPut, fmt.Sprintf("http://127.0.0.1/lake/dt=%d/k.parquet", i%100), bytes.NewReader(payload))
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, r)
				if rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
		})
	}
}

func BenchmarkGetObject(b *testing.B) {
	s := benchService(b)
	payload := bytes.Repeat([]byte{'x'}, 1<<20)
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodPut, "http://127.0.0.1/lake/k", bytes.NewReader(payload)))
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		rec.Body = nil
		s.ServeHTTP(rec, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://127.0.0.1/lake/k", nil))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

func BenchmarkListObjects(b *testing.B) {
	var x index
	for i := range 100_000 {
		x.set(&object{Key: fmt.Sprintf("raw/dt=%03d/%06d", i%365, i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if p := (listing{prefix: "raw/", delimiter: "/", max: 1000}).list(&x); len(p.prefixes) != 365 {
			b.Fatal(len(p.prefixes))
		}
	}
}

func benchService(b *testing.B) *Service {
	env := testEnv(vfs.OS{}, b.TempDir(), false)
	s, err := Open(env)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodPut, "http://127.0.0.1/lake", nil))
	return s
}
