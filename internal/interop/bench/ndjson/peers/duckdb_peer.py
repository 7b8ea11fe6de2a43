"""duckdb_peer.py SRC OUT: DuckDB on one thread, NDJSON to dt=/hr= Snappy Parquet."""
import os

import duckdb

from measure import run

COLUMNS = """{event_id: 'VARCHAR', user_id: 'VARCHAR', session_id: 'VARCHAR', event_ts: 'TIMESTAMP', url: 'VARCHAR', referrer: 'VARCHAR',
  device: 'VARCHAR', country: 'VARCHAR', product_id: 'INTEGER', price: 'DECIMAL(10,2)', qty: 'INTEGER', geo: 'STRUCT(lat DOUBLE, lon DOUBLE)'}"""

# How dt and hr are made from event_ts. All give the same folders; substr and cast cost the same within the noise, strftime more.
PARTITIONS = {
    "cast": "event_ts::DATE AS dt, lpad(hour(event_ts)::VARCHAR, 2, '0') AS hr",
    "strftime": "strftime(event_ts, '%Y-%m-%d') AS dt, strftime(event_ts, '%H') AS hr",
    "substr": "substr(event_ts::VARCHAR, 1, 10) AS dt, substr(event_ts::VARCHAR, 12, 2) AS hr",
}


def job(src, out):
    c = duckdb.connect()
    c.execute("SET threads = 1")
    c.execute("SET preserve_insertion_order = false")
    c.execute("SET memory_limit = '8GB'")
    c.execute("SET partitioned_write_max_open_files = 200")
    how = PARTITIONS[os.environ.get("PARTITIONS", "substr")]
    c.execute(f"""COPY (SELECT *, {how} FROM read_json('{src}', format = 'newline_delimited', columns = {COLUMNS})) TO '{out}'
      (FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION V1, PARTITION_BY (dt, hr), OVERWRITE_OR_IGNORE)""")


run("duckdb-" + duckdb.__version__, job)
