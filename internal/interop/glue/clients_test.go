package glue_test

import (
	"path/filepath"
	"testing"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/local"
)

func serve(t *testing.T) *local.Lake {
	t.Helper()
	lake, err := local.Open(&local.Options{Dir: filepath.Join(t.TempDir(), "lake")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
	})
	return lake
}

func TestBoto3(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	lake := serve(t)
	plain, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "boto.py", plain.URL())
	peer.Check(t, "boto.py", secure.URL(), filepath.Join(lake.Dir(), local.CAFile))
}

func TestCLI(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	ln, err := serve(t).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "cli.sh", ln.URL())
}
