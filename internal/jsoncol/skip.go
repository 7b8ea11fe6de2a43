package jsoncol

// skip checks the value at i, which no column wants, and gives the place behind it.
func (p *Parser) skip(b pointer, i int) int {
	var objects [maxNesting / 64]uint64 // which of the open brackets are braces
	depth := 0
	for {
		// A value starts at i.
		switch c := at(b, i); {
		case c == '"':
			i = p.skipString(b, i)
		case c == '-' || c-'0' <= 9:
			i = p.numberEnd(b, i)
		case load4(b, i) == litNull || load4(b, i) == litTrue:
			i += 4
		case c == 'f' && load4(b, i+1) == litAlse:
			i += 5
		case c == '{' || c == '[':
			if depth == maxNesting {
				return p.refuse(i, "", "values nest deeper than 512 levels")
			}
			i = space(b, i+1)
			if at(b, i) == c+2 { // the closing bracket
				i++
				break
			}
			w, bit := &objects[depth/64], uint64(1)<<(depth%64)
			depth++
			if c == '[' {
				*w &^= bit
				continue
			}
			*w |= bit
			if i = p.skipKey(b, i); i < 0 {
				return failed
			}
			continue
		default:
			return p.syntax(i, "want a value")
		}
		// A value ended before i.
		for {
			if i < 0 || depth == 0 {
				return i
			}
			i = space(b, i)
			c, object := at(b, i), objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			if c == ',' {
				i = space(b, i+1)
				if object {
					i = p.skipKey(b, i)
				}
				break
			}
			if object && c != '}' {
				return p.syntax(i, "want a comma or the end of the object")
			}
			if !object && c != ']' {
				return p.syntax(i, "want a comma or the end of the array")
			}
			depth--
			i++
		}
		if i < 0 {
			return failed
		}
	}
}

// skipKey checks the key and the colon at i and gives the place of the value.
func (p *Parser) skipKey(b pointer, i int) int {
	if at(b, i) != '"' {
		return p.syntax(i, "want a key")
	}
	if i = p.skipString(b, i); i < 0 {
		return i
	}
	if i = space(b, i); at(b, i) != ':' {
		return p.syntax(i, "want a colon after the key")
	}
	return space(b, i+1)
}

func (p *Parser) skipString(b pointer, i int) int {
	i++
	for {
		i, p.acc = stringEnd(b, i, p.acc)
		switch at(b, i) {
		case '"':
			return i + 1
		case '\\':
			switch at(b, i+1) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if hex4(b, i+2) < 0 {
					return p.syntax(i, "want four hexadecimal digits after \\u")
				}
				i += 6
			default:
				return p.syntax(i, "a string holds an unknown escape")
			}
		default:
			return p.syntax(i, "a string holds a control character")
		}
	}
}
