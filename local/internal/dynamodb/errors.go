package dynamodb

import (
	"errors"

	"github.com/lakekit/lakekit/internal/awswire"
)

// The service's error codes that the local one answers with.
const (
	codeValidation    = "ValidationException"
	codeCondition     = "ConditionalCheckFailedException"
	codeNotFound      = "ResourceNotFoundException"
	codeInUse         = "ResourceInUseException"
	codeCanceled      = "TransactionCanceledException"
	codeMismatch      = "IdempotentParameterMismatchException"
	codeSerialization = "SerializationException"
)

func validation(format string, args ...any) error {
	return awswire.Errorf(codeValidation, format, args...)
}

func serialization(rule string) error {
	return awswire.Errorf(codeSerialization, "%s", rule)
}

// isService says that the error is an answer already.
func isService(err error) bool {
	_, ok := errors.AsType[*awswire.Error](err)
	return ok
}

// prefixed puts words before the message of a service error.
func prefixed(err error, words string) error {
	e, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		return err
	}
	c := *e
	c.Message = words + e.Message
	return &c
}

// suffixed puts words behind the message of a service error.
func suffixed(err error, words string) error {
	e, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		return err
	}
	c := *e
	c.Message += words
	return &c
}

func tableNotFound(name string) error {
	return awswire.Errorf(codeNotFound, "Requested resource not found: Table: %s not found", name)
}

func conditionFailed(old item, give bool) error {
	e := awswire.Errorf(codeCondition, "The conditional request failed")
	if give && old != nil {
		e.Fields = map[string]any{"Item": old}
	}
	return e
}
