#!/usr/bin/env python3
"""Adds what several runs of serin-sim said, of one commit and of seeds that do not overlap, into one table.

usage: sum.py LOG…
"""
import re
import sys

WANTED, RELEASES = 100, 1000000  # strikes of each pair of phase and fault, in so many releases
WIDTH = 22  # of a fault's name


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    place = re.search(r"^commit (\S+), seeds (\d+) to (\d+)$", text, re.MULTILINE)
    sums = re.search(
        r"^(\d+) seeds, (\d+) releases \(\d+ a second\), (\d+) disturbances, (\d+) decisions, (\d+) requests$",
        text, re.MULTILINE)
    ends = re.search(r"^promoted .*$", text, re.MULTILINE)
    time = re.search(r"^(\d+) simulated hours in (\d+) s: .* (\d+) violations$", text, re.MULTILINE)
    head = re.search(r"^fault \\ phase.*$", text, re.MULTILINE)
    if not (place and sums and ends and time and head):
        sys.exit(f"{path}: expected the whole of what serin-sim prints")
    names = head.group()[WIDTH:].split()
    table = {}
    for line in text[head.end():].strip("\n").split("\n"):
        cells = line[WIDTH:].split()
        if len(cells) != len(names) or not all(re.fullmatch(r"\d+|-", cell) for cell in cells):
            break
        table[line[:WIDTH].strip()] = cells
    return {
        "path": path, "commit": place.group(1), "first": int(place.group(2)), "last": int(place.group(3)),
        "sums": [int(number) for number in sums.groups()], "names": names, "table": table,
        "ends": {name: int(number) for name, number in re.findall(r"([a-z ]+?) (\d+)", ends.group())},
        "time": [int(number) for number in time.groups()],
        "failed": re.findall(r"^seed \d+ fails: .*$", text, re.MULTILINE),
    }


def check(runs):
    for run, other in zip(runs, runs[1:]):
        if run["commit"] != other["commit"] or run["table"].keys() != other["table"].keys():
            sys.exit(f"{run['path']} is of commit {run['commit']}, {other['path']} of {other['commit']}")
        if run["last"] >= other["first"]:
            sys.exit(f"{run['path']} goes to seed {run['last']}, {other['path']} begins at {other['first']}")


def add(rows):
    return [sum(numbers) for numbers in zip(*rows)]


def add_cells(cells):
    counts = [int(cell) for cell in cells if cell != "-"]
    return str(sum(counts)) if counts else "-"


def main():
    if len(sys.argv) < 2 or sys.argv[1] == "--help":
        sys.exit(__doc__)
    runs = sorted((read(path) for path in sys.argv[1:]), key=lambda run: run["first"])
    check(runs)
    names = runs[0]["names"]
    seeds, releases, disturbances, decisions, requests = add(run["sums"] for run in runs)
    for run in runs:
        print(*run["failed"], sep="\n", end="\n" if run["failed"] else "")
    print("fault \\ phase".ljust(WIDTH) + "".join(f" {name:>11}" for name in names))
    rare = []
    for fault in runs[0]["table"]:
        cells = [add_cells(column) for column in zip(*(run["table"][fault] for run in runs))]
        # "-" in one run: the pair cannot be, whatever was on its way in another
        sure = [any(run["table"][fault][i] == "-" for run in runs) for i in range(len(names))]
        rare += [f"{fault} in {name} ({cell})" for name, cell, no in zip(names, cells, sure)
                 if not no and int(cell) * RELEASES < WANTED * min(releases, RELEASES)]
        print(fault.ljust(WIDTH) + "".join(f" {cell:>11}" for cell in cells))
    if rare:
        print(f"less than {WANTED} times, or at this rate so in {RELEASES} releases: " + ", ".join(rare))
    print(f"commit {runs[0]['commit']}, seeds " +
          ", ".join(f"{run['first']} to {run['last']}" for run in runs))
    hours, seconds, failures = add(run["time"] for run in runs)
    print(f"{seeds} seeds, {releases} releases, {disturbances} disturbances, {decisions} decisions, "
          f"{requests} requests")
    print(", ".join(f"{name.strip()} {sum(run['ends'][name] for run in runs)}" for name in runs[0]["ends"]))
    print(f"{hours} simulated hours in {seconds} s of {len(runs)} runs; {failures} violations")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
