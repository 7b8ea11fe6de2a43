// Package service is what the local lake gives to each of the services in it.
package service

import (
	"log/slog"

	"github.com/lakekit/lakekit/internal/vfs"
)

// Env is a service's surroundings. A service's package has
//
//	func Open(env service.Env) (*Service, error)
//
// and its Service is an http.Handler with a Close() error, and with a
// Serves(operation string) bool for the lake's faults.
type Env struct {
	// FS holds Dir.
	FS vfs.FS
	// Dir is the service's own folder. It exists.
	Dir string
	// Account is the AWS account id, 12 digits; Region its region.
	Account, Region string
	// Limits says whether the service's rate limits are enforced.
	Limits bool
	// Sync says that what is acknowledged survives a power loss, not only kill -9.
	Sync bool
	// Log is never nil.
	Log *slog.Logger
}
