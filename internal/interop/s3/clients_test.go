package s3_test

import (
	"testing"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

func TestBoto3(t *testing.T) {
	t.Parallel()
	lake := peer.Lake(t, nil)
	peer.CheckHTTP(t, lake, "boto.py")
	peer.CheckHTTPS(t, lake, "boto.py")
}

func TestCLI(t *testing.T) {
	t.Parallel()
	lake := peer.Lake(t, nil)
	peer.CheckHTTP(t, lake, "cli.sh")
	peer.CheckHTTPS(t, lake, "cli.sh")
}
