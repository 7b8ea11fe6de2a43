//go:build !cgo

package duckdb

import (
	"context"
	"errors"

	"github.com/lakekit/lakekit/local/internal/athena"
)

// Available says whether queries can run: whether the program was built with cgo.
const Available = false

type engine struct{}

func newEngine() *engine { return &engine{} }

func (*engine) Run(context.Context, *athena.Job, athena.Sink) error {
	return errors.New("this program was built without cgo, which DuckDB needs to run SQL: install a C++ compiler (Debian, Ubuntu: apt install g++; Alpine: apk add g++; macOS: xcode-select --install) and build again with CGO_ENABLED=1")
}

func (*engine) Close() error { return nil }
