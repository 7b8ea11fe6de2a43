package sqltext

import "strings"

// reserved are the words that Trino's grammar does not take as a name (SqlBase.g4: every keyword that is
// not in nonReserved).
const reserved = ` ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE` +
	` CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE` +
	` DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING` +
	` HAVING IN INNER INSERT INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE` +
	` JSON_VALUE LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE` +
	` RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH `

// Reserved tells whether Trino takes the word, in any case, as a name only in double quotes.
func Reserved(word string) bool {
	return word != "" && !strings.ContainsRune(word, ' ') && strings.Contains(reserved, " "+strings.ToUpper(word)+" ")
}

// hiveReserved tells the words that Athena's DDL takes as a name only in backquotes: its
// documented list, and the type names, which are legal but read badly.
func hiveReserved(s string) bool {
	switch s {
	case "all", "alter", "and", "array", "as", "authorization", "between", "bigint", "binary",
		"boolean", "both", "by", "cache", "case", "cast", "char", "column", "commit", "conf",
		"constraint", "create", "cross", "cube", "current", "current_date", "current_timestamp",
		"cursor", "database", "date", "dayofweek", "decimal", "delete", "describe", "distinct",
		"div", "double", "drop", "else", "end", "exchange", "exists", "extended", "external",
		"extract", "false", "fetch", "float", "floor", "following", "for", "foreign", "from",
		"full", "function", "grant", "group", "grouping", "having", "if", "import", "in",
		"inner", "insert", "int", "integer", "intersect", "interval", "into", "is", "join",
		"lateral", "left", "less", "like", "local", "macro", "map", "more", "none", "not",
		"null", "numeric", "of", "on", "only", "or", "order", "out", "outer", "over",
		"partialscan", "partition", "percent", "preceding", "precision", "preserve", "primary",
		"procedure", "range", "reads", "reduce", "references", "regexp", "revoke", "right",
		"rlike", "rollback", "rollup", "row", "rows", "select", "set", "smallint", "start",
		"string", "struct", "sync", "table", "tablesample", "then", "time", "timestamp",
		"tinyint", "to", "transform", "trigger", "true", "truncate", "unbounded", "union",
		"uniquejoin", "unnest", "update", "user", "using", "utc_timestamp", "values",
		"varchar", "views", "when", "where", "window", "with":
		return true
	}
	return false
}
