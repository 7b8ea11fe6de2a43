package emr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/smithy-go"
)

// ClientOptions are the parts of a [Client] that have defaults.
type ClientOptions struct {
	// PollInterval is the longest time between two looks at what runs; they begin at 5 seconds.
	// Zero means 30 seconds.
	PollInterval time.Duration
	// Patience is how long EMR may be out of reach before a wait gives up; what runs goes on.
	// Zero means 10 minutes.
	Patience time.Duration
}

// Client launches clusters, runs steps on them and waits for both. It is safe for concurrent use.
type Client struct {
	api  *awsemr.Client
	opts ClientOptions
}

const (
	firstPoll = 5 * time.Second
	// cleanUp bounds what is done after the caller's context has ended.
	cleanUp = 30 * time.Second
)

// NewClient makes a client. All complaints about the options come at once.
func NewClient(cfg aws.Config, o *ClientOptions) (*Client, error) {
	c := &Client{api: awsemr.NewFromConfig(cfg)}
	if o != nil {
		c.opts = *o
	}
	var errs []error
	for _, d := range []struct {
		name string
		d    *time.Duration
		zero time.Duration
	}{{"PollInterval", &c.opts.PollInterval, 30 * time.Second}, {"Patience", &c.opts.Patience, 10 * time.Minute}} {
		if *d.d == 0 {
			*d.d = d.zero
		}
		if *d.d < 0 {
			errs = append(errs, fmt.Errorf("emr: new client: %s: %s is below 0", d.name, *d.d))
		}
	}
	return c, errors.Join(errs...)
}

// watch looks until look says that it is done. An outage is borne for as long as the options'
// patience; a refusal is not.
func (c *Client) watch(ctx context.Context, look func(context.Context) (done bool, err error)) error {
	pause := min(firstPoll, c.opts.PollInterval)
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		done, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && done:
			return nil
		case err == nil:
			last = time.Now()
		case refused(err):
			return err
		case time.Since(last) >= c.opts.Patience:
			return fmt.Errorf("%w (for %s; it goes on without being watched)", err, time.Since(last).Round(time.Second))
		}
		timer.Reset(pause)
		pause = min(pause*3/2, c.opts.PollInterval)
	}
}

// refused says whether EMR has understood a request and said no: it has not been carried out,
// and asking again will not help.
func refused(err error) bool {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	status := response.HTTPStatusCode()
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout && !throttled(err)
}

// throttled says whether a request was turned away because there are too many.
func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded":
		return true
	}
	return false
}

// once sends a request that must not be carried out twice: it is repeated only where it was
// turned away unread. The SDK repeats requests whose reply was lost, and a second cluster costs
// as much as the first.
func once[T any](ctx context.Context, send func(func(*awsemr.Options)) (T, error)) (T, error) {
	const attempts = 8
	pause := time.Second
	for n := 1; ; n++ {
		out, err := send(func(o *awsemr.Options) { o.Retryer = aws.NopRetryer{} })
		if !throttled(err) || n == attempts {
			return out, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return out, ctx.Err()
		case <-timer.C:
		}
		pause = min(2*pause, 20*time.Second)
	}
}

// after gives a context for what must be done although the caller's has ended.
func after(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
}
