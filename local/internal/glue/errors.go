package glue

import (
	"errors"

	"github.com/lakekit/lakekit/internal/awswire"
)

// The service's error codes that the local one answers with.
const (
	codeNotFound   = "EntityNotFoundException"
	codeExists     = "AlreadyExistsException"
	codeInvalid    = "InvalidInputException"
	codeConcurrent = "ConcurrentModificationException"
	codeLimit      = "ResourceNumberLimitExceededException"
)

func invalid(format string, args ...any) error {
	return awswire.Errorf(codeInvalid, format, args...)
}

func notFound(format string, args ...any) error {
	return awswire.Errorf(codeNotFound, format, args...)
}

func exists(format string, args ...any) error {
	return awswire.Errorf(codeExists, format, args...)
}

// detail is an error as batches show it; an error that is not an answer fails the batch.
func detail(err error) (errorDetail, error) {
	e, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		return errorDetail{}, err
	}
	return errorDetail{e.Code, e.Message}, nil
}
