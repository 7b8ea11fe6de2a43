"""One job a process: MB of JSON per CPU second (user and system, by getrusage around the job)."""
import json
import os
import resource
import shutil
import sys
import time


def run(name, job):
    src, out = sys.argv[1], sys.argv[2]
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    job(src, out)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    files = size = 0
    for folder, _, names in os.walk(out):
        for n in names:
            if n.endswith(".parquet"):
                files += 1
                size += os.path.getsize(os.path.join(folder, n))
    mb = os.path.getsize(src) / 1e6
    print(json.dumps({
        "name": name, "mb_per_cpu": round(mb / (user + system), 1), "cpu": round(user + system, 3), "user": round(user, 3),
        "sys": round(system, 3), "wall": round(wall, 3), "out_mb": round(size / 1e6, 1), "files": files, "rss_mb": after.ru_maxrss // 1024,
    }))
