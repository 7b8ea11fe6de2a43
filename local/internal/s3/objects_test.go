package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func stringReader(s string) io.ReadSeeker { return strings.NewReader(s) }

func TestPutGetDelete(t *testing.T) {
	t.Parallel()
	w := setup(t)
	key := "raw/clicks/dt=2026-05-24/hr=09/x.parquet"
	put, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
		Bucket: aws.String("lake"), Key: &key, Body: stringReader("hello"),
		ContentType: aws.String("text/plain"), ContentEncoding: aws.String("gzip"), CacheControl: aws.String("no-store"),
		Metadata: map[string]string{"who": "me"}, StorageClass: s3types.StorageClassStandardIa, Tagging: aws.String("a=1&b=2"),
		ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("alias/k"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *put.ETag, `"5d41402abc4b2a76b9719d911017c592"`; got != want {
		t.Errorf("ETag %s, want %s", got, want)
	}
	if *put.SSEKMSKeyId != "alias/k" || put.ServerSideEncryption != s3types.ServerSideEncryptionAwsKms {
		t.Errorf("encryption is not shown: %v %v", put.SSEKMSKeyId, put.ServerSideEncryption)
	}
	w.reopen(t)
	h, err := w.c.HeadObject(w.ctx, &awss3.HeadObjectInput{Bucket: aws.String("lake"), Key: &key, ChecksumMode: s3types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{*h.ContentLength, *h.ContentType, *h.ContentEncoding, *h.CacheControl, h.Metadata, h.StorageClass, *h.TagCount, *h.SSEKMSKeyId, *h.ChecksumCRC32, h.ChecksumType}
	want := []any{
		int64(5), "text/plain", "gzip", "no-store",
		map[string]string{"who": "me"},
		s3types.StorageClassStandardIa, int32(2), "alias/k",
		"NhCmhg==", s3types.ChecksumTypeFullObject,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("HeadObject (-want +got):\n%s", d)
	}
	if got := w.get(t, key); got != "hello" {
		t.Errorf("body %q", got)
	}
	plain, err := os.ReadFile(filepath.Join(w.env.Dir, "lake", key))
	if err != nil || string(plain) != "hello" {
		t.Errorf("the file is %q, %v", plain, err)
	}
	path, size, etag, ok := w.s.Object("lake", key)
	if !ok || size != 5 || etag != "5d41402abc4b2a76b9719d911017c592" || path != filepath.Join(w.env.Dir, "lake", key) {
		t.Errorf("Object: %s %d %s %v", path, size, etag, ok)
	}
	if _, err := w.c.DeleteObject(w.ctx, &awss3.DeleteObjectInput{Bucket: aws.String("lake"), Key: &key}); err != nil {
		t.Fatal(err)
	}
	_, err = w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
	wantCode(t, err, "NoSuchKey")
	_, err = w.c.HeadObject(w.ctx, &awss3.HeadObjectInput{Bucket: aws.String("lake"), Key: &key})
	wantCode(t, err, "NotFound")
	if _, err := os.Stat(filepath.Join(w.env.Dir, "lake", "raw")); !os.IsNotExist(err) {
		t.Errorf("empty folders stay behind: %v", err)
	}
	w.reopen(t)
	_, err = w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
	wantCode(t, err, "NoSuchKey")
}

// Every algorithm is verified, stored and echoed, in a header and in a trailer.
func TestChecksums(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, alg := range s3types.ChecksumAlgorithm("").Values() {
		if _, ok := findAlgorithm(string(alg)); !ok {
			continue
		}
		key := "k-" + string(alg)
		_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
			Bucket: aws.String("lake"), Key: &key, Body: stringReader("hello world"), ChecksumAlgorithm: alg,
		})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		o := w.object(key)
		a, _ := findAlgorithm(string(alg))
		h := a.hash()
		_, _ = h.Write([]byte("hello world"))
		if o.Sum.Alg != string(alg) || o.Sum.Value != sumText(h) {
			t.Errorf("%s: stored %+v, want %s", alg, o.Sum, sumText(h))
		}
		if got := w.get(t, key); got != "hello world" { // the SDK validates
			t.Errorf("%s: %q", alg, got)
		}
		bad := base64.StdEncoding.EncodeToString(make([]byte, a.size))
		in := &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("bad"), Body: stringReader("hello world")}
		x := makeSums(string(alg), bad)
		in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME = nonEmpty(x.ChecksumCRC32), nonEmpty(x.ChecksumCRC32C), nonEmpty(x.ChecksumCRC64NVME)
		in.ChecksumSHA1, in.ChecksumSHA256 = nonEmpty(x.ChecksumSHA1), nonEmpty(x.ChecksumSHA256)
		_, err = w.c.PutObject(w.ctx, in)
		wantCode(t, err, "BadDigest")
		if o := w.object("bad"); o != nil {
			t.Errorf("%s: a put with a wrong checksum is visible", alg)
		}
	}
	sum := md5.Sum([]byte("other"))
	_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("bad"), Body: stringReader("hello"),
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	wantCode(t, err, "BadDigest")
	_, err = w.c.PutObject(w.ctx, &awss3.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("bad"), Body: stringReader("hello"), ContentMD5: aws.String("no"),
	})
	wantCode(t, err, "InvalidDigest")
	w.noTemps(t)
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (w *world) object(key string) *object {
	_, o, err := w.s.lookup("lake", key)
	if err != nil {
		return nil
	}
	return o
}

func (w *world) noTemps(t *testing.T) {
	t.Helper()
	es, err := os.ReadDir(filepath.Join(w.env.Dir, ".tmp"))
	if err != nil || len(es) > 0 {
		t.Errorf("files left in .tmp: %v %v", es, err)
	}
}

// A reader that cannot seek goes over https with a trailer, and arrives without framing.
func TestStreamedPut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	big := strings.Repeat("0123456789abcdef", 20_000)
	_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("s"), Body: io.MultiReader(strings.NewReader(big)), ContentLength: aws.Int64(int64(len(big))),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, "s"); got != big {
		t.Errorf("%d bytes came back, want %d", len(got), len(big))
	}
}

func TestConditionalPut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	put := func(key, body string, ifNone, ifMatch *string) error {
		_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
			Bucket: aws.String("lake"), Key: &key, Body: stringReader(body), IfNoneMatch: ifNone, IfMatch: ifMatch,
		})
		return err
	}
	star := aws.String("*")
	if err := put("a", "1", star, nil); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put("a", "2", star, nil), "PreconditionFailed")
	wantCode(t, put("a", "2", aws.String(`"x"`), nil), "NotImplemented")
	wantCode(t, put("a", "2", nil, aws.String(`"00000000000000000000000000000000"`)), "PreconditionFailed")
	wantCode(t, put("b", "2", nil, aws.String(`"00000000000000000000000000000000"`)), "NoSuchKey")
	if err := put("a", "2", nil, aws.String(`"c4ca4238a0b923820dcc509a6f75849b"`)); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, "a"); got != "2" {
		t.Errorf("body %q", got)
	}
	_, err := w.c.DeleteObject(w.ctx, &awss3.DeleteObjectInput{Bucket: aws.String("lake"), Key: aws.String("a"), IfMatch: aws.String(`"bad"`)})
	wantCode(t, err, "PreconditionFailed")
	w.noTemps(t)
}

// Of many writers with If-None-Match: * one wins. The others hear 412 when they came
// later, 409 when they were overtaken.
func TestConditionalRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for round := range 20 {
		key := fmt.Sprintf("commit-%d", round)
		var wg sync.WaitGroup
		wins := make([]bool, 8)
		for i := range wins {
			wg.Go(func() {
				_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
					Bucket: aws.String("lake"), Key: &key, Body: stringReader(fmt.Sprint(i)), IfNoneMatch: aws.String("*"),
				})
				wins[i] = err == nil
				if err != nil && !strings.Contains(err.Error(), "PreconditionFailed") && !strings.Contains(err.Error(), "ConditionalRequestConflict") {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		winner, n := -1, 0
		for i, won := range wins {
			if won {
				winner, n = i, n+1
			}
		}
		if n != 1 || w.get(t, key) != fmt.Sprint(winner) {
			t.Fatalf("%d winners, object %q", n, w.get(t, key))
		}
	}
}

// A writer that passed the condition and is overtaken during its body gets 409.
func TestConditionOvertaken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	pr, pw := io.Pipe()
	errs := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		_, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
			Bucket: aws.String("lake"), Key: aws.String("k"), Body: pr, ContentLength: aws.Int64(3), IfNoneMatch: aws.String("*"),
		})
		errs <- err
	}()
	go func() {
		_, _ = pw.Write([]byte("a")) // the pipe hands over when the server reads
		close(started)
	}()
	<-started
	w.put(t, "k", "first")
	_, _ = pw.Write([]byte("bc"))
	_ = pw.Close()
	wantCode(t, <-errs, "ConditionalRequestConflict")
	if got := w.get(t, "k"); got != "first" {
		t.Errorf("body %q", got)
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "r", "0123456789")
	w.put(t, "empty", "")
	for _, c := range []struct{ rng, want, contentRange string }{
		{"bytes=0-3", "0123", "bytes 0-3/10"},
		{"bytes=8-", "89", "bytes 8-9/10"},
		{"bytes=8-100", "89", "bytes 8-9/10"},
		{"bytes=-3", "789", "bytes 7-9/10"},
		{"bytes=-30", "0123456789", "bytes 0-9/10"},
		{"bytes=0-1,4-5", "0123456789", ""},
		{"lines=0-1", "0123456789", ""},
		{"bytes=5-2", "0123456789", ""},
	} {
		out, err := w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("r"), Range: &c.rng})
		if err != nil {
			t.Errorf("%s: %v", c.rng, err)
			continue
		}
		b, err := io.ReadAll(out.Body)
		if err != nil || string(b) != c.want || aws.ToString(out.ContentRange) != c.contentRange || *out.ContentLength != int64(len(c.want)) {
			t.Errorf("%s: %q, %v, %v", c.rng, b, aws.ToString(out.ContentRange), err)
		}
	}
	for _, c := range []struct{ key, rng string }{{"r", "bytes=10-"}, {"r", "bytes=-0"}, {"empty", "bytes=0-0"}, {"empty", "bytes=-1"}} {
		_, err := w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &c.key, Range: &c.rng})
		wantCode(t, err, "InvalidRange")
	}
}

func TestReadConditions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	etag := w.put(t, "c", "x").ETag
	past, future := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		in   awss3.GetObjectInput
		code string // empty: answered
	}{
		"match":                        {awss3.GetObjectInput{IfMatch: etag}, ""},
		"match star":                   {awss3.GetObjectInput{IfMatch: aws.String("*")}, ""},
		"no match":                     {awss3.GetObjectInput{IfMatch: aws.String(`"y"`)}, "PreconditionFailed"},
		"match wins over time":         {awss3.GetObjectInput{IfMatch: etag, IfUnmodifiedSince: past}, ""},
		"modified":                     {awss3.GetObjectInput{IfUnmodifiedSince: past}, "PreconditionFailed"},
		"none match":                   {awss3.GetObjectInput{IfNoneMatch: etag}, "NotModified"},
		"none match wins over time":    {awss3.GetObjectInput{IfNoneMatch: aws.String(`"y"`), IfModifiedSince: future}, ""},
		"unchanged since":              {awss3.GetObjectInput{IfModifiedSince: future}, "NotModified"},
		"changed since":                {awss3.GetObjectInput{IfModifiedSince: past}, ""},
		"none match and changed since": {awss3.GetObjectInput{IfNoneMatch: etag, IfModifiedSince: past}, "NotModified"},
	} {
		c.in.Bucket, c.in.Key = aws.String("lake"), aws.String("c")
		_, err := w.c.GetObject(w.ctx, &c.in)
		switch {
		case c.code == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.code != "" && (err == nil || !strings.Contains(err.Error(), c.code)):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	src := "dir/a b+c.txt"
	if _, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{
		Bucket: aws.String("lake"), Key: &src, Body: stringReader("copy me"), ContentType: aws.String("text/x"),
		Metadata: map[string]string{"k": "v"}, Tagging: aws.String("t=1"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256,
	}); err != nil {
		t.Fatal(err)
	}
	source := aws.String("lake/dir/a%20b%2Bc.txt")
	out, err := w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String("b"), CopySource: source})
	if err != nil {
		t.Fatal(err)
	}
	if out.CopyObjectResult.ChecksumSHA256 == nil {
		t.Error("the copy has no checksum of the source's algorithm")
	}
	o := w.object("b")
	if o.Meta["k"] != "v" || o.Header["Content-Type"] != "text/x" || len(o.Tags) != 1 || w.get(t, "b") != "copy me" {
		t.Errorf("copy is %+v", o)
	}
	if _, err := w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("b"), CopySource: source, MetadataDirective: s3types.MetadataDirectiveReplace,
		Metadata: map[string]string{"n": "1"}, TaggingDirective: s3types.TaggingDirectiveReplace,
	}); err != nil {
		t.Fatal(err)
	}
	if o := w.object("b"); o.Meta["k"] != "" || o.Meta["n"] != "1" || o.Header["Content-Type"] != "" || len(o.Tags) != 0 {
		t.Errorf("replaced copy is %+v", o)
	}
	_, err = w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String("c"), CopySource: source, CopySourceIfMatch: aws.String(`"x"`)})
	wantCode(t, err, "PreconditionFailed")
	_, err = w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String("b"), CopySource: source, IfNoneMatch: aws.String("*")})
	wantCode(t, err, "PreconditionFailed")
	_, err = w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{Bucket: aws.String("lake"), Key: &src, CopySource: source})
	wantCode(t, err, "InvalidRequest")
	_, err = w.c.CopyObject(w.ctx, &awss3.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String("c"), CopySource: aws.String("lake/none")})
	wantCode(t, err, "NoSuchKey")
}

func TestDeleteObjectsAndBucket(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, k := range []string{"a", "a/b", "a/b/", "c"} {
		w.put(t, k, k)
	}
	_, err := w.c.DeleteBucket(w.ctx, &awss3.DeleteBucketInput{Bucket: aws.String("lake")})
	wantCode(t, err, "BucketNotEmpty")
	ids := []s3types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String("missing")}, {Key: aws.String("c"), ETag: aws.String(`"no"`)}}
	out, err := w.c.DeleteObjects(w.ctx, &awss3.DeleteObjectsInput{Bucket: aws.String("lake"), Delete: &s3types.Delete{Objects: ids}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "PreconditionFailed" {
		t.Errorf("deleted %d, errors %+v", len(out.Deleted), out.Errors)
	}
	if w.get(t, "a/b") != "a/b" || w.get(t, "a/b/") != "a/b/" {
		t.Error("deleting a took what lies below it")
	}
	for _, k := range []string{"a/b", "a/b/", "c"} {
		if _, err := w.c.DeleteObject(w.ctx, &awss3.DeleteObjectInput{Bucket: aws.String("lake"), Key: &k}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.c.DeleteBucket(w.ctx, &awss3.DeleteBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.c.PutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Body: stringReader("")})
	wantCode(t, err, "NoSuchBucket")
	w.reopen(t)
	_, err = w.c.ListObjectsV2(w.ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("lake")})
	wantCode(t, err, "NoSuchBucket")
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, name := range []string{"Bad", "ab", "a..b", "192.168.0.1", "-abc", "xn--abc"} {
		_, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{Bucket: &name})
		if err == nil {
			t.Errorf("bucket %q is taken", name)
		}
	}
	if _, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Errorf("in us-east-1 a bucket may be made again: %v", err)
	}
	if _, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{Bucket: aws.String("other.one")}); err != nil {
		t.Fatal(err)
	}
	_, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{
		Bucket: aws.String("far"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	wantCode(t, err, "IllegalLocationConstraintException")
	out, err := w.c.ListBuckets(w.ctx, &awss3.ListBucketsInput{})
	if err != nil || len(out.Buckets) != 2 || *out.Buckets[0].Name != "lake" || *out.Buckets[1].Name != "other.one" {
		t.Errorf("buckets %+v, %v", out, err)
	}
	loc, err := w.c.GetBucketLocation(w.ctx, &awss3.GetBucketLocationInput{Bucket: aws.String("lake")})
	if err != nil || loc.LocationConstraint != "" {
		t.Errorf("location %+v, %v", loc, err)
	}
	if _, err := w.c.HeadBucket(w.ctx, &awss3.HeadBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Error(err)
	}
	_, err = w.c.HeadBucket(w.ctx, &awss3.HeadBucketInput{Bucket: aws.String("none")})
	wantCode(t, err, "NotFound")
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.c.GetBucketLifecycleConfiguration(w.ctx, &awss3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("lake")})
	wantCode(t, err, "NoSuchLifecycleConfiguration")
	rule := s3types.LifecycleRule{
		ID: aws.String("r"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("tmp/")},
		AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(1)},
	}
	put := func(rules ...s3types.LifecycleRule) error {
		_, err := w.c.PutBucketLifecycleConfiguration(w.ctx, &awss3.PutBucketLifecycleConfigurationInput{
			Bucket: aws.String("lake"), LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: rules},
		})
		return err
	}
	wantCode(t, put([]s3types.LifecycleRule{}...), "MalformedXML")
	wantCode(t, put(rule, rule), "InvalidArgument")
	if err := put(rule); err != nil {
		t.Fatal(err)
	}
	w.reopen(t)
	out, err := w.c.GetBucketLifecycleConfiguration(w.ctx, &awss3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("lake")})
	if err != nil || len(out.Rules) != 1 || *out.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := w.c.DeleteBucketLifecycle(w.ctx, &awss3.DeleteBucketLifecycleInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.c.GetBucketLifecycleConfiguration(w.ctx, &awss3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("lake")})
	wantCode(t, err, "NoSuchLifecycleConfiguration")
}

func TestTagging(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put(t, "k", "x")
	set := []s3types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("")}}
	if _, err := w.c.PutObjectTagging(w.ctx, &awss3.PutObjectTaggingInput{Bucket: aws.String("lake"), Key: aws.String("k"), Tagging: &s3types.Tagging{TagSet: set}}); err != nil {
		t.Fatal(err)
	}
	w.reopen(t)
	out, err := w.c.GetObjectTagging(w.ctx, &awss3.GetObjectTaggingInput{Bucket: aws.String("lake"), Key: aws.String("k")})
	if err != nil || len(out.TagSet) != 2 || *out.TagSet[0].Value != "1" {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := w.c.DeleteObjectTagging(w.ctx, &awss3.DeleteObjectTaggingInput{Bucket: aws.String("lake"), Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	if out, err = w.c.GetObjectTagging(w.ctx, &awss3.GetObjectTaggingInput{Bucket: aws.String("lake"), Key: aws.String("k")}); err != nil || len(out.TagSet) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if w.get(t, "k") != "x" {
		t.Error("tagging changed the object")
	}
}

func TestRefusedByName(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.c.GetBucketAcl(w.ctx, &awss3.GetBucketAclInput{Bucket: aws.String("lake")})
	wantCode(t, err, "NotImplemented")
	if !strings.Contains(err.Error(), "GetBucketAcl") {
		t.Errorf("the error does not name the operation: %v", err)
	}
	_, err = w.c.ListObjectVersions(w.ctx, &awss3.ListObjectVersionsInput{Bucket: aws.String("lake")})
	wantCode(t, err, "NotImplemented")
	_, err = w.c.PutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Body: stringReader("x"), ACL: s3types.ObjectCannedACLPublicRead})
	wantCode(t, err, "AccessControlListNotSupported")
	_, err = w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), ExpectedBucketOwner: aws.String("111111111111")})
	wantCode(t, err, "AccessDenied")
	_, err = w.c.PutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String(strings.Repeat("k", 1025)), Body: stringReader("x")})
	wantCode(t, err, "KeyTooLongError")
}

// Keys that a file system would trip over are objects like any other.
func TestAnyKey(t *testing.T) {
	t.Parallel()
	for _, fold := range []bool{false, true} {
		w := setup(t)
		w.s.fold = fold
		keys := anyKeys()
		for _, k := range keys {
			w.put(t, k, "body of "+k)
		}
		for _, k := range keys {
			if got := w.get(t, k); got != "body of "+k {
				t.Errorf("key %q: %q", k, got)
			}
		}
		err := filepath.WalkDir(filepath.Join(w.env.Dir, "lake"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				rel, _ := filepath.Rel(filepath.Join(w.env.Dir, "lake"), path)
				key, kerr := pathKey(filepath.ToSlash(rel))
				if kerr != nil || w.object(key) == nil {
					t.Errorf("file %s is key %q, %v", rel, key, kerr)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if _, err := w.c.DeleteObject(w.ctx, &awss3.DeleteObjectInput{Bucket: aws.String("lake"), Key: &k}); err != nil {
				t.Errorf("delete %q: %v", k, err)
			}
		}
		if es, _ := os.ReadDir(filepath.Join(w.env.Dir, "lake")); len(es) > 0 {
			t.Errorf("files stay behind: %v", es)
		}
	}
}

func anyKeys() []string {
	return []string{
		"a", "a/b", "a/", "a/b/c.txt", "a.b", "a.b/c", "A", "..", ".", "../x", "x/../y", "x/./y", "x//y", "/", "//", "/lead", "trail/", ".hidden", ".tmp/x",
		"%41", "a%", "%_", "%~", "sp ace", "plus+", "ünïcode/日本", "q?*[x]", "back\\slash", "semi;colon&amp=1", "line\nfeed", "NUL\x00", "con", "dt=2026-05-24/hr=09/x.parquet",
		strings.Repeat("x", 1024), strings.Repeat("y/", 512), strings.Repeat("%", 1000), strings.Repeat("é", 512), strings.Repeat("z", 200), strings.Repeat("z", 201) + "/t",
	}
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	w := setup(t)
	pre := awss3.NewPresignClient(w.c)
	put, err := pre.PresignPutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("p")})
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, url string, body []byte) (*http.Response, string) {
		req, err := http.NewRequestWithContext(w.ctx, method, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := inProcess{w.s}.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		return resp, string(b)
	}
	if resp, b := do(http.MethodPut, put.URL, []byte("signed")); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", resp.StatusCode, b)
	}
	get, err := pre.PresignGetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("p"), ResponseContentType: aws.String("text/csv")})
	if err != nil {
		t.Fatal(err)
	}
	if resp, b := do(http.MethodGet, get.URL, nil); b != "signed" || resp.Header.Get("Content-Type") != "text/csv" {
		t.Fatalf("%q %v", b, resp.Header)
	}
	// Path style, as with an IP address for an endpoint.
	if _, b := do(http.MethodGet, "http://127.0.0.1:4566/lake/p", nil); b != "signed" {
		t.Fatalf("path style: %q", b)
	}
}
