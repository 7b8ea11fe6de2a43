package apierr

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"
)

func TestCode(t *testing.T) {
	t.Parallel()
	api := &smithy.GenericAPIError{Code: "Throttled"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("Throttled"), ""},
		{api, "Throttled"},
		{fmt.Errorf("put: %w", api), "Throttled"},
		{errors.Join(errors.New("x"), &smithy.OperationError{ServiceID: "s", Err: api}), "Throttled"},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}
