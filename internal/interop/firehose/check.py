"""check.py TABLE EXPECTED: the rows under the folder TABLE, read by pyarrow and by DuckDB, must be those of the JSON lines in
EXPECTED, and lie in the partitions that each line's dt and hr name. Exits 1 if not."""
import datetime
import decimal
import json
import sys

import duckdb
import pyarrow.dataset as ds

TABLE, EXPECTED = sys.argv[1], sys.argv[2]


def plain(v):
    """plain is a value as the expected lines have it."""
    if isinstance(v, datetime.datetime):
        return v.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, decimal.Decimal):
        return str(v)
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return v


def maps(row):
    """maps are pairs to pyarrow and dicts to DuckDB."""
    if isinstance(row["attrs"], list):
        row["attrs"] = {k: v for k, v in row["attrs"]}
    return row


want = {}
for line in open(EXPECTED, encoding="utf-8"):
    r = json.loads(line)
    want[r["id"]] = r
readers = {
    "pyarrow": lambda: ds.dataset(TABLE, format="parquet", partitioning="hive").to_table().to_pylist(),
    "duckdb": lambda: [
        dict(zip([c[0] for c in q.description], row))
        for q in [duckdb.sql(f"SELECT * FROM read_parquet('{TABLE}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)")]
        for row in q.fetchall()
    ],
}
bad = False
for name, read in readers.items():
    got = {}
    for row in read():
        row = maps(plain(row))
        row["hr"] = f"{int(row['hr']):02d}"  # pyarrow makes numbers of hours
        if row["id"] in got:
            bad = True
            print(name, "reads twice:", row["id"])
        got[row["id"]] = row
    wrong = [k for k in want.keys() | got.keys() if want.get(k) != got.get(k)]
    for k in wrong[:3]:
        print(name, k, "\n  want", want.get(k), "\n  got ", got.get(k))
    bad |= bool(wrong)
    print(f"{name}: {len(got)} rows, {len(wrong)} wrong")
sys.exit(bad)
