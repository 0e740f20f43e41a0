#!/usr/bin/env python3
"""Restores the incumbent's behaviour, one hazard at a time, and sees that the hazard's test notices.

The first line of tests/mutants/hazards/D_<number>.patch, "# …", says in words what is restored, the second which program is
to fail and how the name of its failing test begins. Each patch is applied to a copy of the tree, only that program is
built, and it must fail in that test; without any patch all of them pass. The last line is "N passed, N failed".

usage: hazards.py [--sample N --epoch SECONDS] [--work FOLDER] [NAME…]
                  NAME: the file's name without .patch
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "simulation"))
import planted  # pylint: disable=wrong-import-position

PATCHES = os.path.join(ROOT, "tests", "mutants", "hazards")
SECONDS_MAX = 120


def read_head(name):
    """(words, program, test) of a patch."""
    with open(os.path.join(PATCHES, name + ".patch"), encoding="utf-8") as patch:
        words, which = (patch.readline().lstrip("# ").strip() for _ in range(2))
    program, test = which.split()
    return words, program, test


def build(copy, program):
    return planted.run("ninja", "-C", "build", "--quiet", "tests/" + program, cwd=copy, check=False)


def failed_tests(copy, program):
    """Names of the tests that failed; [""] where the program said nothing and ended badly."""
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run([os.path.join(copy, "build", "tests", program)], cwd=copy, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return ["it does not end"]
    names = re.findall(r"^not ok \d+ - (?:test_)?(\S+)", done.stdout.decode(errors="replace"), re.M)
    return names or ([""] if done.returncode else [])


def restore_behaviour(copy, name):
    """"" when the test noticed, else what is wrong."""
    _, program, test = read_head(name)
    path = os.path.join(PATCHES, name + ".patch")
    try:
        applied = planted.run("patch", "-p1", "--forward", "--fuzz=1", "-i", path, cwd=copy, check=False)
        if applied.returncode != 0:
            return "the patch does not apply: " + applied.stdout[-500:]
        built = build(copy, program)
        if built.returncode != 0:
            return "it does not compile: " + built.stdout[-2000:]
        failed = failed_tests(copy, program)
    finally:
        planted.restore(copy, path)
    if any(each.startswith(test) for each in failed):
        return ""
    return f"{program}: no {test}… among what failed: {', '.join(failed) or 'nothing'}"


def run_all(work, names):
    copy = planted.copy_tree(work)
    wrong = 0
    for program in sorted({read_head(name)[1] for name in names}):
        built = build(copy, program)
        if built.returncode != 0 or failed_tests(copy, program):
            sys.exit(f"{program} fails without any patch\n{built.stdout[-2000:]}")
    for name in names:
        words = read_head(name)[0]
        why = restore_behaviour(copy, name)
        wrong += why != ""
        print(f"{'not ' if why else ''}noticed: {name}: {words}{'  ' + why if why else ''}", flush=True)
    print(f"{len(names) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--work", help="where the copies are kept for the next time; else they are thrown away")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or sorted(name[:-6] for name in os.listdir(PATCHES) if name.endswith(".patch"))
    if arguments.sample:
        names = random.Random(arguments.epoch).sample(names, min(arguments.sample, len(names)))
    if arguments.work:
        os.makedirs(arguments.work, exist_ok=True)
        return run_all(os.path.abspath(arguments.work), names)
    with tempfile.TemporaryDirectory(prefix="serin-hazards-") as work:
        return run_all(work, names)


if __name__ == "__main__":
    sys.exit(main())
