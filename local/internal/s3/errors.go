package s3

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/lakekit/lakekit/internal/awswire"
)

func fail(status int, code, format string, args ...any) *awswire.Error {
	return &awswire.Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status}
}

func invalid(format string, args ...any) *awswire.Error {
	return awswire.Errorf("InvalidRequest", format, args...)
}

func invalidArgument(name, value, format string, args ...any) *awswire.Error {
	e := awswire.Errorf("InvalidArgument", format, args...)
	e.Fields = map[string]any{"ArgumentName": name, "ArgumentValue": value}
	return e
}

func noSuchBucket(name string) *awswire.Error {
	e := fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	e.Fields = map[string]any{"BucketName": name}
	return e
}

func noSuchKey(key string) *awswire.Error {
	e := fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	e.Fields = map[string]any{"Key": key}
	return e
}

func noSuchUpload(id string) *awswire.Error {
	e := fail(http.StatusNotFound, "NoSuchUpload",
		"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	e.Fields = map[string]any{"UploadId": id}
	return e
}

func preconditionFailed(condition string) *awswire.Error {
	e := fail(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	e.Fields = map[string]any{"Condition": condition}
	return e
}

func notImplemented(what string) *awswire.Error {
	return fail(http.StatusNotImplemented, "NotImplemented", "the local lake does not serve %s", what)
}

// storage says what went wrong with the lake's own files. A full disk is told apart
// because the caller can mend it.
func storage(err error) error {
	var e *awswire.Error
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fail(http.StatusInternalServerError, "InternalError",
			"no space left on the disk that holds the lake: free some and try again (nothing was changed): %v", err)
	}
	return fail(http.StatusInternalServerError, "InternalError", "the lake's folder: %v", err)
}
