"""From the real Flagger to the agent, at each phase that a gate can hold, and back at rest."""

import json
import os
import shutil
import subprocess

import audit
import install
import objects
from scenario import OWN, scenario
from scenarios import start
from scenarios.gates import Tester
from scenarios.restart import own_agent
from world import Failure

PORTS = {"adopt-rest": 9196, "adopt-runs": 9198}  # of the load tester; Flagger's own is the next
QUIET = 25  # seconds: two intervals of Flagger's and some
BLUE = "0432367cd6bedd01"  # Flagger's checksum of {"colour":"blue"}
AT_REST = ["fresh", "done", "bad"]
RUNNING = ["wait", "step", "prom"]
ONE_STEP = ["done"]  # to be soon where it is wanted

# Each Canary has one gate, which the load tester knows by the Canary's name.
GATES = {
    "bad": ["confirm-traffic-increase"],
    "wait": ["confirm-rollout"],
    "step": ["confirm-traffic-increase"],
    "prom": ["confirm-promotion"],
}


class Flagger:
    """The original controller, for this namespace alone, with a lease as its second replica would have."""

    def __init__(self, s):
        self.s = s
        if not shutil.which("flagger"):
            raise Failure("the kit has no Flagger: it could not be built, see the kit's first lines")
        self.path = os.path.join(os.environ["KIT_DIR"], "log", f"flagger-{s.namespace}.log")
        self.process = None

    def start(self):
        command = ["flagger", f"-kubeconfig={os.environ['KUBECONFIG']}", f"-namespace={self.s.namespace}"]
        command += [f"-metrics-server={os.environ['PROMETHEUS_URL']}", "-mesh-provider=nginx", f"-port={PORTS[self.s.namespace] + 1}"]
        command += ["-enable-leader-election", f"-leader-election-namespace={self.s.namespace}", "-log-level=info"]
        with open(self.path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


def hook(s, kind, path):
    return {"name": kind, "type": kind, "url": f"http://127.0.0.1:{PORTS[s.namespace]}/{path}", "timeout": "5s"}


def canary(s, name):
    hooks = [hook(s, kind, "gate/check") for kind in GATES.get(name, [])]
    if name == "bad":
        hooks.append(hook(s, "rollback", "rollback/check"))
    step = 40 if name in ONE_STEP else 20
    analysis = {"stepWeight": step, "maxWeight": 40, "threshold": 2, "metrics": [], "webhooks": hooks}
    return objects.canary(s.namespace, name=name, analysis=analysis)


def application(s, name):
    whole = objects.deployment(s.namespace, name=name)
    if name == "done":
        spec = whole["spec"]["template"]["spec"]
        spec["volumes"] = [{"name": "settings", "configMap": {"name": "settings"}}]
        spec["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
        # Quantities, probes and affinity: what the hash of a template is hard about.
        spec["containers"][0]["resources"] = {"requests": {"cpu": "100m", "memory": "64Mi"}}
        spec["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/", "port": 8080}}
        term = {"labelSelector": {"matchLabels": {"app": name}}, "topologyKey": "kubernetes.io/hostname"}
        preferred = [{"weight": 100, "podAffinityTerm": term}]
        spec["affinity"] = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    s.create(whole, objects.ingress(s.namespace, name))


def status(s, name):
    return (s.world.find("canary", name) or {}).get("status", {})


def weight(s, name):
    return s.world.canary_weight(f"{name}-canary")


def bring_to_rest(s, tester):
    """`fresh` is left as it was initialised, `done` is promoted, `bad` rolled back, all by Flagger."""
    tester.turn("gate/close", "bad")
    for name in ["done", "bad"]:
        s.push("v2", name)
    bring_to_step(s, tester, "bad")
    tester.turn("rollback/open", "bad")
    s.wait_phase("Failed", 60, "bad")
    s.wait_phase("Succeeded", 90, "done")


def bring_to_runs(s, tester):
    """Each Canary to the gate that holds it."""
    for name in RUNNING:
        tester.turn("gate/close", name)
        s.push("v2", name)
    s.wait_phase("Waiting", 60, "wait")
    bring_to_step(s, tester, "step")
    s.wait_phase("WaitingPromotion", 90, "prom")


def bring_to_step(s, tester, name):
    tester.turn("gate/open", name)
    s.wait(f"{name} at weight 20", lambda: weight(s, name) == 20, 60)
    tester.turn("gate/close", name)


def templates(s, names):
    return {name: s.api.get("deployment", name, s.namespace)["spec"] for name in names}


def pods(s, name):
    query = ["kubectl", "-n", s.namespace, "get", "pods", "-l", f"app={name}-primary", "-o", "json"]
    found = json.loads(subprocess.run(query, capture_output=True, text=True, check=True).stdout)
    return sorted(pod["metadata"]["uid"] for pod in found["items"])


def picture(s):
    """What must not change at rest: the specs of all objects, the pods, the Canary's status."""
    names = [f"{name}{suffix}" for name in AT_REST for suffix in ("", "-primary")]
    return {
        "workloads": templates(s, names),
        "services": {
            f"{name}{suffix}": s.api.get("service", f"{name}{suffix}", s.namespace)["spec"]
            for name in AT_REST
            for suffix in ("", "-primary", "-canary")
        },
        "ingresses": {name: s.api.get("ingress", f"{name}-canary", s.namespace)["spec"] for name in AT_REST},
        "weights": {name: weight(s, name) for name in AT_REST},
        "pods": {name: pods(s, name) for name in AT_REST},
        "hashes": {
            name: {k: v for k, v in status(s, name).items() if k in ("phase", "lastAppliedSpec", "lastPromotedSpec")}
            for name in AT_REST
        },
        "copy": s.api.get("configmap", "settings-primary", s.namespace)["data"],
    }


def check_rest(s, before):
    """Only metadata, and one Release each."""
    start.settle(s, QUIET)
    after = picture(s)
    for part, value in before.items():
        s.check(after[part] == value, f"at rest nothing of the {part} is changed", f"{value} became {after[part]}")
    for name in AT_REST:
        s.check(len(s.world.releases(name)) == 1, f"{name}: no run starts", len(s.world.releases(name)))
        spec = s.world.find("release", f"{name}-1")["spec"]
        s.check(spec["cause"] == "adopted", f"{name}: the Release says where it comes from", spec["cause"])
        primary = s.api.get("deployment", f"{name}-primary", s.namespace)["metadata"]
        s.check(not primary.get("ownerReferences"), f"{name}: the primary outlives its Canary", primary)


def check_refused(s):
    refused = audit.refused(s.agents[0].user)
    s.check(not refused, "the agent was refused nothing", refused)


def check_runs(s, tester):
    """What was under way goes on where it was, and no step twice."""
    s.check(weight(s, "step") == 20, "the weight stays where it was", weight(s, "step"))
    s.check(weight(s, "prom") == 40, "so it does before the promotion", weight(s, "prom"))
    s.check(status(s, "prom").get("phase") == "WaitingPromotion", "it still waits", status(s, "prom"))
    s.check(s.world.replicas("wait") == 0, "nothing is scaled up before its gate", s.world.replicas("wait"))
    for name in RUNNING:
        tester.turn("gate/open", name)
    for name in RUNNING:
        s.wait_outcome(f"{name}-2", "promoted", 150)
        s.wait_phase("Succeeded", 30, name)
        s.check(s.world.image(f"{name}-primary") == "app:v2", f"{name}: v2 is promoted", s.world.image(f"{name}-primary"))
    for name, steps in {"wait": [20, 40], "step": [20, 40], "prom": [40]}.items():
        seen = [one for _, one in s.world.canary_weights(f"{name}-canary")]
        seen = seen[max(i for i, one in enumerate(seen) if one == steps[0]) :] if steps[0] in seen else seen
        s.check(seen == steps + [0], f"{name}: each weight once, in order", seen)


def check_config(s):
    """A config of a canary that was adopted at rest changes: it is analysed, and noted as Flagger would."""
    s.api.merge("configmap", "settings", s.namespace, {"data": {"colour": "blue"}})
    s.wait_outcome("done-2", "promoted", 90)
    s.wait_phase("Succeeded", 30, "done")
    noted = status(s, "done").get("trackedConfigs")
    s.check(noted == {"configmap/settings": BLUE}, "what Flagger looks for is in the status", noted)


def check_back(s, flagger, names):
    """Flagger again: no run, whoever released what is there."""
    keys = ("phase", "lastAppliedSpec", "lastPromotedSpec", "trackedConfigs")
    before = {name: status(s, name) for name in names}
    flagger.start()
    start.settle(s, QUIET)
    for name, old in before.items():
        after = status(s, name)
        s.check(all(old.get(key) == after.get(key) for key in keys), f"{name}: no run after the agent", f"{old} {after}")
        s.check(s.world.replicas(name) == 0, f"{name}: its target rests", s.world.replicas(name))


def check_new(s, name):
    """… until there is something new."""
    s.push("v3", name)
    s.wait_phase("Progressing", 60, name)
    s.wait(f"{name} at weight 20", lambda: weight(s, name) == 20, 60)


def begin(s, tester, flagger, names):
    """The applications, initialised by Flagger, each under load."""
    for name in names:
        application(s, name)
        tester.turn("gate/open", name)
    for name in names:
        s.wait(f"{name} is available", lambda n=name: s.world.is_available(n, 2), 30)
    flagger.start()
    s.create(*[canary(s, name) for name in names])
    for name in names:
        s.wait_phase("Initialized", 90, name)
    for name in names:
        start.answered(s, 30, name)
    return {name: s.load_ingress(name, rate=15) for name in names}


def take_over(s, names):
    """Started beside nothing: each canary has its first Release."""
    agent = own_agent(s, s.namespace).wait_ready()
    for name in names:
        s.wait(f"{name} is adopted", lambda n=name: s.world.outcome(f"{n}-1") == "promoted", 90)
    return agent


def with_flagger(s, names, play):
    tester, flagger = Tester(s, PORTS[s.namespace]), Flagger(s)
    try:
        install.install_for_namespace(s.namespace)
        settings = objects.item("v1", "ConfigMap", s.namespace, "settings", None) | {"data": {"colour": "red"}}
        s.create(settings)
        loads = begin(s, tester, flagger, names)
        play(tester, flagger)
        for name, load in loads.items():
            s.check_load(load, name)
    finally:
        flagger.stop()
        tester.stop()


@scenario("adopt-rest", "from the real Flagger 1.44 at rest, and back to it", OWN)
def adopt_rest(s):
    def play(tester, flagger):
        bring_to_rest(s, tester)
        flagger.stop()
        before = picture(s)
        agent = take_over(s, AT_REST)
        check_rest(s, before)
        check_config(s)
        check_refused(s)
        agent.stop()
        check_back(s, flagger, AT_REST)
        check_new(s, "fresh")

    with_flagger(s, AT_REST, play)


@scenario("adopt-runs", "from the real Flagger 1.44 in mid-run, and back to it at rest", OWN)
def adopt_runs(s):
    def play(tester, flagger):
        bring_to_runs(s, tester)
        flagger.stop()
        agent = take_over(s, RUNNING)
        check_runs(s, tester)
        check_refused(s)
        agent.stop()
        check_back(s, flagger, RUNNING)

    with_flagger(s, RUNNING, play)
