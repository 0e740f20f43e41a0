#!/usr/bin/env python3
"""Plants each bug of tests/simulation/planted/*.patch in a copy of the tree and lets the simulator look for it.

The first line of a patch file, "# …", says in words what the bug is. A bug counts as found when a seed fails with it,
the agent's assertions included, that does not fail without it; how many seeds that took is printed as a table (Markdown).

usage: planted.py [--check] [--seeds N] [--first N] [--jobs N] [--but PATTERN] [--work FOLDER]
                  [NAME…]
                  NAME: the file's name without .patch
"""
import argparse
import filecmp
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATCHES = os.path.join(ROOT, "tests", "simulation", "planted")
SIMULATOR = os.path.join("build", "tests", "serin-sim")
SOUND = "serin-sim-sound"  # the simulator without any bug, beside the build
TRIES = 100  # seeds that fail without the bug too, before a hunt is given up


def run(*command, cwd, check=True):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done


def copy_file(source, target):
    """Only where they differ, and with a new time: ninja goes by the time."""
    if os.path.exists(target) and filecmp.cmp(source, target, shallow=False):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(source, target)


def copy_tree(work):
    """The files of the tree as they stand, twice: one copy stays sound, in the other the bugs are planted."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, names):
        source = os.path.join(ROOT, name)
        if os.path.isfile(source):
            copy_file(source, os.path.join(work, "sound", name))
            copy_file(source, os.path.join(work, "planted", name))
    copy = os.path.join(work, "planted")
    if not os.path.exists(os.path.join(copy, "build", "build.ninja")):
        run("meson", "setup", "build", "-Dbuildtype=release", "-Dwerror=false", cwd=copy)
    return copy


def build(copy, check=True):
    return run("ninja", "-C", "build", "--quiet", SIMULATOR.split(os.sep, 1)[1], cwd=copy, check=check)


def hunt(simulator, first, seeds, jobs):
    """(the seed that failed, what was said of it), or (None, "")."""
    done = run(simulator, "--hunt", "--first", str(first), "--seeds", str(seeds), "--jobs", str(jobs), cwd=ROOT,
               check=False)
    fails = [(int(number), text) for number, text in re.findall(r"^seed (\d+) fails: (.*)$", done.stdout, re.M)]
    died = re.findall(r"Assertion `.*?' failed", done.stdout)
    if fails:
        seed, said = min(fails)
        return seed, said + ("".join(f" ({words})" for words in died[:1]))
    if done.returncode not in (0, 1) or "did not come to its end" in done.stdout:
        return first, "the agent died: " + (died or ["?"])[0]
    return None, ""


def search(copy, arguments):
    """Hunt until a seed fails that does not fail without the bug."""
    sound = os.path.join(os.path.dirname(copy), SOUND)
    first = arguments.first
    end = first + arguments.seeds
    for _ in range(TRIES):
        seed, said = hunt(os.path.join(copy, SIMULATOR), first, end - first, arguments.jobs)
        if seed is None:
            return None, ""
        is_other = arguments.but and re.search(arguments.but, said)
        if not is_other and hunt(sound, seed, 1, 1)[0] is None:
            return seed, said
        first = seed + 1
        if first >= end:
            return None, ""
    return None, f"seeds that fail without it too, as {first - 1} does"


def plant(copy, name, arguments):
    """One row of the table; True when the bug was found, or with --check when it compiles."""
    path = os.path.join(PATCHES, name + ".patch")
    with open(path, encoding="utf-8") as patch:
        words = patch.readline().lstrip("# ").strip()
    seed, said = None, ""
    try:
        applied = run("patch", "-p1", "--forward", "--fuzz=1", "-i", path, cwd=copy, check=False)
        built = applied if applied.returncode != 0 else build(copy, check=False)
        if applied.returncode != 0:
            found = "**the patch does not apply**"
        elif built.returncode != 0:
            found = "**it does not compile**"
        elif arguments.check:
            seed, found = 0, "compiles"
        else:
            seed, said = search(copy, arguments)
            found = str(seed) if seed is not None else f"**not in {arguments.seeds}**"
    finally:
        restore(copy, path)
    print(f"| {name} | {words} | {found} | {said[:140].replace('|', '/')} |", flush=True)
    if built.returncode != 0:
        print(built.stdout[-1000:], file=sys.stderr)
    return seed is not None


def restore(copy, path):
    """The files that the patch names, as the sound copy has them."""
    with open(path, encoding="utf-8") as patch:
        names = re.findall(r"^\+\+\+ b/(\S+)", patch.read(), re.M)
    for name in names:
        copy_file(os.path.join(os.path.dirname(copy), "sound", name), os.path.join(copy, name))
        for left in (".rej", ".orig"):
            if os.path.exists(os.path.join(copy, name + left)):
                os.unlink(os.path.join(copy, name + left))


def run_all(work, arguments):
    names = arguments.names or sorted(name[:-6] for name in os.listdir(PATCHES) if name.endswith(".patch"))
    copy = copy_tree(work)
    build(copy)
    shutil.copy(os.path.join(copy, SIMULATOR), os.path.join(work, SOUND))
    print("| planted | the bug | seed | what the simulator said |\n|---|---|---|---|", flush=True)
    missed = [name for name in names if not plant(copy, name, arguments)]
    words = "that apply and compile" if arguments.check else "found"
    print(f"\n{len(names)} bugs, {len(names) - len(missed)} {words}" + (": not " + ", ".join(missed) if missed else ""))
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only apply and compile each")
    parser.add_argument("--seeds", type=int, default=10000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--but", help="a pattern: failures that say this do not count, while the tree itself has such")
    parser.add_argument("--work", help="where the copies are kept for the next time; else they are thrown away")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the simulator ends with us
    if arguments.work:
        os.makedirs(arguments.work, exist_ok=True)
        return run_all(os.path.abspath(arguments.work), arguments)
    with tempfile.TemporaryDirectory(prefix="serin-planted-") as work:
        return run_all(work, arguments)


if __name__ == "__main__":
    sys.exit(main())
