package kinesis_test

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
	peer.CheckHTTP(t, peer.Lake(t, nil), "cli.sh")
}

// TestKinesalite sends some 1,300 requests, most of them bad ones, to the lake and to
// kinesalite.
func TestKinesalite(t *testing.T) {
	t.Parallel()
	peer.CheckHTTP(t, peer.Lake(t, nil), "kinesalite.py")
}
