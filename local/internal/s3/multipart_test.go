package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (w *world) create(t *testing.T, key string, alg s3types.ChecksumAlgorithm, typ s3types.ChecksumType) *string {
	t.Helper()
	out, err := w.c.CreateMultipartUpload(w.ctx, &awss3.CreateMultipartUploadInput{
		Bucket: aws.String("lake"), Key: &key, ChecksumAlgorithm: alg, ChecksumType: typ, ContentType: aws.String("text/x"), Metadata: map[string]string{"m": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.UploadId
}

func (w *world) part(t *testing.T, key string, id *string, n int32, body []byte, alg s3types.ChecksumAlgorithm) s3types.CompletedPart {
	t.Helper()
	out, err := w.c.UploadPart(w.ctx, &awss3.UploadPartInput{
		Bucket: aws.String("lake"), Key: &key, UploadId: id, PartNumber: &n, Body: bytes.NewReader(body), ChecksumAlgorithm: alg,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s3types.CompletedPart{
		PartNumber: &n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
		ChecksumCRC64NVME: out.ChecksumCRC64NVME, ChecksumSHA1: out.ChecksumSHA1, ChecksumSHA256: out.ChecksumSHA256,
	}
}

func (w *world) complete(key string, id *string, change func(*awss3.CompleteMultipartUploadInput), parts ...s3types.CompletedPart) (*awss3.CompleteMultipartUploadOutput, error) {
	in := &awss3.CompleteMultipartUploadInput{Bucket: aws.String("lake"), Key: &key, UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}}
	if change != nil {
		change(in)
	}
	return w.c.CompleteMultipartUpload(w.ctx, in)
}

func twoParts() (a, b []byte) {
	return bytes.Repeat([]byte("0123456789abcdef"), minPart/16), []byte("the end")
}

// Every algorithm in its types, across a restart of the server.
func TestMultipart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := twoParts()
	whole := append(bytes.Clone(a), b...)
	for _, alg := range algorithms() {
		for typ, can := range map[string]bool{composite: alg.composite, fullObject: alg.full} {
			key := "m-" + alg.name + typ
			name := s3types.ChecksumAlgorithm(alg.name)
			if !can {
				_, err := w.c.CreateMultipartUpload(w.ctx, &awss3.CreateMultipartUploadInput{
					Bucket: aws.String("lake"), Key: &key, ChecksumAlgorithm: name, ChecksumType: s3types.ChecksumType(typ),
				})
				wantCode(t, err, "InvalidRequest")
				continue
			}
			id := w.create(t, key, name, s3types.ChecksumType(typ))
			p2 := w.part(t, key, id, 7, b, name)
			p1 := w.part(t, key, id, 3, a, name)
			w.reopen(t)
			out, err := w.complete(key, id, nil, p1, p2)
			if err != nil {
				t.Fatalf("%s %s: %v", alg.name, typ, err)
			}
			if !strings.HasSuffix(*out.ETag, `-2"`) || string(out.ChecksumType) != typ {
				t.Errorf("%s %s: ETag %s, type %s", alg.name, typ, *out.ETag, out.ChecksumType)
			}
			o := w.object(key)
			h := alg.hash()
			_, _ = h.Write(whole)
			if typ == fullObject && o.Sum.Value != sumText(h) {
				t.Errorf("%s: checksum of the whole is %s, want %s", alg.name, o.Sum.Value, sumText(h))
			}
			if typ == composite && !strings.HasSuffix(o.Sum.Value, "-2") {
				t.Errorf("%s: composite checksum is %s", alg.name, o.Sum.Value)
			}
			if got := w.get(t, key); got != string(whole) {
				t.Errorf("%s: %d bytes came back", alg.name, len(got))
			}
			attrs, err := w.c.GetObjectAttributes(w.ctx, &awss3.GetObjectAttributesInput{
				Bucket: aws.String("lake"), Key: &key,
				ObjectAttributes: []s3types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"},
			})
			if err != nil || *attrs.ObjectSize != int64(len(whole)) || *attrs.ObjectParts.TotalPartsCount != 2 || string(attrs.Checksum.ChecksumType) != typ {
				t.Errorf("%s: attributes %+v, %v", alg.name, attrs, err)
			}
			got, err := w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key, PartNumber: aws.Int32(2)})
			if err != nil || *got.ContentLength != int64(len(b)) || *got.PartsCount != 2 {
				t.Errorf("%s: part 2 %+v, %v", alg.name, got, err)
			}
		}
	}
}

// A client that lost the answer to Complete asks again and hears the same.
func TestCompleteAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.create(t, "k", "", "")
	p := w.part(t, "k", id, 1, []byte("only"), "")
	once := func(in *awss3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }
	first, err := w.complete("k", id, once, p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.complete("k", id, once, p)
	if err != nil || *again.ETag != *first.ETag {
		t.Fatalf("again: %+v, %v", again, err)
	}
	w.reopen(t)
	if again, err = w.complete("k", id, once, p); err != nil || *again.ETag != *first.ETag {
		t.Fatalf("after a restart: %+v, %v", again, err)
	}
	other := p
	other.ETag = aws.String(`"00000000000000000000000000000000"`)
	_, err = w.complete("k", id, nil, other)
	wantCode(t, err, "NoSuchUpload")
	_, err = w.complete("other", id, nil, p)
	wantCode(t, err, "NoSuchUpload")
	_, err = w.c.UploadPart(w.ctx, &awss3.UploadPartInput{Bucket: aws.String("lake"), Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(2), Body: stringReader("x")})
	wantCode(t, err, "NoSuchUpload")
}

func TestCompleteConditions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "k", "there")
	id := w.create(t, "k", "", "")
	p := w.part(t, "k", id, 1, []byte("new"), "")
	_, err := w.complete("k", id, func(in *awss3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }, p)
	wantCode(t, err, "PreconditionFailed")
	_, err = w.complete("k", id, func(in *awss3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(`"x"`) }, p)
	wantCode(t, err, "PreconditionFailed")
	if w.get(t, "k") != "there" {
		t.Error("a refused completion changed the object")
	}
	if _, err = w.complete("k", id, func(in *awss3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(`"` + w.object("k").ETag + `"`) }, p); err != nil {
		t.Fatal(err)
	}
	o := w.object("k")
	if w.get(t, "k") != "new" || o.Meta["m"] != "1" || o.Header["Content-Type"] != "text/x" {
		t.Errorf("object %+v", o)
	}
}

func TestCompleteMistakes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := twoParts()
	id := w.create(t, "k", "", "")
	small := w.part(t, "k", id, 1, b, "")
	last := w.part(t, "k", id, 2, b, "")
	_, err := w.complete("k", id, nil, small, last)
	wantCode(t, err, "EntityTooSmall")
	_, err = w.complete("k", id, nil, last, small)
	wantCode(t, err, "InvalidPartOrder")
	_, err = w.complete("k", id, nil, s3types.CompletedPart{PartNumber: aws.Int32(9), ETag: small.ETag})
	wantCode(t, err, "InvalidPart")
	_, err = w.complete("k", id, nil)
	wantCode(t, err, "MalformedXML")
	_, err = w.complete("k", id, func(in *awss3.CompleteMultipartUploadInput) { in.MpuObjectSize = aws.Int64(1) }, last)
	wantCode(t, err, "InvalidRequest")
	_, err = w.complete("k", aws.String("nope"), nil, last)
	wantCode(t, err, "NoSuchUpload")
	big := w.part(t, "k", id, 1, a, "") // replaces
	if _, err = w.complete("k", id, nil, big, last); err != nil {
		t.Fatal(err)
	}

	id = w.create(t, "c", s3types.ChecksumAlgorithmSha256, "")
	_, err = w.c.UploadPart(w.ctx, &awss3.UploadPartInput{Bucket: aws.String("lake"), Key: aws.String("c"), UploadId: id, PartNumber: aws.Int32(1), Body: stringReader("x")})
	wantCode(t, err, "InvalidRequest") // the SDK's own CRC32 is not the upload's algorithm
	p := w.part(t, "c", id, 1, b, s3types.ChecksumAlgorithmSha256)
	bare := s3types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag}
	_, err = w.complete("c", id, nil, bare)
	wantCode(t, err, "InvalidRequest")
	if !strings.Contains(err.Error(), "must include the checksum for each part") {
		t.Errorf("%v", err)
	}

	id = w.create(t, "f", s3types.ChecksumAlgorithmCrc32, s3types.ChecksumTypeFullObject)
	p = w.part(t, "f", id, 1, b, s3types.ChecksumAlgorithmCrc32)
	_, err = w.complete("f", id, func(in *awss3.CompleteMultipartUploadInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") }, p)
	wantCode(t, err, "BadDigest")
	if w.object("f") != nil {
		t.Error("an object with a wrong checksum is visible")
	}
	w.noTemps(t)
}

func TestAbortAndLists(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var ids []*string
	for _, k := range []string{"a/1", "a/2", "b", "b"} {
		ids = append(ids, w.create(t, k, "", ""))
	}
	for n := range int32(3) {
		w.part(t, "b", ids[2], n+1, []byte("x"), "")
	}
	parts, err := w.c.ListParts(w.ctx, &awss3.ListPartsInput{Bucket: aws.String("lake"), Key: aws.String("b"), UploadId: ids[2], MaxParts: aws.Int32(2)})
	if err != nil || len(parts.Parts) != 2 || !*parts.IsTruncated || *parts.NextPartNumberMarker != "2" {
		t.Fatalf("%+v, %v", parts, err)
	}
	parts, err = w.c.ListParts(w.ctx, &awss3.ListPartsInput{Bucket: aws.String("lake"), Key: aws.String("b"), UploadId: ids[2], PartNumberMarker: aws.String("2")})
	if err != nil || len(parts.Parts) != 1 || *parts.IsTruncated || *parts.Parts[0].PartNumber != 3 {
		t.Fatalf("%+v, %v", parts, err)
	}
	list, err := w.c.ListMultipartUploads(w.ctx, &awss3.ListMultipartUploadsInput{Bucket: aws.String("lake"), Delimiter: aws.String("/")})
	if err != nil || len(list.Uploads) != 2 || len(list.CommonPrefixes) != 1 || *list.Uploads[0].UploadId != *ids[2] {
		t.Fatalf("%+v, %v", list, err)
	}
	var all []string
	in := &awss3.ListMultipartUploadsInput{Bucket: aws.String("lake"), MaxUploads: aws.Int32(1)}
	for {
		out, err := w.c.ListMultipartUploads(w.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Uploads {
			all = append(all, *u.UploadId)
		}
		if !*out.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
	if len(all) != 4 {
		t.Fatalf("%d uploads by pages of one", len(all))
	}
	if _, err := w.c.AbortMultipartUpload(w.ctx, &awss3.AbortMultipartUploadInput{Bucket: aws.String("lake"), Key: aws.String("b"), UploadId: ids[2]}); err != nil {
		t.Fatal(err)
	}
	w.reopen(t)
	_, err = w.c.ListParts(w.ctx, &awss3.ListPartsInput{Bucket: aws.String("lake"), Key: aws.String("b"), UploadId: ids[2]})
	wantCode(t, err, "NoSuchUpload")
	_, err = w.c.AbortMultipartUpload(w.ctx, &awss3.AbortMultipartUploadInput{Bucket: aws.String("lake"), Key: aws.String("b"), UploadId: ids[2]})
	wantCode(t, err, "NoSuchUpload")
}

func TestUploadPartCopy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "src", "0123456789")
	id := w.create(t, "dst", "", "")
	out, err := w.c.UploadPartCopy(w.ctx, &awss3.UploadPartCopyInput{
		Bucket: aws.String("lake"), Key: aws.String("dst"), UploadId: id, PartNumber: aws.Int32(1), CopySource: aws.String("/lake/src"), CopySourceRange: aws.String("bytes=2-5"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"bytes=2-", "bytes=5-10", "2-5"} {
		_, err := w.c.UploadPartCopy(w.ctx, &awss3.UploadPartCopyInput{
			Bucket: aws.String("lake"), Key: aws.String("dst"), UploadId: id, PartNumber: aws.Int32(1), CopySource: aws.String("lake/src"), CopySourceRange: &bad,
		})
		wantCode(t, err, "InvalidArgument")
	}
	if _, err := w.complete("dst", id, nil, s3types.CompletedPart{PartNumber: aws.Int32(1), ETag: out.CopyPartResult.ETag}); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, "dst"); got != "2345" {
		t.Errorf("body %q", got)
	}
}

// Of many completions of one upload all hear the same answer, and the object is made once.
func TestCompleteAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.create(t, "k", "", "")
	p := w.part(t, "k", id, 1, []byte("x"), "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.complete("k", id, func(in *awss3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }, p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A part that ends early is no part, and says so.
func TestPartCutOff(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.create(t, "k", "", "")
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut,
		"http://127.0.0.1/lake/k?partNumber=1&uploadId="+*id, io.MultiReader(strings.NewReader("abc"), brokenReader{}))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 10
	resp, err := inProcess{w.s}.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusOK {
		t.Fatalf("%+v, %v", resp, err)
	}
	parts, err := w.c.ListParts(w.ctx, &awss3.ListPartsInput{Bucket: aws.String("lake"), Key: aws.String("k"), UploadId: id})
	if err != nil || len(parts.Parts) != 0 {
		t.Fatalf("%+v, %v", parts, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the client has gone") }
