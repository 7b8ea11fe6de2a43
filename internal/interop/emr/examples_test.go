package emr_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/golden"
	"github.com/lakekit/lakekit/internal/interop/peer"
)

// TestCLIDocumentation reads the requests that the AWS CLI's own examples send, and says what is
// wrong with each: they are old, name no roles, and some end at once.
func TestCLIDocumentation(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	rec := &recorder{}
	server := httptest.NewServer(rec)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "titles")
	peer.Check(t, "examples.py", server.URL, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	titles := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(titles) != len(rec.mu.bodies) || len(titles) < 20 {
		t.Fatalf("%d commands sent %d requests", len(titles), len(rec.mu.bodies))
	}
	var verdicts strings.Builder
	for i, title := range titles {
		c, err := emr.Parse(rec.mu.bodies[i])
		verdict := complaintsOf(err)
		if err == nil {
			warnings, err := c.Validate()
			verdict = complaintsOf(err)
			for _, w := range warnings {
				verdict = append(verdict, "warning "+w.ID+" "+w.Field)
			}
		}
		fmt.Fprintf(&verdicts, "%s\n", title)
		for _, v := range verdict {
			fmt.Fprintf(&verdicts, "  %s\n", v)
		}
	}
	golden.Check(t, "cli-documentation.golden", verdicts.String())
}

func complaintsOf(err error) (all []string) {
	var invalid *emr.InvalidError
	if errors.As(err, &invalid) {
		for _, c := range invalid.Complaints {
			all = append(all, "error "+c.ID+" "+c.Field)
		}
	} else if err != nil {
		all = append(all, err.Error())
	}
	return all
}
