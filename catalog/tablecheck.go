package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// finish fills in what the declaration leaves out and checks the whole.
func (t *Table) finish(since Date) []error {
	var errs []error
	t.database, t.name = strings.ToLower(t.database), strings.ToLower(t.name)
	if err := t.checkLocation(); err != nil {
		errs = append(errs, err)
	}
	if len(t.record) == 0 {
		errs = append(errs, errors.New("it has no fields"))
	}
	if err := validateFields(t.record, "", 0); err != nil {
		errs = append(errs, err)
	}
	if err := t.checkKinds(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return errs // partitions stand on sound fields
	}
	if errs = t.finishPartitions(); len(errs) > 0 {
		return errs
	}
	if errs = t.finishProjection(since); len(errs) > 0 {
		return errs
	}
	if t.foreign {
		return nil
	}
	return t.checkExtra()
}

func (t *Table) checkLocation() error {
	if t.location == "" {
		return nil
	}
	scheme, rest, ok := strings.Cut(t.location, "://")
	switch {
	case !ok:
		return fmt.Errorf("Location: %q has no scheme: write s3://%s", t.location, strings.TrimPrefix(t.location, "/"))
	case !validName(scheme):
		return fmt.Errorf("Location: %q has no valid scheme: write s3://BUCKET/FOLDER/", t.location)
	case rest == "" || rest[0] == '/':
		return fmt.Errorf("Location: %q names no bucket: write s3://BUCKET/FOLDER/", t.location)
	case strings.Contains(rest, "//") && !t.foreign:
		return fmt.Errorf("Location: %q has an empty folder name, which Athena and Spark read differently", t.location)
	}
	if !strings.HasSuffix(t.location, "/") {
		t.location += "/" // without it, .../clicks would also list .../clicks_errors
	}
	return nil
}

// validateFields checks names and types; prefix stands before each name in complaints.
func validateFields(fields []Field, prefix string, depth int) error {
	var errs []error
	names, keys := map[string]string{}, map[string]string{}
	for _, f := range fields {
		path := prefix + f.Name
		switch {
		case f.Name == "":
			errs = append(errs, fmt.Errorf("%s: a column needs a name", strings.TrimSuffix(prefix, ".")))
			continue
		case len(f.Comment) > maxComment || strings.ContainsAny(f.Comment, "\r\n"):
			errs = append(errs, fmt.Errorf("%s: a comment is one line of up to %d bytes", path, maxComment))
		case f.Name != strings.ToLower(f.Name):
			errs = append(errs, fmt.Errorf("%s: a column's name is in lower case: write %s and keep the exact key in JSON", path, strings.ToLower(f.Name)))
		}
		key := f.key()
		if other, ok := names[f.Name]; ok {
			errs = append(errs, fmt.Errorf("%s: two fields are called %s in the table (keys %q and %q): rename one with lake:\"name=...\"", path, f.Name, other, key))
		} else if other, ok := keys[key]; ok {
			errs = append(errs, fmt.Errorf("%s: key %q already belongs to column %s", path, key, other))
		}
		names[f.Name], keys[key] = key, f.Name
		if err := f.Type.validate(path, depth); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (f Field) key() string {
	if f.JSON != "" {
		return f.JSON
	}
	return f.Name
}

// checkKinds refuses what the table's format cannot hold. Iceberg has no small integers:
// they become int there.
func (t *Table) checkKinds() error {
	var errs []error
	iceberg := t.format == FormatIceberg
	t.record = mapFields(t.record, "", func(path string, ty Type) Type {
		switch ty.Kind {
		case KindTimestampTZ:
			if !iceberg {
				errs = append(errs, fmt.Errorf("%s: timestamptz exists in Iceberg tables only: use timestamp, which holds the instant in UTC", path))
			}
		case KindTime, KindUUID, KindFixed:
			if !iceberg {
				errs = append(errs, fmt.Errorf("%s: %s exists in Iceberg tables only", path, ty.Kind))
			}
		case KindChar, KindVarchar:
			if iceberg {
				errs = append(errs, fmt.Errorf("%s: an Iceberg table has no %s: use string", path, ty.Kind))
			}
		case KindTinyInt, KindSmallInt:
			if iceberg {
				ty.Kind = KindInt
			}
		}
		return ty
	})
	return errors.Join(errs...)
}

// mapFields rebuilds fields with every type, parts first, replaced by what fn makes of it.
func mapFields(fields []Field, prefix string, fn func(path string, t Type) Type) []Field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].Type = mapType(out[i].Type, prefix+out[i].Name, fn)
	}
	return out
}

func mapType(t Type, path string, fn func(path string, t Type) Type) Type {
	if t.Elem != nil {
		name := ".element"
		if t.Kind == KindMap {
			name = ".value"
		}
		e := mapType(*t.Elem, path+name, fn)
		t.Elem = &e
	}
	if t.Key != nil {
		k := mapType(*t.Key, path+".key", fn)
		t.Key = &k
	}
	if len(t.Fields) > 0 {
		t.Fields = mapFields(t.Fields, path+".", fn)
	}
	return fn(path, t)
}

// cloneFields copies fields with all their parts, so that a table shares nothing.
func cloneFields(fields []Field) []Field {
	return mapFields(fields, "", func(_ string, t Type) Type { return t })
}

// finishPartitions resolves the partition columns and splits the record's fields into
// those in the files and those in the layout.
func (t *Table) finishPartitions() []error {
	var errs []error
	names := map[string]bool{}
	kept := map[string]bool{} // out of the files
	for i := range t.partitions {
		p := &t.partitions[i]
		if err := t.finishPartition(p); err != nil {
			errs = append(errs, err)
			continue
		}
		if names[p.Name] {
			errs = append(errs, fmt.Errorf("partition %s: there are two of this name", p.Name))
		}
		names[p.Name] = true
		if t.format == FormatIceberg {
			continue
		}
		_, isField := findField(t.record, p.Name)
		switch own := p.Derivation.Func == FuncIdentity && p.Derivation.Column == p.Name; {
		case own:
			kept[p.Name] = true
		case isField:
			errs = append(errs, fmt.Errorf("partition %s: a field has this name, and a Hive table has it in the files or in the layout, not in both: use As with another name, or Identity(%q)", p.Name, p.Name))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	// The fields that are in the layout come last in a record, in the layout's order: the
	// catalog keeps no other order.
	t.fields = slices.DeleteFunc(slices.Clone(t.record), func(f Field) bool { return kept[f.Name] })
	record := slices.Clone(t.fields)
	for _, p := range t.partitions {
		if kept[p.Name] {
			f, _ := findField(t.record, p.Name)
			record = append(record, f)
		}
	}
	t.record = record
	if len(t.fields) == 0 {
		return []error{errors.New("every field is a partition column: nothing is left for the files")}
	}
	return nil
}

func (t *Table) finishPartition(p *Partition) error {
	d := &p.Derivation
	if !d.IsZero() {
		d.Column = strings.ToLower(d.Column)
		if err := d.prepare(); err != nil {
			return fmt.Errorf("partition %s: %w", p.Name, err)
		}
		source, ok := findField(t.record, d.Column)
		if !ok {
			return fmt.Errorf("partition %s: %s: the table has no field %q (it has %s)", p.Name, d, d.Column, fieldNames(t.record))
		}
		if err := checkSource(*d, source.Type); err != nil {
			return fmt.Errorf("partition %s: %s: %w", p.Name, d, err)
		}
		if t.format == FormatIceberg {
			return finishIcebergPartition(p, source.Type)
		}
		if p.Name == "" && d.Func == FuncIdentity {
			p.Name = d.Column
		}
		if p.Type.Kind == 0 && d.Func == FuncIdentity && p.Name == d.Column {
			p.Type = source.Type
		}
	} else if t.format == FormatIceberg {
		return fmt.Errorf("partition %s: an Iceberg table's partitions follow from its fields: use Identity(%q) or another derivation", p.Name, p.Name)
	}
	if p.Type.Kind == 0 {
		p.Type = Type{Kind: KindString}
	}
	if !validPartitionName(p.Name) {
		return fmt.Errorf("partition %q: a column needs a name in lower-case letters, digits and underscores: use As(\"dt\")", p.Name)
	}
	return t.checkPartitionType(p)
}

// validPartitionName is wider than validName by what other tools' tables hold.
func validPartitionName(s string) bool {
	return s != "" && s == strings.ToLower(s) && !strings.ContainsAny(s, "/=${}`\"'\n")
}

func checkSource(d Derivation, source Type) error {
	switch {
	case d.Func == FuncHour && source.Kind != KindTimestamp && source.Kind != KindTimestampTZ:
		return fmt.Errorf("hour takes a timestamp, and %s is a %s", d.Column, source)
	case d.Func.Temporal() && source.Kind != KindTimestamp && source.Kind != KindTimestampTZ && source.Kind != KindDate:
		return fmt.Errorf("%s takes a timestamp or a date, and %s is a %s", d.Func, d.Column, source)
	case d.Func.Temporal() && source.Kind == KindDate && d.zone() != "UTC":
		return fmt.Errorf("%s is a date, which lies in no time zone: leave %s out", d.Column, d.Zone)
	case !source.Scalar():
		return fmt.Errorf("%s is a %s, and partition values are scalars", d.Column, source.Kind)
	case d.Func == FuncTruncate:
		switch source.Kind {
		case KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindDecimal, KindString, KindVarchar, KindChar, KindBinary:
		default:
			return fmt.Errorf("truncate takes text, binary, integers and decimals, and %s is a %s", d.Column, source)
		}
	case (d.Func == FuncBucket || d.Func == FuncIdentity) && (source.Kind == KindFloat || source.Kind == KindDouble):
		return fmt.Errorf("%s is a %s, whose values have more than one text", d.Column, source)
	case d.Func == FuncBucket && source.Kind == KindBoolean:
		return fmt.Errorf("%s is a boolean, which Iceberg does not hash: use identity", d.Column)
	}
	return nil
}

// checkPartitionType holds the column's type against what the derivation writes.
func (t *Table) checkPartitionType(p *Partition) error {
	d := p.Derivation
	integer := p.Type.Kind >= KindTinyInt && p.Type.Kind <= KindBigInt
	switch {
	case t.foreign && d.IsZero():
		return nil
	case !p.Type.Scalar() || p.Type.Kind == KindBinary || p.Type.Kind == KindFloat || p.Type.Kind == KindDouble || p.Type.Kind >= KindTimestampTZ:
		return fmt.Errorf("partition %s: a %s cannot be a partition column (use string, an integer, date)", p.Name, p.Type)
	case d.IsZero() || p.Type.Kind == KindString || p.Type.Kind == KindVarchar:
		return nil
	case d.Func.Temporal() && integer:
		if !d.compiled.format.digitsOnly() {
			return fmt.Errorf("partition %s: format %q is no number, and the type is %s", p.Name, d.format(), p.Type)
		}
	case d.Func.Temporal():
		if p.Type.Kind != KindDate || d.format() != "yyyy-MM-dd" {
			return fmt.Errorf("partition %s: %s does not write a %s", p.Name, d, p.Type)
		}
	case d.Func == FuncBucket && !integer:
		return fmt.Errorf("partition %s: %s writes an integer, and the type is %s", p.Name, d, p.Type)
	}
	return nil
}

// finishIcebergPartition names the partition field as Iceberg's own tools do: Athena's DDL
// can say no other.
func finishIcebergPartition(p *Partition, source Type) error {
	d := &p.Derivation
	name := d.Column + "_" + string(d.Func)
	p.Type = Type{Kind: KindInt}
	switch d.Func {
	case FuncIdentity:
		name, p.Type = d.Column, source
	case FuncTruncate:
		name, p.Type = d.Column+"_trunc", source
	case FuncDay:
		p.Type = Type{Kind: KindDate}
	}
	switch {
	case p.Name != "" && p.Name != name:
		return fmt.Errorf("partition %s: Iceberg calls it %s: leave As out", p.Name, name)
	case d.zone() != "UTC" || d.Late != 0 || d.Format != "" && d.Format != icebergFormat(d.Func):
		return fmt.Errorf("partition %s: %s: Iceberg partitions by UTC, has its own format, and no lateness", name, d)
	case !p.Projection.IsZero():
		return fmt.Errorf("partition %s: an Iceberg table is not projected", name)
	}
	p.Name = name
	d.Format = icebergFormat(d.Func)
	return d.prepare()
}

// icebergFormat is how Iceberg's tools show the values, in folder names too.
func icebergFormat(f Func) string {
	if f == FuncHour {
		return "yyyy-MM-dd-HH"
	}
	return defaultFormat(f)
}

func findField(fields []Field, name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

func fieldNames(fields []Field) string {
	const most = 12
	var b strings.Builder
	for i, f := range fields {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(fields)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
	}
	return b.String()
}

// checkExtra refuses parameters that would contradict the table.
func (t *Table) checkExtra() []error {
	var errs []error
	for _, k := range slices.Sorted(maps.Keys(t.extra)) {
		if impliedParameter(k) {
			errs = append(errs, fmt.Errorf("Parameters: %q follows from the table: leave it out", k))
		}
	}
	return errs
}
