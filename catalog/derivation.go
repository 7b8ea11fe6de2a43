package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Func is the function of a [Derivation].
type Func string

// The functions.
const (
	FuncYear     Func = "year"
	FuncMonth    Func = "month"
	FuncDay      Func = "day"
	FuncHour     Func = "hour"
	FuncIdentity Func = "identity"
	FuncTruncate Func = "truncate"
	FuncBucket   Func = "bucket"
)

// Temporal says whether the function takes an instant or a date.
func (f Func) Temporal() bool { return f.unit() != unitNone }

func (f Func) unit() timeUnit {
	switch f {
	case FuncYear:
		return unitYear
	case FuncMonth:
		return unitMonth
	case FuncDay:
		return unitDay
	case FuncHour:
		return unitHour
	}
	return unitNone
}

// Derivation says how the value of a partition column follows from a field. It is a claim
// about every row of the table: producers make it true, and a query's filter on the field
// is turned into one on the partition column because of it.
type Derivation struct {
	// Func is the function.
	Func Func
	// Column is the field's name.
	Column string
	// Zone is the IANA name of the time zone of year, month, day and hour. Empty means UTC.
	Zone string
	// Format is how they are written, in java.time's letters. Empty means yyyy, yyyy-MM,
	// yyyy-MM-dd or, for hour, HH.
	Format string
	// Late says how long after the instant in its field a record may arrive, for a table
	// that is laid out by arrival: then the value is that of an instant in [t, t+Late].
	// Zero means that the value is that of t itself.
	Late time.Duration
	// Width is truncate's width or bucket's count.
	Width int

	compiled *compiledTime // by prepare; nil means on each use
}

// compiledTime is what the temporal functions need beside the instant.
type compiledTime struct {
	unit   timeUnit
	loc    *time.Location
	format *timeFormat
}

// IsZero says whether there is no derivation.
func (d Derivation) IsZero() bool { return d.Func == "" }

// Equal says whether two derivations say the same.
func (d Derivation) Equal(e Derivation) bool {
	return d.Func == e.Func && d.Column == e.Column && d.zone() == e.zone() && d.format() == e.format() &&
		d.Late == e.Late && d.Width == e.Width
}

// String gives the derivation as the table's parameter holds it, such as
// day(event_ts,UTC);late=1h0m0s.
func (d Derivation) String() string {
	s := string(d.Func) + "(" + d.Column
	switch {
	case d.Func.Temporal():
		s += "," + d.zone()
	case d.Func == FuncTruncate, d.Func == FuncBucket:
		s += "," + strconv.Itoa(d.Width)
	}
	s += ")"
	if d.Format != "" && d.Format != defaultFormat(d.Func) {
		s += ";format=" + d.Format
	}
	if d.Late > 0 {
		s += ";late=" + durationText(d.Late)
	}
	return s
}

// durationText is Duration's own text without the zeros at its end.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (d Derivation) zone() string {
	if d.Zone == "" {
		return "UTC"
	}
	return d.Zone
}

func (d Derivation) format() string {
	if d.Format == "" {
		return defaultFormat(d.Func)
	}
	return d.Format
}

func defaultFormat(f Func) string {
	switch f {
	case FuncYear:
		return "yyyy"
	case FuncMonth:
		return "yyyy-MM"
	case FuncDay:
		return "yyyy-MM-dd"
	case FuncHour:
		return "HH"
	}
	return ""
}

// parseDerived reads FUNCTION(FIELD[,ARGUMENT])[;KEY=VALUE]... .
func parseDerived(text string) (Partition, error) {
	call, keys, hasKeys := strings.Cut(text, ";")
	name, args, ok := strings.Cut(strings.TrimSpace(call), "(")
	args, closed := strings.CutSuffix(args, ")")
	if !ok || !closed {
		return Partition{}, fmt.Errorf("derivation %q is written as day(event_ts,UTC)", text)
	}
	p := Partition{Derivation: Derivation{Func: Func(strings.TrimSpace(name))}}
	d := &p.Derivation
	column, arg, hasArg := strings.Cut(args, ",")
	d.Column, arg = strings.TrimSpace(column), strings.TrimSpace(arg)
	if d.Column == "" {
		return Partition{}, fmt.Errorf("derivation %q names no field", text)
	}
	switch {
	case d.Func.Temporal():
		if d.Zone = arg; hasArg && arg == "" {
			return Partition{}, fmt.Errorf("derivation %q: the time zone is missing behind the comma", text)
		}
	case d.Func == FuncIdentity:
		if hasArg {
			return Partition{}, fmt.Errorf("derivation %q: identity takes a field alone", text)
		}
	case d.Func == FuncTruncate, d.Func == FuncBucket:
		n, err := strconv.Atoi(arg)
		if err != nil {
			return Partition{}, fmt.Errorf("derivation %q: %s takes a field and a number", text, d.Func)
		}
		d.Width = n
	default:
		return Partition{}, fmt.Errorf("derivation %q: unknown function %q (known are year, month, day, hour, identity, truncate, bucket)", text, d.Func)
	}
	if hasKeys {
		if err := p.parseKeys(keys); err != nil {
			return Partition{}, fmt.Errorf("derivation %q: %w", text, err)
		}
	}
	if err := p.Derivation.prepare(); err != nil {
		return Partition{}, err
	}
	return p, nil
}

func (p *Partition) parseKeys(keys string) error {
	seen := map[string]bool{}
	for kv := range strings.SplitSeq(keys, ";") {
		key, value, ok := strings.Cut(kv, "=")
		key = strings.TrimSpace(key)
		if !ok || value == "" {
			return fmt.Errorf("%q is not KEY=VALUE", kv)
		}
		if seen[key] {
			return fmt.Errorf("key %q is given twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "format":
			p.Derivation.Format = value
		case "type":
			p.Type, err = ParseType(value)
		case "late":
			p.Derivation.Late, err = time.ParseDuration(strings.TrimSpace(value))
		default:
			err = fmt.Errorf("unknown key %q (known are format, type, late)", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare checks the derivation and compiles its zone and format.
func (d *Derivation) prepare() error {
	c, err := d.compile()
	if err != nil {
		return fmt.Errorf("derivation %s: %w", d, err)
	}
	d.compiled = c
	return nil
}

func (d *Derivation) compile() (*compiledTime, error) {
	if !d.Func.Temporal() {
		switch {
		case d.Zone != "" || d.Format != "" || d.Late != 0:
			return nil, fmt.Errorf("%s takes no zone, format or lateness", d.Func)
		case (d.Func == FuncTruncate || d.Func == FuncBucket) && (d.Width < 1 || d.Width > 1<<31-1):
			return nil, fmt.Errorf("%d is out of range (1 to %d)", d.Width, 1<<31-1)
		case d.Func != FuncTruncate && d.Func != FuncBucket && d.Func != FuncIdentity:
			return nil, fmt.Errorf("unknown function %q (known are year, month, day, hour, identity, truncate, bucket)", d.Func)
		}
		return nil, nil
	}
	if d.Late < 0 {
		return nil, fmt.Errorf("late=%s is negative", d.Late)
	}
	f, err := parseTimeFormat(d.format())
	if err != nil {
		return nil, err
	}
	if f.finest() > d.Func.unit() {
		return nil, fmt.Errorf("format %q prints the %s, and %s stops at the %s", d.format(), f.finest(), d.Func, d.Func.unit())
	}
	if d.Zone == "Local" {
		return nil, errors.New(`zone "Local" differs from machine to machine: give a name such as Europe/Berlin`)
	}
	loc, err := time.LoadLocation(d.zone())
	if err != nil {
		return nil, fmt.Errorf("zone %q is not known here (names are as in Europe/Berlin; a machine without a zone database needs the import time/tzdata): %w", d.Zone, err)
	}
	return &compiledTime{unit: d.Func.unit(), loc: loc, format: f}, nil
}

// OfTime gives the value for the instant t, and a span around t, [from, until), in which it
// stays the same. The span is not always the longest one: it ends where the zone's offset
// changes. Years outside 1 to 9999 have no value, nor has an instant if the function is
// not year, month, day or hour.
func (d Derivation) OfTime(t time.Time) (value string, from, until time.Time, err error) {
	c := d.compiled
	if c == nil {
		if c, err = d.compile(); err != nil {
			return "", from, until, fmt.Errorf("catalog: derivation %s: %w", d, err)
		}
		if c == nil {
			return "", from, until, fmt.Errorf("catalog: derivation %s: it takes no instant", d)
		}
	}
	local := t.In(c.loc)
	if y := local.Year(); y < 1 || y > 9999 {
		return "", from, until, fmt.Errorf("catalog: derivation %s: year %d has no value (years are 1 to 9999)", d, y)
	}
	from, until = c.span(local)
	var buf [32]byte
	return string(c.format.append(buf[:0], local)), from, until, nil
}

// span gives the part of local's unit in which the zone's offset is local's. While the
// offset holds the wall clock runs like UTC's, so the unit's edges can be computed there.
func (c *compiledTime) span(local time.Time) (from, until time.Time) {
	_, offset := local.Zone()
	shift := time.Duration(offset) * time.Second
	y, m, d, h := local.Year(), local.Month(), local.Day(), local.Hour()
	switch c.unit {
	case unitYear:
		from, until = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(y+1, 1, 1, 0, 0, 0, 0, time.UTC)
	case unitMonth:
		from, until = time.Date(y, m, 1, 0, 0, 0, 0, time.UTC), time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
	case unitDay:
		from, until = time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
	default:
		from, until = time.Date(y, m, d, h, 0, 0, 0, time.UTC), time.Date(y, m, d, h+1, 0, 0, 0, time.UTC)
	}
	from, until = from.Add(-shift), until.Add(-shift)
	start, end := local.ZoneBounds()
	if !start.IsZero() && start.After(from) {
		from = start.UTC()
	}
	if !end.IsZero() && end.Before(until) {
		until = end.UTC()
	}
	return from, until
}
