"""What the landed tables must answer, computed from the original files.

    python expect.py FOLDER      prints {"flights": {dt: {...}}, "webhooks": {event: {...}}}

Flights: by pandas, from the CSV, grouped by the local day that its year, month and day say.
Webhooks: by the standard library, from the JSON, grouped by event.
"""
import json
import sys

import pandas as pd

folder = sys.argv[1]

f = pd.read_csv(f"{folder}/flights.csv")
f["dt"] = f.year.astype(str) + "-" + f.month.map("{:02d}".format) + "-" + f.day.map("{:02d}".format)
flights = {}
for dt, g in f.groupby("dt"):
    flights[dt] = {
        "records": len(g),
        "dep_delays": int(g.dep_delay.count()),
        "dep_delay": int(g.dep_delay.sum()),
        "distance": int(g.distance.sum()),
        "no_tailnum": int(g.tailnum.isna().sum()),
        "no_air_time": int(g.air_time.isna().sum()),
        "carriers": int(g.carrier.nunique()),
        "first": g.time_hour.min().replace("T", " ").replace("Z", ".000"),
    }


def at(record, *path):
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


webhooks = {}
for kind in json.load(open(f"{folder}/webhooks.json")):
    w = webhooks.setdefault(kind["name"], {
        "records": 0, "senders": 0, "sender": 0, "repositories": 0, "repository": 0,
        "owners": 0, "private": 0, "topics": 0, "labels": 0,
    })
    for e in kind["examples"]:
        w["records"] += 1
        sender, repo, owner = at(e, "sender", "id"), at(e, "repository", "id"), at(e, "repository", "owner", "login")
        w["senders"] += sender is not None
        w["sender"] += sender or 0
        w["repositories"] += repo is not None
        w["repository"] += repo or 0
        w["owners"] += owner is not None
        w["private"] += at(e, "repository", "private") is True
        w["topics"] += len(at(e, "repository", "topics") or [])
        w["labels"] += len(at(e, "pull_request", "labels") or [])

json.dump({"flights": flights, "webhooks": webhooks}, sys.stdout, sort_keys=True)
