package emr_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
	"github.com/lakekit/lakekit/internal/interop/peer"
)

// verdict is what the validators say of a request; empty lists accept.
type verdict struct {
	Botocore []string `json:"botocore"`
	CFNLint  []string `json:"cfn-lint"`
}

func (v verdict) complaints() []string {
	var all []string
	all = append(all, v.Botocore...)
	for _, c := range v.CFNLint {
		if !known(c) {
			all = append(all, c)
		}
	}
	return all
}

// known are cfn-lint's own errors: it refuses what EMR takes.
func known(complaint string) bool {
	rule, _, _ := strings.Cut(complaint, " ")
	switch rule {
	case "E1029":
		// The documentation's own automatic scaling policy has ${emr.clusterId} for EMR to
		// fill in, which cfn-lint takes for a CloudFormation variable.
		return strings.Contains(complaint, "emr.clusterId")
	case "E3003":
		// The API's tags may lack a value ("optional"), CloudFormation's may not.
		return strings.HasPrefix(complaint, "E3003 'Value' is a required property at Tags/")
	case "E3037":
		// CloudFormation's lists of volumes and configurations are sets; the API's are lists.
		return strings.Contains(complaint, "has non-unique elements at ") &&
			(strings.HasSuffix(complaint, "/EbsBlockDeviceConfigs") || strings.HasSuffix(complaint, "Configurations"))
	}
	return false
}

// cases is how many clusters are judged.
func cases() uint64 {
	if peer.Full() {
		return 1000
	}
	return 100
}

// judge has a script look at requests, so many at a time that none of its runs takes long, and
// gives a verdict for each. The script's last arguments are a file with the requests and one for
// the verdicts.
func judge[V any](t *testing.T, requests [][]byte, script string, args ...string) []V {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "requests"), filepath.Join(dir, "verdicts")
	var verdicts []V
	for part := range slices.Chunk(requests, 100) {
		var lines bytes.Buffer
		for _, r := range part {
			if err := json.Compact(&lines, r); err != nil {
				t.Fatal(err)
			}
			lines.WriteByte('\n')
		}
		if err := os.WriteFile(in, lines.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		peer.Check(t, script, append(args, in, out)...)
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(f)
		for range part {
			var v V
			if err := dec.Decode(&v); err != nil {
				t.Fatalf("%s: a verdict is missing: %v", script, err)
			}
			verdicts = append(verdicts, v)
		}
		f.Close()
	}
	return verdicts
}

// valid gives the requests of so many random clusters.
func valid(t *testing.T, n uint64) (requests [][]byte) {
	t.Helper()
	for seed := range n {
		text, err := emrgen.Random(seed).JSON()
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, text)
	}
	return requests
}

// broken breaks each of them, and says how.
func broken(t *testing.T, n uint64) (requests [][]byte, how []string) {
	t.Helper()
	for seed, text := range valid(t, n) {
		r, what := mutate(t, text, uint64(seed))
		requests, how = append(requests, r), append(how, what)
	}
	return requests, how
}

// weRefuse says whether Parse or Validate does, with every risk accepted.
func weRefuse(request []byte) bool {
	c, err := emr.Parse(request)
	if err == nil {
		c.Accept = []string{"core-on-spot", "master-on-spot"}
		_, err = c.Validate()
	}
	return err != nil
}

// TestValidatorsAcceptWhatWeAccept holds valid clusters (1,000 with LAKEKIT_FULL=1) against
// botocore's validator and cfn-lint.
func TestValidatorsAcceptWhatWeAccept(t *testing.T) {
	peer.Need(t)
	for i, v := range judge[verdict](t, valid(t, cases()), "validators.py") {
		for _, c := range v.complaints() {
			t.Errorf("seed %d: %s", i, c)
		}
	}
}

// TestWeRefuseWhatValidatorsRefuse breaks valid requests (1,000 with LAKEKIT_FULL=1): what either
// validator refuses, Parse or Validate refuses too.
func TestWeRefuseWhatValidatorsRefuse(t *testing.T) {
	peer.Need(t)
	requests, how := broken(t, cases())
	theirs, ours := 0, 0
	for i, v := range judge[verdict](t, requests, "validators.py") {
		complaints, refused := v.complaints(), weRefuse(requests[i])
		if refused {
			ours++
		}
		if len(complaints) == 0 {
			continue
		}
		theirs++
		if !refused {
			t.Errorf("seed %d, %s: we accept what is refused by others: %s", i, how[i], strings.Join(complaints, "; "))
		}
	}
	t.Logf("of %d broken requests botocore or cfn-lint refuse %d, we %d", len(requests), theirs, ours)
	if theirs < len(requests)/3 {
		t.Errorf("the validators refuse %d of %d broken requests: they are hardly broken", theirs, len(requests))
	}
}
