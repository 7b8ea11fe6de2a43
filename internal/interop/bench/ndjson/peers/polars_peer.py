"""polars_peer.py SRC OUT: Polars on one thread, NDJSON to dt=/hr= Snappy Parquet."""
import os

os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl  # noqa: E402

from measure import run  # noqa: E402

SCHEMA = {n: pl.String for n in ["event_id", "user_id", "session_id", "event_ts", "url", "referrer", "device", "country"]}
SCHEMA |= {"product_id": pl.Int32, "price": pl.Float64, "qty": pl.Int32, "geo": pl.Struct({"lat": pl.Float64, "lon": pl.Float64})}


def job(src, out):
    text = pl.col("event_ts")
    frame = pl.scan_ndjson(src, schema=SCHEMA).with_columns(dt=text.str.slice(0, 10), hr=text.str.slice(11, 2))
    frame = frame.with_columns(text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="us"), pl.col("price").cast(pl.Decimal(10, 2)))
    frame.sink_parquet(pl.PartitionBy(out, key=["dt", "hr"], include_key=False), compression="snappy", mkdir=True)


run("polars-" + pl.__version__, job)
