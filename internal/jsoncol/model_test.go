package jsoncol

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

// The model reads records with encoding/json, math/big and time, and gives the rows as text
// in the form of dump.

var (
	errSyntax = errors.New("not JSON")
	errFit    = errors.New("does not fit")
)

func model(s *column.Schema, record []byte) ([]string, error) {
	if !utf8.Valid(record) {
		return nil, errSyntax
	}
	var rows []string
	dec := json.NewDecoder(bytes.NewReader(record))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			break
		} else if err != nil {
			return nil, errSyntax
		}
		if raw[0] != '{' {
			return nil, errFit
		}
		parts, err := modelStruct(s.Fields, raw)
		if err != nil {
			return nil, err
		}
		rows = append(rows, strings.Join(parts, " ")+" ")
	}
	if len(rows) == 0 {
		return nil, errFit
	}
	return rows, nil
}

type pair struct {
	key string
	raw json.RawMessage
}

func pairsOf(raw json.RawMessage) []pair {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token()
	var ps []pair
	for dec.More() {
		k, _ := dec.Token()
		var v json.RawMessage
		_ = dec.Decode(&v)
		ps = append(ps, pair{k.(string), v})
	}
	return ps
}

func modelStruct(nodes []column.Node, raw json.RawMessage) ([]string, error) {
	got := make([]json.RawMessage, len(nodes))
	spelt := make([]string, len(nodes))
	for _, p := range pairsOf(raw) {
		at := -1
		for i := range nodes {
			if nodes[i].JSON == p.key {
				at = i
			}
		}
		for i := range nodes {
			if at < 0 && strings.EqualFold(nodes[i].JSON, p.key) {
				at = i
			}
		}
		if at >= 0 {
			if got[at] != nil && spelt[at] != p.key {
				return nil, errFit // one of them would be lost
			}
			got[at], spelt[at] = p.raw, p.key
			// A value that is written over must fit all the same: it is read.
			if _, err := modelValue(&nodes[at], p.raw); err != nil {
				return nil, err
			}
		}
	}
	var parts []string
	for i := range nodes {
		v, err := modelValue(&nodes[i], got[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, nodes[i].Name+"="+v)
	}
	return parts, nil
}

func modelValue(n *column.Node, raw json.RawMessage) (string, error) {
	if raw == nil || string(raw) == "null" {
		if n.Required {
			return "", errFit
		}
		return "null", nil
	}
	want := map[catalog.Kind]byte{catalog.KindStruct: '{', catalog.KindArray: '[', catalog.KindMap: '{'}[n.Type.Kind]
	if want != 0 && raw[0] != want {
		return "", errFit
	}
	var parts []string
	switch n.Type.Kind {
	case catalog.KindStruct:
		parts, err := modelStruct(n.Children, raw)
		return "{" + strings.Join(parts, " ") + "}", err
	case catalog.KindArray:
		var elems []json.RawMessage
		if err := json.Unmarshal(raw, &elems); err != nil {
			return "", err
		}
		for _, e := range elems {
			v, err := modelValue(&n.Children[0], e)
			if err != nil {
				return "", err
			}
			parts = append(parts, v)
		}
		return "[" + strings.Join(parts, " ") + "]", nil
	case catalog.KindMap:
		last := map[string]int{}
		for _, p := range pairsOf(raw) {
			text, _ := json.Marshal(p.key)
			switch n.Type.Key.Kind {
			case catalog.KindString, catalog.KindVarchar, catalog.KindChar, catalog.KindBinary, catalog.KindFixed,
				catalog.KindDate, catalog.KindTimestamp, catalog.KindTimestampTZ, catalog.KindTime, catalog.KindUUID:
			default:
				text = []byte(p.key)
				if !json.Valid(text) || strings.ContainsAny(p.key, " \t\r\n") {
					return "", errFit
				}
			}
			k, err := modelScalar(n.Type.Key, text)
			if err != nil {
				return "", err
			}
			v, err := modelValue(&n.Children[1], p.raw)
			if err != nil {
				return "", err
			}
			if at, ok := last[k]; ok {
				parts[at] = ""
			}
			last[k] = len(parts)
			parts = append(parts, k+":"+v)
		}
		kept := parts[:0]
		for _, p := range parts {
			if p != "" {
				kept = append(kept, p)
			}
		}
		return "<" + strings.Join(kept, " ") + ">", nil
	}
	return modelScalar(&n.Type, raw)
}

var intRange = map[catalog.Kind]uint{catalog.KindTinyInt: 7, catalog.KindSmallInt: 15, catalog.KindInt: 31, catalog.KindBigInt: 63}

func modelScalar(t *catalog.Type, raw json.RawMessage) (string, error) {
	var text string
	if raw[0] != '"' && t.Kind == catalog.KindString {
		return fmt.Sprintf("%q", raw), nil
	}
	switch raw[0] {
	case '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", err
		}
		switch t.Kind {
		case catalog.KindString:
			return fmt.Sprintf("%q", text), nil
		case catalog.KindVarchar, catalog.KindChar:
			if utf8.RuneCountInString(text) > t.Length {
				return "", errFit
			}
			return fmt.Sprintf("%q", text), nil
		case catalog.KindBinary, catalog.KindFixed:
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil || t.Length > 0 && len(b) != t.Length {
				return "", errFit
			}
			return hex.EncodeToString(b), nil
		case catalog.KindUUID:
			if !regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(text) {
				return "", errFit
			}
			return strings.ToLower(strings.ReplaceAll(text, "-", "")), nil
		}
		return modelTime(t.Kind, text)
	case 't', 'f':
		if t.Kind != catalog.KindBoolean {
			return "", errFit
		}
		return string(raw), nil
	case '{', '[':
		return "", errFit
	}
	// big.Rat would build 1e999999 digit by digit.
	if i := bytes.IndexAny(raw, "eE"); i >= 0 {
		if e, err := strconv.Atoi(string(bytes.TrimPrefix(raw[i+1:], []byte("+")))); err != nil || e > 400 || e < -400 {
			return "", errSkip
		}
	}
	x, ok := new(big.Rat).SetString(string(raw))
	if !ok {
		return "", errSyntax
	}
	switch t.Kind {
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		lim := new(big.Int).Lsh(big.NewInt(1), intRange[t.Kind])
		if !x.IsInt() || x.Num().Cmp(lim) >= 0 || x.Num().Cmp(lim.Neg(lim)) < 0 {
			return "", errFit
		}
		return x.Num().String(), nil
	case catalog.KindFloat:
		f, err := strconv.ParseFloat(string(raw), 32)
		if err != nil {
			return "", errFit
		}
		return fmt.Sprintf("%08x", math.Float32bits(float32(f))), nil
	case catalog.KindDouble:
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return "", errFit
		}
		return fmt.Sprintf("%016x", math.Float64bits(f)), nil
	case catalog.KindDecimal:
		x.Mul(x, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)))
		if !x.IsInt() || len(strings.TrimPrefix(x.Num().String(), "-")) > t.Precision {
			return "", errFit
		}
		return x.Num().String(), nil
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		unit := int64(1e6)
		if digits := strings.TrimPrefix(string(raw), "-"); len(digits) >= 13 && strings.Trim(digits, "0123456789") == "" {
			unit = 1e3
		}
		x.Mul(x, new(big.Rat).SetInt64(unit))
		v := new(big.Int).Div(x.Num(), x.Denom()) // Euclid: toward the past
		if !v.IsInt64() || v.Int64() < firstMicro || v.Int64() > lastMicro {
			return "", errFit
		}
		return v.String(), nil
	}
	return "", errFit
}

// errSkip marks what the model does not judge.
var errSkip = errors.New("not judged")

func modelTime(k catalog.Kind, s string) (string, error) {
	micros := func(layouts ...string) (string, error) {
		for _, l := range layouts {
			// time takes a comma for the point and any number of digits behind it, and does
			// not look at the size of an offset.
			if t, err := time.Parse(l, s); err == nil && !strings.Contains(s, ",") && !badFraction.MatchString(s) && t.Year() > 0 && t.Year() < 10000 {
				return strconv.FormatInt(t.UTC().Unix()*1e6+int64(t.Nanosecond()/1000), 10), checkYear(t)
			}
		}
		return "", errFit
	}
	switch k {
	case catalog.KindDate:
		t, err := time.Parse("2006-01-02", s)
		if err != nil || t.Year() < 1 {
			return "", errFit
		}
		return strconv.FormatInt(t.Unix()/86400, 10), nil
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		if m := loose.FindStringSubmatch(s); m != nil {
			s = m[1] + "-" + ("0" + m[2])[len(m[2])-1:] + "-" + ("0" + m[3])[len(m[3])-1:] + strings.ToUpper(m[4])
		} else {
			return "", errFit
		}
		if m := bigOffset.FindStringSubmatch(s); m != nil && (m[1] > "23" || m[2] > "59") {
			return "", errFit
		}
		var all []string
		for _, sep := range []string{"T", " "} {
			for _, zone := range []string{"", "Z07:00", "Z0700"} {
				all = append(all, "2006-01-02"+sep+"15:04:05"+zone)
			}
		}
		return micros(append(all, "2006-01-02")...)
	case catalog.KindTime:
		if !clock.MatchString(s) {
			return "", errFit
		}
		t, err := time.Parse("15:04:05", s)
		if err != nil {
			return "", errFit
		}
		return strconv.FormatInt(int64(t.Sub(t.Truncate(24*time.Hour))/time.Microsecond), 10), nil
	}
	return "", errFit
}

var (
	loose       = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})((?:[Tt ]\d\d:\d\d:\d\d.*)?)$`)
	clock       = regexp.MustCompile(`^\d\d:\d\d:\d\d(\.\d{1,9})?$`)
	badFraction = regexp.MustCompile(`\.(\d{10,}|$|[^0-9])`)
	bigOffset   = regexp.MustCompile(`[+-](\d\d):?(\d\d)$`)
)

func checkYear(t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return errFit
	}
	return nil
}
