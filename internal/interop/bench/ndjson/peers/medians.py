"""medians.py RESULTS.jsonl: the median of each side, and lakekit's ratio to each, pair by pair."""
import json
import statistics
import sys

runs = {}
for line in open(sys.argv[1]):
    r = json.loads(line)
    runs.setdefault(r["name"], []).append(r)
for name, rs in runs.items():
    m = {k: statistics.median(r[k] for r in rs) for k in ("mb_per_cpu", "cpu", "user", "sys", "wall", "out_mb", "files", "rss_mb")}
    pairs = [a["mb_per_cpu"] / b["mb_per_cpu"] for a, b in zip(runs["lakekit"], rs)]
    print(f"{name:14} {m['mb_per_cpu']:7.1f} MB/CPU-s  cpu {m['cpu']:.2f} s ({m['user']:.2f} user, {m['sys']:.2f} system)  wall {m['wall']:.2f} s  "
          f"out {m['out_mb']:.1f} MB in {m['files']:.0f} files  rss {m['rss_mb']:.0f} MB  "
          f"lakekit is {statistics.median(pairs):.2f} times this ({min(pairs):.2f} to {max(pairs):.2f}, {len(rs)} runs)")
