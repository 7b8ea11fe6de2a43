package jsoncol

// value reads the value at i into the field's leaves. rep is the repetition level of the
// entries that it starts.
func (p *Parser) value(b pointer, i int, f *field, rep uint8) int {
	if f.op >= opStruct {
		return p.nested(b, i, f, rep)
	}
	v, ok, i := p.scalar(b, i, f)
	if !ok {
		return p.nullOr(b, i, f, rep)
	}
	p.put(f, v, rep)
	return i
}

// nested reads a struct, an array or a map.
func (p *Parser) nested(b pointer, i int, f *field, rep uint8) int {
	switch c := at(b, i); {
	case f.op == opList && c == '[':
		return p.list(b, i, f, rep)
	case f.op == opStruct && c == '{':
		return p.object(b, i, f.obj, rep)
	case f.op == opMap && c == '{':
		return p.pairs(b, i, f, rep)
	}
	return p.nullOr(b, i, f, rep)
}

func (p *Parser) list(b pointer, i int, f *field, rep uint8) int {
	if i = space(b, i+1); at(b, i) == ']' {
		p.absent(f, rep, f.def)
		return i + 1
	}
	for {
		if i = p.value(b, i, f.elem, rep); i < 0 {
			return failed
		}
		rep = f.rep + 1
		switch i = space(b, i); at(b, i) {
		case ',':
			i = space(b, i+1)
		case ']':
			return i + 1
		default:
			return p.syntax(i, "want a comma or the end of the array")
		}
	}
}

// pairs reads a map.
func (p *Parser) pairs(b pointer, i int, f *field, rep uint8) int {
	keys := &p.cols[f.key.leaf]
	from, mark := len(keys.Slots), len(p.keyAt)
	for first := true; ; first = false {
		i = space(b, i+1)
		if first && at(b, i) == '}' {
			break
		}
		if at(b, i) != '"' {
			return p.syntax(i, "want a key")
		}
		k := i
		drop := len(p.drop) > 0 && p.drop[k]
		if drop {
			i = p.skip(b, i)
		} else {
			p.keyAt = append(p.keyAt, k)
			i = p.mapKey(b, i, f.key, rep)
		}
		if i < 0 {
			return failed
		}
		if i = space(b, i); at(b, i) != ':' {
			return p.syntax(i, "want a colon after the key")
		}
		i = space(b, i+1)
		if drop {
			i = p.skip(b, i)
		} else {
			i = p.value(b, i, f.elem, rep)
			rep = f.rep + 1
		}
		if i < 0 {
			return failed
		}
		i = space(b, i)
		if c := at(b, i); c == '}' {
			break
		} else if c != ',' {
			return p.syntax(i, "want a comma or the end of the map")
		}
	}
	if len(keys.Slots) == from {
		p.absent(f, rep, f.def)
	}
	p.unique(f.key, from, p.keyAt[mark:])
	p.keyAt = p.keyAt[:mark]
	return i + 1
}

// mapKey reads the key at i by its type: numbers and booleans from the text in the quotes.
func (p *Parser) mapKey(b pointer, i int, f *field, rep uint8) int {
	from := i
	var v uint64
	var ok bool
	switch f.op {
	case opInt, opDecimal, opFloat64, opFloat32, opBool:
		v, ok, i = p.scalar(b, i+1, f)
		if ok && at(b, i) == '"' {
			i++
		} else {
			ok = false
		}
	default:
		v, ok, i = p.scalar(b, i, f)
	}
	if !ok {
		if p.err == nil {
			p.refuse(from, f.path, "the key is no "+f.want())
		}
		return failed
	}
	p.put(f, v, rep)
	return i
}

// fewKeys is how many keys are compared each with each.
const fewKeys = 8

// unique looks for keys of one map that came before and marks the earlier ones, so that a
// second pass over the record leaves them out. at has their places in the record.
func (p *Parser) unique(f *field, from int, at []int) {
	slots := p.cols[f.leaf].Slots[from:]
	if len(slots) != len(at) {
		return // an empty map has an entry and no key
	}
	text := f.op == opString || f.op >= opText && f.op <= opBinary || f.op == opUUID || f.op == opDecimal && f.typ.Precision > 18
	if len(slots) <= fewKeys {
		for j := 1; j < len(slots); j++ {
			for k := range j {
				if slots[j] == slots[k] || text && string(p.bytes(slots[j])) == string(p.bytes(slots[k])) {
					p.leaveOut(at[k])
				}
			}
		}
		return
	}
	if p.mapKeys == nil {
		p.mapKeys = make(map[string]int)
	}
	clear(p.mapKeys)
	for j := range slots {
		s := viewString(pointer(&slots[j]), 0, 8)
		if text {
			k := p.bytes(slots[j])
			s = viewString(start(k), 0, len(k))
		}
		if k, ok := p.mapKeys[s]; ok {
			p.leaveOut(at[k])
		}
		p.mapKeys[s] = j
	}
	clear(p.mapKeys)
}

func (p *Parser) leaveOut(at int) {
	if p.drop == nil {
		p.drop = make(map[int]bool)
	}
	p.drop[at] = true
	p.dropped = true
}
