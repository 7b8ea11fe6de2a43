package catalog

import (
	"fmt"
	"time"
)

// Date is a day of the proleptic Gregorian calendar, without a time or a zone. Like that
// of [time.Time], its zero value is 1 January of year 1. Dates can be compared with ==.
type Date struct {
	days int32 // since 0001-01-01
}

// epochDays is 1970-01-01 as days since 0001-01-01.
const epochDays = 719162

const dateLayout = "2006-01-02"

// NewDate gives a day. As in [time.Date], days and months outside their range carry over.
func NewDate(year int, month time.Month, day int) Date {
	return DateOfDays(int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400))
}

// DateOf gives the day that t falls on in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return NewDate(y, m, d)
}

// DateOfDays gives the day that lies n days after 1970-01-01, which is how Parquet and
// Iceberg store it.
func DateOfDays(n int) Date { return Date{days: int32(n + epochDays)} }

// ParseDate reads yyyy-MM-dd.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return Date{}, fmt.Errorf("catalog: %q is not a date: it is written as 2026-05-24", s)
	}
	return DateOf(t), nil
}

// Days counts the days since 1970-01-01.
func (d Date) Days() int { return int(d.days) - epochDays }

// Time gives the start of the day in UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d.Days())*86400, 0).UTC() }

// AddDays gives the day n days later.
func (d Date) AddDays(n int) Date { return Date{days: d.days + int32(n)} }

// Compare gives -1, 0 or +1 as d is before, the same as or after e.
func (d Date) Compare(e Date) int {
	switch {
	case d.days < e.days:
		return -1
	case d.days > e.days:
		return 1
	}
	return 0
}

// IsZero tells the zero value.
func (d Date) IsZero() bool { return d.days == 0 }

// String gives yyyy-MM-dd.
func (d Date) String() string { return d.Time().Format(dateLayout) }

// MarshalText gives yyyy-MM-dd, in JSON too.
func (d Date) MarshalText() ([]byte, error) {
	t := d.Time()
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("catalog: date in year %d: text has room for years 0 to 9999", y)
	}
	return t.AppendFormat(nil, dateLayout), nil
}

// UnmarshalText reads yyyy-MM-dd.
func (d *Date) UnmarshalText(text []byte) error {
	p, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = p
	return nil
}
