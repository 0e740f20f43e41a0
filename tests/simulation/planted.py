#!/usr/bin/env python3
"""Plants each bug of tests/simulation/planted/*.patch in a copy of the tree and lets the simulator look for it.

The first line of a patch file, "# …", says in words what the bug is. A bug counts as found when a seed fails, or
when the agent dies of an assertion; how many seeds that took is printed as a table (Markdown).

usage: planted.py [--seeds N] [--jobs N] [NAME…]      NAME: the file's name without .patch
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATCHES = os.path.join(ROOT, "tests", "simulation", "planted")


def run(*command, cwd, check=True):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done


def copy_tree(copy):
    """The tracked files as they stand, so that a patch is tried on what is being worked on."""
    names = run("git", "ls-files", "-z", cwd=ROOT).stdout.split("\0")
    for name in filter(None, names):
        source, target = os.path.join(ROOT, name), os.path.join(copy, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(source):
            shutil.copy2(source, target)
    run("meson", "setup", "build", "-Dbuildtype=release", "-Dwerror=false", cwd=copy)


def build(copy):
    run("ninja", "-C", "build", "--quiet", "tests/serin-sim", cwd=copy)


def hunt(copy, seeds, jobs):
    """(number of seeds until one failed, what it said), or (None, "")."""
    done = run("build/tests/serin-sim", "--hunt", "--seeds", str(seeds), "--jobs", str(jobs), cwd=copy, check=False)
    fails = [(int(number), text) for number, text in re.findall(r"^seed (\d+) fails: (.*)$", done.stdout, re.M)]
    if fails:
        return min(fails)
    if "did not come to its end" in done.stdout or done.returncode not in (0, 1):
        return 0, "the agent died: " + (re.findall(r"Assertion `.*' failed", done.stdout) or ["?"])[0]
    return None, ""


def plant(copy, name, arguments):
    """One row of the table; True when it was found."""
    path = os.path.join(PATCHES, name + ".patch")
    with open(path, encoding="utf-8") as patch:
        words = patch.readline().lstrip("# ").strip()
    applied = run("patch", "-p1", "--forward", "-i", path, cwd=copy, check=False)
    if applied.returncode != 0:
        print(f"| {name} | {words} | **the patch does not apply** |  |", flush=True)
        run("git", "-C", ROOT, "rev-parse", cwd=copy)
        restore(copy, path)
        return False
    build(copy)
    seed, said = hunt(copy, arguments.seeds, arguments.jobs)
    restore(copy, path)
    found = f"{seed}" if seed is not None else f"**not in {arguments.seeds}**"
    print(f"| {name} | {words} | {found} | {said[:120]} |", flush=True)
    return seed is not None


def restore(copy, path):
    """The files that the patch names, as they were."""
    with open(path, encoding="utf-8") as patch:
        names = re.findall(r"^\+\+\+ b/(\S+)", patch.read(), re.M)
    for name in names:
        shutil.copy(os.path.join(ROOT, name), os.path.join(copy, name))  # not copy2: ninja goes by the time
    for folder, _, files in os.walk(copy):
        for file in files:
            if file.endswith((".rej", ".orig")):
                os.unlink(os.path.join(folder, file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or sorted(name[:-6] for name in os.listdir(PATCHES) if name.endswith(".patch"))
    with tempfile.TemporaryDirectory(prefix="serin-planted-") as copy:
        copy_tree(copy)
        build(copy)
        print("| planted | the bug | seeds | what the witness said |\n|---|---|---|---|", flush=True)
        missed = [name for name in names if not plant(copy, name, arguments)]
    print(f"\n{len(names)} bugs, {len(names) - len(missed)} found" + (": missed " + ", ".join(missed) if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
