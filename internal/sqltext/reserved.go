package sqltext

// trinoReserved tells the words that Trino's grammar does not take as a name
// (SqlBase.g4: every keyword that is not in nonReserved), and the few that read as a call
// when they stand alone.
func trinoReserved(s string) bool {
	switch s {
	case "alter", "and", "as", "between", "by", "case", "cast", "constraint", "create",
		"cross", "cube", "current_catalog", "current_date", "current_path", "current_role",
		"current_schema", "current_time", "current_timestamp", "current_user", "deallocate",
		"delete", "describe", "distinct", "drop", "else", "end", "escape", "except", "execute",
		"exists", "extract", "false", "for", "from", "full", "group", "grouping", "having",
		"in", "inner", "insert", "intersect", "into", "is", "join", "json_array", "json_exists",
		"json_object", "json_query", "json_table", "json_value", "left", "like", "listagg",
		"localtime", "localtimestamp", "natural", "normalize", "not", "null", "on", "or",
		"order", "outer", "prepare", "recursive", "right", "rollup", "select", "skip", "table",
		"then", "trim", "true", "uescape", "union", "unnest", "using", "values", "when",
		"where", "with", "first", "last":
		return true
	}
	return false
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
