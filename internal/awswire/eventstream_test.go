package awswire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCutMessageRefuses(t *testing.T) {
	t.Parallel()
	whole := AppendMessage(nil, []Header{{"a", "b"}}, []byte("payload"))
	for i := range whole {
		if _, _, _, err := CutMessage(whole[:i]); err == nil {
			t.Errorf("%d bytes of %d pass for a message", i, len(whole))
		}
		broken := bytes.Clone(whole)
		broken[i] ^= 0x10
		if _, _, _, err := CutMessage(broken); err == nil {
			t.Errorf("a flipped bit in byte %d goes unseen", i)
		}
	}
}

func TestAppendMessageAllocates(t *testing.T) {
	buf, headers, payload := make([]byte, 0, 4096), []Header{{":message-type", "event"}}, make([]byte, 1000)
	if n := testing.AllocsPerRun(100, func() { buf = AppendMessage(buf[:0], headers, payload) }); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

// FuzzCutMessage: whatever is read can be written again to the same bytes.
func FuzzCutMessage(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendMessage(nil, nil, nil))
	f.Add(AppendMessage(nil, []Header{{":message-type", "event"}, {":event-type", "initial-response"}}, []byte("{}")))
	f.Add(AppendMessage(AppendMessage(nil, []Header{{"", ""}}, []byte("1")), nil, []byte("2")))
	f.Fuzz(func(t *testing.T, b []byte) {
		headers, payload, rest, err := CutMessage(b)
		if err != nil {
			return
		}
		again := AppendMessage(nil, headers, payload)
		if diff := cmp.Diff(b[:len(b)-len(rest)], again); diff != "" {
			t.Errorf("read and written again (-read +written):\n%s", diff)
		}
	})
}
