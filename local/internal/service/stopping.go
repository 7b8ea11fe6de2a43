package service

import "context"

type stoppingKey struct{}

// WithStopping puts a channel into a request's context that is closed when the server would
// like to stop: an answer without an end must come to one then.
func WithStopping(ctx context.Context, c <-chan struct{}) context.Context {
	return context.WithValue(ctx, stoppingKey{}, c)
}

// Stopping gives the channel, nil when there is none.
func Stopping(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return c
}
