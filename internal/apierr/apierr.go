// Package apierr asks errors of AWS's services what they are.
package apierr

import (
	"errors"

	"github.com/aws/smithy-go"
)

// Code is the code that the service gave an error, such as ResourceNotFoundException; empty
// when err wraps no service's error.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
