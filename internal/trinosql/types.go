package trinosql

import "strconv"

func (p *parser) typeName() (*Type, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t, err := p.plainType()
	if err != nil {
		return nil, err
	}
	for n := 0; p.at("ARRAY"); n++ { // bigint array is array(bigint)
		if err := p.chain(n); err != nil {
			return nil, err
		}
		at := p.next().Pos
		if p.at("[") {
			return nil, unsupported(at, "an array type with a length")
		}
		t = &Type{Pos: t.Pos, Name: "array", Args: []TypeArg{{Type: t}}}
	}
	return t, nil
}

func (p *parser) plainType() (*Type, error) {
	id, err := p.ident("the name of a type")
	if err != nil {
		return nil, err
	}
	t := &Type{Pos: id.Pos, Name: id.Key()}
	switch {
	case id.Quoted:
		return t, p.typeArgs(t)
	case t.Name == "double" && p.accept("PRECISION"):
		return t, nil
	case t.Name == "interval":
		from, err := p.intervalField()
		if err != nil {
			return nil, err
		}
		t.Name += " " + lower(from)
		if p.accept("TO") {
			to, err := p.intervalField()
			if err != nil {
				return nil, err
			}
			t.Name += " to " + lower(to)
		}
		return t, nil
	case t.Name == "time" || t.Name == "timestamp":
		if err := p.typeArgs(t); err != nil {
			return nil, err
		}
		if p.accept("WITH", "TIME", "ZONE") {
			t.Name += " with time zone"
		} else {
			p.accept("WITHOUT", "TIME", "ZONE")
		}
		return t, nil
	case (t.Name == "array" || t.Name == "map") && p.at("<"):
		return nil, unsupported(p.peek().Pos, "types in angle brackets (write "+t.Name+"(…))")
	}
	return t, p.typeArgs(t)
}

// typeArgs reads the arguments in parentheses, if there are any.
func (p *parser) typeArgs(t *Type) error {
	if !p.accept("(") {
		if t.Name == "row" {
			return p.wrong(`"(" and the row's fields`)
		}
		return nil
	}
	for {
		arg, err := p.typeArg(t.Name == "row")
		if err != nil {
			return err
		}
		t.Args = append(t.Args, arg)
		if !p.accept(",") {
			break
		}
	}
	if !p.accept(")") {
		return p.wrong(`"," or ")"`)
	}
	return nil
}

func (p *parser) typeArg(row bool) (TypeArg, error) {
	if n := p.peek(); n.kind == tokInteger && !row {
		p.next()
		if _, err := strconv.Atoi(n.text); err != nil {
			return TypeArg{}, &Error{Pos: n.Pos, Msg: "the type's argument is too large"}
		}
		return TypeArg{Number: n.text}, nil
	}
	var a TypeArg
	var err error
	if row && p.fieldName() {
		if a.Name, err = p.ident("the name of a field"); err != nil {
			return TypeArg{}, err
		}
	}
	a.Type, err = p.typeName()
	return a, err
}

// fieldName tells whether a row's field begins with its name: a bigint, not bigint.
func (p *parser) fieldName() bool {
	t, a, b := p.peek(), p.ahead(1), p.ahead(2)
	switch {
	case t.kind != tokWord && t.kind != tokQuoted, a.kind != tokWord && a.kind != tokQuoted:
		return false
	case t.is("DOUBLE") && a.is("PRECISION"), a.is("WITH"), a.is("WITHOUT"):
		return false
	case t.is("INTERVAL") && a.kind == tokWord:
		return false
	case a.is("ARRAY") && !b.is("("):
		return false
	}
	return true
}
