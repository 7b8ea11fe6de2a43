package duckdb

import (
	"fmt"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// cast translates the conversions that both engines can be made to agree on.
func (t *translator) cast(e *trinosql.Cast) (value, error) {
	v, err := t.expr(e.X)
	if err != nil {
		return value{}, err
	}
	if e.Type.Name == "json" && (classOf(v.Type) == nested || v.Kind == 0) {
		// As text: DuckDB's driver would turn the column into Go's values.
		return value{"CAST(to_json(" + v.sql + ") AS VARCHAR)", catalog.Type{}}, nil
	}
	to, ok := fromTrino(e.Type)
	if !ok {
		return value{}, notSupported(e, "CAST to "+trinosql.Format(e.Type))
	}
	word := "CAST("
	bad := "error('Cannot cast the value to " + to.DML() + "')"
	if e.Try {
		word, bad = "TRY_CAST(", "NULL"
	}
	name, err := duckType(to)
	if err != nil {
		return value{}, err
	}
	plain := value{word + v.sql + " AS " + name + ")", to}
	from, into := classOf(v.Type), classOf(to)
	switch {
	case v.Kind == 0 || v.Equal(to):
		return plain, nil
	case into == text:
		return castToText(e, v, word, plain)
	case from == text && isInteger(to):
		// DuckDB would take ' 7 ' and round '1.5'.
		return value{fmt.Sprintf("(CASE WHEN %[1]s IS NULL THEN NULL WHEN regexp_full_match(%[1]s, '[+-]?[0-9]+') THEN %[2]s%[1]s AS %[3]s) ELSE %[4]s END)", v.sql, word, name, bad), to}, nil
	case from == text && (to.Kind == catalog.KindDecimal || isFloat(to) || to.Kind == catalog.KindDate || to.Kind == catalog.KindTimestamp):
		return plain, nil
	case isFloat(v.Type) && isInteger(to):
		// Away from zero at a half, where DuckDB takes the even neighbour.
		return value{word + "round(" + v.sql + ") AS " + name + ")", to}, nil
	case v.Kind == catalog.KindDecimal && isInteger(to):
		return value{word + "round(" + v.sql + ", 0) AS " + name + ")", to}, nil
	case from == number && into == number, from == boolean && isInteger(to), from == moment && into == moment:
		return plain, nil
	}
	return value{}, notSupported(e, fmt.Sprintf("CAST of %s to %s", v.DML(), to.DML()))
}

func castToText(e *trinosql.Cast, v value, word string, plain value) (value, error) {
	switch {
	case v.Kind == catalog.KindTimestamp:
		return value{"strftime(" + v.sql + ", '%Y-%m-%d %H:%M:%S.%g')", plain.Type}, nil
	case isInteger(v.Type), v.Kind == catalog.KindDecimal, v.Kind == catalog.KindBoolean, v.Kind == catalog.KindDate, classOf(v.Type) == text:
		return value{word + v.sql + " AS VARCHAR)", plain.Type}, nil
	}
	return value{}, notSupported(e, "CAST of "+v.DML()+" to varchar")
}
