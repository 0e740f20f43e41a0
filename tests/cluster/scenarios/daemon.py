"""A DaemonSet as the target: it sleeps by a nodeSelector that no node has."""

import install
import objects
from scenario import scenario
from scenarios import start

NOWHERE = "flagger.app/scale-to-zero"


def daemon_set(s):
    """One pod: the template names its node, whose taints nobody takes off."""
    whole = objects.deployment(s.namespace)["spec"]
    whole["template"]["spec"]["tolerations"] = [{"operator": "Exists"}]
    spec = {key: whole[key] for key in ("selector", "template")}
    return objects.item("apps/v1", "DaemonSet", s.namespace, "app", spec)


def find(s, name):
    return s.api.get("daemonset", name, s.namespace)


def is_nowhere(s, name):
    return NOWHERE in (find(s, name)["spec"]["template"]["spec"].get("nodeSelector") or {})


def available(s, name):
    status = (find(s, name) or {}).get("status", {})
    observed = status.get("observedGeneration") == (find(s, name) or {}).get("metadata", {}).get("generation")
    return status.get("numberAvailable", 0) if observed else -1


def push(s, version):
    containers = [{"name": "app", "image": f"app:{version}"}]
    s.api.merge("daemonset", "app", s.namespace, {"spec": {"template": {"spec": {"containers": containers}}}})


def image(s, name):
    return find(s, name)["spec"]["template"]["spec"]["containers"][0]["image"]


def begin(s, provider, analysis, **fields):
    install.grant("daemonsets")
    s.create(daemon_set(s), objects.ingress(s.namespace))
    s.wait("its pod", lambda: available(s, "app") == 1, 30)
    canary = objects.canary(s.namespace, provider=provider, analysis=analysis, **fields)
    canary["spec"]["targetRef"]["kind"] = "DaemonSet"
    s.create(canary)
    s.wait_phase("Initialized", 60)
    s.wait("the target at rest", lambda: is_nowhere(s, "app") and available(s, "app") == 0, 30)


def removed(s):
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 90)
    s.check(find(s, "app-primary") is None, "the primary is gone")
    row = "K3" if "K3" in s.row.rows else None
    s.check(available(s, "app") == 1, "the target serves", available(s, "app"), row=row)
    s.check(not is_nowhere(s, "app"), "nothing keeps it from its nodes", row=row)
    selector = s.world.find("service", "app")["spec"]["selector"]
    s.check(selector == {"app": "app"}, "the apex selects it", selector, row=row)
    s.check(s.world.find("canary", "app") is None, "the Canary is gone", row=row)


@scenario("daemon-bluegreen", "a DaemonSet by iterations on kubernetes: promoted, and given back", rows=("K2", "K3"))
def by_iterations(s):
    begin(s, "kubernetes", {"iterations": 1, "metrics": []}, revertOnDeletion=True)
    s.check(s.world.phase("app") == "Initialized", "Initialized", s.world.phase("app"), row="K2")
    push(s, "v2")
    s.wait_outcome("app-2", "promoted", 90)
    s.check(image(s, "app-primary") == "app:v2", "the primary runs v2", image(s, "app-primary"), row="K2")
    place = f"app.{s.namespace}"
    s.check_messages([f"Advance {place} canary iteration 1/1"])
    finalizers = s.world.find("canary", "app")["metadata"].get("finalizers")
    s.check(finalizers == [objects.FINALIZER], "the finalizer stands", finalizers, row="K3")
    removed(s)


@scenario("daemon", "a DaemonSet is analysed and promoted, and no request is lost")
def daemon(s):
    begin(s, "nginx", {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]})
    s.check(not is_nowhere(s, "app-primary") and available(s, "app-primary") == 1, "the primary has its pod")
    start.answered(s)
    load = s.load_ingress(rate=20)
    push(s, "v2")
    s.wait_weight(30, 60)
    s.check(available(s, "app") == 1, "the canary's pod", available(s, "app"))
    s.wait_outcome("app-2", "promoted", 120)
    s.check(image(s, "app-primary") == "app:v2", "the primary runs v2", image(s, "app-primary"))
    s.check(is_nowhere(s, "app"), "the target is at rest again")
    s.check(not is_nowhere(s, "app-primary"), "the primary is not")
    start.settle(s, 12)
    s.check(len(s.world.releases("app")) == 2, "that it was told to have no pods starts no run")
    removed(s)
    s.check_load(load, "throughout")
