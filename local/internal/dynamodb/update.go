package dynamodb

import (
	"cmp"
	"maps"
	"slices"
)

// update gives the item as the actions change it. Every operand is read from the item as
// it was; the item itself stays as it is.
func (it item) update(as []action) (item, error) {
	out := maps.Clone(it)
	if out == nil {
		out = item{}
	}
	// Indexes mean the list as it was, so elements are set from the front, behind the end
	// in order, and removed from the back.
	order := slices.Clone(as)
	slices.SortStableFunc(order, func(a, b action) int {
		if a.op == actionRemove && b.op == actionRemove {
			return comparePaths(b.path, a.path)
		}
		if c := cmp.Compare(rank(a.op), rank(b.op)); c != 0 {
			return c
		}
		return comparePaths(a.path, b.path)
	})
	for _, a := range order {
		if err := out.apply(a, it); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func rank(op string) int {
	if op == actionRemove {
		return 1
	}
	return 0
}

func comparePaths(a, b path) int {
	return slices.CompareFunc(a, b, func(s, t step) int {
		return cmp.Or(cmp.Compare(s.name, t.name), cmp.Compare(s.index, t.index))
	})
}

// apply changes out, which is this update's own at its top level.
func (it item) apply(a action, old item) error {
	switch a.op {
	case actionRemove:
		return it.change(a.path, nil)
	case actionSet:
		v, err := old.updateValue(a.arg)
		if err != nil {
			return err
		}
		return it.change(a.path, &v)
	}
	was, ok := old.lookup(a.path)
	v := a.arg.val
	if a.op == actionDelete {
		return it.deleteMembers(a, was, ok)
	}
	if ok {
		var err error
		if v, err = a.plus(was); err != nil {
			return err
		}
	}
	return it.change(a.path, &v)
}

func (it item) deleteMembers(a action, was value, ok bool) error {
	if !ok {
		if len(a.path) > 1 { // the way there must exist
			return it.change(a.path, nil)
		}
		return nil
	}
	if was.kind != a.arg.val.kind {
		return a.mismatch()
	}
	v := value{kind: was.kind}
	for _, s := range was.ss {
		if !slices.Contains(a.arg.val.ss, s) {
			v.ss = append(v.ss, s)
		}
	}
	for _, n := range was.ns {
		if !slices.Contains(a.arg.val.ns, n) {
			v.ns = append(v.ns, n)
		}
	}
	if len(v.ss)+len(v.ns) == 0 {
		return it.change(a.path, nil)
	}
	return it.change(a.path, &v)
}

func (a action) mismatch() error {
	if a.legacy {
		return validation("Type mismatch for attribute to update")
	}
	return validation("An operand in the update expression has an incorrect data type")
}

// plus is what ADD makes of the value that was there.
func (a action) plus(was value) (value, error) {
	v := a.arg.val
	if was.kind != v.kind {
		return value{}, a.mismatch()
	}
	switch v.kind {
	case kindN:
		n, err := was.n.add(v.n)
		if err != nil {
			return value{}, validation("%v", err)
		}
		return value{kind: kindN, n: n}, nil
	case kindL:
		return value{kind: kindL, l: slices.Concat(was.l, v.l)}, nil
	}
	ss := slices.Concat(was.ss, v.ss)
	slices.Sort(ss)
	ns := slices.Concat(was.ns, v.ns)
	slices.SortFunc(ns, number.compare)
	return value{kind: v.kind, ss: slices.Compact(ss), ns: slices.Compact(ns)}, nil
}

// updateValue gives what an operand of SET stands for.
func (it item) updateValue(n *node) (value, error) {
	switch n.op {
	case opValue:
		return n.val, nil
	case opPath:
		v, ok := it.lookup(n.path)
		if !ok {
			return value{}, validation("The provided expression refers to an attribute that does not exist in the item")
		}
		return v, nil
	case fnIfNotExists:
		if v, ok := it.lookup(n.args[0].path); ok {
			return v, nil
		}
		return it.updateValue(n.args[1])
	}
	x, err := it.updateValue(n.args[0])
	if err != nil {
		return value{}, err
	}
	y, err := it.updateValue(n.args[1])
	if err != nil {
		return value{}, err
	}
	want := kindN
	if n.op == fnListAppend {
		want = kindL
	}
	if x.kind != want || y.kind != want {
		return value{}, validation("An operand in the update expression has an incorrect data type")
	}
	switch n.op {
	case fnListAppend:
		return value{kind: kindL, l: slices.Concat(x.l, y.l)}, nil
	case "-":
		y.n = y.n.negated()
	}
	sum, err := x.n.add(y.n)
	if err != nil {
		return value{}, validation("%v", err)
	}
	return value{kind: kindN, n: sum}, nil
}

// change puts v at the path's end, or takes away what is there when v is nil. Everything
// on the way is copied.
func (it item) change(p path, v *value) error {
	if len(p) == 1 {
		if v == nil {
			delete(it, p[0].name)
		} else {
			it[p[0].name] = *v
		}
		return nil
	}
	in, ok := it[p[0].name]
	if !ok {
		return invalidPath()
	}
	in, err := in.changed(p[1:], v)
	if err != nil {
		return err
	}
	it[p[0].name] = in
	return nil
}

func invalidPath() error {
	return validation("The document path provided in the update expression is invalid for update")
}

func (v value) changed(p path, to *value) (value, error) {
	switch s := p[0]; {
	case v.kind == kindM && s.name != "":
		m := maps.Clone(v.m)
		if m == nil {
			m = item{}
		}
		if err := item(m).change(p, to); err != nil {
			return value{}, err
		}
		return value{kind: kindM, m: m}, nil
	case v.kind == kindL && s.name == "":
		l, err := changedList(v.l, p, to)
		return value{kind: kindL, l: l}, err
	}
	return value{}, invalidPath()
}

func changedList(l []value, p path, to *value) ([]value, error) {
	i := p[0].index
	switch {
	case len(p) > 1:
		if i >= len(l) {
			return nil, invalidPath()
		}
		in, err := l[i].changed(p[1:], to)
		if err != nil {
			return nil, err
		}
		l = slices.Clone(l)
		l[i] = in
		return l, nil
	case to == nil && i < len(l):
		return slices.Concat(l[:i], l[i+1:]), nil
	case to == nil:
		return l, nil
	case i < len(l):
		l = slices.Clone(l)
		l[i] = *to
		return l, nil
	}
	return append(slices.Clip(l), *to), nil
}

// touched gives the attributes that the actions' paths lead into, as they are in the
// item: what ReturnValues UPDATED_OLD and UPDATED_NEW show.
func (it item) touched(as []action) item {
	out := item{}
	for _, a := range as {
		if _, ok := it.lookup(a.path); ok {
			out[a.path[0].name] = it[a.path[0].name]
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
