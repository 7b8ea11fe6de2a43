package kinesis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(r *http.Request) (*http.Response, error) { return f(r) }

// open gives the body that the SDK would read.
func (f *flow) open(t *testing.T, status int, body io.Reader) io.ReadCloser {
	t.Helper()
	f.next = doer(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(body)}, nil
	})
	resp, err := f.Do(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Body
}

func messages(sizes ...int) []byte {
	var b []byte
	for _, n := range sizes {
		b = awswire.AppendMessage(b, nil, make([]byte, n-minMessage))
	}
	return b
}

// TestFlowTakesFromTheBudget reads messages in odd pieces: each is paid for before its first
// byte but the first, and what nobody received is given back at the end.
func TestFlowTakesFromTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &flow{ctx: t.Context(), stall: func() { t.Error("stalled") }, room: newBudget(1000)}
		body := f.open(t, http.StatusOK, bytes.NewReader(messages(50, 400, 500, 700)))
		used := func() int64 { f.room.mu.Lock(); defer f.room.mu.Unlock(); return f.room.mu.used }
		read := func(n int) {
			t.Helper()
			for n > 0 {
				m, err := body.Read(make([]byte, min(n, 7)))
				if err != nil {
					t.Fatal(err)
				}
				n -= m
			}
		}
		for _, c := range []struct {
			read int
			used int64
		}{{50, 0}, {1, 400}, {399, 400}, {1, 900}, {499, 900}} {
			if read(c.read); used() != c.used {
				t.Fatalf("%d bytes are taken, want %d", used(), c.used)
			}
		}
		blocked := make(chan struct{})
		go func() { read(700); close(blocked) }()
		time.Sleep(time.Hour)
		select {
		case <-blocked:
			t.Fatal("read what there is no room for")
		default:
		}
		if n := f.received(); n != 400 {
			t.Errorf("received %d bytes, want 400", n)
		}
		f.room.release(400)
		if n := f.received(); n != 500 {
			t.Errorf("received %d bytes, want 500", n)
		}
		f.room.release(500)
		<-blocked
		if used() != 700 {
			t.Errorf("%d bytes are taken, want 700", used())
		}
		if _, err := body.Read(make([]byte, 7)); err != io.EOF {
			t.Errorf("%v, want EOF", err)
		}
		if f.close(); used() != 0 || f.received() != 0 {
			t.Errorf("%d bytes are taken at the end", used())
		}
	})
}

// TestFlowEnds: a reader that waits for room or for bytes ends with the subscription.
func TestFlowEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &flow{ctx: ctx, stall: func() {}, room: newBudget(1000)}
		body := f.open(t, http.StatusOK, bytes.NewReader(messages(20, 100)))
		if err := f.room.acquire(ctx, 1000); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() { _, err := io.Copy(io.Discard, body); failed <- err }()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want Canceled", err)
		}

		// The room comes as the subscription ends: it is given back.
		f = &flow{ctx: t.Context(), room: newBudget(1000)}
		f.close()
		if err := f.take(10); err == nil || f.room.mu.used != 0 {
			t.Errorf("%v, and %d bytes are taken", err, f.room.mu.used)
		}
	})
}

func TestFlowNoticesSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		began := time.Now()
		f := &flow{ctx: t.Context(), room: newBudget(1000), stall: func() { _ = w.CloseWithError(errSilent) }}
		body := f.open(t, http.StatusOK, r)
		go func() {
			for _, b := range messages(20, 100) { // slow is not silent
				time.Sleep(silence - time.Second)
				_, _ = w.Write([]byte{b})
			}
		}()
		n, err := io.Copy(io.Discard, body)
		if d := time.Since(began); n != 120 || !errors.Is(err, errSilent) || d != 120*(silence-time.Second)+silence {
			t.Errorf("%d bytes and %v after %v", n, err, d)
		}
	})
}

// TestFlowLeavesTheRest: answers that are no events are as they were, and so is what is no
// message, for the SDK to refuse.
func TestFlowLeavesTheRest(t *testing.T) {
	t.Parallel()
	f := &flow{ctx: t.Context(), stall: func() {}, room: newBudget(10)}
	if b, err := io.ReadAll(f.open(t, http.StatusBadRequest, strings.NewReader("no"))); err != nil || string(b) != "no" || f.opened {
		t.Errorf("%q, %v", b, err)
	}
	for _, s := range []string{"", "abc", strings.Repeat("\x00", 20), strings.Repeat("\xff", 48)} {
		b, err := io.ReadAll(f.open(t, http.StatusOK, strings.NewReader(s)))
		if want := s; len(s) < 4 && len(b) > 0 || len(s) >= 4 && string(b) != want || err != nil {
			t.Errorf("%q became %q, %v", s, b, err)
		}
	}
	if n := f.room.mu.used; n != 0 {
		t.Errorf("%d bytes are taken", n)
	}
}
