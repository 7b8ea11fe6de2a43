package jsoncol

import (
	"math"

	"github.com/lakekit/lakekit/internal/column"
)

// object reads the object at i into the members' leaves and gives the place behind it. rep
// is the repetition level of the entries that it starts.
func (p *Parser) object(b pointer, i int, o *object, rep uint8) int {
	// Two sets: the fields that came, and those of them whose keys were not spelt as the column's.
	var few [2]uint64
	seen, words := few[:], len(o.all)
	if words > 1 {
		seen = p.wide(2 * words)
	}
	row, acc := p.row, p.acc
	prev := &o.keys.start
	for sep := ^uint64(0xff); ; sep = ^uint64(0) { // the first key's separator is a brace
		k := prev.next
		if (load(b, i)^k.w0)&k.m0&sep == 0 && (k.n <= 8 || k.rest(b, i)) {
			i += k.n
		} else {
			p.acc |= acc
			if i, k = p.key(b, i, o, prev, sep != ^uint64(0)); k == nil {
				break
			}
		}
		prev = k
		f := k.field
		if f == nil {
			if i = p.skip(b, space(b, i)); i < 0 {
				break
			}
			continue
		}
		if k.odd || seen[f.word]&f.bit != 0 {
			if i = p.spelt(i, k, seen, words); i < 0 {
				break
			}
		}
		seen[f.word] |= f.bit

		var v uint64
		var ok bool
	value:
		switch f.op {
		case opString:
			if ok = at(b, i) == '"'; ok {
				i++
				var e int
				e, acc = stringEnd(b, i, acc)
				if at(b, e) == '"' {
					v, i = uint64(i)<<32|uint64(uint32(e-i)), e+1
				} else if v, i = p.escaped(b, i, e); i < 0 {
					return failed
				}
			}
		case opStruct, opList, opMap:
			if i = p.nested(b, space(b, i), f, rep); i < 0 {
				return failed
			}
			continue
		case opInt:
			var n int64
			n, ok, i = p.integer(b, i, f)
			v = uint64(n)
		case opFloat64:
			var x float64
			x, ok, i = p.double(b, i, f)
			v = math.Float64bits(x)
		default:
			v, ok, i = p.scalar(b, i, f)
		}
		if !ok {
			if i < 0 {
				return failed
			}
			if j := space(b, i); j > i {
				// The key was as expected, the spacing behind it is not.
				i = j
				goto value
			}
			if i = p.nullOr(b, i, f, rep); i < 0 {
				return failed
			}
			continue
		}
		c := &p.cols[f.leaf]
		if f.flat {
			c.Slots[row], c.Def[row] = v, f.def
			continue
		}
		c.Slots, c.Def, c.Rep = append(c.Slots, v), append(c.Def, f.def), append(c.Rep, rep)
	}
	p.acc |= acc
	if i < 0 {
		return failed
	}
	for w, all := range o.all {
		if seen[w] != all {
			i = p.missing(i, o, seen, rep)
			break
		}
	}
	if words > 1 {
		p.seen = p.seen[:len(p.seen)-2*words]
	}
	return i
}

// key reads the separator and the key at i, when they are not the ones that were expected,
// and gives the place of the value. At the object's end the key is nil and i is behind it.
func (p *Parser) key(b pointer, i int, o *object, prev *key, first bool) (int, *key) {
	sep := i
	if first {
		i = space(b, i+1)
		if at(b, i) == '}' {
			return i + 1, nil
		}
	} else {
		i = space(b, i)
		switch at(b, i) {
		case '}':
			return i + 1, nil
		case ',':
			i = space(b, i+1)
		default:
			return p.syntax(i, "want a comma or the end of the object"), nil
		}
	}
	if at(b, i) != '"' {
		return p.syntax(i, "want a key"), nil
	}
	i++
	e, acc := stringEnd(b, i, p.acc)
	p.acc = acc
	var k *key
	if at(b, e) == '"' {
		k = o.keys.lookup(b, i, e-i)
		i = e + 1
		if prev.next = k; k.matches(b, sep, ^uint64(0xff)) {
			return sep + k.n, k // another key than expected, and spelt and spaced as always
		}
	} else {
		mark := len(p.arena)
		v, next := p.escaped(b, i, e)
		if next < 0 {
			return next, nil
		}
		k = o.keys.lookup(start(p.arena), mark, int(uint32(v)))
		p.arena, i, prev.next = p.arena[:mark], next, k
	}
	if i = space(b, i); at(b, i) != ':' {
		return p.syntax(i, "want a colon after the key"), nil
	}
	i = space(b, i+1)
	if c := at(b, sep); (c == ',' || c == '{') && k != &o.keys.other {
		k.learn(view(b, sep, i-sep))
	}
	return i, k
}

// spelt takes a key that comes again, or is not spelt as its column's: two spellings in one
// object are refused, as the value of one of them would be lost.
func (p *Parser) spelt(i int, k *key, seen []uint64, words int) int {
	f := k.field
	came, odd := seen[f.word]&f.bit != 0, seen[words+f.word]&f.bit != 0
	if came && (odd != k.odd || odd && f.spelt != k.name) {
		return p.refuse(i, f.path, "two keys that differ in case only are both this column's")
	}
	if k.odd {
		f.spelt = k.name
		seen[words+f.word] |= f.bit
	}
	if came {
		p.again(f)
	}
	return i
}

// again forgets what an earlier key of the same field put into an array's or map's leaves.
// A flat leaf is simply written over.
func (p *Parser) again(f *field) {
	for l := f.first; l < f.first+f.count; l++ {
		c := &p.cols[l]
		n := len(c.Rep)
		if n == 0 {
			continue
		}
		// The field's entries are the first one at its struct's level and those above it.
		for n--; c.Rep[n] > f.rep; n-- {
		}
		c.Slots, c.Def, c.Rep = c.Slots[:n], c.Def[:n], c.Rep[:n]
	}
}

// missing makes the members that did not come NULL.
func (p *Parser) missing(i int, o *object, seen []uint64, rep uint8) int {
	for k := range o.fields {
		f := &o.fields[k]
		if seen[f.word]&f.bit != 0 {
			continue
		}
		if f.required {
			return p.refuse(i, f.path, "the column is required and the key is missing")
		}
		p.absent(f, rep, o.def)
	}
	return i
}

// nullOr takes null at i, or any value for a string, or refuses the value there. A negative i
// means that it was refused before.
func (p *Parser) nullOr(b pointer, i int, f *field, rep uint8) int {
	if i < 0 {
		return i
	}
	if load4(b, i) == litNull {
		return p.null(i, f, rep)
	}
	if f.op != opString {
		return p.wrongType(b, i, f)
	}
	j := p.skip(b, i)
	if j < 0 {
		return j
	}
	p.put(f, column.Ref(i, j-i), rep)
	return j
}

// put gives the leaf a value.
func (p *Parser) put(f *field, v uint64, rep uint8) {
	c := &p.cols[f.leaf]
	if f.flat {
		c.Slots[p.row], c.Def[p.row] = v, f.def
		return
	}
	c.Slots, c.Def, c.Rep = append(c.Slots, v), append(c.Def, f.def), append(c.Rep, rep)
}

// null makes the field NULL for the null at i.
func (p *Parser) null(i int, f *field, rep uint8) int {
	if f.required {
		return p.refuse(i, f.path, "the column is required and the value is null")
	}
	p.absent(f, rep, f.def-1)
	return i + 4
}

// absent gives the leaves under f an entry without a value.
func (p *Parser) absent(f *field, rep, def uint8) {
	for l := f.first; l < f.first+f.count; l++ {
		c := &p.cols[l]
		if p.schema.Leaves[l].MaxRep == 0 {
			c.Slots[p.row], c.Def[p.row] = 0, def
			continue
		}
		c.Slots, c.Def, c.Rep = append(c.Slots, 0), append(c.Def, def), append(c.Rep, rep)
	}
}

// wide gives a struct of more than 64 members an empty set.
func (p *Parser) wide(words int) []uint64 {
	n := len(p.seen)
	for range words {
		p.seen = append(p.seen, 0)
	}
	return p.seen[n:]
}
