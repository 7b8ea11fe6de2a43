package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lakekit/lakekit/local/internal/service"
)

// transport is the [http.RoundTripper] behind [Lake.Config]. The service's handler runs in a
// goroutine of its own and its answer comes through a pipe, so that a stream of events can
// outlive RoundTrip as it does over a network. In a synctest bubble everything waits on
// channels, timers and conditions only, and nothing outlives the request: when the caller
// leaves, the handler's context ends, its reads and writes fail, and so it returns.
type transport struct{ lake *Lake }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body := newReqBody(req.Body)
	if err := t.lake.begin(); err != nil {
		return nil, closing(body, err)
	}
	if err := t.lake.wait(ctx); err != nil {
		t.lake.end()
		return nil, closing(body, err)
	}
	hctx, cancel := context.WithCancel(service.WithStopping(ctx, t.lake.stopping))
	w := &answer{header: http.Header{}, ready: make(chan struct{}), pipe: newPipe()}
	// When the caller leaves, both sides of the exchange fail, as on a lost connection.
	stop := context.AfterFunc(ctx, func() {
		w.pipe.fail(ctx.Err())
		_ = body.Close()
	})
	go func() {
		defer t.lake.end()
		defer cancel()
		defer stop()
		defer body.Close() // the caller's body: what its Close says is its own affair
		w.run(t.lake, serverRequest(hctx, req, body))
	}()
	select {
	case <-w.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.response(req, cancel), nil
}

func closing(body io.Closer, err error) error {
	_ = body.Close() // the request failed before anybody read it
	return err
}

// serverRequest is the request as a server would have read it.
func serverRequest(ctx context.Context, req *http.Request, body io.ReadCloser) *http.Request {
	r := (&http.Request{
		Method: req.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: req.Header.Clone(),
		Body: body, ContentLength: req.ContentLength, TransferEncoding: req.TransferEncoding,
		Host: req.Host, RemoteAddr: "127.0.0.1:0", RequestURI: req.URL.RequestURI(),
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	u := *req.URL
	r.URL = &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		r.Body, r.ContentLength = http.NoBody, 0
	case r.ContentLength > 0:
		// A client has the length in a field; on the wire, and for a server, it is a header.
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	default:
		r.ContentLength = -1
	}
	return r
}

// reqBody is the caller's body. It is closed once, and not read after that, even when the
// handler still tries.
type reqBody struct {
	rc     io.ReadCloser
	closed atomic.Bool
}

func newReqBody(rc io.ReadCloser) *reqBody {
	if rc == nil {
		rc = http.NoBody
	}
	return &reqBody{rc: rc}
}

func (b *reqBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.rc.Read(p)
}

func (b *reqBody) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	return b.rc.Close()
}

// answer is the [http.ResponseWriter] of one request.
type answer struct {
	header http.Header
	pipe   *pipe
	once   sync.Once
	ready  chan struct{} // closed when status and sent are there, or err is
	status int
	sent   http.Header
	err    error
}

// run calls the lake's services. A handler that panics gives a 500, or cuts off the answer
// that it began.
func (w *answer) run(l *Lake, r *http.Request) {
	defer func() {
		p := recover()
		switch {
		case p == nil && r.Context().Err() != nil:
			// The caller has left and the handler noticed first: the answer that it broke off
			// must not look like a whole one.
			w.abort(r.Context().Err())
			w.pipe.fail(r.Context().Err())
			return
		case p == nil:
			w.WriteHeader(http.StatusOK)
			w.pipe.fail(io.EOF)
			return
		case p == http.ErrAbortHandler: //nolint:errorlint // a panic's value, compared as net/http does
			w.abort(io.ErrUnexpectedEOF)
		default:
			l.opts.Log.Error("local: a service panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			w.header = http.Header{"X-Amzn-Errortype": {"InternalFailure"}}
			w.WriteHeader(http.StatusInternalServerError)
		}
		w.pipe.fail(io.ErrUnexpectedEOF)
	}()
	l.serve(w, r)
}

// abort makes RoundTrip fail, if the headers are not out yet.
func (w *answer) abort(err error) {
	w.once.Do(func() {
		w.err = err
		close(w.ready)
	})
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		return // informational answers go unseen
	}
	w.once.Do(func() {
		if w.header.Get("Date") == "" {
			w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		}
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.write(p)
}

// Flush hands the headers over; what was written is there already.
func (w *answer) Flush() { w.WriteHeader(http.StatusOK) }

// SetWriteDeadline makes writes fail from the time on, for a handler that must not wait for
// ever for its reader.
func (w *answer) SetWriteDeadline(t time.Time) error {
	w.pipe.mu.Lock()
	defer w.pipe.mu.Unlock()
	if w.pipe.err != nil {
		return nil
	}
	if w.pipe.late != nil {
		w.pipe.late.Stop()
	}
	w.pipe.late = time.AfterFunc(time.Until(t), func() { w.pipe.fail(os.ErrDeadlineExceeded) })
	return nil
}

// response is the answer as a client has it.
func (w *answer) response(req *http.Request, cancel func()) *http.Response {
	resp := &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, ContentLength: -1, Request: req,
		Body: &respBody{w.pipe, cancel},
	}
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	if req.Method == http.MethodHead || w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		w.pipe.fail(io.EOF)
		resp.Body = http.NoBody
		if req.Method != http.MethodHead {
			resp.ContentLength = 0
		}
	}
	return resp
}

// respBody is what the caller reads. Closing it tells the handler that nobody listens.
type respBody struct {
	pipe   *pipe
	cancel func()
}

func (b *respBody) Read(p []byte) (int, error) { return b.pipe.read(p) }

func (b *respBody) Close() error {
	b.pipe.fail(http.ErrBodyReadAfterClose)
	b.cancel()
	return nil
}

// pipe carries an answer from handler to caller through a small buffer, so that a handler
// with a short answer does not wait for its reader. It waits on conditions only.
type pipe struct {
	mu   sync.Mutex
	cond *sync.Cond
	buf  []byte
	off  int   // what the caller has read of buf
	err  error // why no more comes: io.EOF at the answer's end
	late *time.Timer
}

const pipeSize = 128 << 10

func newPipe() *pipe {
	p := &pipe{}
	p.cond = sync.NewCond(&p.mu)
	return p
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for len(b) > 0 {
		for p.err == nil && len(p.buf)-p.off >= pipeSize {
			p.cond.Wait()
		}
		if p.err != nil {
			return n, io.ErrClosedPipe
		}
		if p.off > 0 && p.off >= len(p.buf)/2 {
			p.buf = p.buf[:copy(p.buf, p.buf[p.off:])]
			p.off = 0
		}
		m := min(len(b), pipeSize-(len(p.buf)-p.off))
		p.buf = append(p.buf, b[:m]...)
		n, b = n+m, b[m:]
		p.cond.Broadcast()
	}
	return n, nil
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.off == len(p.buf) && p.err == nil {
		p.cond.Wait()
	}
	if p.off == len(p.buf) {
		return 0, p.err
	}
	n := copy(b, p.buf[p.off:])
	p.off += n
	p.cond.Broadcast()
	return n, nil
}

// fail ends the pipe. After the handler's own end, io.EOF, what it wrote can still be read;
// for any other reason the rest is gone, as on a lost connection.
func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil || err != io.EOF && p.err == io.EOF { //nolint:errorlint // io.EOF is never wrapped here
		p.err = err
		if p.late != nil {
			p.late.Stop()
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF { //nolint:errorlint // as above
			p.buf, p.off = nil, 0
		}
	}
	p.cond.Broadcast()
}
