package glue

// nullPartition is the value that stands for NULL in Hive's layout.
const nullPartition = "__HIVE_DEFAULT_PARTITION__"

// truth is SQL's: a comparison with NULL is neither true nor false.
type truth int8

const (
	isFalse truth = iota
	isUnknown
	isTrue
)

// holds says whether the expression is true of a partition's values; a nil one is.
func (f *filter) holds(values []string) bool {
	return f == nil || f.truth(values) == isTrue
}

func (f *filter) truth(values []string) truth {
	switch f.op {
	case "and":
		if t := f.args[0].truth(values); t != isFalse {
			return min(t, f.args[1].truth(values))
		}
		return isFalse
	case "or":
		if t := f.args[0].truth(values); t != isTrue {
			return max(t, f.args[1].truth(values))
		}
		return isTrue
	case "not":
		return isTrue - f.args[0].truth(values)
	}
	v := values[f.column]
	if f.op == "null" {
		return truthOf(v == nullPartition)
	}
	if v == nullPartition {
		return isUnknown
	}
	if f.op == "like" {
		return truthOf(like(v, f.values[0].text))
	}
	d, ok := f.typ.read(v)
	if !ok { // a value that is none of the key's type reads as NULL
		return isUnknown
	}
	return truthOf(f.compares(d))
}

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (f *filter) compares(d datum) bool {
	c := f.typ.compare(d, f.values[0])
	switch f.op {
	case "=":
		return c == 0
	case "<>":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "between":
		return c >= 0 && f.typ.compare(d, f.values[1]) <= 0
	}
	for _, v := range f.values { // in
		if f.typ.compare(d, v) == 0 {
			return true
		}
	}
	return false
}

// like matches a pattern in which % stands for any text and _ for any character.
func like(s, pattern string) bool {
	rs, ps := []rune(s), []rune(pattern)
	i, j := 0, 0
	star, from := -1, 0
	for i < len(rs) {
		switch {
		case j < len(ps) && ps[j] == '%':
			star, from = j, i
			j++
		case j < len(ps) && (ps[j] == '_' || ps[j] == rs[i]):
			i++
			j++
		case star >= 0: // let the last % take one more
			from++
			i, j = from, star+1
		default:
			return false
		}
	}
	for j < len(ps) && ps[j] == '%' {
		j++
	}
	return j == len(ps)
}
