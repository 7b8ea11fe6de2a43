package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakekit/lakekit/local"
)

// do sends a request through the lake's client to a handler in Kinesis's place.
func do(ctx context.Context, lake *local.Lake, method string, body io.Reader, h http.HandlerFunc) (*http.Response, error) {
	local.Mount(lake, "kinesis", h)
	req, err := http.NewRequestWithContext(ctx, method, "https://kinesis.us-east-1.amazonaws.com/a%2Fb?x=1", body)
	if err != nil {
		return nil, err
	}
	return lake.Config().HTTPClient.Do(req)
}

func TestTransportIsLikeAServer(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		resp, err := do(t.Context(), lake, http.MethodPost, strings.NewReader("hello"), func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil || string(b) != "hello" {
				t.Errorf("body: %q, %v", b, err)
			}
			if r.Header.Get("Content-Length") != "5" || r.ContentLength != 5 || r.Host != "kinesis.us-east-1.amazonaws.com" ||
				r.URL.Path != "/a/b" || r.URL.EscapedPath() != "/a%2Fb" || r.URL.Host != "" || r.RequestURI != "/a%2Fb?x=1" || r.FormValue("x") != "1" {
				t.Errorf("request: %+v", r)
			}
			w.Header().Set("X-Early", "1")
			w.Header().Set("Content-Length", "3")
			w.WriteHeader(http.StatusCreated)
			w.Header().Set("X-Late", "1")
			w.WriteHeader(http.StatusTeapot) // too late
			_, _ = w.Write([]byte("bye"))
		})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || string(b) != "bye" {
			t.Errorf("answer: %q, %v", b, err)
		}
		if resp.StatusCode != http.StatusCreated || resp.Header.Get("X-Early") != "1" || resp.Header.Get("X-Late") != "" || resp.ContentLength != 3 {
			t.Errorf("response: %+v", resp)
		}
		if date, err := http.ParseTime(resp.Header.Get("Date")); err != nil || !date.Equal(start) {
			t.Errorf("Date: %s, %v", date, err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}

		resp, err = do(t.Context(), lake, http.MethodHead, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.ContentLength != 0 {
				t.Errorf("a HEAD has a body of %d", r.ContentLength)
			}
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(make([]byte, 1<<20)) // as a server would, to nobody
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); len(b) != 0 || err != nil || resp.ContentLength != 1000 {
			t.Errorf("HEAD: %d bytes, %v, length %d", len(b), err, resp.ContentLength)
		}
	})
}

func TestTransportStreams(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		resp, err := do(t.Context(), lake, http.MethodPost, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			for i := range 60 {
				time.Sleep(5 * time.Second)
				_, _ = fmt.Fprintf(w, "%d ", i)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if since := time.Since(start); since > time.Second {
			t.Errorf("the headers took %s", since)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || !strings.HasSuffix(string(b), " 59 ") || time.Since(start) < 5*time.Minute {
			t.Errorf("after %s: %q, %v", time.Since(start), b, err)
		}
		resp.Body.Close()

		// A big answer passes a small buffer.
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		resp, err = do(t.Context(), lake, http.MethodPost, nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(big)
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(b, big) {
			t.Errorf("a big answer: %d bytes, %v", len(b), err)
		}
		resp.Body.Close()
	})
}

// TestCallerLeaves ends the caller's context, or its interest, at each stage. The handler
// learns of it and ends: the bubble fails when a goroutine is left.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := do(ctx, lake, http.MethodPost, nil, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before the headers: %v", err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		resp, err := do(ctx, lake, http.MethodPost, nil, func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("some"))
			<-r.Context().Done()
		})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, cancel)
		b, err := io.ReadAll(resp.Body)
		if string(b) != "some" || !errors.Is(err, context.Canceled) {
			t.Errorf("in the middle: %q, %v: a lost stream must not look like a finished one", b, err)
		}
		resp.Body.Close()

		wrote := make(chan error, 1)
		resp, err = do(t.Context(), lake, http.MethodPost, nil, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					wrote <- err
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := <-wrote; err == nil {
			t.Error("writing to a closed body works")
		}

		// A request body that never comes.
		pr, pw := io.Pipe()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = do(ctx, lake, http.MethodPost, pr, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			wrote <- err
		})
		if !errors.Is(err, context.DeadlineExceeded) || <-wrote == nil {
			t.Errorf("waiting for a body: %v", err)
		}
		if _, err := pw.Write([]byte("x")); err == nil {
			t.Error("the request's body was not closed")
		}

		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		if _, err = do(ctx, lake, http.MethodPost, nil, func(http.ResponseWriter, *http.Request) { t.Error("a request of one who had left was served") }); !errors.Is(err, context.Canceled) {
			t.Errorf("left before the start: %v", err)
		}
	})
}

func TestHandlerPanics(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		resp, err := do(t.Context(), lake, http.MethodPost, nil, func(http.ResponseWriter, *http.Request) { panic("boom") })
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("X-Amzn-Errortype") != "InternalFailure" {
			t.Errorf("a panic gives %d %v", resp.StatusCode, resp.Header)
		}
		resp.Body.Close()
		resp, err = do(t.Context(), lake, http.MethodPost, nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			panic("boom")
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a panic in the middle gives %q, %v", b, err)
		}
		resp.Body.Close()
		_, err = do(t.Context(), lake, http.MethodPost, nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("an aborted handler gives %v", err)
		}
	})
}

// TestCloseWaits closes a lake under a request in flight.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lake, err := local.Open(&local.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		began, slept := time.Now(), false
		go func() {
			resp, err := do(t.Context(), lake, http.MethodPost, nil, func(http.ResponseWriter, *http.Request) {
				time.Sleep(time.Minute)
				slept = true
			})
			if err != nil {
				t.Errorf("a request in flight when the lake closes: %v", err)
				return
			}
			resp.Body.Close()
		}()
		synctest.Wait()
		go func() {
			if err := lake.Close(); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if _, err := do(t.Context(), lake, http.MethodPost, nil, func(http.ResponseWriter, *http.Request) {}); err == nil || !strings.Contains(err.Error(), "local: the lake is closed") {
			t.Errorf("a request to a lake that closes: %v", err)
		}
		if err := lake.Close(); err != nil || !slept || time.Since(began) != time.Minute {
			t.Errorf("Close returned after %s, %v", time.Since(began), err)
		}
	})
}

func TestRoute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ host, target, auth, contentType, want string }{
		{host: "kinesis.us-east-1.amazonaws.com", want: "kinesis"},
		{host: "000000000000.data-kinesis.us-east-1.amazonaws.com", want: "kinesis"},
		{host: "000000000000.control-kinesis.eu-west-1.amazonaws.com", want: "kinesis"},
		{host: "abc.luo.control-kinesis.us-east-1.amazonaws.com", want: "kinesis"},
		{host: "dynamodb.us-east-1.amazonaws.com", want: "dynamodb"},
		{host: "000000000000.ddb.us-east-1.amazonaws.com:443", want: "dynamodb"},
		{host: "glue.us-east-1.amazonaws.com", want: "glue"},
		{host: "athena.cn-north-1.amazonaws.com.cn", want: "athena"},
		{host: "firehose.us-east-1.amazonaws.com", want: "firehose"},
		{host: "lake.s3.us-east-1.amazonaws.com", want: "s3"},
		{host: "kinesis.s3.us-east-1.amazonaws.com", want: "s3"},
		{host: "a.b.c.s3.us-east-1.amazonaws.com", want: "s3"},
		{host: "s3.us-east-1.amazonaws.com", want: "s3"},
		{host: "lake.s3.amazonaws.com", want: "s3"},
		{host: "lake.s3.dualstack.us-east-1.amazonaws.com", want: "s3"},
		{host: "sts.us-east-1.amazonaws.com", want: "the service at sts.us-east-1.amazonaws.com"},
		{host: "127.0.0.1:4566", target: "Kinesis_20131202.PutRecords", want: "kinesis"},
		{host: "localhost:4566", target: "DynamoDB_20120810.GetItem", want: "dynamodb"},
		{host: "localhost", target: "AWSGlue.GetTable", want: "glue"},
		{host: "localhost", target: "AmazonAthena.GetWorkGroup", want: "athena"},
		{host: "localhost", target: "Firehose_20150804.PutRecord", want: "firehose"},
		{host: "localhost", target: "AWSStepFunctions.StartExecution", want: "the API of target AWSStepFunctions.StartExecution"},
		{host: "localhost", auth: "AWS4-HMAC-SHA256 Credential=AK/20260301/us-east-1/s3/aws4_request, SignedHeaders=host", want: "s3"},
		{host: "localhost", auth: "AWS4-HMAC-SHA256 Credential=A/K/20260301/us-east-1/sts/aws4_request, SignedHeaders=host", want: "sts"},
		{host: "localhost", contentType: "application/x-amz-cbor-1.1", want: "kinesis"},
		{host: "localhost", want: "s3"},
	} {
		r := &http.Request{Host: c.host, Header: http.Header{}}
		r.URL = mustURL(t, "/?X-Amz-Algorithm=x")
		r.Header.Set("X-Amz-Target", c.target)
		r.Header.Set("Authorization", c.auth)
		r.Header.Set("Content-Type", c.contentType)
		if got := local.Route(r); got != c.want {
			t.Errorf("%+v goes to %q", c, got)
		}
	}
	presigned := &http.Request{Host: "localhost", Header: http.Header{}, URL: mustURL(t, "/?X-Amz-Credential=AK%2F20260301%2Fus-east-1%2Fs3%2Faws4_request")}
	if got := local.Route(presigned); got != "s3" {
		t.Errorf("a presigned request goes to %q", got)
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestServiceThatIsNotServed asks for one, as a JSON client and as another one does.
func TestServiceThatIsNotServed(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	for target, want := range map[string]string{
		"AWSStepFunctions.ListExecutions": `{"__type":"UnknownServiceException","message":"the local lake does not serve the service at states.us-east-1.amazonaws.com"}`,
		"":                                `<?xml version="1.0" encoding="UTF-8"?><Error><Code>UnknownServiceException</Code><Message>the local lake does not serve the service at states.us-east-1.amazonaws.com</Message></Error>`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://states.us-east-1.amazonaws.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", target)
		resp, err := lake.Config().HTTPClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(b) != want || resp.StatusCode < 400 {
			t.Errorf("status %d: %s, %v", resp.StatusCode, b, err)
		}
	}
}
