package emr

// RuleIDs names every rule, for the test that each has its cases.
func RuleIDs() []string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.id
	}
	return ids
}

// Graviton is for its own table.
func Graviton(instanceType string) bool { return graviton(instanceType) }
