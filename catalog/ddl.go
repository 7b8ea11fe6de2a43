package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// DDL gives the statement with which Athena creates the table: CREATE EXTERNAL TABLE, or
// CREATE TABLE for an Iceberg table. Its text depends on the table alone.
//
// Athena's statement for Iceberg has no place for the table's comment, nor for what lakekit
// keeps beside the columns: exact JSON keys and which fields are required. It cannot create timestamptz, time, uuid
// and fixed columns, which is an error here.
func (t *Table) DDL() (string, error) {
	var b strings.Builder
	var err error
	if t.format == FormatIceberg {
		err = t.icebergDDL(&b)
	} else {
		err = t.hiveDDL(&b)
	}
	if err != nil {
		return "", fmt.Errorf("catalog: DDL of table %s: %w", t, err)
	}
	return b.String(), nil
}

func (t *Table) hiveDDL(b *strings.Builder) error {
	if t.location == "" {
		return errNoLocation
	}
	b.WriteString("CREATE EXTERNAL TABLE ")
	t.writeHead(b)
	if len(t.partitions) > 0 {
		b.WriteString("PARTITIONED BY (")
		for i, p := range t.partitions {
			writeColumn(b, i, p.Name, p.Type, p.Comment)
		}
		b.WriteString("\n)\n")
	}
	s := t.effectiveSerde()
	if s.equal(serdeFor(&Table{format: FormatParquet})) {
		b.WriteString("STORED AS PARQUET\n")
	} else {
		b.WriteString("ROW FORMAT SERDE " + sqltext.HiveLiteral(s.library) + "\n")
		if len(s.params) > 0 {
			b.WriteString("WITH SERDEPROPERTIES (")
			writeProperties(b, s.params)
			b.WriteString("\n)\n")
		}
		b.WriteString("STORED AS INPUTFORMAT " + sqltext.HiveLiteral(s.input) + "\nOUTPUTFORMAT " + sqltext.HiveLiteral(s.output) + "\n")
	}
	params := t.Parameters()
	delete(params, paramExternal) // EXTERNAL in the statement says it
	t.writeTail(b, params)
	return nil
}

var errNoLocation = fmt.Errorf("it has no location: set TableOptions.Location")

func (t *Table) icebergDDL(b *strings.Builder) error {
	if t.location == "" {
		return errNoLocation
	}
	var impossible error
	mapFields(t.fields, "", func(path string, ty Type) Type {
		switch ty.Kind {
		case KindTimestampTZ, KindTime, KindUUID, KindFixed:
			impossible = fmt.Errorf("%s: Athena cannot create a column of type %s", path, ty.Kind)
		}
		return ty
	})
	if impossible != nil {
		return impossible
	}
	params := map[string]string{paramTableType: "ICEBERG"}
	for _, k := range slices.Sorted(maps.Keys(t.extra)) {
		switch {
		case icebergProperty(k):
			params[k] = t.extra[k]
		case k == "metadata_location" || k == "previous_metadata_location":
		default:
			return fmt.Errorf("parameter %q: Athena takes for an Iceberg table only format, write_compression, write_target_data_file_size_bytes, optimize_rewrite_* and vacuum_*", k)
		}
	}
	b.WriteString("CREATE TABLE ")
	t.writeHead(b)
	if len(t.partitions) > 0 {
		b.WriteString("PARTITIONED BY (")
		for i, p := range t.partitions {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(icebergTransform(p.Derivation))
		}
		b.WriteString(")\n")
	}
	t.writeTail(b, params)
	return nil
}

// icebergTransform writes a partition as Athena's statement has it.
func icebergTransform(d Derivation) string {
	col := sqltext.HiveIdent(d.Column)
	switch d.Func {
	case FuncIdentity:
		return col
	case FuncBucket, FuncTruncate:
		return fmt.Sprintf("%s(%d, %s)", d.Func, d.Width, col)
	}
	return string(d.Func) + "(" + col + ")"
}

// icebergProperty is Athena's allow-list.
func icebergProperty(k string) bool {
	switch k {
	case "format", "write_compression", "write_target_data_file_size_bytes",
		"optimize_rewrite_min_data_file_size_bytes", "optimize_rewrite_max_data_file_size_bytes",
		"optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold",
		"vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds":
		return true
	}
	return false
}

func (t *Table) writeHead(b *strings.Builder) {
	b.WriteString(sqltext.HiveIdent(t.database) + "." + sqltext.HiveIdent(t.name) + " (")
	for i, f := range t.fields {
		writeColumn(b, i, f.Name, f.Type, f.Comment)
	}
	b.WriteString("\n)\n")
	if t.comment != "" && t.format != FormatIceberg {
		b.WriteString("COMMENT " + sqltext.HiveLiteral(t.comment) + "\n")
	}
}

func writeColumn(b *strings.Builder, i int, name string, ty Type, comment string) {
	if i > 0 {
		b.WriteString(",")
	}
	b.WriteString("\n  " + sqltext.HiveIdent(name) + " ")
	b.Write(ty.appendText(nil, ddlStyle))
	if comment != "" {
		b.WriteString(" COMMENT " + sqltext.HiveLiteral(comment))
	}
}

func (t *Table) writeTail(b *strings.Builder, params map[string]string) {
	b.WriteString("LOCATION " + sqltext.HiveLiteral(t.location) + "\n")
	b.WriteString("TBLPROPERTIES (")
	writeProperties(b, params)
	b.WriteString("\n)")
}

func writeProperties(b *strings.Builder, m map[string]string) {
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  " + sqltext.HiveLiteral(k) + " = " + sqltext.HiveLiteral(m[k]))
	}
}
