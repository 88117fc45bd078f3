#!/usr/bin/env python3
"""Chooses the radiographs that ship with Skiagraph from a larger data set.

    python3 samples/select.py DATA [OUT]

DATA holds `manifest.csv` with the columns path, labels, patient_id, view, source, licence, split, width, height,
orig_width, orig_height, group. Only pictures whose licence allows shipping are taken, and only of the splits
`database` and `query`, so that no model trained on `train` has seen them. Same data, same choice: files are
ordered by the hash of their path, and taken in turn from every source, label set and view.
"""

import csv
import hashlib
import os
import shutil
import sys
from collections import defaultdict

COUNTS = {"database": 440, "query": 60}
MAX_BYTES = 7_600_000
COLUMNS = [
    "path", "labels", "patient_id", "view", "source", "licence", "split",
    "width", "height", "orig_width", "orig_height", "group",
]  # fmt: skip


def may_ship(row):
    if row["source"] == "ieee8023":
        return row["licence"].startswith("CC BY") and "SA" not in row["licence"] and "NC" not in row["licence"]
    return row["source"] in ("fracatlas", "kermany", "nih")


def in_turn(rows, keys=("source", "labels", "view")):
    """Rows so that every source is drawn from before any is drawn from again; within it every label set; within
    that every view."""
    if not keys:
        yield from sorted(rows, key=lambda r: hashlib.sha256(r["path"].encode()).hexdigest())
        return
    parts = defaultdict(list)
    for row in rows:
        parts[row[keys[0]]].append(row)
    queues = [in_turn(parts[value], keys[1:]) for value in sorted(parts)]
    while queues:
        for queue in list(queues):
            row = next(queue, None)
            if row is None:
                queues.remove(queue)
            else:
                yield row


def choose(rows, data):
    chosen, total, labels = {"database": [], "query": []}, 0, set()
    for split in ("database", "query"):
        for row in in_turn([r for r in rows if r["split"] == split and may_ship(r)]):
            size = os.path.getsize(os.path.join(data, row["path"]))
            answerable = set(row["labels"].split("|")) <= labels or split == "database"
            if len(chosen[split]) < COUNTS[split] and total + size <= MAX_BYTES and answerable:
                chosen[split].append(row)
                total += size
        if split == "database":
            labels = {label for row in chosen[split] for label in row["labels"].split("|")}
    return chosen["database"] + chosen["query"], total


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    data, out = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(data, "manifest.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    chosen, total = choose(rows, data)
    shutil.rmtree(os.path.join(out, "images"), ignore_errors=True)
    with open(os.path.join(out, "manifest.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in chosen:
            target = os.path.join(out, row["path"])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(data, row["path"]), target)
            writer.writerow(row)
    print(f"{len(chosen)} pictures, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
