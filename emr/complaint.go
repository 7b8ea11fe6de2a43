package emr

import (
	"fmt"
	"slices"
	"strings"
)

// Complaint is one thing that is wrong with a cluster, or that somebody will be sorry for.
type Complaint struct {
	// ID names the rule, such as "core-on-spot". It does not change with the wording.
	ID string `json:"id"`
	// Field is where, such as "Task.Spot.Timeout", and Value what stands there. A value that
	// is secret, long or missing is left out.
	Field string `json:"field"`
	Value string `json:"value,omitempty"`
	// Problem says what is the matter with the value: "is below 5m".
	Problem string `json:"problem"`
	// Rule is what holds, Source where it is written, and Mend what to do.
	Rule   string `json:"rule"`
	Source string `json:"source"`
	Mend   string `json:"mend"`
}

// String is the complaint in one line: "Task.Spot.Timeout: 3m is below 5m (EMR allows 5 to
// 1440 minutes); take 5m".
func (c Complaint) String() string {
	var b strings.Builder
	b.WriteString(c.Field)
	b.WriteString(": ")
	if c.Value != "" {
		b.WriteString(c.Value + " ")
	}
	fmt.Fprintf(&b, "%s (%s); %s", c.Problem, c.Rule, c.Mend)
	return b.String()
}

// InvalidError says why a cluster is refused, completely.
type InvalidError struct {
	// Complaints are in the order of the specification; there is at least one.
	Complaints []Complaint
}

// Error has a line for each complaint.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Complaints))
	for i, c := range e.Complaints {
		lines[i] = "emr: " + c.String()
	}
	return strings.Join(lines, "\n")
}

// complaints collects what is said.
type complaints struct {
	accept   []string
	errs     []Complaint
	warnings []Complaint
}

// say complains: value may be empty.
func (s *complaints) say(id, field, value, problem, mend string) {
	r := ruleOf(id)
	c := Complaint{ID: id, Field: field, Value: value, Problem: problem, Rule: r.text, Source: r.source, Mend: mend}
	switch {
	case r.kind == isError:
		s.errs = append(s.errs, c)
	case r.kind == isWarning || slices.Contains(s.accept, id):
		s.warnings = append(s.warnings, c)
	default:
		c.Mend += fmt.Sprintf(", or accept it by name: Accept: []string{%q}", id)
		s.errs = append(s.errs, c)
	}
}

// missing complains of a field that says nothing.
func (s *complaints) missing(id, field, mend string) { s.say(id, field, "", "is not said", mend) }

func (s *complaints) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	return &InvalidError{Complaints: s.errs}
}
