"""Requests to the test app, counted by loadgen, and what their counts prove."""

import json
import math
import os
import signal
import subprocess

CHANCE_MIN = 1e-6  # a share as unlikely as this was not made by the weight that stands there


def ask(*arguments):
    """Run loadgen to its end; its counts."""
    run = subprocess.run(["loadgen", "-json", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"loadgen {' '.join(arguments)}: {run.stderr.strip()}")
    return json.loads(run.stdout)


class Load:
    """Requests in the background, until they are stopped."""

    def __init__(self, name, *arguments, rate=50):
        self.name = name
        self.log = os.path.join(os.environ["KIT_DIR"], "log", f"load-{name}.json")
        command = ["loadgen", "-json", "-rate", str(rate), "-duration", "20m", "-log", self.log, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.counts = None

    def so_far(self):
        """The counts up to now."""
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """End it; its counts."""
        if self.counts is None:
            self.process.terminate()
            output = self.process.communicate(timeout=30)[0]
            # One that is ended as it starts says nothing.
            none = {"sent": 0, "good": 0, "statuses": {}, "errors": {}, "versions": {}}
            self.counts = json.loads(output.splitlines()[-1]) if output else none
        return self.counts

    def misses(self):
        """The first requests that were not answered 2xx."""
        with open(self.log, encoding="utf-8") as file:
            return [line.strip() for line in file][:10]


def bad(counts):
    """Requests not answered 2xx, those without an answer included."""
    return counts["sent"] - counts["good"]


def log_choose(n, k):
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def tail(n, k, p, is_upper):
    """P(X >= k), or P(X <= k), of a binomial X, summed in the log space."""
    if p in (0.0, 1.0):
        certain = 0 if p == 0.0 else n
        return 1.0 if (certain >= k if is_upper else certain <= k) else 0.0
    counts = range(k, n + 1) if is_upper else range(k + 1)
    logs = [log_choose(n, i) + i * math.log(p) + (n - i) * math.log1p(-p) for i in counts]
    largest = max(logs)
    return math.exp(largest) * sum(math.exp(x - largest) for x in logs)


def chance(n, k, p):
    """How likely a count at least as far from n·p as k is, on its side, doubled."""
    return min(1.0, 2 * min(tail(n, k, p, True), tail(n, k, p, False)))
