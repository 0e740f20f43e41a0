"""The real agent, run as a program under the shipped ServiceAccount and Role."""

import contextlib
import glob
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from world import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "..", "..", "build", "agent", "serin")
LEASE = "flagger-leader-election"

ports = itertools.count(9797)


def kit_kubeconfig(account, path):
    """Write a kubeconfig for NAMESPACE/ACCOUNT."""
    with open(path, "w", encoding="utf-8") as file:
        subprocess.run([os.path.join(HERE, "kit.sh"), "kubeconfig", account], stdout=file, check=True)


def program():
    """The program under test as it was when the kit was started, whatever is built meanwhile."""
    path = os.path.join(os.environ["KIT_DIR"], "serin")
    if not os.path.exists(path):
        shutil.copy(PROGRAM, path)
    return path


def version():
    """ "0.1.0", as the program says."""
    return subprocess.run([program(), "version"], check=True, capture_output=True, text=True).stdout.split()[1]


def ask(file, statement, values):
    """Rows as dictionaries, of a database that FILE names as a URI."""
    with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(statement, values)]


class Agent:
    """One agent process after the other, with the same settings and the same history file."""

    def __init__(self, name, namespace=None, wrapper=(), more=()):
        self.name, self.namespace, self.wrapper, self.more = name, namespace, list(wrapper), list(more)
        kit = os.environ["KIT_DIR"]
        self.home = namespace or "serin"
        self.kubeconfig = os.path.join(kit, f"agent-{name}.kubeconfig")
        self.history = os.path.join(kit, f"history-{name}.db")
        self.log = os.path.join(kit, "log", f"agent-{name}.log")
        self.user = f"system:serviceaccount:{self.home}:serin"
        self.port = next(ports)
        self.process = None

    def command(self):
        if not os.path.exists(self.kubeconfig):
            kit_kubeconfig(f"{self.home}/serin", self.kubeconfig)
        command = self.wrapper + [
            program(),
            "agent",
            f"--kubeconfig={self.kubeconfig}",
            f"--metrics-server={os.environ['PROMETHEUS_URL']}",
            f"--history={self.history}",
            f"--port={self.port}",
            f"--leader-election-namespace={self.home}",
            "--log-level=debug",
            "--include-label-prefix=app.kubernetes.io",
        ]
        if self.namespace:
            command.append(f"--namespace={self.namespace}")
        return command + self.more

    def environment(self):
        return os.environ

    def start(self):
        command = self.command()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment()
            )
        return self

    def get(self, path):
        """(status, text); status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self, seconds=20):
        end = time.monotonic() + seconds
        while self.get("/readyz")[0] != 200:
            if self.process.poll() is not None:
                raise Failure(f"agent {self.name} ended with {self.process.returncode}: {self.last_lines()}")
            if time.monotonic() > end:
                raise Failure(f"agent {self.name} is not ready within {seconds} s: {self.last_lines()}")
            time.sleep(0.1)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=15):
        """SIGTERM; the exit code, -9 when it had to be killed."""
        if not self.is_running():
            return self.process.returncode if self.process else 0
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9

    def last_lines(self, count=5):
        return " | ".join(self.lines()[-count:])

    def lines(self, *words):
        """Lines of the log that have each of the words."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return [line.rstrip() for line in file if all(word in line for word in words)]

    def ask_history(self, statement, *values):
        """Rows as dictionaries, of the file as it is; what a writer that died left is copied first, and left as it is."""
        if not os.path.exists(self.history):
            return []
        try:
            return ask(f"file:{self.history}?mode=ro", statement, values)
        except sqlite3.OperationalError:  # it has to be recovered, which a reader may not
            pass
        with tempfile.TemporaryDirectory() as folder:
            for part in glob.glob(self.history + "*"):
                shutil.copy(part, os.path.join(folder, os.path.basename(part)))
            return ask(f"file:{os.path.join(folder, os.path.basename(self.history))}", statement, values)

    def tell(self, *words):
        """What a command says of the history as it stands: (exit code, what was written)."""
        command = [program(), *words, "--file", self.history]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def report(self, namespace, *words):
        """The rows of a report, such as R12."""
        code, written = self.tell("report", *words, "-n", namespace, "-o", "json")
        if code != 0:
            raise Failure(f"report {' '.join(words)}: {code}: {written}")
        return json.loads(written)["rows"]

    def measurements(self, namespace, canary):
        """Answers of metric questions, oldest first: {"check", "query", "max", "sample": {"value"}, …}."""
        rows = self.ask_history(
            "SELECT e.detail_json FROM round_effect e JOIN round r ON r.uid = e.round_uid WHERE e.kind = 'answer'"
            " AND e.effect_key LIKE 'measure%' AND r.k8s_namespace = ? AND r.canary_name = ? ORDER BY e.id",
            namespace,
            canary,
        )
        return [json.loads(row["detail_json"]) for row in rows]

    def release_report(self, namespace, release):
        """What `serin report` tells of a release, from the history."""
        command = [program(), "report", release, "-n", namespace, "--file", self.history, "-o", "json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def last_rounds(self, namespace, count=12):
        rounds = self.ask_history(
            "SELECT * FROM (SELECT id, decided_at, canary_name, release_name, release_seq, reason, plan_json"
            " FROM round WHERE k8s_namespace = ? ORDER BY id DESC LIMIT ?) ORDER BY id",
            namespace,
            count,
        )
        effects = self.ask_history(
            "SELECT * FROM (SELECT e.id, e.kind, e.effect_key, e.result, substr(e.detail_json, 1, 400) AS detail"
            " FROM round_effect e JOIN round r ON r.uid = e.round_uid WHERE r.k8s_namespace = ?"
            " ORDER BY e.id DESC LIMIT ?) ORDER BY id",
            namespace,
            2 * count,
        )
        return rounds, effects
