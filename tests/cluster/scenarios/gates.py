"""Hooks and gates against Flagger's own load tester: it opens and closes gates over its HTTP API, and runs commands."""

import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import urllib.request

import objects
from scenario import scenario
from scenarios import start
from scenarios.people import Person
from world import Failure

PORT = 9191
TESTER = f"http://127.0.0.1:{PORT}"
WAITING = 25  # seconds in which a closed gate is asked twice at least


class Tester:
    """The load tester in the kit's network, with a folder for what its commands write."""

    def __init__(self, s, port=PORT):
        self.s, self.address = s, f"http://127.0.0.1:{port}"
        if not shutil.which("loadtester"):
            raise Failure("the kit has no load tester: it could not be built, see the kit's first lines")
        self.folder = tempfile.mkdtemp(prefix="serin-gates.")
        self.log = open(os.path.join(self.folder, "log"), "w", encoding="utf-8")  # pylint: disable=consider-using-with
        command = ["loadtester", "-port", str(port), "-log-level", "info"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)  # pylint: disable=consider-using-with
        s.wait("the load tester answers", self.is_up, 20)

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=1):
                return True
        except OSError:
            return False

    def turn(self, what, canary="app"):
        """Such as gate/open."""
        body = json.dumps({"name": canary, "namespace": self.s.namespace}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}/{what}", body), timeout=5) as reply:
            self.s.check(reply.status == 202, f"{what} is accepted", reply.status)

    def lines(self, name):
        """What commands wrote into that file."""
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def n_asked(self, what):
        """How often a gate was asked, by the tester's own log."""
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return sum(f"{what} check: approved" in line for line in file)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes events and keeps them."""

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def listen():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.told = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def hook(kind, path="", **metadata):
    one = {"name": kind, "type": kind, "url": f"{TESTER}/{path}", "timeout": "5s"}
    return one | ({"metadata": metadata} if metadata else {})


def hooks(tester, listener):
    shell = f"date +%s >>{tester.folder}/"
    return [
        hook("confirm-rollout", "gate/check"),
        hook("pre-rollout", type="bash", cmd=f"{shell}pre-rollout"),
        hook("rollout", type="cmd", cmd=f"{shell}rollout"),
        hook("confirm-traffic-increase", "gate/approve"),
        hook("confirm-promotion", "gate/check"),
        hook("rollback", "rollback/check"),
        hook("post-rollout", type="bash", cmd=f"{shell}post-rollout"),
        {"name": "events", "type": "event", "url": f"http://127.0.0.1:{listener.server_address[1]}/"},
    ]


def check_closed(s, tester, phase):
    """The gate is asked again and again, and nothing is written."""
    s.wait_phase(phase, 60)
    start.settle(s, 3)
    before = s.world.find("release", "app-2")["metadata"]["resourceVersion"]
    canary = s.world.find("canary", "app")["metadata"]["resourceVersion"]
    n_asked = tester.n_asked("gate")
    start.settle(s, WAITING)
    after = s.world.find("release", "app-2")["metadata"]["resourceVersion"]
    s.check(before == after, f"{phase}: the Release is not written", f"{before} {after}")
    after = s.world.find("canary", "app")["metadata"]["resourceVersion"]
    s.check(canary == after, f"{phase}: the Canary is not written", f"{canary} {after}")
    n_asked = tester.n_asked("gate") - n_asked
    s.check(2 <= n_asked <= 3, f"{phase}: the gate is asked once per interval", n_asked)


def check_events(s, listener):
    told = [body["metadata"]["eventMessage"] for _, body in listener.told if body["metadata"]["eventMessage"]]
    for text in ["Confirm-rollout check confirm-rollout passed", "Promotion completed! Scaling down"]:
        s.wait(f"the event hook is told: {text}", lambda t=text: any(t in str(one) for one in listener.told), 15)
    keys = [key for key, _ in listener.told]
    twice = [one for one in listener.told if keys.count(one[0]) > 1]
    s.check(not twice, "no event is told twice", twice)
    body = listener.told[-1][1]
    s.check({"name", "namespace", "phase", "checksum", "metadata"} == set(body), "the payload of an event", body)


def approvals(s):
    found = s.agents[0].report(s.namespace, "R14", "app")
    return [row for row in found if row["release"] == "app-2" and row["subject"] in ("approve", "gate confirm-promotion")]


def approve(s):
    """Row 60: the gate says no, and a person opens it by the command; who, through what and when is kept."""
    found = approvals(s)
    s.check([row["decision"] for row in found] == ["pending"], "R14: it waits for a person", found, row=60)
    s.check(s.world.image("app-primary") == "app:v1", "no promotion before", s.world.image("app-primary"), row=60)
    alice = Person(s, "alice", "serin-actor")
    alice.does("approve", "app", "--reason", "looks good", text="app-2")
    s.wait_outcome("app-2", "promoted", 60)
    s.wait_recorded("app-2")
    found = approvals(s)
    told = [(row["decision"], row["who"], row["via"], row["comment"]) for row in found]
    s.check(told == [("approved", alice.user, "action", "looks good")], "R14: who approved", found, row=60)
    s.check(found and found[0]["at"], "R14: and when", found, row=60)
    found = s.agents[0].report(s.namespace, "R09", "app")
    s.check(found[0]["approvedBy"] == alice.user, "R09: of what serves", found, row=60)


def check_promotion(s, tester):
    tester.turn("gate/close")
    s.push("v2")
    check_closed(s, tester, "Waiting")
    s.check(s.world.replicas("app") == 0, "nothing is scaled up", s.world.replicas("app"))
    tester.turn("gate/open")
    s.wait_weight(20, 60)
    s.check(len(tester.lines("pre-rollout")) == 1, "the pre-rollout command ran once", tester.lines("pre-rollout"))
    tester.turn("gate/close")
    check_closed(s, tester, "WaitingPromotion")
    s.check(s.world.canary_weight("app-canary") == 40, "the weight stays", s.world.canary_weight("app-canary"))
    approve(s)
    tester.turn("gate/open")
    s.wait_phase("Succeeded", 20)
    s.wait("the post-rollout command ran", lambda: tester.lines("post-rollout"), 20)
    n_rollout = len(tester.lines("rollout"))
    s.check(n_rollout >= 3, "the rollout command ran at each check", n_rollout)
    s.check_messages(
        [
            "advancement waiting for approval confirm-rollout",
            "Confirm-rollout check confirm-rollout passed",
            "Pre-rollout check pre-rollout passed",
            "Confirm-traffic-increase check confirm-traffic-increase passed",
            "advancement waiting for promotion approval confirm-promotion",
            "approved by",
            "Post-rollout check post-rollout passed",
        ]
    )


def check_rollback(s, tester):
    s.push("v3")
    s.wait("the next run moves traffic", lambda: s.world.weights("app-3")[-1:] == [20], 60)
    tester.turn("rollback/open")
    s.wait_outcome("app-3", "rolled_back", 40)
    s.check(s.world.canary_weight("app-canary") == 0, "no weight is left", s.world.canary_weight("app-canary"))
    s.wait("the post-rollout command ran again", lambda: len(tester.lines("post-rollout")) == 2, 20)
    s.check_messages(["Rollback check rollback passed", "manual webhook invoked"])


@scenario("gates", "Flagger's load tester: gates opened and closed, commands run, a rollback called for, events told", rows=(60,))
def gates(s):
    tester, listener = Tester(s), listen()
    try:
        start.app(s)
        analysis = {"stepWeight": 20, "maxWeight": 40, "metrics": [], "webhooks": hooks(tester, listener)}
        start.initialised(s, objects.canary(s.namespace, analysis=analysis))
        check_promotion(s, tester)
        check_events(s, listener)
        check_rollback(s, tester)
    finally:
        tester.stop()
        listener.shutdown()
