"""verify.py SRC DIR...: what is in each folder must be what is in the JSON: types, row count, sums, nulls, an order-free
hash over all columns of all rows, and the partition folders, which must follow from event_ts. Exits 1 if not."""
import sys

import duckdb

SRC, DIRS = sys.argv[1], sys.argv[2:]
COLUMNS = """{event_id: 'VARCHAR', user_id: 'VARCHAR', session_id: 'VARCHAR', event_ts: 'VARCHAR', url: 'VARCHAR', referrer: 'VARCHAR',
  device: 'VARCHAR', country: 'VARCHAR', product_id: 'INTEGER', price: 'VARCHAR', qty: 'INTEGER', geo: 'STRUCT(lat DOUBLE, lon DOUBLE)'}"""
TYPES = ["event_id VARCHAR", "user_id VARCHAR", "session_id VARCHAR", "event_ts TIMESTAMP", "url VARCHAR", "referrer VARCHAR", "device VARCHAR",
         "country VARCHAR", "product_id INTEGER", "price DECIMAL(10,2)", "qty INTEGER", "geo STRUCT(lat DOUBLE, lon DOUBLE)"]
FACTS = """count(*), sum(product_id)::BIGINT, sum(price)::VARCHAR, sum(qty)::BIGINT, count(referrer), min(event_ts)::VARCHAR, max(event_ts)::VARCHAR,
  bit_xor(hash(event_id, user_id, session_id, epoch_us(event_ts), url, coalesce(referrer, '~'), device, country, product_id, price, qty, geo.lat, geo.lon)),
  sum(hash(event_id, epoch_us(event_ts), price) % 1000003)::VARCHAR, count(DISTINCT date_trunc('hour', event_ts))"""

c = duckdb.connect()
c.execute("SET TimeZone = 'UTC'")
# price is read as text and cast, so that no float comes between.
want = c.execute(f"""SELECT {FACTS} FROM (SELECT * REPLACE (event_ts::TIMESTAMP AS event_ts, price::DECIMAL(10,2) AS price)
  FROM read_json('{SRC}', format = 'newline_delimited', columns = {COLUMNS}))""").fetchone()
print("json", want)
bad = False
for d in DIRS:
    files = f"read_parquet('{d}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    types = [f"{n} {t}" for n, t, *_ in c.execute(f"DESCRIBE SELECT * EXCLUDE (dt, hr) FROM {files}").fetchall()]
    got = c.execute(f"SELECT {FACTS} FROM {files}").fetchone()
    astray = c.execute(f"SELECT count(*) FROM {files} WHERE dt <> strftime(event_ts, '%Y-%m-%d') OR hr <> strftime(event_ts, '%H')").fetchone()[0]
    ok = got == want and types == TYPES and astray == 0
    bad |= not ok
    print(d, "OK" if ok else f"DIFFERS\n  rows {got}\n  types {types}\n  {astray} rows lie in another partition's folder")
sys.exit(bad)
