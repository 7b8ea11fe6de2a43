package parquetmeta

import (
	"bytes"
	"errors"
	"fmt"
)

// decode reads a footer of a file of size bytes.
func decode(b []byte, size int64) (*File, error) {
	var f File
	var els []element
	t := &thrift{b: b}
	t.fields(thriftStruct, func(id int16, typ byte) bool {
		switch id {
		case 1:
			f.Version = t.i32(typ)
		case 2:
			t.list(typ, func(typ byte) { els = append(els, t.element(typ)) })
		case 3:
			f.Rows = t.i64(typ)
		case 4:
			t.list(typ, func(typ byte) { f.RowGroups = append(f.RowGroups, t.rowGroup(typ)) })
		case 5:
			t.list(typ, func(typ byte) { f.KeyValues = append(f.KeyValues, t.keyValue(typ)) })
		case 6:
			f.CreatedBy = string(t.binary(typ))
		default:
			return false
		}
		return true
	})
	if t.err != nil {
		return nil, t.err
	}
	var err error
	if f.Schema, f.Leaves, err = tree(els); err != nil {
		return nil, err
	}
	if f.Rows < 0 {
		return nil, fmt.Errorf("footer counts %d rows", f.Rows)
	}
	for i := range f.RowGroups {
		if err := f.bind(&f.RowGroups[i], size); err != nil {
			return nil, fmt.Errorf("row group %d: %w", i, err)
		}
	}
	return &f, nil
}

// bind ties a row group's chunks to the leaves of the schema, and checks what a reader
// relies on: that sizes are sizes, and places lie in the file.
func (f *File) bind(g *RowGroup, size int64) error {
	if len(g.Columns) != len(f.Leaves) {
		return fmt.Errorf("it has %d columns, the schema %d", len(g.Columns), len(f.Leaves))
	}
	if g.Rows < 0 {
		return fmt.Errorf("it counts %d rows", g.Rows)
	}
	for i := range g.Columns {
		c := &g.Columns[i]
		c.Leaf = f.Leaves[i]
		if err := c.check(size); err != nil {
			return fmt.Errorf("column %q: %w", c.Leaf.Column(), err)
		}
	}
	return nil
}

func (c *Chunk) check(size int64) error {
	if c.Values < 0 || c.Uncompressed < 0 {
		return fmt.Errorf("it counts %d values in %d bytes", c.Values, c.Uncompressed)
	}
	// Some writers give a dictionary offset of 0, or one behind the data, to say none.
	c.Offset = c.DataOffset
	if c.DictionaryOffset > 0 && c.DictionaryOffset < c.DataOffset {
		c.Offset = c.DictionaryOffset
	} else {
		c.DictionaryOffset = 0
	}
	for _, s := range []struct {
		what string
		at   Section
	}{
		{"it", Section{c.Offset, c.Compressed}},
		{"its column index", c.ColumnIndex},
		{"its offset index", c.OffsetIndex},
		{"its bloom filter", c.Bloom},
	} {
		if s.at.Offset < 0 || s.at.Length < 0 || s.at.Length > size || s.at.Offset > size-s.at.Length {
			return fmt.Errorf("%s has %d bytes at %d, and the file %d", s.what, s.at.Length, s.at.Offset, size)
		}
	}
	return nil
}

func (t *thrift) keyValue(typ byte) KeyValue {
	var kv KeyValue
	named := false
	t.fields(typ, func(id int16, typ byte) bool {
		switch id {
		case 1:
			kv.Key, named = string(t.binary(typ)), true
		case 2:
			kv.Value = string(t.binary(typ))
		default:
			return false
		}
		return true
	})
	if !named {
		t.fail(errors.New("a key-value entry has no key"))
	}
	return kv
}

func (t *thrift) rowGroup(typ byte) RowGroup {
	var g RowGroup
	counted := false
	t.fields(typ, func(id int16, typ byte) bool {
		switch id {
		case 1:
			t.list(typ, func(typ byte) { g.Columns = append(g.Columns, t.chunk(typ)) })
		case 2:
			g.Bytes = t.i64(typ)
		case 3:
			g.Rows, counted = t.i64(typ), true
		default:
			return false
		}
		return true
	})
	if !counted {
		t.fail(errors.New("a row group does not say how many rows it has"))
	}
	return g
}

func (t *thrift) chunk(typ byte) Chunk {
	c := Chunk{Stats: Stats{Nulls: -1, Distinct: -1}}
	meta := false
	t.fields(typ, func(id int16, typ byte) bool {
		switch id {
		case 1:
			if len(t.binary(typ)) > 0 {
				t.fail(errors.New("a column lies in another file, which is not supported"))
			}
		case 3:
			meta = true
			t.chunkMeta(typ, &c)
		case 4:
			c.OffsetIndex.Offset = t.i64(typ)
		case 5:
			c.OffsetIndex.Length = int64(t.i32(typ))
		case 6:
			c.ColumnIndex.Offset = t.i64(typ)
		case 7:
			c.ColumnIndex.Length = int64(t.i32(typ))
		default:
			return false
		}
		return true
	})
	if !meta {
		t.fail(errors.New("a column has no metadata (an encrypted column has none that can be read)"))
	}
	return c
}

func (t *thrift) chunkMeta(typ byte, c *Chunk) {
	const required = 1<<5 | 1<<6 | 1<<7 | 1<<9
	seen := 0
	t.fields(typ, func(id int16, typ byte) bool {
		if id > 0 && id < 16 {
			seen |= 1 << id
		}
		switch id {
		case 2:
			t.list(typ, func(typ byte) { c.Encodings = append(c.Encodings, Encoding(t.i32(typ))) })
		case 4:
			c.Codec = Codec(t.i32(typ))
		case 5:
			c.Values = t.i64(typ)
		case 6:
			c.Uncompressed = t.i64(typ)
		case 7:
			c.Compressed = t.i64(typ)
		case 9:
			c.DataOffset = t.i64(typ)
		case 11:
			c.DictionaryOffset = t.i64(typ)
		case 12:
			c.Stats = t.stats(typ)
		case 14:
			c.Bloom.Offset = t.i64(typ)
		case 15:
			c.Bloom.Length = int64(t.i32(typ))
		default:
			return false
		}
		return true
	})
	if seen&required != required {
		t.fail(errors.New("a column's metadata lacks its sizes or its place"))
	}
}

func (t *thrift) stats(typ byte) Stats {
	s := Stats{Nulls: -1, Distinct: -1}
	var oldMin, oldMax []byte
	t.fields(typ, func(id int16, typ byte) bool {
		switch id {
		case 1:
			oldMax = t.binary(typ)
		case 2:
			oldMin = t.binary(typ)
		case 3:
			s.Nulls = t.i64(typ)
		case 4:
			s.Distinct = t.i64(typ)
		case 5:
			s.Max = t.binary(typ)
		case 6:
			s.Min = t.binary(typ)
		case 7:
			s.MaxExact = t.bool(typ)
		case 8:
			s.MinExact = t.bool(typ)
		default:
			return false
		}
		return true
	})
	// Copies, so that who keeps a File does not keep the whole footer.
	s.Min, s.Max, oldMin, oldMax = bytes.Clone(s.Min), bytes.Clone(s.Max), bytes.Clone(oldMin), bytes.Clone(oldMax)
	if s.Min == nil && s.Max == nil && (oldMin != nil || oldMax != nil) {
		s.Min, s.Max, s.Deprecated = oldMin, oldMax, true
	}
	return s
}
