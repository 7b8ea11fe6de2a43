"""What sqlglot, DuckDB and pyarrow say. Run by catalog_test.go; prints JSON."""

import decimal
import json
import sys


def ddl(path):
    """Columns, partition columns and properties of statements, by sqlglot's Athena dialect."""
    import sqlglot
    from sqlglot import exp

    out = []
    for sql in json.load(open(path)):
        create = sqlglot.parse_one(sql, dialect="athena")
        if not isinstance(create, exp.Create):
            raise SystemExit(f"sqlglot takes this for {type(create).__name__}: {sql}")
        columns = [[c.name, c.kind.sql("hive")] for c in create.this.expressions]
        keys, properties, location = [], {}, None
        for p in create.args["properties"].expressions:
            if isinstance(p, exp.PartitionedByProperty):
                keys = [c.sql("hive") if not isinstance(c, exp.ColumnDef) else c.name + " " + c.kind.sql("hive") for c in p.this.expressions]
            elif isinstance(p, exp.LocationProperty):
                location = p.this.this
            elif type(p) is exp.Property:
                properties[p.this.this] = p.args["value"].this
        out.append({"columns": columns, "keys": keys, "properties": properties, "location": location})
    return out


def infer(folder):
    """The types that DuckDB finds in NDJSON files."""
    import os

    import duckdb

    out = {}
    for name in os.listdir(folder):
        rows = duckdb.sql(
            f"describe select * from read_json('{folder}/{name}', format='newline_delimited', sample_size=-1, maximum_depth=-1, map_inference_threshold=-1, field_appearance_threshold=0)"
        ).fetchall()
        out[name] = {r[0]: duck_type(duckdb, r[1]) for r in rows}
    return out


def duck_type(duckdb, text):
    t = duckdb.type(text) if text != '"NULL"' else None
    return duck(t)


def duck(t):
    if t is None or str(t) in ('"NULL"', "JSON", "VARCHAR"):
        return "string"
    if t.id == "list":
        return "array<" + duck(t.children[0][1]) + ">"
    if t.id == "struct":
        return "struct<" + ",".join(name + ":" + duck(c) for name, c in t.children) + ">"
    # DuckDB 2 takes positive numbers for UBIGINT, and with negative ones among them for HUGEINT.
    return {
        "hugeint": "bigint", "bigint": "bigint", "ubigint": "bigint", "double": "double", "boolean": "boolean", "date": "date",
        "timestamp": "timestamp", "timestamp with time zone": "timestamp", "timestamp_ns": "timestamp",
    }.get(t.id, str(t))


def parquet(folder):
    """Writes files and says what their columns are in Athena's terms."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    d = decimal.Decimal
    cases = [
        (pa.bool_(), True, "boolean"), (pa.int8(), 1, "tinyint"), (pa.int16(), 1, "smallint"), (pa.int32(), 1, "int"), (pa.int64(), 1, "bigint"),
        (pa.uint8(), 1, "smallint"), (pa.uint16(), 1, "int"), (pa.uint32(), 1, "bigint"), (pa.uint64(), 1, "decimal(20,0)"),
        (pa.float32(), 1.5, "float"), (pa.float64(), 1.5, "double"), (pa.string(), "x", "string"), (pa.large_string(), "x", "string"),
        (pa.binary(), b"x", "binary"), (pa.binary(4), b"wxyz", "binary"), (pa.decimal128(9, 2), d("1.50"), "decimal(9,2)"), (pa.decimal128(38, 10), d("1.5"), "decimal(38,10)"),
        (pa.date32(), 1, "date"), (pa.timestamp("ms"), 1, "timestamp"), (pa.timestamp("us", "UTC"), 1, "timestamp"), (pa.timestamp("ns"), 1000, "timestamp"),
        (pa.time32("ms"), 1, "int"), (pa.time64("us"), 1, "bigint"),
        (pa.list_(pa.int32()), [1], "array<int>"), (pa.list_(pa.list_(pa.string())), [["x"]], "array<array<string>>"),
        (pa.struct([("Lat", pa.float64()), ("tags", pa.list_(pa.string()))]), {"Lat": 1.0, "tags": []}, "struct<lat:double,tags:array<string>>"),
        (pa.map_(pa.string(), pa.list_(pa.int64())), [("k", [1])], "map<string,array<bigint>>"),
        (pa.list_(pa.struct([("a", pa.int32())])), [{"a": 1}], "array<struct<a:int>>"),
    ]
    arrays = [pa.array([v, None], type=t) for t, v, _ in cases]
    table = pa.table({f"C{i}": a for i, a in enumerate(arrays)})
    want = {f"c{i}": w for i, (_, _, w) in enumerate(cases)}
    pq.write_table(table, folder + "/v1.parquet", version="1.0")
    pq.write_table(table, folder + "/latest.parquet", version="2.6")
    pq.write_table(table, folder + "/old_lists.parquet", use_compliant_nested_type=False)
    pq.write_table(table.select([18, 19]).rename_columns(["C18", "C19"]), folder + "/int96.parquet", use_deprecated_int96_timestamps=True)
    v1 = {**want, "c7": "bigint"}  # format 1.0 has no unsigned 32-bit integers: pyarrow writes an int64
    return {"v1.parquet": v1, "latest.parquet": want, "old_lists.parquet": want, "int96.parquet": {"c18": "timestamp", "c19": "timestamp"}}


print(json.dumps({"ddl": ddl, "infer": infer, "parquet": parquet}[sys.argv[1]](sys.argv[2])))
