#!/usr/bin/env python3
"""Run test programs, show what failed, and count every test inside them.

    tests/run.py WHAT…

WHAT is DIR:SUITE     the rows of that suite of a build directory, which is built first; several run at once
     or NAME=COMMAND   any other program, run alone, shown as it runs
     or NAME&=COMMAND  one that mostly waits: it runs beside all that follows, which has the lowest priority from there on

A program says how it went in one of three ways:
    TAP ("ok 1 - name", "not ok 2 - name" after a plan "1..2")   each test counts;
    a line "N passed, N failed"                                  its numbers count;
    neither                                                      it is one test, by its exit code.
A skipped test failed, and so did what was planned and did not run, a program that ended badly without naming
a failure, one that ran no test, and one that ran out of time.

The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
"""

import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

MODEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modest.sh")
JOBS = 2
TIME_FACTOR_SANITIZED = 3
TIME_FACTOR_BESIDE = 4  # what has the lowest priority may wait for its turn
LINES_MAX = 2000  # shown of a program that failed

TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.M)
TAP_RESULT = re.compile(r"^(not ok|ok)\b(.*)$", re.M)
TOTALS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


RUNNING = set()
BESIDE = []  # what is to come of the programs that run beside the rest
BESIDE_MAX = 4


class Outcome:
    """What one program said."""

    def __init__(self, name, passed, failed, output, seconds, why=""):
        self.name = name
        self.passed = passed
        self.failed = failed
        self.output = output
        self.seconds = seconds
        self.why = why

    def show(self):
        tests = self.passed + self.failed
        print(
            f"{'FAIL' if self.failed else 'ok':4}  {self.name:48} {tests:5} test{'s' if tests != 1 else ' '}"
            f" {self.seconds:8.2f} s",
            flush=True,
        )
        lines = self.output.splitlines() if self.failed else []
        if len(lines) > LINES_MAX:
            lines[LINES_MAX // 2 : -LINES_MAX // 2] = [f"… {len(lines) - LINES_MAX} lines …"]
        print("".join(f"      | {line}\n" for line in lines), end="")
        if self.why:
            print(f"      {self.name}: {self.why}", flush=True)


def count(output, code):
    """(passed, failed, why) of a program that ended with this output and exit code."""
    totals = TOTALS.findall(output)
    results = TAP_RESULT.findall(output)
    plan = sum(int(n) for n in TAP_PLAN.findall(output))
    why = ""
    if totals:
        passed, failed = (int(n) for n in totals[-1])
    elif results or plan:
        passed = sum(1 for word, rest in results if word == "ok" and "# SKIP" not in rest)
        failed = len(results) - passed
        if plan > len(results):
            why = f"{plan} tests planned, {len(results)} ran"
            failed += plan - len(results)
    elif TAP_PLAN.search(output):
        passed, failed = 0, 0
    else:
        passed, failed = (1, 0) if code == 0 else (0, 1)
    if passed + failed == 0:
        return 0, 1, "ran no test"
    if code != 0:
        why = f"{describe(code)}{'; ' + why if why else ''}"
        failed = max(failed, 1)
    return passed, failed, why


def modest():
    """What runs beside something that must be in time gives way to it; it starts a session of its own."""
    return [MODEST] if BESIDE else []


def describe(code):
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def run_row(name, row, seconds_max):
    """Run one row of a suite, in a session of its own so that all its children can be ended with it."""
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP", **row["env"]}
    began = time.monotonic()
    program = subprocess.Popen(
        modest() + row["cmd"],
        cwd=row["workdir"] or None,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    late = False
    RUNNING.add(program)
    try:
        output = program.communicate(timeout=seconds_max)[0]
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(program.pid, signal.SIGKILL)
        output = program.communicate()[0]
    RUNNING.discard(program)
    seconds = time.monotonic() - began
    output = output.decode(errors="replace")
    passed, failed, why = count(output, program.returncode)
    if late:
        why = f"not done after {seconds_max:.0f} s"
    return Outcome(name, passed, failed, output, seconds, why)


def run_suites(directory, suites, built):
    """Build the directory, then run the rows of the suites, JOBS at once; those that may take long first."""
    if directory not in built:
        build = subprocess.run(
            modest() + ["ninja", "-C", directory, "--quiet", "-k", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=bool(BESIDE),
            text=True,
        )
        built[directory] = build.returncode == 0
        if not built[directory]:
            outcome = Outcome(f"{directory} is built", 0, 1, build.stdout, 0)
            outcome.show()
            return [outcome]
    if not built[directory]:
        return []
    listing = subprocess.run(["meson", "introspect", "--tests", directory], capture_output=True, check=True)
    rows = []
    for row in json.loads(listing.stdout):
        rows += [(suite, row) for suite in suites if any(s.endswith(f":{suite}") for s in row["suite"])]
    rows.sort(key=lambda each: -each[1]["timeout"])
    factor = (TIME_FACTOR_SANITIZED if "asan" in directory else 1) * (TIME_FACTOR_BESIDE if BESIDE else 1)
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        runs = [
            pool.submit(run_row, f"{directory}/{suite}/{row['name']}", row, row["timeout"] * factor)
            for suite, row in rows
        ]
        for run in concurrent.futures.as_completed(runs):
            outcomes.append(run.result())
            outcomes[-1].show()
    for suite in set(suites) - {suite for suite, _ in rows}:
        outcomes.append(Outcome(f"{directory}/{suite}", 0, 1, "", 0, "no rows in tests/meson.build"))
        outcomes[-1].show()
    return outcomes


def run_program(name, command, prefix=()):
    """Run a long program and show its lines as they come."""
    print(f"      {name}: {command}", flush=True)
    began = time.monotonic()
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    program = subprocess.Popen(
        [*prefix, "sh", "-c", command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=bool(prefix),
        text=True,
        errors="replace",
    )
    if prefix:
        RUNNING.add(program)
    lines = []
    for line in program.stdout:
        print(f"      | {line}", end="", flush=True)
        lines.append(line)
    passed, failed, why = count("".join(lines), program.wait())
    RUNNING.discard(program)
    outcome = Outcome(name, passed, failed, "", time.monotonic() - began, why)
    outcome.show()
    return [outcome]


class Account:
    """What all of them said, and how long each took."""

    def __init__(self):
        self.outcomes = []
        self.times = []

    def take(self, name, run, *arguments):
        began = time.monotonic()
        new = run(*arguments)
        self.outcomes += new
        self.times.append((name, sum(o.passed + o.failed for o in new), time.monotonic() - began))

    def close(self):
        """Print the totals; the number of programs that failed."""
        print("\nTime by suite, building included:")
        for name, tests, seconds in self.times:
            print(f"      {name:48} {tests:5} tests {seconds:8.1f} s")
        failures = [o for o in self.outcomes if o.failed]
        for outcome in failures:
            print(f"FAIL  {outcome.name}: {outcome.failed} failed {'(' + outcome.why + ')' if outcome.why else ''}")
        passed, failed = (sum(getattr(o, word) for o in self.outcomes) for word in ("passed", "failed"))
        print(f"{passed} passed, {failed} failed", flush=True)
        return len(failures)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    account = Account()
    built = {}
    pool = concurrent.futures.ThreadPoolExecutor(BESIDE_MAX)
    for what in sys.argv[1:]:
        name, is_program, command = what.partition("=")
        if name.endswith("&"):
            BESIDE.append(pool.submit(account.take, name[:-1], run_program, name[:-1], command))
        elif is_program:
            account.take(name, run_program, name, command, modest())
        else:
            directory, suites = what.split(":", 1)
            account.take(what, run_suites, directory, suites.split(","), built)
    for beside in BESIDE:
        beside.result()
    sys.exit(1 if account.close() else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        for running in RUNNING:
            os.killpg(running.pid, signal.SIGKILL)
        os._exit(130)
