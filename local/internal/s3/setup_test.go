package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/local/internal/service"
	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inProcess calls a handler as the lake's transport does. The answer is recorded whole,
// which is enough here.
type inProcess struct{ h http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = ""
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, in)
	_ = in.Body.Close()
	resp := w.Result()
	resp.Request = r
	if r.Method == http.MethodHead && w.Body.Len() > 0 {
		return nil, errors.New("an answer to HEAD has a body")
	}
	return resp, nil
}

type world struct {
	s   *Service
	c   *awss3.Client
	env service.Env
	ctx context.Context
}

// setup opens a service in dir with the bucket lake, and the SDK's client for it.
func setup(t *testing.T, change ...func(*service.Env)) *world {
	t.Helper()
	env := servicetest.Env(t.TempDir())
	for _, f := range change {
		f(&env)
	}
	w := &world{env: env, ctx: t.Context()}
	w.open(t)
	t.Cleanup(func() {
		if err := w.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := w.c.CreateBucket(w.ctx, &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open(t *testing.T) {
	t.Helper()
	s, err := Open(w.env)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	w.c = client(s)
}

// reopen leaves the old service as kill -9 does: not closed.
func (w *world) reopen(t *testing.T) {
	t.Helper()
	old := w.s
	w.open(t)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
}

func client(h http.Handler) *awss3.Client {
	return awss3.NewFromConfig(aws.Config{
		Region:                     "us-east-1",
		Credentials:                credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:                 &http.Client{Transport: inProcess{h}},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		RetryMaxAttempts:           1,
	})
}

func (w *world) put(t *testing.T, key, body string) *awss3.PutObjectOutput {
	t.Helper()
	out, err := w.c.PutObject(w.ctx, &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: stringReader(body)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return out
}

func (w *world) get(t *testing.T, key string) string {
	t.Helper()
	out, err := w.c.GetObject(w.ctx, &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return string(b)
}

// wantCode fails the test unless err is the service's error of that code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Fatalf("error is %v, want code %s", err, code)
	}
}
