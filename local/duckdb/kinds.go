package duckdb

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/sqltext"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// class is what a type compares and computes with.
type class uint8

const (
	unknown class = iota
	text
	number
	boolean
	moment // dates and timestamps
	binary
	nested
)

func classOf(t catalog.Type) class {
	switch t.Kind {
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return text
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt, catalog.KindFloat, catalog.KindDouble, catalog.KindDecimal:
		return number
	case catalog.KindBoolean:
		return boolean
	case catalog.KindDate, catalog.KindTimestamp, catalog.KindTimestampTZ:
		return moment
	case catalog.KindBinary, catalog.KindFixed:
		return binary
	case catalog.KindArray, catalog.KindMap, catalog.KindStruct:
		return nested
	}
	return unknown
}

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func isInteger(t catalog.Type) bool {
	switch t.Kind {
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		return true
	}
	return false
}

func isFloat(t catalog.Type) bool { return t.Kind == catalog.KindFloat || t.Kind == catalog.KindDouble }

// duckType writes a type for DuckDB.
func duckType(t catalog.Type) (string, error) {
	switch t.Kind {
	case catalog.KindBoolean:
		return "BOOLEAN", nil
	case catalog.KindTinyInt:
		return "TINYINT", nil
	case catalog.KindSmallInt:
		return "SMALLINT", nil
	case catalog.KindInt:
		return "INTEGER", nil
	case catalog.KindBigInt:
		return "BIGINT", nil
	case catalog.KindFloat:
		return "FLOAT", nil
	case catalog.KindDouble:
		return "DOUBLE", nil
	case catalog.KindDecimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale), nil
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return "VARCHAR", nil
	case catalog.KindBinary, catalog.KindFixed:
		return "BLOB", nil
	case catalog.KindDate:
		return "DATE", nil
	case catalog.KindTimestamp:
		return "TIMESTAMP", nil
	case catalog.KindTimestampTZ:
		return "TIMESTAMPTZ", nil
	case catalog.KindArray:
		e, err := duckType(*t.Elem)
		return e + "[]", err
	case catalog.KindMap:
		k, err := duckType(*t.Key)
		if err != nil {
			return "", err
		}
		v, err := duckType(*t.Elem)
		return "MAP(" + k + "," + v + ")", err
	case catalog.KindStruct:
		var fields []string
		for _, f := range t.Fields {
			ft, err := duckType(f.Type)
			if err != nil {
				return "", err
			}
			fields = append(fields, sqltext.Quote(f.Name)+" "+ft)
		}
		return "STRUCT(" + strings.Join(fields, ",") + ")", nil
	}
	return "", fmt.Errorf("the local Athena does not read columns of type %s", t)
}

// fromTrino reads a type of a CAST.
func fromTrino(t *trinosql.Type) (catalog.Type, bool) {
	switch t.Name {
	case "boolean":
		return kind(catalog.KindBoolean), true
	case "tinyint":
		return kind(catalog.KindTinyInt), true
	case "smallint":
		return kind(catalog.KindSmallInt), true
	case "integer", "int":
		return kind(catalog.KindInt), true
	case "bigint":
		return kind(catalog.KindBigInt), true
	case "real":
		return kind(catalog.KindFloat), true
	case "double":
		return kind(catalog.KindDouble), true
	case "date":
		return kind(catalog.KindDate), true
	case "varchar":
		return kind(catalog.KindString), len(t.Args) == 0
	case "timestamp":
		return kind(catalog.KindTimestamp), len(t.Args) == 0 || t.Args[0].Number == "3" || t.Args[0].Number == "6"
	case "decimal":
		out := catalog.Type{Kind: catalog.KindDecimal, Precision: 38}
		for i, a := range t.Args {
			n := 0
			if _, err := fmt.Sscan(a.Number, &n); err != nil || n < 0 || n > 38 {
				return out, false
			}
			if i == 0 {
				out.Precision = n
			} else {
				out.Scale = n
			}
		}
		return out, out.Scale <= out.Precision && out.Precision > 0
	}
	return catalog.Type{}, false
}
