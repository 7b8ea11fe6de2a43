package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// ChangeKind is what a [Change] does.
type ChangeKind string

// The kinds of change. Keep changes nothing: it says where the catalog's table is wider than
// the declared one and stays so.
const (
	ChangeCreate ChangeKind = "create"
	ChangeAdd    ChangeKind = "add"
	ChangeWiden  ChangeKind = "widen"
	ChangeSet    ChangeKind = "set"
	ChangeKeep   ChangeKind = "keep"
	ChangeBreak  ChangeKind = "break"
)

// Change is a difference between a declared table and the catalog's.
type Change struct {
	Kind ChangeKind
	// Path names what changes: a column or member (price, geo.lat, tags.element), location,
	// format, partitions, "partition dt", projection, comment or "parameter KEY". It is what
	// [Plan.Apply] takes to let a break through.
	Path string
	// From and To are the catalog's and the declared state, where they are short.
	From, To string
	// Reason says why it is what Kind says.
	Reason string
	// Impossible marks a break that Glue cannot make: it takes another table.
	Impossible bool
}

const (
	pathLocation   = "location"
	pathFormat     = "format"
	pathPartitions = "partitions"
	pathProjection = "projection"
	pathComment    = "comment"
	pathPartition  = "partition "
	pathParameter  = "parameter "
)

// String gives the change in a line.
func (c Change) String() string {
	s := fmt.Sprintf("%-6s %s", c.Kind, c.Path)
	switch {
	case c.From != "" && c.To != "":
		s += " " + c.From + " -> " + c.To
	case c.To != "":
		s += " " + c.To
	case c.From != "":
		s += " " + c.From
	}
	if c.Reason != "" {
		s += ": " + c.Reason
	}
	return s
}

// Plan is what it takes to bring the catalog's table to a declared one.
type Plan struct {
	client   *Client
	want     *Table
	have     *Table
	existing *gluetypes.Table // nil: it does not exist
	merged   *Table
	columnsM []Field // the catalog's columns with the additions and widenings
	changes  []Change
}

// Changes are the differences, columns first.
func (p *Plan) Changes() []Change { return slices.Clone(p.changes) }

// Table is the table as it is after Apply, without the breaks: the declared one, with the
// columns and the wider types that the catalog has besides. Write by this one.
func (p *Plan) Table() *Table { return p.merged }

// String gives the plan as text, a line per change.
func (p *Plan) String() string {
	if len(p.changes) == 0 {
		return fmt.Sprintf("table %s: no changes\n", p.want)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table %s:\n", p.want)
	for _, c := range p.changes {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	return b.String()
}

// allowed checks that every break is named, and every name a break.
func (p *Plan) allowed(breaks []string) error {
	var errs []error
	isBreak := map[string]bool{}
	for _, c := range p.changes {
		if c.Kind != ChangeBreak {
			continue
		}
		isBreak[c.Path] = true
		switch {
		case c.Impossible:
			errs = append(errs, fmt.Errorf("%s (the catalog cannot make this change: declare a table of another name)", c))
		case !slices.Contains(breaks, c.Path):
			errs = append(errs, fmt.Errorf("%s (to let it through: Apply(ctx, %q))", c, c.Path))
		}
	}
	for _, b := range breaks {
		if !isBreak[b] {
			errs = append(errs, fmt.Errorf("the plan has no break %q", b))
		}
	}
	return errors.Join(errs...)
}

func (p *Plan) changesAnything() bool {
	return slices.ContainsFunc(p.changes, func(c Change) bool { return c.Kind != ChangeKeep })
}

func (p *Plan) widensColumns() bool {
	return slices.ContainsFunc(p.changes, func(c Change) bool {
		column := !strings.HasPrefix(c.Path, pathParameter) && !strings.HasPrefix(c.Path, pathPartition)
		return c.Kind == ChangeWiden || column && (c.Kind == ChangeAdd || c.Kind == ChangeBreak)
	})
}

func (p *Plan) change(c Change) { p.changes = append(p.changes, c) }

// compare fills in the changes and the merged table.
func (p *Plan) compare() {
	want, have := p.want, p.have
	m := &merger{plan: p, text: have.format == FormatJSON || have.format == FormatCSV, iceberg: have.format == FormatIceberg}
	p.columnsM = m.fields(have.fields, want.fields, "")
	if have.format != want.format {
		p.change(Change{Kind: ChangeBreak, Path: pathFormat, From: string(have.format), To: string(want.format), Impossible: true, Reason: "the files that are there could not be read"})
	}
	if have.location != want.location {
		p.change(Change{Kind: ChangeBreak, Path: pathLocation, From: have.location, To: want.location, Reason: "what lies at the old place would no longer be in the table"})
	}
	p.comparePartitions()
	p.compareProjection()
	p.compareParameters()
	if want.comment != "" && want.comment != have.comment {
		p.change(Change{Kind: ChangeSet, Path: pathComment})
	}
	p.merge()
}

func (p *Plan) comparePartitions() {
	if p.have.format == FormatIceberg {
		return // only its metadata knows
	}
	names := func(t *Table) string {
		var parts []string
		for _, c := range t.partitions {
			parts = append(parts, c.Name+" "+c.Type.String())
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	if from, to := names(p.have), names(p.want); from != to {
		p.change(Change{Kind: ChangeBreak, Path: pathPartitions, From: from, To: to, Impossible: true, Reason: "the files that are there lie in other folders"})
		return
	}
	for i, want := range p.want.partitions {
		have := p.have.partitions[i]
		switch {
		case want.Derivation.IsZero() || want.Derivation.Equal(have.Derivation):
		case have.Derivation.IsZero():
			// It comes up as a parameter to set.
		default:
			p.change(Change{
				Kind: ChangeBreak, Path: pathPartition + want.Name, From: have.derivationText(), To: want.derivationText(),
				Reason: "rows that are there follow the old rule, and filters would miss them",
			})
		}
	}
}

func (p *Plan) compareProjection() {
	layout := func(t *Table) map[string]string {
		m := t.Parameters()
		maps.DeleteFunc(m, func(k, _ string) bool { return !strings.HasPrefix(k, paramProjection) && k != paramTemplate })
		if m[paramTemplate] == t.defaultTemplate() {
			delete(m, paramTemplate)
		}
		return m
	}
	have, want := layout(p.have), layout(p.want)
	switch {
	case maps.Equal(have, want):
	case len(want) == 0:
		p.change(Change{Kind: ChangeBreak, Path: pathProjection, Reason: "without it, only partitions that are registered are found"})
	case len(have) == 0:
		p.change(Change{Kind: ChangeBreak, Path: pathProjection, Reason: "with it, Athena does not look at registered partitions, and rows outside the projection are not found"})
	case p.rangesGrow(have, want):
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if want[k] != have[k] {
				p.change(Change{Kind: ChangeSet, Path: pathParameter + k, From: have[k], To: want[k], Reason: "it covers more"})
			}
		}
	default:
		var differ []string
		for _, k := range slices.Sorted(maps.Keys(merged(have, want))) {
			if want[k] != have[k] {
				differ = append(differ, k)
			}
		}
		p.change(Change{Kind: ChangeBreak, Path: pathProjection, Reason: "rows outside the new projection are not found (" + strings.Join(differ, ", ") + " differ)"})
	}
}

func merged(a, b map[string]string) map[string]string {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// rangesGrow says whether all that differs is that ranges begin earlier.
func (p *Plan) rangesGrow(have, want map[string]string) bool {
	for k := range merged(have, want) {
		if have[k] == want[k] {
			continue
		}
		i := slices.IndexFunc(p.want.partitions, func(c Partition) bool { return paramProjection+c.Name+".range" == k })
		if i < 0 || i >= len(p.have.partitions) {
			return false
		}
		old, now := p.have.partitions[i].Projection, p.want.partitions[i].Projection
		if old.Type != ProjectDate || old.Max != now.Max {
			return false
		}
		f, err := parseTimeFormat(old.Format)
		if err != nil {
			return false
		}
		a, err1 := f.parse(old.Min)
		b, err2 := f.parse(now.Min)
		if err1 != nil || err2 != nil || b.After(a) {
			return false
		}
	}
	return true
}

// compareParameters sets the declared parameters. Others that the catalog has stay.
func (p *Plan) compareParameters() {
	have, want := p.existing.Parameters, p.want.Parameters()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		old, exists := have[k]
		switch {
		case exists && old == want[k], k == paramExternal, strings.HasPrefix(k, paramProjection), k == paramTemplate:
		case k == paramTableType || k == paramClass && (strings.EqualFold(old, want[k]) || p.have.format != p.want.format):
		case strings.HasPrefix(k, paramDerive):
			if !exists && p.have.format != FormatIceberg && len(p.have.partitions) == len(p.want.partitions) {
				p.change(Change{Kind: ChangeSet, Path: pathParameter + k, To: want[k], Reason: "how the column follows from the field was not declared; rows that are there must agree with it"})
			}
		default:
			p.change(Change{Kind: ChangeSet, Path: pathParameter + k, From: old, To: want[k]})
		}
	}
}

// merge makes the table that holds after Apply.
func (p *Plan) merge() {
	m := *p.want
	m.foreign = true
	m.fields = p.columnsM
	m.record = slices.Clone(m.fields)
	for _, c := range m.partitions {
		if f, ok := findField(p.want.record, c.Name); ok && m.format != FormatIceberg && c.Derivation.Func == FuncIdentity && c.Derivation.Column == c.Name {
			m.record = append(m.record, f)
		}
	}
	p.merged = &m
}

// columns gives the columns for Glue, with the breaks that are let through.
func (p *Plan) columns(breaks []string) []gluetypes.Column {
	if len(breaks) == 0 {
		return glueColumns(p.columnsM)
	}
	m := &merger{plan: &Plan{}, text: p.have.format == FormatJSON || p.have.format == FormatCSV, breaks: breaks}
	return glueColumns(m.fields(p.have.fields, p.want.fields, ""))
}

// merger walks through two schemas at once.
type merger struct {
	plan    *Plan
	text    bool // files of text
	iceberg bool
	breaks  []string
}

// fields keeps the catalog's order, because CSV files are read by it; what is new comes last.
func (m *merger) fields(have, want []Field, prefix string) []Field {
	out := make([]Field, 0, len(have))
	for _, h := range have {
		path := prefix + h.Name
		w, ok := findField(want, h.Name)
		if !ok {
			m.plan.change(Change{Kind: ChangeKeep, Path: path, From: h.Type.String(), Reason: "only the catalog has it: NULL in what is written from now on"})
			out = append(out, h)
			continue
		}
		f := w
		f.Type = m.typ(h.Type, w.Type, path)
		if f.Comment == "" {
			f.Comment = h.Comment
		} else if f.Comment != h.Comment {
			m.plan.change(Change{Kind: ChangeSet, Path: path + " comment"})
		}
		out = append(out, f)
	}
	for _, w := range want {
		if _, ok := findField(have, w.Name); !ok {
			m.plan.change(Change{Kind: ChangeAdd, Path: prefix + w.Name, To: w.Type.String(), Reason: "NULL in the rows that are there"})
			out = append(out, w)
		}
	}
	return out
}

func (m *merger) typ(have, want Type, path string) Type {
	if have.Kind == want.Kind {
		switch have.Kind {
		case KindStruct:
			want.Fields = m.fields(have.Fields, want.Fields, path+".")
			return want
		case KindArray:
			e := m.typ(*have.Elem, *want.Elem, path+".element")
			want.Elem = &e
			return want
		case KindMap:
			k, e := m.typ(*have.Key, *want.Key, path+".key"), m.typ(*have.Elem, *want.Elem, path+".value")
			want.Key, want.Elem = &k, &e
			return want
		}
	}
	// Glue calls an Iceberg table's timestamptz timestamp.
	instant := m.iceberg && have.Kind == KindTimestamp && want.Kind == KindTimestampTZ
	c := Change{Path: path, From: have.String(), To: want.String()}
	switch {
	case have.Equal(want) || instant:
		return want
	case widens(have, want, m.text):
		c.Kind, c.Reason = ChangeWiden, "every value that is there fits"
	case widens(want, have, m.text):
		c.Kind, c.From, c.To, c.Reason = ChangeKeep, have.String(), "", "the catalog's type is wider than the declared "+want.String()
		want = have
	case slices.Contains(m.breaks, path):
		return want
	default:
		c.Kind, c.Reason = ChangeBreak, "files that are there cannot be read as "+want.String()
		want = have
	}
	m.plan.change(c)
	return want
}
