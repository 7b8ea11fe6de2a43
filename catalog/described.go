package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// described is a table as a catalog or a DDL statement describes it, before it is checked.
type described struct {
	database, name    string
	columns           []Field
	keys              []Field     // partition columns; of an Iceberg table none
	transforms        []Partition // of an Iceberg table
	params            map[string]string
	serde             serde
	location, comment string
}

// table makes the table. What others made may be wider than what [New] makes: names with
// odd letters, formats that lakekit does not write, projections of any size.
func (d *described) table() (*Table, error) {
	t := &Table{
		database: d.database, name: d.name, location: d.location, comment: d.comment,
		partitions: d.transforms, extra: map[string]string{}, foreign: true,
	}
	iceberg := strings.EqualFold(d.params[paramTableType], "ICEBERG")
	switch f, ok := formatOf(d.serde.library); {
	case iceberg:
		t.format = FormatIceberg
	case ok:
		t.format = f
	case d.params[paramClass] != "":
		t.format = Format(strings.ToLower(d.params[paramClass]))
	default:
		t.format = Format(strings.ToLower(strings.TrimSuffix(lastPart(d.serde.library), "SerDe")))
	}
	t.record = d.columns
	required := map[string]bool{}
	for path := range strings.SplitSeq(d.params[paramRequired], ",") {
		required[path] = true
	}
	projected := strings.EqualFold(d.params[paramEnabled], "true") && !iceberg
	var errs []error
	for _, k := range d.keys {
		p, err := d.partition(k, projected)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.partitions = append(t.partitions, p)
		if p.Derivation.Func == FuncIdentity && p.Derivation.Column == p.Name {
			t.record = append(t.record, Field{Name: p.Name, Type: p.Type})
		}
	}
	if iceberg && len(t.partitions) == 0 {
		ps, err := d.icebergPartitions()
		errs = append(errs, err)
		t.partitions = ps
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.record = keyed(t.record, "", d.params, required)
	for k, v := range d.params {
		if !t.implies(k, projected) {
			t.extra[k] = v
		}
	}
	if projected {
		t.template = d.params[paramTemplate]
	}
	if err := errors.Join(t.finish(Date{})...); err != nil {
		return nil, err
	}
	if !iceberg && !d.serde.equal(serdeFor(t)) {
		t.serde = d.serde
	}
	return t, nil
}

// implies says whether the table will write the parameter itself.
func (t *Table) implies(k string, projected bool) bool {
	switch {
	case strings.HasPrefix(k, paramProjection), k == paramTemplate:
		return projected
	case k == paramClass:
		return t.format == FormatParquet || t.format == FormatJSON || t.format == FormatCSV
	}
	return impliedParameter(k)
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }

// partition reads a partition column with its derivation and projection.
func (d *described) partition(k Field, projected bool) (Partition, error) {
	p := Partition{Name: k.Name, Type: k.Type, Comment: k.Comment}
	if text, ok := d.params[paramDerive+k.Name]; ok {
		q, err := parseDerived(text)
		if err != nil {
			return p, fmt.Errorf("parameter %s%s: %w", paramDerive, k.Name, err)
		}
		if q.Type.Kind != 0 && !q.Type.Equal(k.Type) {
			return p, fmt.Errorf("parameter %s%s: type=%s, and the column is a %s", paramDerive, k.Name, q.Type, k.Type)
		}
		p.Derivation = q.Derivation
	}
	if projected {
		var err error
		if p.Projection, err = projectionOf(k.Name, d.params); err != nil {
			return p, fmt.Errorf("partition %s: %w", k.Name, err)
		}
	}
	return p, nil
}

// icebergPartitions reads the derivations that lakekit keeps beside an Iceberg table. The
// catalog itself does not know how one is partitioned.
func (d *described) icebergPartitions() ([]Partition, error) {
	var ps []Partition
	for _, k := range slices.Sorted(maps.Keys(d.params)) {
		name, ok := strings.CutPrefix(k, paramDerive)
		if !ok {
			continue
		}
		p, err := parseDerived(d.params[k])
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", k, err)
		}
		p.Name = name
		ps = append(ps, p)
	}
	return ps, nil
}

// keyed gives the fields their JSON keys and whether they are required.
func keyed(fields []Field, prefix string, params map[string]string, required map[string]bool) []Field {
	out := slices.Clone(fields)
	for i := range out {
		f := &out[i]
		path := prefix + f.Name
		if key := params[paramJSON+path]; key != f.Name {
			f.JSON = key
		}
		f.Required = f.Required || required[path]
		f.Type = keyedType(f.Type, path, params, required)
	}
	return out
}

func keyedType(t Type, path string, params map[string]string, required map[string]bool) Type {
	switch t.Kind {
	case KindArray:
		e := keyedType(*t.Elem, path+".element", params, required)
		t.Elem = &e
	case KindMap:
		e := keyedType(*t.Elem, path+".value", params, required)
		t.Elem = &e
	case KindStruct:
		t.Fields = keyed(t.Fields, path+".", params, required)
	}
	return t
}

// projectionOf reads a column's projection parameters.
func projectionOf(name string, params map[string]string) (Projection, error) {
	key := paramProjection + name + "."
	pr := Projection{
		Type:   ProjectionType(strings.ToLower(strings.TrimSpace(params[key+"type"]))),
		Unit:   strings.ToUpper(strings.TrimSpace(params[key+"interval.unit"])),
		Format: params[key+"format"],
	}
	if pr.Type == "" {
		return pr, fmt.Errorf("parameter %stype is missing: once a table is projected, every partition column is", key)
	}
	if r, ok := params[key+"range"]; ok {
		lo, hi, two := strings.Cut(r, ",")
		if !two {
			return pr, fmt.Errorf("parameter %srange: %q is not two values with a comma between", key, r)
		}
		pr.Min, pr.Max = strings.TrimSpace(lo), strings.TrimSpace(hi)
	}
	if v, ok := params[key+"values"]; ok {
		pr.Values = strings.Split(v, ",")
	}
	if s := strings.TrimSpace(params[key+"interval"]); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 {
			return pr, fmt.Errorf("parameter %sinterval: %q is not a positive whole number", key, s)
		}
		pr.Interval = n
	}
	if s := strings.TrimSpace(params[key+"digits"]); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return pr, fmt.Errorf("parameter %sdigits: %q is not a positive whole number", key, s)
		}
		pr.Digits = n
	}
	return pr, nil
}

func (s serde) equal(o serde) bool {
	return s.input == o.input && s.output == o.output && s.library == o.library && maps.Equal(s.params, o.params)
}
