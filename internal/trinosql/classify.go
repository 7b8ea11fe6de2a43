package trinosql

// Kind says what a statement does.
type Kind uint8

// The kinds of statements that Athena runs.
const (
	KindSelect Kind = iota + 1 // also WITH, VALUES and TABLE
	KindInsert
	KindMerge
	KindUpdate
	KindDelete
	KindCreateTableAs
	KindCreateView
	KindDropView
	KindUnload
	KindExplain
	KindExplainAnalyze
	KindPrepare
	KindExecute
	KindDeallocate
	KindOptimize
	KindVacuum
	KindCreateTable // with a list of columns, Hive's or Iceberg's
	KindCreateDatabase
	KindDropTable
	KindDropDatabase
	KindAlterTable
	KindAlterDatabase
	KindRepair
	KindShow
	KindDescribe
)

// String gives the words that the statement begins with.
func (k Kind) String() string {
	names := [...]string{
		KindSelect: "SELECT", KindInsert: "INSERT", KindMerge: "MERGE", KindUpdate: "UPDATE", KindDelete: "DELETE",
		KindCreateTableAs: "CREATE TABLE AS", KindCreateView: "CREATE VIEW", KindDropView: "DROP VIEW", KindUnload: "UNLOAD",
		KindExplain: "EXPLAIN", KindExplainAnalyze: "EXPLAIN ANALYZE", KindPrepare: "PREPARE", KindExecute: "EXECUTE",
		KindDeallocate: "DEALLOCATE", KindOptimize: "OPTIMIZE", KindVacuum: "VACUUM", KindCreateTable: "CREATE TABLE",
		KindCreateDatabase: "CREATE DATABASE", KindDropTable: "DROP TABLE", KindDropDatabase: "DROP DATABASE",
		KindAlterTable: "ALTER TABLE", KindAlterDatabase: "ALTER DATABASE", KindRepair: "MSCK REPAIR TABLE", KindShow: "SHOW",
		KindDescribe: "DESCRIBE",
	}
	if k == 0 || int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// Hive tells whether the statement is Hive's DDL, with backquoted identifiers and
// double-quoted strings, and not Trino's SQL.
func (k Kind) Hive() bool { return k >= KindCreateTable }

// Classify says what a statement is from the words that it begins with, as Athena does
// before it chooses one of its two parsers. It reads no further than it must: a statement
// that it classifies may still be wrong.
func Classify(sql string) (Kind, error) {
	if err := size(sql); err != nil {
		return 0, err
	}
	toks, err := lex(sql, false)
	if err != nil { // perhaps it is Hive's; what cannot be read at all still has its first words
		if toks, err = lex(sql, true); err != nil {
			toks = append(toks, token{kind: tokEOF, Pos: Pos{Offset: len(sql), Line: 1, Col: 1}})
		}
	}
	kind, kerr := classify(toks)
	if kerr != nil && err != nil {
		return 0, err
	}
	return kind, kerr
}

// classify looks at a statement's tokens, the last of which is tokEOF.
func classify(toks []token) (Kind, error) {
	p := &parser{toks: toks}
	for p.accept("(") { // (SELECT …) UNION (SELECT …)
	}
	for kind := KindSelect; kind <= KindDescribe; kind++ {
		for _, words := range kind.beginnings() {
			if p.at(words...) {
				return kind.refine(p), nil
			}
		}
	}
	return 0, p.wrong("a statement that Athena knows, such as SELECT or CREATE TABLE")
}

// beginnings are the words that a statement of the kind may begin with.
func (k Kind) beginnings() [][]string {
	switch k {
	case KindSelect:
		return [][]string{{"SELECT"}, {"WITH"}, {"VALUES"}, {"TABLE"}}
	case KindInsert:
		return [][]string{{"INSERT", "INTO"}}
	case KindMerge:
		return [][]string{{"MERGE", "INTO"}}
	case KindDelete:
		return [][]string{{"DELETE", "FROM"}}
	case KindCreateTableAs, KindExplainAnalyze:
		return nil // KindCreateTable and KindExplain are refined to these
	case KindCreateView:
		return [][]string{{"CREATE", "VIEW"}, {"CREATE", "OR", "REPLACE", "VIEW"}, {"CREATE", "PROTECTED"}}
	case KindCreateTable:
		return [][]string{{"CREATE", "TABLE"}, {"CREATE", "EXTERNAL", "TABLE"}}
	case KindCreateDatabase:
		return [][]string{{"CREATE", "DATABASE"}, {"CREATE", "SCHEMA"}}
	case KindDropDatabase:
		return [][]string{{"DROP", "DATABASE"}, {"DROP", "SCHEMA"}}
	case KindAlterTable:
		return [][]string{{"ALTER", "TABLE"}}
	case KindAlterDatabase:
		return [][]string{{"ALTER", "DATABASE"}, {"ALTER", "SCHEMA"}}
	case KindRepair:
		return [][]string{{"MSCK", "REPAIR", "TABLE"}, {"MSCK", "TABLE"}}
	case KindDropView:
		return [][]string{{"DROP", "VIEW"}}
	case KindDropTable:
		return [][]string{{"DROP", "TABLE"}}
	case KindDescribe:
		return [][]string{{"DESCRIBE"}, {"DESC"}}
	default:
		return [][]string{{k.String()}}
	}
}

// refine looks behind the first words.
func (k Kind) refine(p *parser) Kind {
	switch k {
	case KindExplain:
		if p.ahead(1).is("ANALYZE") {
			return KindExplainAnalyze
		}
	case KindCreateTable:
		depth := 0
		for i := 2; p.ahead(i).kind != tokEOF; i++ {
			switch t := p.ahead(i); {
			case t.is("("):
				depth++
			case t.is(")"):
				depth--
			case depth == 0 && t.is("AS"): // but STORED AS PARQUET
				a := p.ahead(i + 1)
				if a.is("SELECT") || a.is("WITH") || a.is("(") || a.is("VALUES") || a.is("TABLE") {
					return KindCreateTableAs
				}
			}
		}
	}
	return k
}
