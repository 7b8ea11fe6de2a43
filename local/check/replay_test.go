package check_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

func swallows(p *check.Pipeline) {
	p.Produce(sound(p))
	withHandler(p, func(w *check.Worker) (stream.Handler, func()) {
		return func(ctx context.Context, b *stream.Batch) error {
			for _, r := range b.Records {
				_ = w.Deliver(ctx, r.Pos, r.Data)
			}
			return nil
		}, func() {}
	})
}

// TestReplay does what a report says to do.
func TestReplay(t *testing.T) {
	o := &check.Options{Seeds: 100, Without: []check.Kind{check.Kill}, Patience: 30 * time.Second}
	first := check.Find(t, o, swallows)
	if first.Failure == nil {
		t.Fatal("nothing was found")
	}
	variable, command, ok := strings.Cut(first.Failure.Replay, " ")
	name, value, _ := strings.Cut(variable, "=")
	if !ok || name != "LAKEKIT_CHECK_SEED" || command != "go test -run '^TestReplay$' -v ." {
		t.Fatalf("the replay is %q", first.Failure.Replay)
	}
	t.Setenv(name, value)
	again := check.Find(t, o, swallows)
	f := again.Failure
	if f == nil || again.Seeds != 1 || f.Seed != first.Failure.Seed || !slices.Equal(f.Script, first.Failure.Script) {
		t.Errorf("the replay gives %v, want the script %q", again, first.Failure.Script)
	}
	happened := 0
	for _, c := range again.Events {
		happened += c.Happened
	}
	if happened != len(f.Script) {
		t.Errorf("%d events happened, want %d: %v", happened, len(f.Script), again.Events)
	}
}

// TestErrorsOfThePipeline: what Produce and Consume return, and what they leave undone.
func TestErrorsOfThePipeline(t *testing.T) {
	t.Parallel()
	idle := func(ctx context.Context, _ *check.Worker) error { <-ctx.Done(); return nil }
	for want, setup := range map[string]func(p *check.Pipeline){
		"the pipeline function must call Produce and Consume": func(*check.Pipeline) {},
		"source 1: Produce returned nil and left ": func(p *check.Pipeline) {
			p.Produce(func(context.Context, *check.Source) error { return nil })
			p.Consume(idle)
		},
		"source 1: Produce: context canceled": func(p *check.Pipeline) {
			p.Produce(func(context.Context, *check.Source) error { return context.Canceled })
			p.Consume(idle)
		},
		"worker-1.1: Consume: no luck": func(p *check.Pipeline) {
			p.Produce(sound(p))
			p.Consume(func(context.Context, *check.Worker) error { return noLuck{} })
		},
		"worker-1.1: Consume returned although nobody told it to": func(p *check.Pipeline) {
			p.Produce(sound(p))
			p.Consume(func(context.Context, *check.Worker) error { return nil })
		},
		"Produce has not returned 30s after": func(p *check.Pipeline) {
			p.Produce(func(ctx context.Context, _ *check.Source) error { <-ctx.Done(); return nil })
			p.Consume(idle)
		},
		"Collect: no luck": func(p *check.Pipeline) {
			p.Produce(sound(p))
			p.Consume(consume(p, quick))
			p.Collect(func(context.Context, func([]byte)) error { return noLuck{} })
		},
	} {
		r := check.Find(t, &check.Options{Seeds: 1, Patience: 30 * time.Second, Without: []check.Kind{check.Kill}}, setup)
		if r.Failure == nil || !strings.Contains(r.Failure.String(), want) {
			t.Errorf("the report does not say %q: %v", want, r)
		}
	}
}

type noLuck struct{}

func (noLuck) Error() string { return "no luck" }

// TestGivenUp: what a producer gives up is no loss, and is counted.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	r := check.Run(t, &check.Options{Seeds: 2}, func(p *check.Pipeline) {
		p.Produce(func(ctx context.Context, s *check.Source) error {
			for r := range s.Records(ctx) {
				s.Failed(r, noLuck{})
			}
			return nil
		})
		p.Consume(consume(p, quick))
	})
	if r.GivenUp != r.Records || r.Records == 0 {
		t.Errorf("%d of %d records were given up", r.GivenUp, r.Records)
	}
}
