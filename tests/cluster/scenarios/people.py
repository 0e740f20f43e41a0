"""Two people of different rights act on a canary, by the commands, under the shipped Roles and admission policy."""

import os
import shutil
import subprocess

import agent
import install
import objects
from api import Api, ApiError
from scenario import OWN, scenario
from scenarios import start

ANALYSIS = {"interval": "10s", "stepWeight": 20, "maxWeight": 60, "threshold": 2, "metrics": [objects.SUCCESS]}
REASON = "a look at the log"


class Person:
    """A ServiceAccount, bound to a ClusterRole in this namespace, and its kubeconfig."""

    def __init__(self, s, name, role):
        self.s, self.name = s, name
        self.user = f"system:serviceaccount:{s.namespace}:{name}"
        self.kubeconfig = os.path.join(os.environ["KIT_DIR"], f"{s.namespace}-{name}.kubeconfig")
        s.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": s.namespace}})
        subject = {"kind": "ServiceAccount", "name": name, "namespace": s.namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "roleRef": reference}
        s.create(binding | {"metadata": {"name": name, "namespace": s.namespace}, "subjects": [subject]})
        agent.kit_kubeconfig(f"{s.namespace}/{name}", self.kubeconfig)
        self.api = Api(self.kubeconfig)

    def run(self, *words):
        """(exit code, what was written)."""
        command = [agent.program(), *words, "-n", self.s.namespace, "--kubeconfig", self.kubeconfig]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def does(self, *words, code=0, text=""):
        found, written = self.run(*words)
        what = f"{self.name}: {' '.join(words)}"
        self.s.check(found == code and text in written, f"{what}: {code} and \"{text}\"", f"{found}: {written}")

    def sees(self, command, *texts):
        _, written = self.run(*command)
        for text in texts:
            self.s.check(text in written, f"{' '.join(command)} says \"{text}\"", written)


def forged(s, alice, name):
    """An Action in the name of another: True when the API server refuses it."""
    canary = s.api.get("canary", "app", s.namespace)
    newest = s.api.get("release", name, s.namespace)
    action = {"apiVersion": "serin.dev/v1alpha1", "kind": "Action"}
    action["metadata"] = {"generateName": "app-resume-", "namespace": s.namespace}
    action["spec"] = {
        "verb": "resume",
        "canary": {"name": "app", "uid": canary["metadata"]["uid"]},
        "release": {"name": name, "uid": newest["metadata"]["uid"]},
        "requestedBy": "system:admin",
    }
    try:
        alice.api.create(action)
    except ApiError as error:
        return "ValidatingAdmissionPolicy" in str(error) and alice.user in str(error)
    return False


def check_admission(s, alice):
    # A policy's binding takes effect within seconds.
    s.wait("a forged requestedBy is refused by the API server", lambda: forged(s, alice, "app-1"), 30)
    alice.does("resume", "app", code=6, text="app-1 is over: it was promoted")
    action = s.api.list("action", s.namespace)[0]
    s.check(action["spec"]["requestedBy"] == alice.user, "the Action is in her name", action["spec"])
    try:
        s.api.merge("action", action["metadata"]["name"], s.namespace, {"spec": {"reason": "another"}})
        s.check(False, "an Action is never changed")
    except ApiError as error:
        s.check(error.status == 422 and "never changed" in str(error), "an Action is never changed", error)


def check_rights(s, alice, bob):
    bob.does("abort", "app", code=1, text="forbidden")
    bob.does("status", "app", text="app")
    s.check(not [a for a in s.api.list("action", s.namespace) if a["spec"]["verb"] == "abort"], "no Action of his")
    try:
        alice.api.merge("action", "app", s.namespace, {"status": {"answer": "accepted"}})
        s.check(False, "nobody answers but the agent")
    except ApiError as error:
        s.check(error.status == 403, "nobody answers but the agent", error)


def weights(s):
    return [weight for _, weight in s.world.canary_weights("app-canary")]


def check_edit(s, bob):
    """Row 54: somebody else gives the canary half; that is put back, and his name is told."""
    one = s.agents[0]
    s.api.merge(
        "ingress",
        "app-canary",
        s.namespace,
        {"metadata": {"annotations": {"nginx.ingress.kubernetes.io/canary-weight": "50"}}},
        manager="kubectl-edit",
    )
    s.wait("the edit is seen and put back", lambda: weights(s)[-2:] == [50, 20], 20)
    found = s.wait("R16 has it", lambda: [r for r in one.report(s.namespace, "R16", "app") if r["origin"] == "external"], 10)
    split = [(row["primaryPercent"], row["canaryPercent"], row["who"]) for row in found]
    s.check(split == [(50, 50, "kubectl-edit")], "R16: the edit with its author", found, row=54)
    found = [row for row in one.report(s.namespace, "R11", "app") if row["kind"] == "traffic"]
    s.check(len(found) == 1 and "kubectl-edit" in found[0]["evidence"], "R11: a finding", found, row=54)
    _, written = one.tell("report", "app-2", "-n", s.namespace)
    s.check("edit: kubectl-edit changed the canary's weight from 20 to 50" in written, "the report tells it", written, row=54)


def check_by_hand(s):
    """Row 39: who took it back, and why."""
    found = [row["detail"] for row in s.agents[0].report(s.namespace, "R13", "app-2") if row["kind"] == "person"]
    s.check(any("abort" in text and "errors in the log" in text for text in found), "R13: by hand", found, row=39)
    found = s.agents[0].report(s.namespace, "R14", "app")
    s.check(any((row["subject"], row["decision"]) == ("abort", "rejected") for row in found), "R14: by hand", found, row=39)


def hold_and_abort(s, alice, bob):
    s.push("v2")
    s.wait_weight(20, 60)
    alice.does("pause", "app", "--reason", REASON, text="is held at weight 20")
    check_rights(s, alice, bob)
    bob.sees(["status", "app"], "paused", alice.user, REASON)
    bob.sees(["explain", "app"], f"by {alice.user}: {REASON}")
    check_edit(s, bob)
    start.settle(s, 20)
    s.check(weights(s)[-1] == 20, "no step in two intervals", weights(s))
    alice.does("resume", "app", text="goes on")
    s.wait_weight(40, 40)
    alice.does("promote", "app", "--reason", "it is fine", text="canary weight 60")
    s.wait_weight(60, 20)
    alice.does("abort", "app", "--reason", "errors in the log", text="goes back")
    s.wait_weight(0, 10)
    s.wait_outcome("app-2", "rolled_back")
    alice.does("abort", "app", text="went back already")
    bob.sees(["history", "app"], alice.user, "(abort)")
    bob.sees(["history", "app", "-o", "json"], alice.user, "errors in the log")
    check_by_hand(s)
    s.check_messages([f"aborted by {alice.user}: errors in the log", f"paused by {alice.user}"])


def undo(s, alice, bob):
    """v2 is tried again and promoted; then an agent that lost its disk brings v1 back."""
    alice.does("retry", "app", "--reason", "it was the database", text="app-3 analyses")
    s.wait("the third run", lambda: s.world.status("app-3").get("phase") == "Progressing", 60)
    alice.does("promote", "app", "--full", text="app-3 is promoted")
    s.wait_outcome("app-3", "skipped", 60)
    start.serving(s, "v2")
    one = s.agents[0]
    one.kill()
    shutil.move(one.history, one.history + ".lost")
    one.start().wait_ready(40)
    alice.does("undo", "app", code=2, text="--yes")
    alice.does("undo", "app", "--yes", "--reason", "customers complain", text="app-4 puts the earlier template")
    s.wait_outcome("app-4", "promoted", 60)
    start.serving(s, "v1")
    s.check(s.world.image("app") == "app:v2", "the target is not written", s.world.image("app"))
    bob.sees(["history", "app"], "brought back", "(undo)", alice.user)
    start.settle(s, 6)
    s.check(len(s.world.releases("app")) == 4, "no run of what was undone", [one["metadata"]["name"] for one in s.world.releases("app")])


@scenario("people", "who may act is the API server's to say, and who did stands in status and history", OWN, rows=(39, 54))
def people(s):
    install.install_for_namespace(s.namespace)
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress(rate=30)
    one = agent.Agent(s.namespace, s.namespace)
    s.agents.append(one)
    one.start().wait_ready()
    alice, bob = Person(s, "alice", "serin-actor"), Person(s, "bob", "serin-viewer")
    start.initialised(s, objects.canary(s.namespace, analysis=ANALYSIS))
    check_admission(s, alice)
    hold_and_abort(s, alice, bob)
    undo(s, alice, bob)
    answered = [a for a in s.api.list("action", s.namespace) if not a.get("status", {}).get("answer")]
    s.check(not answered, "each Action has its answer", answered)
    s.check_load(load, "throughout")
