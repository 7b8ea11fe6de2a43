package emr_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// terraform gives the folder with Terraform's AWS provider. Neither is fetched here: they are
// 700 MB, and used where they are.
func terraform(t *testing.T) string {
	t.Helper()
	peer.Need(t)
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skipf("interop: %v: terraform validate is held against only where it is installed", err)
	}
	plugins := os.Getenv("LAKEKIT_TERRAFORM_PLUGINS")
	if plugins == "" {
		t.Skip("interop: LAKEKIT_TERRAFORM_PLUGINS names no folder with hashicorp/aws, as for terraform init -plugin-dir")
	}
	return plugins
}

// TestTerraformAcceptsWhatWeAccept holds valid clusters (1,000 with LAKEKIT_FULL=1) against
// `terraform validate` with the AWS provider.
func TestTerraformAcceptsWhatWeAccept(t *testing.T) {
	plugins := terraform(t)
	for i, complaints := range judge[[]string](t, valid(t, cases()), "terraform.py", plugins) {
		for _, c := range complaints {
			t.Errorf("seed %d: %s", i, c)
		}
	}
}

// TestWeRefuseWhatTerraformRefuses breaks valid requests: what the provider refuses, Parse or
// Validate refuses too. About a quarter is broken so that it cannot be written for Terraform.
func TestWeRefuseWhatTerraformRefuses(t *testing.T) {
	plugins := terraform(t)
	requests, how := broken(t, cases())
	written, theirs := 0, 0
	for i, complaints := range judge[*[]string](t, requests, "terraform.py", plugins) {
		if complaints == nil {
			continue
		}
		written++
		if len(*complaints) == 0 {
			continue
		}
		theirs++
		if !weRefuse(requests[i]) {
			t.Errorf("seed %d, %s: we accept what Terraform refuses: %s", i, how[i], strings.Join(*complaints, "; "))
		}
	}
	t.Logf("of %d broken requests terraform refuses %d", written, theirs)
	if theirs < written/10 {
		t.Errorf("terraform refuses %d of %d broken requests: they are hardly broken", theirs, written)
	}
}
