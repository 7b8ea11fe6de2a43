package kinesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lakekit/lakekit/internal/apierr"
)

// ErrClosed is what a [Producer]'s Put gives after Close.
var ErrClosed = errors.New("kinesis: the producer is closed")

// errGaveUp is the cause that a request in flight sees when Close's context ends.
var errGaveUp = errors.New("kinesis: Close's context ended before the record was acknowledged")

// errWrongShard is why an aggregate is put again that a shard took which does not own all of
// it.
var errWrongShard = errors.New("the stream was resharded: the aggregate went to a shard that does not own all of its records")

// errTooOld is why a record is not tried any more.
var errTooOld = errors.New("MaxAge is over")

// errNoAnswer is why a request failed that had its time. It does not wrap the context's error: that
// is how callers of Wait and Flush know that their own context has ended.
var errNoAnswer = errors.New("no answer in time")

// codeError makes the typed error that the SDK would have made of a code and message.
func codeError(code, message string) error {
	switch code {
	case "ProvisionedThroughputExceededException":
		return &kinesistypes.ProvisionedThroughputExceededException{Message: &message}
	case "KMSThrottlingException":
		return &kinesistypes.KMSThrottlingException{Message: &message}
	case "KMSAccessDeniedException":
		return &kinesistypes.KMSAccessDeniedException{Message: &message}
	case "KMSDisabledException":
		return &kinesistypes.KMSDisabledException{Message: &message}
	case "KMSInvalidStateException":
		return &kinesistypes.KMSInvalidStateException{Message: &message}
	case "KMSNotFoundException":
		return &kinesistypes.KMSNotFoundException{Message: &message}
	case "KMSOptInRequired":
		return &kinesistypes.KMSOptInRequired{Message: &message}
	}
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// permanent are the codes that no second attempt mends. Everything else is tried again:
// a code nobody has heard of is more likely a passing fault than a verdict.
func permanent(code string) bool {
	switch code {
	case "ResourceNotFoundException", "AccessDeniedException", "UnrecognizedClientException",
		"InvalidSignatureException", "MissingAuthenticationTokenException", "InvalidClientTokenId",
		"ValidationException", "InvalidArgumentException", "SerializationException", "UnknownOperationException",
		"KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired":
		return true
	}
	return false
}

// refused says whether the code is about what a request holds, so that a smaller request
// may pass.
func refused(code string) bool {
	return code == "ValidationException" || code == "InvalidArgumentException" || code == "SerializationException"
}

func throttled(code string) bool {
	switch code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "LimitExceededException",
		"KMSThrottlingException", "RequestLimitExceeded", "TooManyRequestsException":
		return true
	}
	return false
}

func errorCode(err error) string { return apierr.Code(err) }

// passing says whether a failed call may succeed when it is made again.
func passing(err error) bool {
	if code := errorCode(err); code != "" {
		if resp := (*smithyhttp.ResponseError)(nil); errors.As(err, &resp) && resp.HTTPStatusCode() >= http.StatusInternalServerError {
			return true
		}
		return !permanent(code)
	}
	// No answer at all: the network, a time-out, or something the SDK refuses to send.
	canceled := (*smithy.CanceledError)(nil)
	if errors.As(err, &canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	serialization := (*smithy.SerializationError)(nil)
	params := (*smithy.InvalidParamsError)(nil)
	return !errors.As(err, &serialization) && !errors.As(err, &params)
}

// explain adds what to do to the errors that a user can mend.
func explain(err error, stream, region string) error {
	switch errorCode(err) {
	case "ResourceNotFoundException":
		return fmt.Errorf("the stream %q does not exist in %s: create it, or mend the name or the region of the aws.Config: %w", stream, region, err)
	case "InvalidArgumentException":
		if strings.Contains(err.Error(), "did not come from this stream") {
			return fmt.Errorf("the checkpoint is of another stream: it was deleted and made again, or the lease table is another stream's; name the application otherwise, or delete its lease table: %w", err)
		}
	case "KMSAccessDeniedException":
		return fmt.Errorf("the stream %q is encrypted with a KMS key that these credentials may not use: allow kms:GenerateDataKey (to put) or kms:Decrypt (to read): %w", stream, err)
	case "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException":
		return fmt.Errorf("the KMS key that encrypts the stream %q cannot be used: enable it, or start the stream's encryption with another: %w", stream, err)
	}
	return err
}

// backoff doubles from base to limit over the attempts (1, 2, …) and takes a random half
// off, so that those who failed together do not return together.
func backoff(attempt int, base, limit time.Duration) time.Duration {
	d := base
	for i := 1; i < attempt && d < limit; i++ {
		d *= 2
	}
	d = min(d, limit)
	return d/2 + rand.N(d/2+1)
}

// wait waits for d or until ctx or stop ends; it says whether d passed.
func wait(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-stop:
		return false
	}
}
