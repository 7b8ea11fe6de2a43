package catalog

import "maps"

// serde is how Hive reads a table's files.
type serde struct {
	input, output, library string
	params                 map[string]string
}

const (
	parquetInput   = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutput  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	parquetLibrary = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	textInput      = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput     = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	openxLibrary   = "org.openx.data.jsonserde.JsonSerDe"
	hiveJSON       = "org.apache.hive.hcatalog.data.JsonSerDe"
	hiveJSON2      = "org.apache.hadoop.hive.serde2.JsonSerDe"
	openCSV        = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
	lazySimple     = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
)

// serdeFor gives the classes that the format's tables are made with.
func serdeFor(t *Table) serde {
	switch t.format {
	case FormatJSON:
		s := serde{input: textInput, output: textOutput, library: openxLibrary, params: map[string]string{}}
		for _, f := range t.record {
			if f.JSON != "" && f.JSON != f.Name {
				s.params["mapping."+f.Name] = f.JSON
			}
		}
		return s
	case FormatCSV:
		return serde{input: textInput, output: textOutput, library: lazySimple, params: map[string]string{"field.delim": ",", "serialization.format": ","}}
	}
	return serde{input: parquetInput, output: parquetOutput, library: parquetLibrary, params: map[string]string{"serialization.format": "1"}}
}

// formatOf tells the format of a table by its classes.
func formatOf(library string) (Format, bool) {
	switch library {
	case parquetLibrary:
		return FormatParquet, true
	case openxLibrary, hiveJSON, hiveJSON2:
		return FormatJSON, true
	case openCSV, lazySimple:
		return FormatCSV, true
	}
	return "", false
}

// effectiveSerde is the table's own, or its format's.
func (t *Table) effectiveSerde() serde {
	if t.serde.library != "" {
		s := t.serde
		s.params = maps.Clone(s.params)
		return s
	}
	return serdeFor(t)
}
