package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how much of the input was read: a bar on a terminal, a line every few seconds
// elsewhere.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil when w is no terminal
	total int64
	began time.Time
	said  time.Time
}

const sayEvery = 3 * time.Second

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{w: w, total: total, began: time.Now(), said: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
				progressbar.OptionSetDescription("landing"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true))
		}
	}
	return p
}

// set says how many bytes were read.
func (p *progress) set(n int64) {
	if p.bar != nil {
		_ = p.bar.Set64(min(n, p.total)) // a terminal that has gone is no reason to stop
		return
	}
	if now := time.Now(); now.Sub(p.said) >= sayEvery {
		p.said = now
		took := now.Sub(p.began).Seconds()
		fmt.Fprintf(p.w, "landing: %d of %d bytes read (%.1f MB/s)\n", n, p.total, float64(n)/1e6/took)
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		fmt.Fprintln(p.w)
	}
}
