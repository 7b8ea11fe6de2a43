package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PartitionOf gives the partition values of the folder in which an object lies, by the
// table's layout: the inverse of [Table.PartitionLocation]. It is false for an object that
// lies elsewhere, or deeper than a partition's folder.
func (t *Table) PartitionOf(object string) ([]string, bool) {
	folder := object[:strings.LastIndexByte(object, '/')+1]
	if len(t.partitions) == 0 {
		return nil, strings.HasPrefix(folder, t.location)
	}
	layout := t.template
	if layout == "" {
		layout = t.defaultTemplate()
	}
	values := make([]string, len(t.partitions))
	for rest := folder; ; {
		before, after, more := strings.Cut(layout, "${")
		if !more {
			if rest != before {
				return nil, false
			}
			break
		}
		if !strings.HasPrefix(rest, before) {
			return nil, false
		}
		name, tail, _ := strings.Cut(after, "}")
		layout, rest = tail, rest[len(before):]
		// A value ends where the text behind it begins; a template ends with a slash.
		text, _, _ := strings.Cut(tail, "${")
		end := strings.Index(rest, text)
		if end < 0 || text == "" {
			return nil, false
		}
		i := slices.IndexFunc(t.partitions, func(p Partition) bool { return p.Name == name })
		if i < 0 {
			return nil, false
		}
		values[i] = rest[:end]
		if t.template == "" {
			if v, err := url.PathUnescape(values[i]); err == nil {
				values[i] = v
			}
		}
		rest = rest[end:]
	}
	if again, err := t.PartitionLocation(values); err != nil || again != folder {
		return nil, false
	}
	return values, true
}

// Projects says whether a partition column that is projected has this value, for a query
// that runs at now: a value that is out of its range, between its steps or written in
// another way is one that Athena never looks for. An injected column has every value.
func (p Partition) Projects(value string, now time.Time) bool {
	pr := p.Projection
	step := max(1, pr.Interval)
	switch pr.Type {
	case ProjectInjected:
		return value != ""
	case ProjectEnum:
		return slices.Contains(pr.Values, value)
	case ProjectInteger:
		n, err := strconv.ParseInt(value, 10, 64)
		lo, err1 := strconv.ParseInt(pr.Min, 10, 64)
		hi, err2 := strconv.ParseInt(pr.Max, 10, 64)
		if err != nil || err1 != nil || err2 != nil || n < lo || n > hi || (n-lo)%step != 0 {
			return false
		}
		text := strconv.FormatInt(n, 10)
		for len(text) < pr.Digits {
			text = "0" + text
		}
		return text == value
	case ProjectDate:
		f, err := parseTimeFormat(pr.Format)
		if err != nil {
			return false
		}
		at, err := f.parse(value)
		lo, err1 := dateBound(pr.Min, f, now.UTC())
		hi, err2 := dateBound(pr.Max, f, now.UTC())
		if err != nil || err1 != nil || err2 != nil || string(f.append(nil, at)) != value {
			return false
		}
		return !at.Before(truncated(lo, f)) && !at.After(hi)
	}
	return false
}

// truncated gives an instant as precisely as the format writes it, so that NOW-3DAYS begins
// with its day.
func truncated(t time.Time, f *timeFormat) time.Time {
	if s, err := f.parse(string(f.append(nil, t))); err == nil {
		return s
	}
	return t
}
