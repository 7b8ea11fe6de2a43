package catalog

import (
	"fmt"
	"strings"
	"time"
)

// Partition is a partition column of a table and, if it is derived, how its value follows
// from a field. [Year], [Month], [Day], [Hour], [Identity], [Truncate] and [Bucket] make
// derived ones, whose methods return changed copies:
//
//	catalog.Day("event_ts").Zone("Europe/Berlin").As("dt")
type Partition struct {
	// Name is the column's name.
	Name string
	// Type is the type of its values. The zero Type means string, which Athena recommends;
	// for an identity that has its field's own name, the field's type.
	Type Type
	// Derivation says how a value follows from a record. The zero Derivation means that
	// nobody declared it.
	Derivation Derivation
	// Projection says which values there are, so that none has to be registered. The zero
	// Projection means that partitions are registered in the catalog.
	Projection Projection
	// Comment is shown by the catalog.
	Comment string
}

// Year derives a column from the year of an instant or a date, written yyyy.
func Year(field string) Partition { return derived(FuncYear, field, 0) }

// Month derives a column from the month of an instant or a date, written yyyy-MM.
func Month(field string) Partition { return derived(FuncMonth, field, 0) }

// Day derives a column from the day of an instant or a date, written yyyy-MM-dd.
func Day(field string) Partition { return derived(FuncDay, field, 0) }

// Hour derives a column from the hour of an instant, written as two digits.
func Hour(field string) Partition { return derived(FuncHour, field, 0) }

// Identity derives a column from a field's value as it is. Without [Partition.As] the
// column has the field's name, and then a Hive table keeps the field out of its files.
func Identity(field string) Partition { return derived(FuncIdentity, field, 0) }

// Truncate derives a column from the first w characters of a text, or from a number
// rounded down to a multiple of w, as Iceberg does.
func Truncate(field string, w int) Partition { return derived(FuncTruncate, field, w) }

// Bucket derives a column from a hash of a field modulo n, as Iceberg does.
func Bucket(field string, n int) Partition { return derived(FuncBucket, field, n) }

// By gives the partition columns of a table in their order.
func By(ps ...Partition) []Partition { return ps }

func derived(fn Func, field string, w int) Partition {
	return Partition{Derivation: Derivation{Func: fn, Column: field, Width: w}}
}

// As names the column.
func (p Partition) As(name string) Partition {
	p.Name = name
	return p
}

// Zone sets the time zone in which days and hours begin, by its IANA name. Without it they
// begin in UTC.
func (p Partition) Zone(name string) Partition {
	p.Derivation.Zone = name
	p.Derivation.compiled = nil
	return p
}

// Format sets how the time is written, as a pattern of java.time: yyyy, MM, dd, HH and
// literals.
func (p Partition) Format(pattern string) Partition {
	p.Derivation.Format = pattern
	p.Derivation.compiled = nil
	return p
}

// Late says that the table is laid out by arrival, and that a record arrives at most d
// after the instant in its field.
func (p Partition) Late(d time.Duration) Partition {
	p.Derivation.Late = d
	return p
}

// Typed sets the column's type.
func (p Partition) Typed(t Type) Partition {
	p.Type = t
	return p
}

// Project sets the values that the column has.
func (p Partition) Project(pr Projection) Partition {
	p.Projection = pr
	return p
}

// String gives the column as [ParsePartition] reads it, such as
// dt=day(event_ts,UTC);late=1h0m0s. A column that is not derived is its name.
func (p Partition) String() string {
	if p.Derivation.IsZero() {
		return p.Name
	}
	return p.Name + "=" + p.derivationText()
}

// derivationText is what the table's parameter lakekit.derive.NAME holds.
func (p Partition) derivationText() string {
	s := p.Derivation.String()
	if p.Type.Kind != 0 && p.Type.Kind != KindString {
		// The keys' order is format, type, late.
		head, late, found := strings.Cut(s, ";late=")
		s = head + ";type=" + p.Type.String()
		if found {
			s += ";late=" + late
		}
	}
	return s
}

// ParsePartition reads a derived partition column, NAME=FUNCTION(FIELD[,ARGUMENT])[;KEY=VALUE]...:
//
//	dt=day(event_ts,UTC)
//	hr=hour(event_ts,Europe/Berlin);type=int
//	dt=day(event_ts);format=yyyy/MM/dd;late=3h
//	shard=bucket(user_id,16)
//
// Functions are year, month, day and hour (the argument is a time zone, UTC if there is
// none), identity, truncate (a width) and bucket (a count). Keys are format, type and late.
// Anything else is an error.
func ParsePartition(s string) (Partition, error) {
	name, text, ok := strings.Cut(s, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return Partition{}, fmt.Errorf("catalog: partition %q: it is written as dt=day(event_ts,UTC)", s)
	}
	p, err := parseDerived(text)
	if err != nil {
		return Partition{}, fmt.Errorf("catalog: partition %q: %w", name, err)
	}
	p.Name = name
	return p, nil
}

// ParsePartitions reads derived partition columns as [ParsePartition] does, with commas
// between them.
func ParsePartitions(s string) ([]Partition, error) {
	var ps []Partition
	for _, part := range splitPartitions(s) {
		p, err := ParsePartition(part)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// splitPartitions cuts at the commas outside parentheses that a NAME= follows: a format
// may hold a comma too.
func splitPartitions(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			name, rest, ok := strings.Cut(s[i+1:], "=")
			if depth == 0 && ok && validName(strings.TrimSpace(name)) && strings.Contains(rest, "(") {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// validName says whether Athena takes the name everywhere without quotes or surprises.
func validName(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '_' && !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
