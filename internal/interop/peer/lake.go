package peer

import (
	"path/filepath"
	"testing"

	"github.com/lakekit/lakekit/local"
)

// Lake opens a lake on a folder of its own, for peers to be clients of; it is closed with the
// test. The engine may be nil. It calls [Need].
func Lake(t testing.TB, engine local.AthenaEngine) *local.Lake {
	t.Helper()
	Need(t)
	lake, err := local.Open(&local.Options{Dir: filepath.Join(t.TempDir(), "lake"), Athena: engine})
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

// CheckHTTP runs a script, as [Check] does, with the address of the lake over http.
func CheckHTTP(t testing.TB, lake *local.Lake, script string) {
	t.Helper()
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	Check(t, script, ln.URL())
}

// CheckHTTPS is [CheckHTTP] over https; the script's second argument is the file with the
// authority's certificate.
func CheckHTTPS(t testing.TB, lake *local.Lake, script string) {
	t.Helper()
	ln, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	Check(t, script, ln.URL(), filepath.Join(lake.Dir(), local.CAFile))
}
