package local

import (
	"testing"
	"testing/synctest"
	"time"
)

// Test runs f in a synctest bubble whose clock stands at start, with a lake of its own:
// hours pass in no time, and the SDK's retries and waiters are real. The lake enforces its
// limits, every request takes a millisecond of the bubble's time (so that loops which poll
// come to an end), and it is closed when f returns; t fails when a goroutine is left then.
//
// opts may be nil. Those that are given count as they are, Limits too, but for a Latency of
// zero, which is a millisecond here. start must not lie before 2000-01-01 UTC, where every bubble begins.
//
// What waits for the world outside never returns in a bubble: [Lake.Listen], sockets, other
// processes.
func Test(t *testing.T, start time.Time, opts *Options, f func(t *testing.T, lake *Lake)) {
	t.Helper()
	o := Options{Limits: true}
	if opts != nil {
		o = *opts
	}
	if o.Latency == 0 {
		o.Latency = time.Millisecond
	}
	if o.Dir == "" && o.FS == nil {
		o.Dir = t.TempDir()
	}
	synctest.Test(t, func(t *testing.T) {
		wait := time.Until(start)
		if wait < 0 {
			t.Fatalf("local: Test: start %s lies before %s, where a bubble begins", start.UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339))
		}
		time.Sleep(wait)
		lake, err := Open(&o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := lake.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, lake)
	})
}
