"""Canaries at rest cost nothing, whatever else changes in the cluster."""

import itertools
import os
import re
import threading
import time
import urllib.request

import audit
import objects
from scenario import ALONE, scenario
from scenarios import start
from world import Failure

FOREIGN = "idle-foreign"
CHANGES_PER_SECOND = 10
QUIET_SECONDS = 3  # without a request, after what came before
PENDING_MAX = 40  # seconds until it is quiet


def names(s):
    return [f"c{number:03}" for number in range(s.tier.arguments.idle_canaries)]


def state_of(name):
    """What a canary of that name is brought to: of ten, 5 Initialized, 2 Succeeded, 2 Failed, 1 suspended."""
    digit = int(name[-1])
    return "Initialized" if digit < 5 else "Succeeded" if digit < 7 else "Failed" if digit < 9 else "suspended"


def n_releases(name):
    return 2 if state_of(name) in ("Succeeded", "Failed") else 1


def create_canary(s, name):
    is_nginx = int(name[-1]) % 2 == 0
    state = state_of(name)
    s.create(objects.deployment(s.namespace, name=name, replicas=1))
    if is_nginx:
        s.create(objects.ingress(s.namespace, name))
    analysis = {"iterations": 2, "metrics": []}
    fields = {"skipAnalysis": state == "Succeeded", "progressDeadlineSeconds": 20}
    provider = "nginx" if is_nginx else "kubernetes"
    if is_nginx:
        analysis["match"] = [{"headers": {"x-canary": {"exact": "insider"}}}]
    s.create(objects.canary(s.namespace, name=name, provider=provider, analysis=analysis, **fields))


def bring_to_state(s, name):
    state = state_of(name)
    if state == "Succeeded":
        s.push("v2", name=name)
    elif state == "Failed":
        s.push("v2", name=name, annotations={"serin.test/never-ready": "true"})
    elif state == "suspended":
        s.api.merge("canary", name, s.namespace, {"spec": {"suspend": True}})


@scenario("idle", "canaries are brought to Initialized, Succeeded, Failed and suspended")
def prepare(s):
    seconds = 60 + s.tier.arguments.idle_canaries
    for name in names(s):
        create_canary(s, name)
    for name in names(s):
        s.wait_phase("Initialized", seconds, name)
    for name in names(s):
        bring_to_state(s, name)
    for name in names(s):
        state = state_of(name)
        s.wait_phase("Initialized" if state == "suspended" else state, seconds, name)


class Foreign:
    """Objects that no canary names, changed all the time."""

    def __init__(self, s):
        self.s = s
        self.n_changes = 0
        self.is_stopped = threading.Event()
        s.create(objects.namespace_item(FOREIGN))
        settings = objects.item("v1", "ConfigMap", FOREIGN, "other", None)
        mine = [objects.deployment(FOREIGN, name="other", replicas=0), objects.service(FOREIGN, "other")]
        s.create(*mine, objects.ingress(FOREIGN, "other"), settings)
        self.thread = threading.Thread(target=self.change, daemon=True)
        self.thread.start()

    def change(self):
        begun = time.monotonic()
        for kind in itertools.cycle(("deployment", "service", "ingress", "configmap")):
            if self.is_stopped.wait(max(0.0, begun + self.n_changes / CHANGES_PER_SECOND - time.monotonic())):
                return
            labels = {"metadata": {"labels": {"n": str(self.n_changes)}}}
            self.s.api.merge(kind, "other", FOREIGN, labels)
            self.n_changes += 1

    def stop(self):
        self.is_stopped.set()
        self.thread.join()
        return self.n_changes


def prometheus_queries():
    """How many queries Prometheus has answered since it started."""
    with urllib.request.urlopen(f"{os.environ['PROMETHEUS_URL']}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    pattern = r'^prometheus_http_requests_total\{[^}]*handler="/api/v1/query(?:_range)?"[^}]*\} (\S+)'
    rows = re.findall(pattern, text, re.M)
    return int(sum(float(row) for row in rows))


def asked_since(s, since):
    user = s.agents[0].user
    return [line for line in audit.requests(user, since) if not audit.is_lease(line)]


def has_address(ingress):
    return bool(ingress.get("status", {}).get("loadBalancer", {}).get("ingress"))


def wait_quiet(s):
    """Until nothing is left over from before: within a minute ingress-nginx writes its address into each Ingress."""
    s.wait("each Ingress has an address", lambda: all(map(has_address, s.world.objects["ingress"].values())), 90)
    end = time.monotonic() + PENDING_MAX
    begun = audit.now()
    while time.monotonic() < end:
        start.settle(s, QUIET_SECONDS)
        pending = asked_since(s, begun)
        if not pending:
            return
        begun = audit.now()
    raise Failure(f"the agent never rests: {[audit.label(line) for line in pending][-10:]}")


def check_edit(s):
    """One edit causes requests, all of them about that canary."""
    name = names(s)[0]
    since = audit.now()
    s.push("v2", name=name)
    s.wait(f"{name} is promoted", lambda: s.world.outcome(f"{name}-2") == "promoted", 90)
    s.wait_phase("Succeeded", 20, name)
    asked = asked_since(s, since)
    s.check(asked, "an edit causes requests")
    foreign = []
    for line in asked:
        what = line.get("objectRef", {})
        about = what.get("name", name)
        if what.get("namespace") != s.namespace or not re.match(rf"{name}(?![0-9])", about):
            foreign.append(audit.label(line))
    s.check(not foreign, "all requests are about the edited canary", foreign)
    others = [n for n in names(s)[1:] if len(s.world.releases(n)) != n_releases(n)]
    s.check(not others, "no other canary began a run", others)
    s.note(f"one edit: {len(asked)} requests, all about it")


@scenario("idle", "canaries at rest while foreign objects change: no request but lease and watches, no query", ALONE)
def rest(s):
    seconds = s.tier.arguments.idle_seconds
    wait_quiet(s)
    queries, since = prometheus_queries(), audit.now()
    leases = len(audit.requests(s.agents[0].user))
    foreign = Foreign(s)
    start.settle(s, seconds)
    n_changes = foreign.stop()
    asked = asked_since(s, since)
    queries = prometheus_queries() - queries
    renewed = len(audit.requests(s.agents[0].user)) - leases
    s.check(not asked, "no API request", [audit.label(line) for line in asked][:20])
    s.check(queries == 0, "no Prometheus query", queries)
    s.check(n_changes > 0.8 * CHANGES_PER_SECOND * seconds, "foreign objects changed", n_changes)
    s.check(renewed > 0, "the lease is renewed", renewed)
    text = f"{len(asked)} API requests beside {renewed} of the lease, {queries} queries"
    s.note(f"{len(names(s))} canaries, {seconds} s, {n_changes} foreign changes: {text}")
    check_edit(s)
