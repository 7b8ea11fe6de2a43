"""Reads every Parquet file of a folder with pyarrow, DuckDB and Polars, and compares with
the rows that lie beside it as JSON. Prints what differs and exits with 1, or says what it
compared."""

import datetime as dt
import decimal
import glob
import json
import math
import random
import struct
import sys
import uuid

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

EPOCH = dt.datetime(1970, 1, 1)
MICRO = dt.timedelta(microseconds=1)
decimal.getcontext().prec = 60


def canon(t, v):
    """The value v of type t in the form that the JSON has."""
    if v is None:
        return None
    k = t["kind"]
    if k in ("boolean", "string"):
        return v
    if k in ("tinyint", "smallint", "int", "bigint"):
        return str(v)
    if k in ("float", "double"):
        return "nan" if math.isnan(v) else struct.pack(">d", v).hex()
    if k == "decimal":
        return str(int(v.scaleb(t.get("scale", 0))))
    if k in ("binary", "fixed"):
        return v.hex()
    if k == "uuid":
        return (v.bytes if isinstance(v, uuid.UUID) else v).hex()
    if k == "date":
        return str((v - EPOCH.date()).days)
    if k == "timestamp":
        return str((v - EPOCH) // MICRO)
    if k == "timestamptz":
        return str((v.astimezone(dt.timezone.utc).replace(tzinfo=None) - EPOCH) // MICRO)
    if k == "time":
        return str(((v.hour * 60 + v.minute) * 60 + v.second) * 1_000_000 + v.microsecond)
    if k == "array":
        return [canon(t["elem"], e) for e in v]
    if k == "map":
        if isinstance(v, dict):
            v = v.items()
        elif v and isinstance(v[0], dict):
            v = [(e["key"], e["value"]) for e in v]
        return [[canon(t["key"], a), canon(t["elem"], b)] for a, b in v]
    if k == "struct":
        return [canon(m, v[n]) for n, m in zip(t["names"], t["members"])]
    raise ValueError(k)


def arrow_type(t):
    k = t["kind"]
    simple = {
        "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(), "bigint": pa.int64(),
        "float": pa.float32(), "double": pa.float64(), "string": pa.string(), "binary": pa.binary(), "date": pa.date32(),
        "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", tz="UTC"), "time": pa.time64("us"), "uuid": pa.uuid(),
    }
    if k in simple:
        return simple[k]
    if k == "decimal":
        return pa.decimal128(t["precision"], t.get("scale", 0))
    if k == "fixed":
        return pa.binary(t["length"])
    if k == "array":
        return pa.list_(pa.field("element", arrow_type(t["elem"])))
    if k == "map":
        return pa.map_(arrow_type(t["key"]), arrow_type(t["elem"]))
    return pa.struct(arrow_fields(t))


def arrow_fields(t):
    return [pa.field(n, arrow_type(m), nullable=not r) for n, m, r in zip(t["names"], t["members"], t["required"])]


def duck_type(t):
    k = t["kind"]
    simple = {
        "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
        "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR", "binary": "BLOB", "date": "DATE", "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMP WITH TIME ZONE", "time": "TIME", "uuid": "UUID", "fixed": "BLOB",
    }
    if k in simple:
        return simple[k]
    if k == "decimal":
        return f"DECIMAL({t['precision']},{t.get('scale', 0)})"
    if k == "array":
        return duck_type(t["elem"]) + "[]"
    if k == "map":
        return f"MAP({duck_type(t['key'])}, {duck_type(t['elem'])})"
    return "STRUCT(" + ", ".join(f"{n} {duck_type(m)}" for n, m in zip(t["names"], t["members"])) + ")"


def differ(got, want):
    """Shows where two values differ."""
    got, want = json.dumps(got), json.dumps(want)
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return f"...{got[max(0, at - 40):at + 40]}..., want ...{want[max(0, at - 40):at + 40]}..."


class Check:
    def __init__(self):
        self.bad = 0
        self.values = self.stats = self.filters = 0

    def fail(self, path, what):
        self.bad += 1
        if self.bad <= 40:
            print(f"{path}: {what}")

    def rows(self, path, reader, t, want, got):
        """Compares the rows that a reader gives, as a list for each column."""
        for name, m, i in zip(t["names"], t["members"], range(len(got))):
            col = [canon(m, v) for v in got[i]]
            exp = [r[i] for r in want]
            self.values += len(col)
            if col != exp:
                at = next((j for j, (a, b) in enumerate(zip(col, exp)) if a != b), min(len(col), len(exp)))
                self.fail(path, f"{reader}: column {name} ({m['kind']}) row {at} of {len(exp)}: {differ(col[at:at+1], exp[at:at+1])}")

    def pyarrow(self, path, t, want):
        f = pq.ParquetFile(path)
        table = f.read()
        schema = pa.schema(arrow_fields(t))
        if not table.schema.remove_metadata().equals(schema):
            self.fail(path, f"pyarrow: schema\n{table.schema}\nwant\n{schema}")
        self.rows(path, "pyarrow", t, want, [c.to_pylist() for c in table.columns])
        md = f.metadata
        if md.num_rows != len(want) or md.created_by != "lakekit":
            self.fail(path, f"pyarrow: {md}")
        leaves = {md.schema.column(i).path: i for i in range(md.num_columns)}
        for g in range(md.num_row_groups):
            part = f.read_row_group(g)
            for name, m in zip(t["names"], t["members"]):
                if m["kind"] in ("array", "map", "struct"):
                    continue
                st = md.row_group(g).column(leaves[name]).statistics
                col = part.column(name)
                if st is None or st.null_count != col.null_count:
                    self.fail(path, f"pyarrow: column {name}: {st}, want {col.null_count} nulls")
                    continue
                if not st.has_min_max or m["kind"] in ("uuid", "fixed", "binary", "decimal"):
                    continue  # no order in pyarrow, or compared by the Go tests
                if m["kind"] in ("float", "double"):
                    col = pc.drop_null(pc.if_else(pc.is_nan(col), None, col))
                mm = pc.min_max(col)
                lo, hi = mm["min"].as_py(), mm["max"].as_py()
                self.stats += 1
                if st.min > lo or st.max < hi:
                    self.fail(path, f"pyarrow: column {name}: bounds {st.min!r}, {st.max!r}, values {lo!r}, {hi!r}")

    def duckdb(self, path, t, want):
        rows = duckdb.execute(f"describe from read_parquet('{path}')").fetchall()
        types = [r[1] for r in rows]
        exp = [duck_type(m) for m in t["members"]]
        if types != exp:
            self.fail(path, f"duckdb: types {types}, want {exp}")
        got = duckdb.execute(f"from read_parquet('{path}')").fetchall()
        self.rows(path, "duckdb", t, want, list(zip(*got)) if got else [[] for _ in t["names"]])

    def polars(self, path, t, want):
        df = pl.read_parquet(path)
        self.rows(path, "polars", t, want, [df[n].to_list() for n in df.columns])

    def filters_find(self, path, t, want, rng):
        """A predicate must find every row that has the value, whatever is skipped by statistics."""
        if not want:
            return
        table = pq.read_table(path)
        for i, (name, m) in enumerate(zip(t["names"], t["members"])):
            if m["kind"] in ("array", "map", "struct", "float", "double", "uuid", "fixed", "time", "timestamptz"):
                continue
            have = [r[i] for r in want if r[i] is not None]
            if not have:
                continue
            value = rng.choice(have)
            n = have.count(value)
            row = next(j for j, r in enumerate(want) if r[i] == value)
            py = table.column(name)[row].as_py()
            self.filters += 1
            counts = {
                "pyarrow": ds.dataset(path).count_rows(filter=pc.field(name) == pa.scalar(py, arrow_type(m))),
                "duckdb": duckdb.execute(f"select count(*) from read_parquet('{path}') where {name} = cast($1 as {duck_type(m)})", [py]).fetchall()[0][0],
                "polars": pl.scan_parquet(path).filter(pl.col(name) == pl.lit(py)).select(pl.len()).collect().item(),
            }
            for reader, c in counts.items():
                if c != n:
                    self.fail(path, f"{reader}: {c} rows have {name} = {py!r}, want {n}")


def main():
    c = Check()
    paths = sorted(glob.glob(sys.argv[1] + "/*.parquet"))
    for path in paths:
        with open(path + ".json") as f:
            spec = json.load(f)
        t, want = spec["type"], spec["rows"]
        for read in (c.pyarrow, c.duckdb, c.polars):
            try:
                read(path, t, want)
            except Exception as e:  # a reader that fails is a finding, the others still count
                c.fail(path, f"{read.__name__}: {type(e).__name__}: {e}")
        c.filters_find(path, t, want, random.Random(path))
    print(f"{len(paths)} files: {c.values} values, {c.stats} statistics and {c.filters} predicates compared, {c.bad} differ")
    sys.exit(c.bad > 0 or not paths)


main()
