package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

func TestFromDDL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, want string }{
		{
			"the documentation's",
			"CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`t` (`a` string COMMENT 'x', `b` struct<c:int,d:array<map<string,decimal(10,2)>>>) PARTITIONED BY (`dt` string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true') STORED AS INPUTFORMAT 'a' OUTPUTFORMAT 'b' LOCATION 's3://b/p/' TBLPROPERTIES ('projection.enabled'='false')",
			"db.t json s3://b/p/ (a string, b struct<c:int,d:array<map<string,decimal(10,2)>>>) by [dt] a b org.openx.data.jsonserde.JsonSerDe map[ignore.malformed.json:true] extra map[projection.enabled:false]",
		},
		{
			"comments, double quotes and no order",
			"create external table T -- the table\n(\n A INT, /* two\nlines */ B bigint comment \"it's\")\nlocation \"s3://b/p\"\nstored as parquet comment 'c' ;\n",
			"default.t parquet s3://b/p/ (a int, b bigint) by [] " + parquetInput + " " + parquetOutput + " " + parquetLibrary + " map[serialization.format:1] extra map[]",
		},
		{
			"delimited",
			`CREATE EXTERNAL TABLE db.t (a int) CLUSTERED BY (a) INTO 4 BUCKETS ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':' LINES TERMINATED BY '\n' NULL DEFINED AS '' LOCATION 's3://b/p/'`,
			"db.t csv s3://b/p/ (a int) by [] " + textInput + " " + textOutput + " " + lazySimple +
				" map[collection.delim:| escape.delim:\\ field.delim:\x01 line.delim:\n mapkey.delim:: serialization.format:\x01 serialization.null.format:] extra map[]",
		},
		{
			"ORC, which lakekit does not write",
			"CREATE EXTERNAL TABLE db.t (a int) PARTITIONED BY (y int, ts timestamp) STORED AS ORC LOCATION 's3://b/p/' TBLPROPERTIES ('classification'='orc')",
			"db.t orc s3://b/p/ (a int) by [y ts] org.apache.hadoop.hive.ql.io.orc.OrcInputFormat org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat org.apache.hadoop.hive.ql.io.orc.OrcSerde map[] extra map[classification:orc]",
		},
		{
			"iceberg",
			"CREATE TABLE db.t (id bigint, ts timestamp, c string) PARTITIONED BY (day(ts), bucket(16, id), truncate(c, 4), `c`) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='iceberg', 'format'='parquet')",
			"db.t iceberg s3://b/t/ (id bigint, ts timestamp, c string) by [ts_day=day(ts,UTC);type=date id_bucket=bucket(id,16);type=int c_trunc=truncate(c,4) c=identity(c)]    map[] extra map[format:parquet]",
		},
		{
			"derived",
			"CREATE EXTERNAL TABLE db.t (ts timestamp, userid string) PARTITIONED BY (dt string, c int) STORED AS PARQUET LOCATION 's3://b/t/' TBLPROPERTIES ('lakekit.derive.dt'='day(ts,Asia/Tokyo);late=2h', 'lakekit.derive.c'='identity(c);type=int', 'lakekit.json.userid'='userId', 'lakekit.required'='userid')",
			"db.t parquet s3://b/t/ (ts timestamp, userid string key=userId required) by [dt=day(ts,Asia/Tokyo);late=2h c=identity(c);type=int] " + parquetInput + " " + parquetOutput + " " + parquetLibrary + " map[serialization.format:1] extra map[]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tab, err := FromDDL(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			var cols []string
			for _, f := range tab.fields {
				s := f.Name + " " + f.Type.String()
				if f.JSON != "" {
					s += " key=" + f.JSON
				}
				if f.Required {
					s += " required"
				}
				cols = append(cols, s)
			}
			s := tab.effectiveSerde()
			if tab.format == FormatIceberg {
				s = serde{params: map[string]string{}}
			}
			got := fmt.Sprintf("%s %s %s (%s) by %v %s %s %s %v extra %v", tab, tab.format, tab.location, strings.Join(cols, ", "), tab.partitions, s.input, s.output, s.library, s.params, tab.extra)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromDDLComplaints(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"":                                                  "catalog: DDL 1:1: the statement ends where CREATE should be",
		"DROP TABLE t":                                      `catalog: DDL 1:1: found "DROP" where CREATE should be`,
		"CREATE VIEW v":                                     `catalog: DDL 1:8: found "VIEW" where TABLE should be`,
		"CREATE TABLE t AS SELECT 1":                        "takes its columns from the query",
		"CREATE TABLE t WITH (format='x') AS":               "takes its columns from the query",
		"CREATE TABLE t LIKE u":                             "Athena has no such statement",
		"CREATE EXTERNAL TABLE t (a int":                    "the statement ends where ')' should be",
		"CREATE EXTERNAL TABLE t (a)":                       "catalog: DDL 1:27: column a: a type's name should be at 27",
		"CREATE EXTERNAL TABLE t\n(a text)":                 "catalog: DDL 2:8: column a: text is not a name of a type in DDL: write string",
		"CREATE EXTERNAL TABLE t (a int) x":                 `found "x" where PARTITIONED BY, ROW FORMAT, STORED AS, LOCATION or TBLPROPERTIES should be`,
		"CREATE EXTERNAL TABLE t (a int) ; x":               "found \"x\" where the statement's end should be",
		"CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/": "a quote is not closed",
		"CREATE EXTERNAL TABLE t (a int) LOCATION s3":       `found "s3" where the location should be`,
		"CREATE EXTERNAL TABLE t (a int) LOCATION 's3://a/' LOCATION 's3://b/'":                                                                                                                        "LOCATION is given twice",
		"CREATE EXTERNAL TABLE t (a int) TBLPROPERTIES ('a'='b','a'='c')":                                                                                                                              `property "a" is given twice`,
		"CREATE EXTERNAL TABLE t (a int) STORED AS CSV":                                                                                                                                                `found "CSV" where PARQUET`,
		"CREATE TABLE t (a int) LOCATION 's3://b/'":                                                                                                                                                    "Athena creates EXTERNAL tables, or Iceberg tables",
		"CREATE EXTERNAL TABLE t (a int) TBLPROPERTIES ('table_type'='ICEBERG')":                                                                                                                       "an Iceberg table is created without EXTERNAL",
		"CREATE TABLE t (a int) PARTITIONED BY (b int) TBLPROPERTIES ('table_type'='ICEBERG')":                                                                                                         "names columns of the table, without types",
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (a)":                                                                                                                                           "declares columns, with types",
		"CREATE TABLE t (a int) PARTITIONED BY (week(a)) TBLPROPERTIES ('table_type'='ICEBERG')":                                                                                                       "week is not a transform",
		"CREATE TABLE t (a int) PARTITIONED BY (bucket(a)) TBLPROPERTIES ('table_type'='ICEBERG')":                                                                                                     "bucket takes a column, and a number",
		"CREATE EXTERNAL TABLE t (a int, A string) LOCATION 's3://b/'":                                                                                                                                 `catalog: table "default.t": a: two fields are called a`,
		"CREATE EXTERNAL TABLE t (a int) LOCATION 'b/c'":                                                                                                                                               `catalog: table "default.t": Location: "b/c" has no scheme: write s3://b/c`,
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('lakekit.derive.dt'='dag(a)')":                                                                                      `parameter lakekit.derive.dt: derivation "dag(a)": unknown function "dag"`,
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('lakekit.derive.dt'='day(b)')":                                                                                      `the table has no field "b"`,
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('lakekit.derive.dt'='identity(a);type=int')":                                                                        "type=int, and the column is a string",
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('projection.enabled'='true')":                                                                                       "parameter projection.dt.type is missing: once a table is projected, every partition column is",
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('projection.enabled'='true','projection.dt.type'='integer','projection.dt.range'='5')":                              `parameter projection.dt.range: "5" is not two values with a comma between`,
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) TBLPROPERTIES ('projection.enabled'='true','projection.dt.type'='integer','projection.dt.range'='0,5','projection.dt.digits'='x')": `parameter projection.dt.digits: "x" is not a positive whole number`,
	} {
		if _, err := FromDDL(sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant ... %s", sql, err, want)
		}
	}
}

func TestDDLComplaints(t *testing.T) {
	t.Parallel()
	str := []Field{{Name: "a", Type: Type{Kind: KindString}}}
	for _, c := range []struct {
		fields []Field
		opts   *TableOptions
		want   string
	}{
		{str, nil, `catalog: DDL of table db.t: it has no location: set TableOptions.Location`},
		{str, &TableOptions{Format: FormatIceberg}, `catalog: DDL of table db.t: it has no location: set TableOptions.Location`},
		{[]Field{{Name: "a", Type: Type{Kind: KindTimestampTZ}}}, &TableOptions{Format: FormatIceberg, Location: "s3://b/t"}, "catalog: DDL of table db.t: a: Athena cannot create a column of type timestamptz"},
		{str, &TableOptions{Format: FormatIceberg, Location: "s3://b/t", Parameters: map[string]string{"foo": "x"}}, `catalog: DDL of table db.t: parameter "foo": Athena takes for an Iceberg table only format, write_compression, write_target_data_file_size_bytes, optimize_rewrite_* and vacuum_*`},
	} {
		tab, err := New("db.t", c.fields, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tab.DDL(); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestFromGlueOfOthersTables(t *testing.T) {
	t.Parallel()
	col := func(name, ty string, params map[string]string) gluetypes.Column {
		return gluetypes.Column{Name: aws.String(name), Type: aws.String(ty), Parameters: params}
	}
	iceberg := &gluetypes.Table{
		DatabaseName: aws.String("db"), Name: aws.String("t"), Parameters: map[string]string{"table_type": "ICEBERG", "metadata_location": "s3://b/m.json"},
		StorageDescriptor: &gluetypes.StorageDescriptor{Location: aws.String("s3://b/t"), Columns: []gluetypes.Column{
			col("id", "bigint", map[string]string{"iceberg.field.id": "1", "iceberg.field.optional": "false", "iceberg.field.current": "true"}),
			col("old", "int", map[string]string{"iceberg.field.id": "2", "iceberg.field.optional": "true", "iceberg.field.current": "false"}),
		}},
	}
	tab, err := FromGlue(iceberg)
	if err != nil {
		t.Fatal(err)
	}
	if f := tab.Fields(); len(f) != 1 || !f[0].Required || f[0].ID != 1 || tab.Format() != FormatIceberg || tab.Parameters()["metadata_location"] == "" {
		t.Errorf("%v", f)
	}
	sd := iceberg.StorageDescriptor
	for _, c := range []struct {
		in   *gluetypes.Table
		want string
	}{
		{nil, "catalog: no Glue table given"},
		{&gluetypes.Table{DatabaseName: aws.String("db"), Name: aws.String("v"), TableType: aws.String("VIRTUAL_VIEW"), StorageDescriptor: sd}, `catalog: table "db.v": it is a view, and has no files of its own`},
		{&gluetypes.Table{DatabaseName: aws.String("db"), Name: aws.String("l"), TargetTable: &gluetypes.TableIdentifier{DatabaseName: aws.String("x"), Name: aws.String("y")}}, `catalog: table "db.l": it is a link to table "y" of database "x": read that one`},
		{&gluetypes.Table{DatabaseName: aws.String("db"), Name: aws.String("n")}, `catalog: table "db.n": it has no storage descriptor, so neither columns nor a location`},
		{&gluetypes.Table{DatabaseName: aws.String("db"), Name: aws.String("u"), StorageDescriptor: &gluetypes.StorageDescriptor{Columns: []gluetypes.Column{col("a", "uniontype<int>", nil), col("b", "row", nil)}}}, "catalog: table \"db.u\": column a: uniontype is not a type\ncolumn b: row is not a name of a type in DDL: write struct<name:type>"},
	} {
		if _, err := FromGlue(c.in); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func FuzzFromDDL(f *testing.F) {
	for _, s := range []string{
		"CREATE EXTERNAL TABLE `a`.`b` (c struct<d:int> COMMENT 'x') PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://b/p/' TBLPROPERTIES ('k'='v')",
		"CREATE TABLE t (id bigint, ts timestamp) PARTITIONED BY (day(ts), bucket(16, id)) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='ICEBERG')",
		"CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001' LOCATION 's3://b/p/' -- x",
		"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (y string) LOCATION 's3://b/' TBLPROPERTIES ('projection.enabled'='true','projection.y.type'='date','projection.y.range'='2024,NOW','projection.y.format'='yyyy','projection.y.interval'='1','projection.y.interval.unit'='YEARS','lakekit.json.a'='A')",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tab, err := FromDDL(s)
		if err != nil {
			return
		}
		sql, err := tab.DDL()
		if err != nil {
			return // no location, or properties that Athena does not take
		}
		again, err := FromDDL(sql)
		if err != nil {
			t.Fatalf("%q gives\n%s\nwhich does not read back: %v", s, sql, err)
		}
		if sql2, err := again.DDL(); err != nil || sql2 != sql {
			t.Fatalf("%q gives\n%s\nwhich gives\n%s, %v", s, sql, sql2, err)
		}
	})
}
