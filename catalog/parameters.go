package catalog

import (
	"maps"
	"strconv"
	"strings"
)

// The parameters that lakekit keeps with a table.
const (
	paramDerive   = "lakekit.derive." // + partition column: its derivation
	paramJSON     = "lakekit.json."   // + column: its exact key in JSON
	paramRequired = "lakekit.required"
)

const (
	paramProjection = "projection."
	paramEnabled    = "projection.enabled"
	paramTemplate   = "storage.location.template"
	paramClass      = "classification"
	paramTableType  = "table_type"
	paramExternal   = "EXTERNAL"
)

func impliedParameter(k string) bool {
	switch k {
	case paramTemplate, paramClass, paramTableType, paramRequired, paramExternal:
		return true
	}
	return strings.HasPrefix(k, paramProjection) || strings.HasPrefix(k, paramDerive) || strings.HasPrefix(k, paramJSON)
}

// Parameters are the table's parameters as the catalog holds them: those that were given,
// and those that the table implies.
func (t *Table) Parameters() map[string]string {
	m := maps.Clone(t.extra)
	if m == nil {
		m = map[string]string{}
	}
	walkFields(t.record, "", func(path string, f Field) {
		if f.JSON != "" && f.JSON != f.Name {
			m[paramJSON+path] = f.JSON
		}
		if f.Required {
			if m[paramRequired] != "" {
				m[paramRequired] += ","
			}
			m[paramRequired] += path
		}
	})
	for _, p := range t.partitions {
		if !p.Derivation.IsZero() {
			m[paramDerive+p.Name] = p.derivationText()
		}
		p.projectionParameters(m)
	}
	if t.format == FormatIceberg {
		m[paramTableType] = "ICEBERG"
		return m
	}
	m[paramExternal] = "TRUE"
	m[paramClass] = string(t.format)
	if t.Projected() {
		m[paramEnabled] = "true"
	}
	if t.template != "" {
		m[paramTemplate] = t.template
	}
	return m
}

// walkFields calls fn for every field and struct member, parents first. The path of a
// member of an array's elements is tags.element.name, of a map's values m.value.name.
func walkFields(fields []Field, prefix string, fn func(path string, f Field)) {
	for _, f := range fields {
		fn(prefix+f.Name, f)
		walkType(f.Type, prefix+f.Name, fn)
	}
}

func walkType(t Type, path string, fn func(path string, f Field)) {
	switch t.Kind {
	case KindArray:
		walkType(*t.Elem, path+".element", fn)
	case KindMap:
		walkType(*t.Elem, path+".value", fn)
	case KindStruct:
		walkFields(t.Fields, path+".", fn)
	}
}

// projectionParameters writes the column's projection into m.
func (p Partition) projectionParameters(m map[string]string) {
	pr := p.Projection
	if pr.IsZero() {
		return
	}
	key := paramProjection + p.Name + "."
	m[key+"type"] = string(pr.Type)
	switch pr.Type {
	case ProjectEnum:
		m[key+"values"] = strings.Join(pr.Values, ",")
	case ProjectInteger, ProjectDate:
		m[key+"range"] = pr.Min + "," + pr.Max
	}
	if pr.Interval != 0 {
		m[key+"interval"] = strconv.FormatInt(pr.Interval, 10)
	}
	if pr.Unit != "" {
		m[key+"interval.unit"] = pr.Unit
	}
	if pr.Digits != 0 {
		m[key+"digits"] = strconv.Itoa(pr.Digits)
	}
	if pr.Format != "" {
		m[key+"format"] = pr.Format
	}
}
