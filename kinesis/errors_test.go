package kinesis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestPassing(t *testing.T) {
	t.Parallel()
	api := func(code string) error { return fmt.Errorf("call: %w", &smithy.GenericAPIError{Code: code}) }
	for _, c := range []struct {
		err  error
		want bool
	}{
		{api("ProvisionedThroughputExceededException"), true},
		{api("InternalFailure"), true},
		{api("KMSThrottlingException"), true},
		{api("SomethingNew"), true},
		{api("ResourceNotFoundException"), false},
		{api("KMSDisabledException"), false},
		{api("AccessDeniedException"), false},
		{&smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusServiceUnavailable}}, Err: api("ValidationException")}, true},
		{errors.New("connection reset by peer"), true},
		{context.DeadlineExceeded, true},
		{&smithy.CanceledError{Err: context.Canceled}, true},
		{&smithy.SerializationError{Err: errors.New("x")}, false},
		{&smithy.InvalidParamsError{}, false},
	} {
		if got := passing(c.err); got != c.want {
			t.Errorf("passing(%v) = %v", c.err, got)
		}
	}
}

func TestCodeErrorsAreTyped(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"ProvisionedThroughputExceededException", "KMSThrottlingException", "KMSAccessDeniedException", "KMSDisabledException",
		"KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired", "InternalFailure",
	} {
		err := codeError(code, "why")
		if errorCode(err) != code || !strings.Contains(err.Error(), "why") {
			t.Errorf("%s becomes %v (%s)", code, err, errorCode(err))
		}
		_, generic := err.(*smithy.GenericAPIError) //nolint:errorlint // the type itself is asked for
		if generic != (code == "InternalFailure") {
			t.Errorf("%s becomes a %T", code, err)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"ResourceNotFoundException":              `the stream "s" does not exist in r: create it, or mend the name or the region of the aws.Config: ResourceNotFoundException: why`,
		"KMSAccessDeniedException":               `the stream "s" is encrypted with a KMS key that these credentials may not use: allow kms:GenerateDataKey (to put) or kms:Decrypt (to read): KMSAccessDeniedException: why`,
		"KMSDisabledException":                   `the KMS key that encrypts the stream "s" cannot be used: enable it, or start the stream's encryption with another: KMSDisabledException: why`,
		"ProvisionedThroughputExceededException": `ProvisionedThroughputExceededException: why`,
		"InternalFailure":                        `api error InternalFailure: why`,
	} {
		if got := explain(codeError(code, "why"), "s", "r").Error(); got != want {
			if code == "ResourceNotFoundException" { // the SDK has no constructor by code for it
				got = strings.Replace(got, "api error ", "", 1)
			}
			if got != want {
				t.Errorf("%s:\n got %s\nwant %s", code, got, want)
			}
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for attempt := 1; attempt < 60; attempt++ {
		full := 5 * time.Second
		if attempt < 7 {
			full = min(full, 100*time.Millisecond<<(attempt-1))
		}
		for range 20 {
			if d := backoff(attempt, 100*time.Millisecond, 5*time.Second); d < full/2 || d > full {
				t.Fatalf("attempt %d waits %v, want %v to %v", attempt, d, full/2, full)
			}
		}
	}
}
