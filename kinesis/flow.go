package kinesis

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// flow stands between the SDK and the events of one subscription. Events are pushed, and the
// SDK decodes up to two of them ahead; so each one's bytes are taken from the budget before
// the SDK gets to see them. While there is no room nobody reads, and the connection's flow
// control holds the service back.
type flow struct {
	ctx    context.Context // the subscription's
	stall  func()          // called when nothing comes for as long as silence
	room   *budget
	next   aws.HTTPClient
	opened bool // the service has accepted the subscription

	mu struct {
		sync.Mutex
		taken  []int64 // for the events that were not received yet, in order
		closed bool
	}
}

// Do makes the call.
func (f *flow) Do(r *http.Request) (*http.Response, error) {
	resp, err := f.next.Do(r)
	if err == nil && resp.StatusCode == http.StatusOK {
		f.opened = true
		quiet := time.AfterFunc(silence, f.stall)
		quiet.Stop()
		// Some clients' bodies do not end with the request's context, but all with Close.
		body := resp.Body
		context.AfterFunc(f.ctx, func() { _ = body.Close() })
		resp.Body = &eventBody{flow: f, rc: body, buf: bufio.NewReader(&watched{body, quiet})}
	}
	return resp, err
}

// take takes an event's bytes.
func (f *flow) take(n int64) error {
	if err := f.room.acquire(f.ctx, n); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.closed {
		f.room.release(n)
		return http.ErrBodyReadAfterClose
	}
	f.mu.taken = append(f.mu.taken, n)
	return nil
}

// received gives what was taken for the next event. Whoever has the event gives it back.
func (f *flow) received() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mu.taken) == 0 {
		return 0
	}
	n := f.mu.taken[0]
	f.mu.taken = append(f.mu.taken[:0], f.mu.taken[1:]...)
	return n
}

// close gives back what was taken for events that nobody received.
func (f *flow) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.closed = true
	for _, n := range f.mu.taken {
		f.room.release(n)
	}
	f.mu.taken = nil
}

// eventBody is the stream of messages. A message begins with its length in four bytes, big
// endian.
type eventBody struct {
	flow  *flow
	rc    io.ReadCloser
	buf   *bufio.Reader
	begun bool // the first message is over: the answer to the call, which has no records
	left  int  // of the message that is being read
}

const (
	minMessage = 16
	maxMessage = 24 << 20 // well above the SDK's own limit
)

// Read reads a part of one message.
func (b *eventBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		head, err := b.buf.Peek(4)
		if err != nil {
			return 0, err // half a length is no more than none
		}
		b.left = int(binary.BigEndian.Uint32(head))
		if b.left < minMessage || b.left > maxMessage {
			b.left = minMessage // for the SDK to refuse
		} else if b.begun {
			if err := b.flow.take(int64(b.left)); err != nil {
				return 0, err
			}
		}
		b.begun = true
	}
	n, err := b.buf.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Close ends the subscription.
func (b *eventBody) Close() error { return b.rc.Close() }

// watched notices that nothing comes although somebody reads.
type watched struct {
	r     io.Reader
	quiet *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	w.quiet.Reset(silence)
	defer w.quiet.Stop()
	return w.r.Read(p)
}
