package local

import (
	"io"
	"net/http"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// failure is an error that a fault answers with.
type failure struct {
	status  int
	code    string
	message string
}

// throttling is how a service refuses what comes too fast.
func throttling(op Operation) *failure {
	const exceeded = "ProvisionedThroughputExceededException"
	service, name := op.split()
	switch service {
	case kinesisName:
		if strings.HasPrefix(name, "Put") || strings.HasPrefix(name, "Get") {
			return &failure{http.StatusBadRequest, exceeded, "Rate exceeded for the shard."}
		}
		return &failure{http.StatusBadRequest, "LimitExceededException", "Rate exceeded."}
	case dynamodbName:
		if strings.HasSuffix(name, "Table") || strings.HasSuffix(name, "Tables") {
			return &failure{http.StatusBadRequest, "LimitExceededException", "Too many operations on tables at once."}
		}
		return &failure{
			http.StatusBadRequest, exceeded,
			"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
		}
	case s3Name:
		return &failure{http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."}
	case athenaName:
		return &failure{http.StatusBadRequest, "TooManyRequestsException", "Rate exceeded"}
	}
	return &failure{http.StatusBadRequest, "ThrottlingException", "Rate exceeded"}
}

// answerError answers as the operation's service does. The request is read to its end
// first, as a service does.
func answerError(w http.ResponseWriter, r *http.Request, c *Call, f *failure) {
	_, _ = io.Copy(io.Discard, r.Body) // a client that left will not read the answer either
	if service, _ := c.Operation.split(); service == s3Name {
		awswire.WriteXMLError(w, r, "0000000000000000", &awswire.Error{Code: f.code, Message: f.message, Status: f.status})
		return
	}
	w.Header().Set("X-Amzn-Errortype", f.code)
	answerValue(w, r, f.status, map[string]any{"__type": f.code, "message": f.message})
}

// answerValue answers in the request's format.
func answerValue(w http.ResponseWriter, r *http.Request, status int, v any) {
	format := awswire.FormatOf(r.Header.Get("Content-Type"))
	b, err := format.Encode(v)
	if err != nil {
		panic(err) // these values are maps and structs of text
	}
	h := w.Header()
	h.Set("Content-Type", format.ContentType())
	if t := r.Header.Get("Content-Type"); strings.HasPrefix(t, "application/x-amz-json-") {
		h.Set("Content-Type", t)
	}
	h.Del("Content-Length")
	awswire.SetChecksum(h, b) // that of another body may be there
	w.WriteHeader(status)
	_, _ = w.Write(b) //nolint:gosec // JSON, CBOR or XML, and the client that left cannot be told
}

// kept is an answer that the service has given and the client does not have yet.
type kept struct {
	header http.Header
	status int
	body   []byte
}

// ask lets the service answer a request for a fault.
func ask(r *http.Request, next http.Handler) *kept {
	k := &kept{header: http.Header{}}
	next.ServeHTTP(k, r)
	if k.status == 0 {
		k.status = http.StatusOK
	}
	return k
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	k.body = append(k.body, p...)
	return len(p), nil
}

// pass gives the answer to the client as it is.
func (k *kept) pass(w http.ResponseWriter) {
	for name, vs := range k.header {
		w.Header()[name] = vs
	}
	w.WriteHeader(k.status)
	_, _ = w.Write(k.body) //nolint:gosec // as the service wrote it, and the client that left cannot be told
}
