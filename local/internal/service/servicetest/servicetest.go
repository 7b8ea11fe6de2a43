// Package servicetest is what the tests of the local services have in common.
package servicetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Env is a service's surroundings: the machine's own files below dir.
func Env(dir string) service.Env {
	return service.Env{FS: vfs.OS{}, Dir: dir, Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.DiscardHandler)}
}

// Post sends one request of a JSON service and gives the answer's status and body. The
// target is as in X-Amz-Target, such as AWSGlue.GetTable.
func Post(h http.Handler, target, body string) (int, string) {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// Must wants success, and gives the answer's body.
func Must(t testing.TB, h http.Handler, target, body string) string {
	t.Helper()
	code, out := Post(h, target, body)
	if code != http.StatusOK {
		t.Fatalf("%s %s: %s", target, body, out)
	}
	return out
}

// Refused wants an error, and gives it as "Code: message".
func Refused(t testing.TB, h http.Handler, target, body string) string {
	t.Helper()
	code, out := Post(h, target, body)
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatal(err)
	}
	if code == http.StatusOK || e.Type == "" {
		t.Fatalf("%s %s was not refused: %s", target, body, out)
	}
	return e.Type + ": " + e.Message
}

// Direct is an HTTPClient for the SDK that calls a handler.
type Direct struct{ Handler http.Handler }

// Do calls the handler.
func (d Direct) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.Handler.ServeHTTP(w, r)
	return w.Result(), nil
}
