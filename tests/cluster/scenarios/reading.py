"""The agent's API: who may read it, by the API server's word; a run seen live; evidence with nothing but a kubeconfig."""

import json
import os
import re
import shutil
import sqlite3
import threading
import time
import urllib.error
import urllib.request

import agent
import install
import objects
from scenario import OWN, scenario
from scenarios import start
from scenarios.people import Person

HOST = "10.88.0.1"  # as the API server reaches the agent; it is not loopback
COMPONENT = """
components:
  - {manifests}/components/api
"""
ANALYSIS = {"interval": "10s", "stepWeight": 30, "maxWeight": 60, "threshold": 2, "metrics": [objects.SUCCESS]}


def ask(port, path, host=HOST, **headers):
    """(status, document or text)"""
    request = urllib.request.Request(f"http://{host}:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            text, status = reply.read().decode(), reply.status
    except urllib.error.HTTPError as error:
        text, status = error.read().decode(), error.code
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Stream:
    """Server-sent events, read by a thread of its own: [(id, type, document)]."""

    def __init__(self, port, path, headers):
        self.events = []
        request = urllib.request.Request(f"http://{HOST}:{port}{path}", headers=headers)
        self.reply = urllib.request.urlopen(request, timeout=60)  # pylint: disable=consider-using-with
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        fields = {}
        try:
            for line in self.reply:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key:
                    fields[key] = value
                elif "data" in fields:
                    self.events.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
                    fields = {}
        except (OSError, ValueError):
            pass

    def of(self, kind):
        return [document for _, found, document in list(self.events) if found == kind]


def install_api(s, port):
    """The overlay with the component; no pod stands behind its Service, so the agent's own address does."""
    documents = install.namespaced(s.namespace, COMPONENT.format(manifests=install.relative_manifests(s.namespace)))
    found = install.kinds(documents)
    parts = ["ClusterRole serin-api", "ClusterRoleBinding serin-api", "Service serin-api", "Role serin-evidence"]
    for part in parts + ["ServiceAccount serin-reader", "RoleBinding serin-reader"]:
        s.check(part in found, f"{part} is there", found)
    documents = [
        re.sub(r"  selector:\n(    .*\n?)+", "", text) if "name: serin-api\n" in text and "kind: Service\n" in text else text
        for text in install.without_deployment(documents)
    ]
    install.apply(documents)
    stand_in(s, port)


def stand_in(s, port):
    """The API server's proxy only goes to addresses of pods: one that nobody runs has the agent's."""
    place = {"name": "serin-agent", "namespace": s.namespace}
    container = {"name": "serin", "image": "serin:kit"}
    s.create({"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": {"serviceAccountName": "serin", "containers": [container]}})
    path = f"/api/v1/namespaces/{s.namespace}/pods/serin-agent/status"
    status = {"phase": "Running", "podIP": HOST, "podIPs": [{"ip": HOST}]}
    s.api.ask("PATCH", path, {"status": status}, "application/merge-patch+json")
    behind = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "serin-api", "namespace": s.namespace}}
    address = {"ip": HOST, "targetRef": {"kind": "Pod"} | place}
    behind["subsets"] = [{"addresses": [address], "ports": [{"name": "http", "port": port}]}]
    install.apply([json.dumps(behind)])


def bind(s, name, role):
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}
    binding["metadata"] = {"name": f"{name}-{role}", "namespace": s.namespace}
    binding["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    binding["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": s.namespace}]
    s.create(binding)


def check_doors(s, port, alice, bob):
    """Who is let in, at the agent's own address."""
    one = f"/api/v1/namespaces/{s.namespace}/canaries/app"
    status, found = ask(port, one, **bearer(alice.api.token))
    s.check(status == 200 and found["canaries"][0]["name"] == "app", "a token that may get canaries", f"{status} {found}")
    status, found = ask(port, one, **bearer(bob.api.token))
    wanted = f"{bob.user} may not get canaries.flagger.app in namespace {s.namespace}"
    s.check((status, found) == (403, {"error": wanted}), "one that may not", f"{status} {found}")
    status, found = ask(port, one, **bearer("nonsense"))
    s.check(status == 401 and "does not know" in found["error"], "one that is none", f"{status} {found}")
    status, found = ask(port, one)
    s.check(status == 401 and "expected" in found["error"], "no token, not from loopback", f"{status} {found}")
    status, found = ask(port, one, **{"Serin-Token": alice.api.token})
    s.check(status == 401, "a token for the API server is none for serin.dev", f"{status} {found}")
    status, found = ask(port, one, host="127.0.0.1")
    s.check(status == 200, "loopback needs none", f"{status} {found}")
    status, found = ask(port, one, host="127.0.0.1", Host="serin.example")
    s.check(status == 401, "loopback by another name does", f"{status} {found}")
    status, found = ask(port, "/api/v1/namespaces/serin/canaries", **bearer(alice.api.token))
    s.check(status == 404, "another namespace is another agent's", f"{status} {found}")


def check_live(s, stream):
    """What the stream told of app-2, from its begin to its end."""
    phases = [one["phase"] for one in stream.of("release") if one["name"] == "app-2"]
    s.check("Progressing" in phases and phases[-1] == "Done", "the release from its begin to its end", phases)
    outcomes = [one["outcome"] for one in stream.of("release") if one["name"] == "app-2"]
    s.check(outcomes[-1] == "promoted" and outcomes[0] is None, "promoted", outcomes)
    told = [one["text"] for one in stream.of("told")]
    for text in (f"Advance app.{s.namespace} canary weight 30", "Promotion completed!"):
        s.check(any(text in one for one in told), f"told: {text}", told)
    s.check(stream.of("round"), "rounds")
    ids = [int(one[0].rpartition(".")[2]) for one in stream.events]
    s.check(ids == sorted(ids), "ids grow", ids)
    s.note(f"{len(ids)} events: {len(phases)} of the release, {len(told)} told, {len(stream.of('round'))} rounds")


def check_resume(s, port, alice, stream):
    """Who comes again with the id of the first event gets the rest."""
    again = Stream(port, f"/api/v1/namespaces/{s.namespace}/events", bearer(alice.api.token) | {"Last-Event-ID": stream.events[0][0]})
    s.wait("the end of the run again", lambda: any(one["outcome"] == "promoted" for one in again.of("release")), 10)
    s.check(not again.of("reset"), "nothing was lost", again.of("reset"))


def check_commands(s, alice, bob):
    """With nothing but a kubeconfig, through the API server's proxy."""
    alice.sees(("status", "app", "-o", "wide"), "evidence", "request-success-rate", "samples")
    alice.sees(("explain", "app", "--api", "auto"), "evidence app-2", "request-success-rate")
    alice.sees(("report", "app-2"), "app-2: promoted", "check request-success-rate", "set 30%")
    alice.sees(("history", "--api", f"{s.namespace}/serin-api"), "app-2", "promoted")
    alice.sees(("report", "R05", "app"), "primary", "100", "v2", "app-2")
    alice.sees(("report", "R16", "app"), "serin", "seen", "app-2")
    alice.does("report", "app-9", code=3, text='no release "app-9"')
    bob.does("report", "app-2", code=1, text="serin-evidence")


TAMPERED = {
    "an edited row": "UPDATE round SET reason = 'nothing' WHERE id = (SELECT MAX(id) / 2 FROM round)",
    "a removed row": "DELETE FROM round WHERE id = (SELECT MAX(id) / 2 FROM round)",
    "a removed entry": "DELETE FROM audit_log WHERE seq = (SELECT MAX(seq) / 2 FROM audit_log)",
    "a cut tail": "DELETE FROM audit_log WHERE seq > (SELECT MAX(seq) / 2 FROM audit_log)",
}


def check_audit(s, one):
    """Row 61: links and hashes hold, with the Releases as witnesses; a copy that somebody changed is found out."""
    words = ("-n", s.namespace, "--kubeconfig", os.environ["KUBECONFIG"])
    code, written = one.tell("audit", "verify", *words)
    s.check(code == 0 and "intact" in written, "audit verify", written, row=61)
    anchored = re.search(r"(\d+) of them anchored by (\d+) Releases", written)
    s.check(anchored and int(anchored[1]) > 0 and int(anchored[2]) == 2, "the Releases are witnesses", written, row=61)
    s.check(one.report(s.namespace, "R17")[0]["intact"], "R17", row=61)
    for what, statement in TAMPERED.items():
        copy = agent.Agent(f"{one.name}-copy", s.namespace)
        shutil.copy(one.history, copy.history)
        with sqlite3.connect(copy.history) as database:
            for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            database.execute(statement)
        database.close()
        code, written = copy.tell("audit", "verify", *words)
        s.check(code == 4, f"{what} is found", f"{code}: {written}", row=61)
    s.note(f"row 61: {anchored[0] if anchored else ''}")


@scenario("api", "the agent's API: tokens allowed and refused, a run seen live, evidence by the commands", OWN, rows=(61,))
def reading(s):
    one = agent.Agent("api", s.namespace)
    install_api(s, one.port)
    s.agents.append(one)
    one.start().wait_ready()
    alice, bob = Person(s, "alice", "serin-viewer"), Person(s, "bob", "system:discovery")
    bind(s, "alice", "serin-evidence")
    start.app(s, with_service=True)
    start.answered(s)
    s.load_ingress(rate=30)
    start.initialised(s, objects.canary(s.namespace, analysis=ANALYSIS))
    check_doors(s, one.port, alice, bob)
    stream = Stream(one.port, f"/api/v1/namespaces/{s.namespace}/events", bearer(alice.api.token))
    s.wait("the stream begins", lambda: stream.of("hello"), 10)
    s.push("v2")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait("the stream says so", lambda: any(d["outcome"] == "promoted" for d in stream.of("release")), 10)
    s.wait("and tells it", lambda: any("Promotion completed!" in d["text"] for d in stream.of("told")), 20)
    check_live(s, stream)
    check_resume(s, one.port, alice, stream)
    check_commands(s, alice, bob)
    begun = time.monotonic()
    s.check(one.stop() == 0, "SIGTERM ends it with 0, open streams too", one.last_lines())
    s.note(f"stopped in {time.monotonic() - begun:.1f} s with two open streams")
    roles = [("role", f"serin{part}", s.namespace) for part in ("", "-lease", "-nginx")]
    install.check_rights(s, one.user, [("clusterrole", "serin-api", None)], roles)
    check_audit(s, one)
