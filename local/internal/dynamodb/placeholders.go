package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// values are ExpressionAttributeValues.
type values map[string]value

// UnmarshalJSON reads the values; a complaint names the key.
func (vs *values) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return serialization("ExpressionAttributeValues is an object of attribute values")
	}
	if raw == nil {
		return nil
	}
	m := make(values, len(raw))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		var v value
		if err := json.Unmarshal(raw[key], &v); err != nil {
			if !isService(err) {
				err = serialization("an attribute value is an object such as {\"S\":\"text\"}")
			}
			return suffixed(prefixed(err, "ExpressionAttributeValues contains invalid value: "), " for key "+key)
		}
		m[key] = v
	}
	*vs = m
	return nil
}

// placeholders are the names and values that expressions of one request refer to, and
// which of them were.
type placeholders struct {
	names      map[string]string
	values     values
	usedNames  map[string]bool
	usedValues map[string]bool
}

// newPlaceholders checks the maps by themselves. expressions says which expressions the
// request may have and whether it has one.
func newPlaceholders(names map[string]string, vs values, any bool, expressions string) (*placeholders, error) {
	p := &placeholders{names, vs, map[string]bool{}, map[string]bool{}}
	if !any && names != nil {
		return nil, validation("ExpressionAttributeNames can only be specified when using expressions")
	}
	if !any && vs != nil {
		return nil, validation("ExpressionAttributeValues can only be specified when using expressions: %s", expressions)
	}
	if names != nil && len(names) == 0 {
		return nil, validation("ExpressionAttributeNames must not be empty")
	}
	if vs != nil && len(vs) == 0 {
		return nil, validation("ExpressionAttributeValues must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if ts := lex(key); len(ts) != 2 || ts[0].kind != tokenName || ts[0].text != key {
			return nil, validation("ExpressionAttributeNames contains invalid key: Syntax error; key: \"%s\"", key)
		}
		if names[key] == "" {
			return nil, validation("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(vs)) {
		if ts := lex(key); len(ts) != 2 || ts[0].kind != tokenValue || ts[0].text != key {
			return nil, validation("ExpressionAttributeValues contains invalid key: Syntax error; key: \"%s\"", key)
		}
		if vs[key].depth() > maxNesting {
			return nil, tooDeep()
		}
	}
	return p, nil
}

func tooDeep() error {
	return validation("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
}

// unused complains of what no expression referred to.
func (p *placeholders) unused() error {
	if keys := left(p.values, p.usedValues); keys != "" {
		return validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", keys)
	}
	if keys := left(p.names, p.usedNames); keys != "" {
		return validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", keys)
	}
	return nil
}

func left[V any](all map[string]V, used map[string]bool) string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !used[key] {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}
