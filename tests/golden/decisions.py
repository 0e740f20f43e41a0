#!/usr/bin/env python3
"""The decisions of `serin demo`, for tests/agent/test_decisions.c: decisions.py build/agent/serin >decisions.jsonl

A line is one round. Spec and base stand where they change.
"""
import json
import subprocess
import sys
import tempfile


def main():
    serin = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([serin, "demo", "--speed", "0", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
        lines = subprocess.run([serin, "audit", "export", "--file", folder + "/history.db"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout
    last = {}
    for line in lines.splitlines():
        row = json.loads(line).get("row") or {}
        if "plan" not in row:
            continue
        facts = {key: value for key, value in row["facts"].items() if key not in ("made", "edited")}
        round_ = {"version": row["decide_version"], "facts": facts, "plan": row["plan"]}
        for key in ("spec", "base"):
            if row[key] != last.get(key):
                round_[key] = last[key] = row[key]
        print(json.dumps(round_, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


main()
