package catalog

import (
	"fmt"
	"strings"
)

// defaultTemplate is the column=value/ layout, written out.
func (t *Table) defaultTemplate() string {
	var b strings.Builder
	b.WriteString(t.location)
	for _, p := range t.partitions {
		b.WriteString(p.Name + "=${" + p.Name + "}/")
	}
	return b.String()
}

// checkTemplate holds the template against the partition columns.
func (t *Table) checkTemplate() []error {
	if t.template == "" {
		return nil
	}
	var errs []error
	if !t.Projected() {
		errs = append(errs, fmt.Errorf("Template: %q is read for projected tables only", t.template))
	}
	if !strings.Contains(t.template, "://") {
		errs = append(errs, fmt.Errorf("Template: %q has no scheme: write s3://BUCKET/...", t.template))
	}
	if !strings.HasSuffix(t.template, "/") {
		errs = append(errs, fmt.Errorf("Template: %q does not end with a slash", t.template))
	}
	rest := t.template
	for _, p := range t.partitions {
		if !strings.Contains(t.template, "${"+p.Name+"}") {
			errs = append(errs, fmt.Errorf("Template: %q has no ${%s}: every partition column must appear", t.template, p.Name))
		}
		rest = strings.ReplaceAll(rest, "${"+p.Name+"}", "")
	}
	if _, unknown, ok := strings.Cut(rest, "${"); ok {
		name, _, _ := strings.Cut(unknown, "}")
		errs = append(errs, fmt.Errorf("Template: ${%s} is not a partition column", name))
	}
	return errs
}

// PartitionLocation gives where the files of a partition lie, with a slash at the end. There
// is a value per partition column. Without a template, values are escaped as Hive does it;
// with one they stand as they are, because Athena puts them there so.
func (t *Table) PartitionLocation(values []string) (string, error) {
	if len(values) != len(t.partitions) {
		return "", fmt.Errorf("catalog: table %s: %d partition values for %d columns", t, len(values), len(t.partitions))
	}
	for i, v := range values {
		if v == "" {
			return "", fmt.Errorf("catalog: table %s: partition %s: the value is empty", t, t.partitions[i].Name)
		}
	}
	if t.template != "" {
		pairs := make([]string, 0, 2*len(values))
		for i, p := range t.partitions {
			pairs = append(pairs, "${"+p.Name+"}", values[i])
		}
		return strings.NewReplacer(pairs...).Replace(t.template), nil
	}
	var b strings.Builder
	b.WriteString(t.location)
	for i, p := range t.partitions {
		b.WriteString(hiveEscape(p.Name) + "=" + hiveEscape(values[i]) + "/")
	}
	return b.String(), nil
}

// hiveEscape writes a name or a value as Hive's folder names hold it.
func hiveEscape(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < 0x80 && hiveSpecial(byte(r)) }) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; hiveSpecial(c) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func hiveSpecial(c byte) bool {
	return c < 0x20 || c == 0x7f || strings.IndexByte("\"#%'*/:=?\\{[]^", c) >= 0
}
