package emr_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lakekit/lakekit/emr"
)

// ruleCase is one cluster that a rule accepts or refuses. The cluster begins as good and is
// changed; a request begins as good's JSON does, and is given whole.
type ruleCase struct {
	rule    string
	name    string
	field   string // where it is refused; empty: accepted
	change  func(*emr.Cluster)
	request string
}

// said collects the complaints about a case, warnings too.
func (rc ruleCase) said(t *testing.T) []emr.Complaint {
	t.Helper()
	var all []emr.Complaint
	collect := func(err error) {
		var invalid *emr.InvalidError
		if errors.As(err, &invalid) {
			all = append(all, invalid.Complaints...)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	c := good()
	if rc.request != "" {
		var err error
		c, err = emr.Parse([]byte(rc.request))
		collect(err)
	}
	if rc.change != nil {
		rc.change(&c)
	}
	warnings, err := c.Validate()
	collect(err)
	if rc.rule == "cli" {
		_, err := c.CreateCluster()
		collect(err)
	}
	return append(all, warnings...)
}

func TestRules(t *testing.T) {
	t.Parallel()
	refused, accepted := map[string]bool{}, map[string]bool{}
	cases := slices.Concat(clusterCases(), fleetCases(), groupCases(), stepCases(), patternCases(), requestCases())
	for _, rc := range cases {
		verdict := "accepts"
		if rc.field != "" {
			verdict = "refuses"
		}
		t.Run(rc.rule+" "+verdict+" "+rc.name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, c := range rc.said(t) {
				if c.ID != rc.rule {
					continue
				}
				fields = append(fields, c.Field)
				if c.Rule == "" || c.Source == "" || c.Mend == "" || c.Problem == "" {
					t.Errorf("%s: incomplete: %+v", c.Source, c)
				}
				if rc.field == "" {
					t.Errorf("%s: %s", c.Source, c)
				}
			}
			if rc.field != "" && !slices.Contains(fields, rc.field) {
				t.Errorf("not refused at %s, but at %q: %v", rc.field, fields, rc.said(t))
			}
		})
		if rc.field != "" {
			refused[rc.rule] = true
		} else {
			accepted[rc.rule] = true
		}
	}
	for _, id := range emr.RuleIDs() {
		if !refused[id] || !accepted[id] {
			t.Errorf("rule %s: refused in a case: %v, accepted in a case: %v", id, refused[id], accepted[id])
		}
		delete(refused, id)
		delete(accepted, id)
	}
	if len(refused)+len(accepted) > 0 {
		t.Errorf("cases of rules that are not there: %v %v", refused, accepted)
	}
}
