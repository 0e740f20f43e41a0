#!/usr/bin/env python3
"""What sum.py makes of several logs, and which it refuses. One TAP line each."""
import os
import subprocess
import sys
import tempfile

SUM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sum.py")
LOG = """fault \\ phase                init        rest
latency               {latency:>11} {rest:>11}
hook calls back                 -           -
commit {commit}, seeds {first} to {last}
{seeds} seeds, {releases} releases (7 a second), 30 disturbances, 40 decisions, 50 requests
promoted 3, rolled back 2, superseded 0, failed promotion 0, skipped 0, cancelled 1
2 simulated hours in 60 s: 120 s per second; digest 0123456789abcdef; {failed} violations
"""
USUAL = {"commit": "abc1234", "latency": 100, "rest": 400, "releases": 200, "failed": 0}


def log(first, last, **other):
    values = {**USUAL, "first": first, "last": last, "seeds": last - first + 1, **other}
    return "".join(f"seed {first + i} fails: why\n" for i in range(values["failed"])) + LOG.format(**values)


CASES = [
    # name, logs, exit code, what is said
    ("sums of two, in whatever order", [log(11, 20, rest=1), log(1, 10)], 0, [
        "latency                        200         401\n",
        "hook calls back                  -           -\n",
        "commit abc1234, seeds 1 to 10, 11 to 20\n",
        "20 seeds, 400 releases, 60 disturbances, 80 decisions, 100 requests\n",
        "promoted 6, rolled back 4, superseded 0, failed promotion 0, skipped 0, cancelled 2\n",
        "4 simulated hours in 120 s of 2 runs; 0 violations\n",
    ]),
    ("a seed that fails", [log(1, 10), log(11, 20, failed=1)], 1, ["seed 11 fails: why\n", "; 1 violations\n"]),
    ("what is rare", [log(1, 10, latency=1, releases=600000), log(11, 20, latency=2, releases=600000)], 0,
     ["less than 100 times, or at this rate so in 1000000 releases: latency in init (3)\n"]),
    ("another commit", [log(1, 10), log(11, 20, commit="def5678")], 1, ["is of commit abc1234, ", " of def5678\n"]),
    ("seeds that overlap", [log(1, 10), log(10, 20)], 1, ["goes to seed 10, ", "begins at 10\n"]),
    ("one log twice", [log(1, 10), log(1, 10)], 1, ["goes to seed 10, ", "begins at 1\n"]),
    ("a run that was stopped", [log(1, 10), "seed 12 fails: why\n"], 1, ["expected the whole of what serin-sim prints"]),
    ("no log", [], 1, ["usage: sum.py LOG"]),
]


def run(logs):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{i}.log") for i in range(len(logs))]
        for path, text in zip(paths, logs):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, SUM, *paths], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    failures = 0
    for number, (name, logs, wanted, lines) in enumerate(CASES, 1):
        code, text = run(logs)
        is_right = code == wanted and all(line in text for line in lines)
        failures += not is_right
        print(f"{'ok' if is_right else 'not ok'} {number} - sum.py: {name}")
        if not is_right:
            print(f"#   exit code {code}, expected {wanted}\n#   " + text.replace("\n", "\n#   "))
    print(f"1..{len(CASES)}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
