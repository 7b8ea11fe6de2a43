package s3

import "net/http"

// Serves says whether the service has an operation.
func (s *Service) Serves(op string) bool { _, ok := s.ops[op]; return ok }

// Operation says what a request asks for, as the API names it, and of which object.
func Operation(r *http.Request) (op, bucket, key string) {
	q := parseRequest(r)
	return q.op, q.bucket, q.key
}
