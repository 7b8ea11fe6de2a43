package awswire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/awswire"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	type in struct{ Name string }
	type out struct{ Greeting string }
	s := &awswire.JSON{Version: "1.0", Ops: map[string]awswire.Op{
		"Greet": awswire.Unary(func(_ context.Context, in *in) (*out, error) {
			switch in.Name {
			case "":
				return nil, &awswire.Error{Code: "NoName", Message: "a name is needed", Fields: map[string]any{"field": "Name"}}
			case "nobody":
				return nil, &awswire.Error{Code: "Gone", Message: "has left", Status: http.StatusGone}
			case "disk":
				return nil, errors.New("no space")
			}
			return &out{"hello " + in.Name}, nil
		}),
		"Odd": func(context.Context, []byte) (any, error) { return make(chan int), nil },
	}}
	for _, c := range []struct {
		target, body string
		status       int
		want, code   string
	}{
		{"X.Greet", `{"Name":"you"}`, 200, `{"Greeting":"hello you"}`, ""},
		{"X.Greet", ``, 400, `{"__type":"NoName","field":"Name","message":"a name is needed"}`, "NoName"},
		{"X.Greet", `{"Name":"nobody"}`, 410, `{"__type":"Gone","message":"has left"}`, "Gone"},
		{"X.Greet", `{"Name":"disk"}`, 500, `{"__type":"InternalFailure","message":"no space"}`, "InternalFailure"},
		{"X.Greet", `{"Name":`, 400, `{"__type":"SerializationException","message":"unexpected end of JSON input"}`, "SerializationException"},
		{"X.Leave", `{}`, 400, `{"__type":"UnknownOperationException","message":"the local lake does not serve \"X.Leave\""}`, "UnknownOperationException"},
		{"X.Odd", `{}`, 500, `{"__type":"InternalFailure"}`, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("X-Amz-Target", c.target)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.want || w.Header().Get("X-Amzn-Errortype") != c.code || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
			t.Errorf("%s %s: %d %s %v", c.target, c.body, w.Code, w.Body, w.Header())
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), errReader{}))
	r.Header.Set("X-Amz-Target", "X.Greet")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "ends early: cut") {
		t.Errorf("half a body: %d %s", w.Code, w.Body)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("cut") }
