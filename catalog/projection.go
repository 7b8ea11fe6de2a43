package catalog

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// ProjectionType is how Athena works out the values of a projected partition column.
type ProjectionType string

// The projection types.
const (
	ProjectEnum     ProjectionType = "enum"
	ProjectInteger  ProjectionType = "integer"
	ProjectDate     ProjectionType = "date"
	ProjectInjected ProjectionType = "injected"
)

// Projection says which values a partition column has, so that Athena needs no list of
// partitions. Only Athena reads it: to Spark, Redshift Spectrum and EMR a projected table
// has no partitions.
type Projection struct {
	// Type is the kind. Empty means that the column is not projected.
	Type ProjectionType
	// Values are an enum's. Blanks in them count.
	Values []string
	// Min and Max are the first and the last value of an integer or a date. A date's are
	// written in its format, or relative to the time of the query: NOW, NOW-3YEARS,
	// NOW+1DAY (UTC).
	Min, Max string
	// Interval is the step between values. Zero means 1.
	Interval int64
	// Unit is the step's unit for dates: YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES or
	// SECONDS. Empty means days or months for formats that end there, and is an error for
	// the others.
	Unit string
	// Digits pads an integer with zeros. Zero means none.
	Digits int
	// Format is a date's, in java.time's letters.
	Format string
}

// IsZero says whether the column is not projected.
func (p Projection) IsZero() bool { return p.Type == "" }

// maxProjected bounds the partitions that a projection may span: Athena makes an object for
// each that a query's filter leaves, and reads at most a million.
const maxProjected = 1_000_000

// maxEnum is "a few dozen" in AWS's words, made a number.
const maxEnum = 1000

// finishProjection gives projections to the columns that have none, if the table is
// projected, and checks them all.
func (t *Table) finishProjection(since Date) []error {
	var errs []error
	any := !since.IsZero()
	for _, p := range t.partitions {
		any = any || !p.Projection.IsZero()
	}
	if !any || t.format == FormatIceberg {
		if !since.IsZero() {
			errs = append(errs, errors.New("ProjectSince: an Iceberg table is not projected: its metadata lists its files"))
		}
		return append(errs, t.checkTemplate()...)
	}
	if len(t.partitions) == 0 {
		return []error{errors.New("ProjectSince: the table has no partition columns")}
	}
	product := int64(1)
	for i := range t.partitions {
		p := &t.partitions[i]
		if p.Projection.IsZero() {
			p.Projection = p.defaultProjection(since)
		}
		n, err := p.checkProjection()
		if err != nil {
			errs = append(errs, fmt.Errorf("partition %s: %w", p.Name, err))
			continue
		}
		if product *= n; product > maxProjected && !t.foreign {
			errs = append(errs, fmt.Errorf("partition %s: the projection spans more than %d partitions with the columns before it, and Athena reads no more: narrow a range, or make a column injected", p.Name, maxProjected))
		}
		product = min(product, maxProjected+1) // no overflow
	}
	if t.template == "" && t.location != "" && !t.foreign {
		t.template = t.defaultTemplate()
	}
	return append(errs, t.checkTemplate()...)
}

// defaultProjection is what ProjectSince gives to a column.
func (p *Partition) defaultProjection(since Date) Projection {
	d := p.Derivation
	within, ordered := d.order()
	switch {
	case d.Func == FuncBucket:
		return Projection{Type: ProjectInteger, Min: "0", Max: strconv.Itoa(d.Width - 1)}
	case d.Func.Temporal() && ordered && within == unitDay:
		return Projection{Type: ProjectInteger, Min: "0", Max: "23", Digits: 2}
	case d.Func.Temporal() && ordered && within == unitMonth && d.Func == FuncDay:
		return Projection{Type: ProjectInteger, Min: "1", Max: "31", Digits: 2}
	case d.Func.Temporal() && ordered && within == unitYear && d.Func == FuncMonth:
		return Projection{Type: ProjectInteger, Min: "1", Max: "12", Digits: 2}
	case d.Func.Temporal() && !since.IsZero():
		pr := Projection{Type: ProjectDate, Max: "NOW", Format: d.format()}
		pr.Min = string(d.compiled.format.append(nil, since.Time()))
		if d.zone() != "UTC" {
			pr.Max = "NOW+1DAY" // NOW is UTC's, and the zone may be a day ahead
		}
		if f := d.compiled.format.finest(); f != unitDay && f != unitMonth {
			pr.Interval, pr.Unit = 1, strings.ToUpper(f.String())+"S"
		}
		return pr
	}
	return Projection{}
}

// checkProjection says how many values the column has; one for those that a query must
// name.
func (p *Partition) checkProjection() (int64, error) {
	pr := p.Projection
	text := p.Type.Kind == KindString || p.Type.Kind == KindVarchar
	if pr.Interval < 0 || pr.Digits < 0 {
		return 0, errors.New("Projection: Interval and Digits are positive")
	}
	switch pr.Type {
	case "":
		return 0, errors.New("it has no projection, and once one column has, all need one: use Project")
	case ProjectInjected:
		if !text {
			return 0, fmt.Errorf("an injected column is a string, not %s", p.Type)
		}
		return 1, nil
	case ProjectEnum:
		return p.checkEnum()
	case ProjectInteger:
		return checkIntegerRange(pr)
	case ProjectDate:
		if !text && p.Type.Kind != KindDate && p.Type.Kind != KindTimestamp {
			return 0, fmt.Errorf("a date projection wants a string, date or timestamp column, not %s", p.Type)
		}
		return checkDateRange(pr)
	}
	return 0, fmt.Errorf("Projection: type %q is unknown (known are enum, integer, date, injected)", pr.Type)
}

func (p *Partition) checkEnum() (int64, error) {
	pr := p.Projection
	if len(pr.Values) == 0 || len(pr.Values) > maxEnum {
		return 0, fmt.Errorf("an enum has 1 to %d values, not %d: use an injected column for more", maxEnum, len(pr.Values))
	}
	seen := map[string]bool{}
	for _, v := range pr.Values {
		switch {
		case v == "" || strings.Contains(v, ","):
			return 0, fmt.Errorf("enum value %q: values are not empty and hold no comma", v)
		case seen[v]:
			return 0, fmt.Errorf("enum value %q is given twice", v)
		}
		seen[v] = true
	}
	return int64(len(pr.Values)), nil
}

func checkIntegerRange(pr Projection) (int64, error) {
	lo, err1 := strconv.ParseInt(pr.Min, 10, 64)
	hi, err2 := strconv.ParseInt(pr.Max, 10, 64)
	switch {
	case err1 != nil || err2 != nil:
		return 0, fmt.Errorf("an integer range is two whole numbers, not %q and %q", pr.Min, pr.Max)
	case lo > hi:
		return 0, fmt.Errorf("range %d to %d is empty", lo, hi)
	case pr.Format != "" || pr.Unit != "":
		return 0, errors.New("an integer projection has neither Format nor Unit")
	}
	n := new(big.Int).Sub(big.NewInt(hi), big.NewInt(lo))
	n.Div(n, big.NewInt(max(1, pr.Interval))).Add(n, big.NewInt(1))
	if !n.IsInt64() || n.Int64() > maxProjected {
		return maxProjected + 1, nil
	}
	return n.Int64(), nil
}

// checkDateRange counts a relative bound as if the query ran at its other bound, so that
// the answer does not depend on the day: NOW is the end of 2039.
func checkDateRange(pr Projection) (int64, error) {
	if pr.Format == "" {
		return 0, errors.New("a date projection needs a Format, such as yyyy-MM-dd")
	}
	f, err := parseTimeFormat(pr.Format)
	if err != nil {
		return 0, err
	}
	unit := strings.ToUpper(pr.Unit)
	if unit == "" {
		switch f.finest() {
		case unitDay:
			unit = "DAYS"
		case unitMonth:
			unit = "MONTHS"
		default:
			return 0, fmt.Errorf("format %q: only days and months have a step of their own: give Interval and Unit", pr.Format)
		}
	}
	step := unitSeconds(unit)
	if step == 0 {
		return 0, fmt.Errorf("Unit %q is unknown (known are YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES, SECONDS)", pr.Unit)
	}
	now := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	lo, err1 := dateBound(pr.Min, f, now)
	hi, err2 := dateBound(pr.Max, f, now)
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	if lo.After(hi) {
		return 0, fmt.Errorf("range %s to %s is empty", pr.Min, pr.Max)
	}
	return (hi.Unix()-lo.Unix())/(step*max(1, pr.Interval)) + 1, nil
}

func unitSeconds(unit string) int64 {
	switch strings.TrimSuffix(unit, "S") {
	case "YEAR":
		return 365 * 86400
	case "MONTH":
		return 28 * 86400
	case "WEEK":
		return 7 * 86400
	case "DAY":
		return 86400
	case "HOUR":
		return 3600
	case "MINUTE":
		return 60
	case "SECOND":
		return 1
	}
	return 0
}

// dateBound reads one end of a date range: in the format, or NOW with a distance.
func dateBound(s string, f *timeFormat, now time.Time) (time.Time, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), "NOW")
	if !ok {
		t, err := f.parse(s)
		if err != nil {
			return t, fmt.Errorf("range bound %w, nor relative to NOW", err)
		}
		return t, nil
	}
	rest = strings.ReplaceAll(rest, " ", "")
	if rest == "" {
		return now, nil
	}
	digits := strings.TrimRight(rest[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	n, err := strconv.Atoi(digits)
	step := unitSeconds(rest[1+len(digits):])
	if err != nil || step == 0 || rest[0] != '+' && rest[0] != '-' {
		return now, fmt.Errorf("range bound %q is not written as NOW, NOW-3YEARS or NOW+1DAY", s)
	}
	if rest[0] == '-' {
		n = -n
	}
	return now.Add(time.Duration(n) * time.Duration(step) * time.Second), nil
}
