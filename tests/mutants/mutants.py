#!/usr/bin/env python3
"""Lets each mutant of the core (points.py) live for a while, and looks which test notices.

usage: mutants.py [--sample N --epoch SECONDS] [--only PATTERN] [--jobs N] [--table FILE] [--again FILE] [--by PATTERN] BUILD

BUILD is a build directory with -Dmutants=true; what is needed of it is built. For each mutant the programs of the
suite core that come by it at all are run (and those of BESIDE), first those that found most in its file for their time,
until one fails, dies or does not end. A mutant that nobody noticed must stand in survivors.txt with the reason, one
line each: "NAME :: REASON". With --sample, only so many are tried, chosen by the epoch, of those that are not listed;
one in twenty of them may live on, which is told: a change is not held up by a mutant that it happens to draw.
The last line is "N passed, N failed".
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEST = os.path.join(ROOT, "tests", "modest.sh")
SURVIVORS = os.path.join(ROOT, "tests", "mutants", "survivors.txt")
STRIDE = 101  # of the walk: it divides no dimension's size
BESIDE = ["test_kube_release", "test_canary_webhook"]  # tables of words that the core's own tests do not read
SPARED = 20  # one in so many of a sample may live on
MEMORY = 4 << 30  # bytes, of a mutant that allocates for ever


class Program:
    """A test program: how long it takes, and which mutants it comes by."""

    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.seconds = 0
        self.seen = set()
        self.found = collections.Counter()  # by file
        self.tried = collections.Counter()

    def worth(self, file):
        return (self.found[file] + 0.1) / (self.tried[file] + 1) / (self.seconds + 0.002)

    def run(self, mutant, limit, seen=None):
        """True when it passed."""
        environment = {**os.environ, "SERIN_MUTANT": str(mutant), "CMOCKA_MESSAGE_OUTPUT": "TAP"}
        if seen:
            environment["SERIN_MUTANTS_SEEN"] = seen

        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        program = subprocess.Popen(
            [MODEST, *self.command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=bound,
        )
        try:
            return program.wait(limit) == 0
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            return False

    def look(self):
        """Without any mutant: it must pass."""
        with tempfile.NamedTemporaryFile() as file:
            began = time.monotonic()
            if not self.run(-1, 600, file.name):
                sys.exit(f"{self.name} fails without any mutant")
            self.seconds = time.monotonic() - began
            self.seen = {int(line) for line in file.read().split()}


def find_programs(build, by):
    """The programs whose name matches BY, that ran once without any mutant."""
    subprocess.run(["ninja", "-C", build, "--quiet", "build.ninja"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    listing = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, check=True, cwd=ROOT)
    programs = []
    for row in json.loads(listing.stdout):
        is_core = any(suite.endswith(":core") for suite in row["suite"])
        if row["name"] in BESIDE or is_core and not row["name"].startswith("walk"):
            programs.append(Program(row["name"], row["cmd"]))
        elif row["name"] == "walk":
            programs.append(Program(f"walk {STRIDE}", row["cmd"] + [str(STRIDE)]))
    programs = [p for p in programs if re.search(by, p.name)]
    targets = [os.path.relpath(program.command[0], build) for program in programs]
    # The copies first, apart: in one go ninja leaves some of what it compiled before as it is, under other numbers.
    for needed in (["analysis/mutants.json"], targets):
        subprocess.run(["ninja", "-C", build, "--quiet", *needed], check=True, cwd=ROOT)
    for program in programs:
        program.look()
    return programs


def find_killer(mutant, programs, lock, table):
    """The name of the first program that notices, "" when none does; also written down in the table."""
    number, file = mutant["number"], mutant["file"]
    rest = [program for program in programs if number in program.seen]
    program = None
    while rest:
        program = max(rest, key=lambda p: p.worth(file))
        rest.remove(program)
        passed = program.run(number, 2 + 8 * program.seconds)
        with lock:
            program.tried[file] += 1
            program.found[file] += not passed
        if not passed:
            break
    else:
        program = None
    killer = program.name if program else ""
    with lock:
        seen = ",".join(p.name for p in programs if number in p.seen)
        print(killer or "-", mutant["line"], mutant["name"], seen, sep="\t", file=table, flush=True)
    return killer


def read_survivors():
    listed = {}
    with open(SURVIVORS, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.rstrip("\n").partition(" :: ")
                if not reason.strip():
                    sys.exit(f"{SURVIVORS}: no reason: {line}")
                listed[name] = reason
    return listed


def choose(mutants, listed, arguments):
    chosen = [m for m in mutants if re.search(arguments.only, m["name"])]
    if arguments.again:
        with open(arguments.again, encoding="utf-8") as table:
            alive = {line.split("\t")[2] for line in table if line.startswith("-\t")}
        chosen = [m for m in chosen if m["name"] in alive]
    if arguments.sample:
        chosen = [m for m in chosen if m["name"] not in listed]
        chosen = random.Random(arguments.epoch).sample(chosen, min(arguments.sample, len(chosen)))
    return chosen


def tell(chosen, killers, listed, names, is_whole):
    """What became of them; how many are not as survivors.txt says."""
    wrong = 0
    for mutant in chosen:
        is_dead, is_listed = killers[mutant["number"]] != "", mutant["name"] in listed
        if is_dead == is_listed:
            wrong += 1
            what = "is noticed now: strike it from the list" if is_dead else "nobody notices"
            print(f"{mutant['file']}:{mutant['line']}: {what}: {mutant['name']}")
    for name in sorted(set(listed) - names) if is_whole else []:
        wrong += 1
        print(f"{SURVIVORS}: there is no such mutant: {name}")
    by_killer = collections.Counter(killers.values())
    n_alive = by_killer.pop("", 0)
    print("noticed by: " + ", ".join(f"{name} {count}" for name, count in by_killer.most_common()))
    print(
        f"{len(chosen)} of {len(names)} mutants: {len(chosen) - n_alive} noticed"
        f" ({100 * (len(chosen) - n_alive) / max(1, len(chosen)):.1f} %), {n_alive} not"
    )
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--only", default="", help="a pattern of the mutants' names")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", default=os.devnull, help="where it is written who noticed each")
    parser.add_argument("--again", help="only those that nobody noticed, by such a table")
    parser.add_argument("--by", default="", help="a pattern of the programs that they are shown to")
    parser.add_argument("build")
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    programs = find_programs(build, arguments.by)
    with open(os.path.join(build, "analysis", "mutants.json"), encoding="utf-8") as file:
        mutants = json.load(file)
    listed = read_survivors()
    chosen = choose(mutants, listed, arguments)
    lock = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool, open(arguments.table, "w", encoding="utf-8") as table:
        found = list(pool.map(lambda m: find_killer(m, programs, lock, table), chosen))
    killers = {mutant["number"]: killer for mutant, killer in zip(chosen, found)}
    is_whole = len(chosen) == len(mutants)
    wrong = tell(chosen, killers, listed, {m["name"] for m in mutants}, is_whole)
    if arguments.sample and wrong <= len(chosen) // SPARED:
        wrong = 0
    print(f"{max(0, len(chosen) - wrong)} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
