package emr_test

import (
	"bufio"
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

// cases is how many clusters are judged: all of them with LAKEKIT_FULL=1.
func cases() uint64 {
	if peer.Full() {
		return 1000
	}
	return 200
}

// judge has both validators look at requests, so many at a time that none waits for long.
func judge(t *testing.T, requests [][]byte) []verdict {
	t.Helper()
	var all []verdict
	for part := range slices.Chunk(requests, 200) {
		all = append(all, judgeSome(t, part)...)
	}
	return all
}

func judgeSome(t *testing.T, requests [][]byte) []verdict {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "requests"), filepath.Join(dir, "verdicts")
	var lines bytes.Buffer
	for _, r := range requests {
		if err := json.Compact(&lines, r); err != nil {
			t.Fatal(err)
		}
		lines.WriteByte('\n')
	}
	if err := os.WriteFile(in, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "validators.py", in, out)
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var verdicts []verdict
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var v verdict
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	if len(verdicts) != len(requests) {
		t.Fatalf("%d verdicts on %d requests", len(verdicts), len(requests))
	}
	return verdicts
}

// TestValidatorsAcceptWhatWeAccept holds valid clusters (1,000 with LAKEKIT_FULL=1) against botocore's validator and cfn-lint.
func TestValidatorsAcceptWhatWeAccept(t *testing.T) {
	peer.Need(t)
	var requests [][]byte
	for seed := range cases() {
		c := emrgen.Random(seed)
		text, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, text)
	}
	for i, v := range judge(t, requests) {
		for _, c := range v.complaints() {
			t.Errorf("seed %d: %s", i, c)
		}
	}
}

// TestWeRefuseWhatValidatorsRefuse breaks valid requests (1,000 with LAKEKIT_FULL=1): what either validator refuses,
// Parse or Validate refuses too.
func TestWeRefuseWhatValidatorsRefuse(t *testing.T) {
	peer.Need(t)
	var requests [][]byte
	var what []string
	for seed := range cases() {
		c := emrgen.Random(seed)
		text, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		broken, how := mutate(t, text, seed)
		requests = append(requests, broken)
		what = append(what, how)
	}
	theirs, ours := 0, 0
	for i, v := range judge(t, requests) {
		complaints := v.complaints()
		c, err := emr.Parse(requests[i])
		if err == nil {
			c.Accept = []string{"core-on-spot", "master-on-spot"}
			_, err = c.Validate()
		}
		if err != nil {
			ours++
		}
		if len(complaints) == 0 {
			continue
		}
		theirs++
		if err == nil {
			t.Errorf("seed %d, %s: we accept what is refused by others: %s", i, what[i], strings.Join(complaints, "; "))
		}
	}
	t.Logf("of %d broken requests botocore or cfn-lint refuse %d, we %d", len(requests), theirs, ours)
	if theirs < len(requests)/3 {
		t.Errorf("the validators refuse %d of %d broken requests: they are hardly broken", theirs, len(requests))
	}
}
