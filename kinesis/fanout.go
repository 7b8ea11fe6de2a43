package kinesis

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	// registerAttempts and registerBackoff are how long a registration that is refused for
	// now is tried, as by the KCL (FanOutConfig: 10 times, 1 s apart).
	registerAttempts = 10
	registerBackoff  = time.Second
	// callTimeout is how long one call about the consumer may take.
	callTimeout = time.Minute
	// activeTimeout is how long a consumer may be CREATING or DELETING.
	activeTimeout = 5 * time.Minute
)

// errConsumerGone says that the registered consumer was deregistered.
var errConsumerGone = errors.New("the registered consumer of FanOut does not exist, or not any more")

var (
	consumerName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	consumerARN  = regexp.MustCompile(`^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream/([a-zA-Z0-9_.-]+)/consumer/[a-zA-Z0-9_.-]{1,128}:\d+$`)
)

func isARN(fanOut string) bool { return strings.HasPrefix(fanOut, "arn:") }

// checkFanOut says what is wrong with the option.
func checkFanOut(fanOut, stream, region string) error {
	if !isARN(fanOut) {
		return check(fanOut == "" || consumerName.MatchString(fanOut), "FanOut: %q is neither a registered consumer's name (1 to 128 letters, digits, _ . -) nor its ARN (zero means polling)", fanOut)
	}
	m := consumerARN.FindStringSubmatch(fanOut)
	if m == nil {
		return fmt.Errorf("FanOut: %q is not a registered consumer's ARN (arn:aws:kinesis:region:account:stream/stream/consumer/name:second of its registration)", fanOut)
	}
	return errors.Join(
		check(region == "" || m[1] == region, "FanOut: the consumer %q is in region %s and the aws.Config in %s", fanOut, m[1], region),
		check(stream == "" || m[2] == stream, "FanOut: the consumer %q is registered with stream %q, not %q", fanOut, m[2], stream),
	)
}

// registration is the registered consumer through which the workers of an application
// subscribe.
type registration struct {
	client    *awskinesis.Client
	stream    string
	streamARN string
	name      string        // empty when an ARN was given: then it is not this package's to register
	turn      chan struct{} // full while somebody registers
	current   atomic.Pointer[string]
}

func newRegistration(c *Consumer, streamARN string) *registration {
	r := &registration{client: c.kinesis, stream: c.stream, streamARN: streamARN, turn: make(chan struct{}, 1)}
	if fanOut := c.o.FanOut; isARN(fanOut) {
		r.current.Store(&fanOut)
	} else {
		r.name = fanOut
	}
	return r
}

// arn gives the consumer's ARN, once ensure has returned.
func (r *registration) arn() string { return *r.current.Load() }

// ensure registers the consumer when it is missing and waits until it can be used.
func (r *registration) ensure(ctx context.Context) error {
	if r.name == "" {
		return nil
	}
	if err := r.register(ctx); err != nil {
		return fmt.Errorf("enhanced fan-out as %q: %w", r.name, err)
	}
	return nil
}

// renew registers the consumer again after it was deregistered, once for all shards that
// have noticed.
func (r *registration) renew(ctx context.Context, gone string) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.arn() != gone {
		return nil
	}
	return r.ensure(ctx)
}

// exists says whether the consumer with the ARN is there, and not on its way out.
func (r *registration) exists(ctx context.Context, arn string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := r.client.DescribeStreamConsumer(ctx, &awskinesis.DescribeStreamConsumerInput{ConsumerARN: &arn})
	switch {
	case err == nil:
		return out.ConsumerDescription.ConsumerStatus != kinesistypes.ConsumerStatusDeleting, nil
	case errorCode(err) == "ResourceNotFoundException":
		return false, nil
	}
	return false, fmt.Errorf("describe the registered consumer: %w", err)
}

// lost is the error of a consumer that is not there.
func (r *registration) lost(arn string) error {
	if r.name != "" {
		return fmt.Errorf("%w (%s)", errConsumerGone, arn)
	}
	return fmt.Errorf("%w (%s): register one and set FanOut to its ARN, or set FanOut to a name to have it registered", errConsumerGone, arn)
}

// register brings the consumer to ACTIVE.
func (r *registration) register(ctx context.Context) error {
	failures, pause, end := 0, 100*time.Millisecond, time.Now().Add(activeTimeout)
	for {
		status, err := r.step(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case status == kinesistypes.ConsumerStatusActive:
			return nil
		case err != nil:
			if failures++; failures == registerAttempts || !throttled(errorCode(err)) && !passing(err) {
				return r.explain(err)
			}
			pause = backoff(1, 2*registerBackoff, 2*registerBackoff) // 1 to 2 s
		case time.Now().After(end):
			return fmt.Errorf("the consumer is still %s after %v: deregister it, or name another", status, activeTimeout)
		}
		if !wait(ctx, nil, pause) {
			return ctx.Err()
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// step looks at the consumer, and registers it when it is missing.
func (r *registration) step(ctx context.Context) (kinesistypes.ConsumerStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := r.client.DescribeStreamConsumer(ctx, &awskinesis.DescribeStreamConsumerInput{StreamARN: &r.streamARN, ConsumerName: &r.name})
	if err == nil {
		d := out.ConsumerDescription
		if d.ConsumerStatus == kinesistypes.ConsumerStatusActive {
			r.current.Store(aws.String(aws.ToString(d.ConsumerARN)))
		}
		return d.ConsumerStatus, nil
	}
	if errorCode(err) != "ResourceNotFoundException" {
		return "", fmt.Errorf("describe the registered consumer: %w", err)
	}
	_, err = r.client.RegisterStreamConsumer(ctx, &awskinesis.RegisterStreamConsumerInput{StreamARN: &r.streamARN, ConsumerName: &r.name})
	if err != nil && errorCode(err) != "ResourceInUseException" { // another worker was faster
		return "", fmt.Errorf("register the consumer: %w", err)
	}
	return kinesistypes.ConsumerStatusCreating, nil
}

// explain adds what to do to the errors that a user can mend.
func (r *registration) explain(err error) error {
	switch errorCode(err) {
	case "AccessDeniedException":
		return fmt.Errorf("allow kinesis:DescribeStreamConsumer and kinesis:RegisterStreamConsumer, or set FanOut to the ARN of a consumer that is registered: %w", err)
	case "LimitExceededException":
		return fmt.Errorf("the stream %q has as many registered consumers as it may have (20; 50 with on-demand advantage): deregister one that nobody uses (aws kinesis deregister-stream-consumer), or set FanOut to one that is registered: %w", r.stream, err)
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", errStreamGone, err)
	}
	return err
}
