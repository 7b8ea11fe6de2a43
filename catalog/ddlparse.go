package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// FromDDL gives the table that a CREATE TABLE statement of Athena describes: CREATE EXTERNAL
// TABLE with its columns, PARTITIONED BY, ROW FORMAT, STORED AS, LOCATION and TBLPROPERTIES,
// or CREATE TABLE with the property 'table_type'='ICEBERG'. Derivations come from
// lakekit.derive properties, or from an Iceberg table's transforms. A table without a
// database belongs to default. A statement with a query (CTAS) declares no columns and is
// refused.
func FromDDL(sql string) (*Table, error) {
	p := &ddlParser{typeParser{text: sql}}
	d, err := p.statement()
	if err != nil {
		line, col := 1, 1
		for _, c := range sql[:min(p.pos, len(sql))] {
			if col++; c == '\n' {
				line, col = line+1, 1
			}
		}
		return nil, fmt.Errorf("catalog: DDL %d:%d: %w", line, col, err)
	}
	t, err := d.table()
	if err != nil {
		return nil, fmt.Errorf("catalog: table %q: %w", d.database+"."+d.name, err)
	}
	return t, nil
}

// ddlParser reads Hive's statement by recursive descent. Its types are those of ParseType.
type ddlParser struct {
	typeParser
}

// skip passes blanks and comments.
func (p *ddlParser) skip() {
	for {
		p.space()
		rest := p.text[p.pos:]
		switch {
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			p.pos += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				p.pos = len(p.text)
				return
			}
			p.pos += n + 4
		default:
			return
		}
	}
}

// peek gives the next word in upper case, or "".
func (p *ddlParser) peek() string {
	p.skip()
	save := p.pos
	w := strings.ToUpper(p.word())
	p.pos = save
	return w
}

// accept reads the words if they are next.
func (p *ddlParser) accept(words ...string) bool {
	save := p.pos
	for _, w := range words {
		if p.peek() != w {
			p.pos = save
			return false
		}
		p.word()
	}
	return true
}

func (p *ddlParser) expect(words ...string) error {
	if p.accept(words...) {
		return nil
	}
	return p.unexpected(strings.Join(words, " "))
}

func (p *ddlParser) unexpected(want string) error {
	p.skip()
	rest := p.text[p.pos:]
	if rest == "" {
		return fmt.Errorf("the statement ends where %s should be", want)
	}
	if w := p.peek(); w != "" {
		rest = rest[:len(w)]
	} else {
		rest = rest[:1]
	}
	return fmt.Errorf("found %q where %s should be", rest, want)
}

func (p *ddlParser) punct(c byte) error {
	p.skip()
	if p.take(c) {
		return nil
	}
	return p.unexpected(strconv.QuoteRune(rune(c)))
}

// ident reads a name, in backquotes or plain. Names are folded to lower case.
func (p *ddlParser) ident(what string) (string, error) {
	p.skip()
	if p.pos < len(p.text) && p.text[p.pos] == '`' {
		return p.name()
	}
	if w := p.word(); w != "" {
		return w, nil
	}
	return "", p.unexpected(what)
}

// str reads a literal in single or double quotes.
func (p *ddlParser) str(what string) (string, error) {
	p.skip()
	if p.pos >= len(p.text) || p.text[p.pos] != '\'' && p.text[p.pos] != '"' {
		return "", p.unexpected(what)
	}
	quote := p.text[p.pos]
	for i := p.pos + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case quote:
			s := p.text[p.pos+1 : i]
			p.pos = i + 1
			return sqltext.HiveUnescape(s), nil
		}
	}
	return "", errors.New("a quote is not closed")
}

func (p *ddlParser) statement() (*described, error) {
	d := &described{database: "default", params: map[string]string{}}
	if err := p.expect("CREATE"); err != nil {
		return d, err
	}
	external := p.accept("EXTERNAL")
	if err := p.expect("TABLE"); err != nil {
		return d, err
	}
	if p.accept("IF") {
		if err := p.expect("NOT", "EXISTS"); err != nil {
			return d, err
		}
	}
	var err error
	if d.name, err = p.ident("the table's name"); err != nil {
		return d, err
	}
	if p.take('.') {
		d.database = d.name
		if d.name, err = p.ident("the table's name"); err != nil {
			return d, err
		}
	}
	switch p.peek() {
	case "AS", "WITH":
		return d, errors.New("a CREATE TABLE with a query takes its columns from the query: run it in Athena and read the table from Glue")
	case "LIKE":
		return d, errors.New("CREATE TABLE LIKE takes its columns from another table: Athena has no such statement")
	}
	if err := p.list(func() error { return p.column(&d.columns) }); err != nil {
		return d, err
	}
	if err := p.clauses(d); err != nil {
		return d, err
	}
	p.take(';')
	p.skip()
	switch iceberg := strings.EqualFold(d.params[paramTableType], "ICEBERG"); {
	case p.pos < len(p.text):
		return d, p.unexpected("the statement's end")
	case iceberg && external:
		return d, errors.New("an Iceberg table is created without EXTERNAL")
	case !iceberg && !external:
		return d, errors.New("Athena creates EXTERNAL tables, or Iceberg tables with TBLPROPERTIES ('table_type'='ICEBERG')")
	case iceberg && len(d.keys) > 0:
		return d, errors.New("an Iceberg table's PARTITIONED BY names columns of the table, without types")
	case !iceberg && len(d.transforms) > 0:
		return d, errors.New("PARTITIONED BY of an EXTERNAL table declares columns, with types")
	}
	delete(d.params, paramExternal)
	return d, nil
}

// list reads ( item, item ... ).
func (p *ddlParser) list(item func() error) error {
	if err := p.punct('('); err != nil {
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		p.skip()
		if p.take(',') {
			continue
		}
		return p.punct(')')
	}
}

// column reads NAME TYPE [COMMENT 'text'].
func (p *ddlParser) column(into *[]Field) error {
	name, err := p.ident("a column's name")
	if err != nil {
		return err
	}
	return p.columnType(name, into)
}

func (p *ddlParser) columnType(name string, into *[]Field) error {
	p.skip()
	ty, err := p.parse(0)
	if err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	f := Field{Name: name, Type: ty}
	if p.accept("COMMENT") {
		if f.Comment, err = p.str("the comment"); err != nil {
			return err
		}
	}
	*into = append(*into, f)
	return nil
}

// clauses reads what follows the columns. Hive fixes their order; any is taken here, each
// once.
func (p *ddlParser) clauses(d *described) error {
	seen := map[string]bool{}
	for {
		clause := p.peek()
		if clause == "" {
			break
		}
		if seen[clause] {
			return fmt.Errorf("%s is given twice", clause)
		}
		seen[clause] = true
		var err error
		switch {
		case p.accept("COMMENT"):
			d.comment, err = p.str("the comment")
		case p.accept("PARTITIONED", "BY"):
			err = p.list(func() error { return p.partitioned(d) })
		case p.accept("CLUSTERED", "BY"):
			err = p.clustered()
		case p.accept("ROW", "FORMAT", "SERDE"):
			d.serde.library, err = p.str("the SerDe's class")
		case p.accept("ROW", "FORMAT", "DELIMITED"):
			err = p.delimited(d)
		case p.accept("WITH", "SERDEPROPERTIES"):
			if d.serde.params == nil {
				d.serde.params = map[string]string{}
			}
			err = p.properties(d.serde.params)
		case p.accept("STORED", "AS"):
			err = p.stored(d)
		case p.accept("LOCATION"):
			d.location, err = p.str("the location")
		case p.accept("TBLPROPERTIES"):
			err = p.properties(d.params)
		default:
			return p.unexpected("PARTITIONED BY, ROW FORMAT, STORED AS, LOCATION or TBLPROPERTIES")
		}
		if err != nil {
			return err
		}
	}
	d.defaultSerde()
	return nil
}

// partitioned reads a column with its type, or one of Iceberg's transforms.
func (p *ddlParser) partitioned(d *described) error {
	name, err := p.ident("a partition column's name")
	if err != nil {
		return err
	}
	p.skip()
	if p.pos < len(p.text) && p.text[p.pos] == '(' {
		return p.transform(Func(name), d)
	}
	if p.pos < len(p.text) && (p.text[p.pos] == ',' || p.text[p.pos] == ')') {
		d.transforms = append(d.transforms, Identity(name))
		return nil
	}
	return p.columnType(name, &d.keys)
}

// transform reads (column), (N, column) or (column, N): AWS's own pages have both orders.
func (p *ddlParser) transform(fn Func, d *described) error {
	if !fn.Temporal() && fn != FuncBucket && fn != FuncTruncate {
		return fmt.Errorf("%s is not a transform (known are year, month, day, hour, bucket, truncate)", fn)
	}
	var column string
	width := 0
	err := p.list(func() error {
		p.skip()
		if p.pos < len(p.text) && isDigit(p.text[p.pos]) {
			if width != 0 {
				return p.unexpected("a column")
			}
			var err error
			width, err = p.number()
			return err
		}
		if column != "" {
			return p.unexpected("a number or )")
		}
		var err error
		column, err = p.ident("a column")
		return err
	})
	if err != nil {
		return err
	}
	if column == "" || (width == 0) != fn.Temporal() {
		return fmt.Errorf("%s takes a column, and a number if it is bucket or truncate", fn)
	}
	d.transforms = append(d.transforms, derived(fn, column, width))
	return nil
}

// clustered reads and drops a bucketing: it changes neither columns nor where files lie.
func (p *ddlParser) clustered() error {
	err := p.list(func() error {
		_, err := p.ident("a column")
		return err
	})
	if err != nil {
		return err
	}
	if err := p.expect("INTO"); err != nil {
		return err
	}
	p.skip()
	if _, err := p.number(); err != nil {
		return err
	}
	return p.expect("BUCKETS")
}

// delimited reads the clauses of ROW FORMAT DELIMITED.
func (p *ddlParser) delimited(d *described) error {
	m := map[string]string{}
	d.serde = serde{library: lazySimple, params: m}
	for {
		key := ""
		switch {
		case p.accept("FIELDS", "TERMINATED", "BY"):
			key = "field.delim"
		case p.accept("ESCAPED", "BY"):
			key = "escape.delim"
		case p.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
			key = "collection.delim" // Hive's own spelling before 3.0 was colelction.delim
		case p.accept("MAP", "KEYS", "TERMINATED", "BY"):
			key = "mapkey.delim"
		case p.accept("LINES", "TERMINATED", "BY"):
			key = "line.delim"
		case p.accept("NULL", "DEFINED", "AS"):
			key = "serialization.null.format"
		default:
			return nil
		}
		v, err := p.str("a delimiter")
		if err != nil {
			return err
		}
		m[key] = v
		if key == "field.delim" {
			m["serialization.format"] = v
		}
	}
}

// stored reads what follows STORED AS.
func (p *ddlParser) stored(d *described) error {
	if p.accept("INPUTFORMAT") {
		var err error
		if d.serde.input, err = p.str("the class"); err != nil {
			return err
		}
		if err := p.expect("OUTPUTFORMAT"); err != nil {
			return err
		}
		d.serde.output, err = p.str("the class")
		return err
	}
	word := p.peek()
	s, ok := storedAs(word)
	if !ok {
		return p.unexpected("PARQUET, ORC, AVRO, TEXTFILE, SEQUENCEFILE, RCFILE, ION or INPUTFORMAT")
	}
	p.word()
	d.serde.input, d.serde.output = s.input, s.output
	if d.serde.library == "" {
		d.serde.library = s.library
		if word == "PARQUET" && d.serde.params == nil {
			d.serde.params = s.params
		}
	}
	return nil
}

func storedAs(word string) (serde, bool) {
	const ql = "org.apache.hadoop.hive.ql.io."
	switch word {
	case "PARQUET":
		return serdeFor(&Table{format: FormatParquet}), true
	case "TEXTFILE":
		return serde{input: textInput, output: textOutput, library: lazySimple}, true
	case "ORC":
		return serde{input: ql + "orc.OrcInputFormat", output: ql + "orc.OrcOutputFormat", library: ql + "orc.OrcSerde"}, true
	case "AVRO":
		return serde{input: ql + "avro.AvroContainerInputFormat", output: ql + "avro.AvroContainerOutputFormat", library: "org.apache.hadoop.hive.serde2.avro.AvroSerDe"}, true
	case "SEQUENCEFILE":
		return serde{input: "org.apache.hadoop.mapred.SequenceFileInputFormat", output: ql + "HiveSequenceFileOutputFormat", library: lazySimple}, true
	case "RCFILE":
		return serde{input: ql + "RCFileInputFormat", output: ql + "RCFileOutputFormat", library: "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe"}, true
	case "ION":
		return serde{input: "com.amazon.ionhiveserde.formats.IonInputFormat", output: "com.amazon.ionhiveserde.formats.IonOutputFormat", library: "com.amazon.ionhiveserde.IonHiveSerDe"}, true
	}
	return serde{}, false
}

// defaultSerde is what Hive takes when a statement says nothing: text files.
func (d *described) defaultSerde() {
	if strings.EqualFold(d.params[paramTableType], "ICEBERG") {
		return
	}
	if d.serde.library == "" {
		d.serde.library = lazySimple
	}
	if d.serde.input == "" {
		d.serde.input, d.serde.output = textInput, textOutput
	}
}

// properties reads ('key'='value', ...).
func (p *ddlParser) properties(into map[string]string) error {
	return p.list(func() error {
		k, err := p.str("a property's name")
		if err != nil {
			return err
		}
		if err := p.punct('='); err != nil {
			return err
		}
		v, err := p.str("a property's value")
		if err != nil {
			return err
		}
		if _, twice := into[k]; twice {
			return fmt.Errorf("property %q is given twice", k)
		}
		into[k] = v
		return nil
	})
}
