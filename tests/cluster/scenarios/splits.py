"""TrafficSplits by their real definition, on a real API server; no proxy of Linkerd's or OSM's can be had here."""

import os
import subprocess

import agent
import install
import objects
from api import Watch
from scenario import OWN, scenario
from scenarios import start
from scenarios.bookinfo import splits_of
from world import Failure

COMPONENTS = "components: [{0}/components/smi, {0}/components/observe]\n"
VERSION = "split.smi-spec.io/v1alpha2"
STEPS = [30, 60]


def define():
    """The cluster serves them from now on: for agents of one namespace alone, others run no more."""
    path = os.environ.get("SPLITS_CRD", "")
    if not os.path.exists(path):
        raise Failure("the kit has no definition of TrafficSplits: it could not be had, see the kit's first lines")
    subprocess.run(["kubectl", "apply", "-f", path], check=True, stdout=subprocess.DEVNULL)
    wait = ["kubectl", "wait", "--for=condition=Established", "--timeout=30s", "crd/trafficsplits.split.smi-spec.io"]
    subprocess.run(wait, check=True, stdout=subprocess.DEVNULL)


def backends(v1, v2):
    return [{"service": "bookstore-v1", "weight": v1}, {"service": "bookstore-v2", "weight": v2}]


def by_hand(s, one):
    """The bookstore of OSM's demo: 100 to 0, then 90 to 10."""
    spec = {"service": f"bookstore.{s.namespace}", "backends": backends(100, 0)}
    item = objects.item(VERSION, "TrafficSplit", s.namespace, "bookstore-split", spec)
    item["metadata"]["annotations"] = {"serin.dev/observe": "true"}
    s.create(item)
    s.api.merge("trafficsplit", "bookstore-split", s.namespace, {"spec": {"backends": backends(90, 10)}}, "jane")
    wanted = ("jane", {"bookstore-v1": ("90", 0.9), "bookstore-v2": ("10", 0.1)})
    s.wait("both are recorded", lambda: splits_of(s, one, "bookstore-split")[:1] == [wanted], 20)


def weights_of(seen):
    """The canary's weight as it changed; who has no other is the primary."""
    steps = []
    for item in seen:
        found = {backend["service"]: backend["weight"] for backend in item["spec"]["backends"]}
        if not steps or steps[-1] != found:
            steps.append(found)
    return steps


@scenario("osm", "OSM's objects: a TrafficSplit by weights, and one that somebody else keeps", OWN, has_mesh=True)
def by_splits(s):
    define()
    install.install_for_namespace(s.namespace, COMPONENTS.format(install.relative_manifests(s.namespace)))
    one = agent.Agent(s.namespace, s.namespace, more=("--observe",))
    s.agents.append(one)
    seen = []
    watch = Watch(s.api, "trafficsplit", s.namespace, lambda kind, change, item: seen.append((change, item)))
    one.start().wait_ready()
    by_hand(s, one)
    start.app(s, with_ingress=False)
    analysis = {"stepWeights": STEPS, "metrics": []}
    start.initialised(s, objects.canary(s.namespace, provider="osm", analysis=analysis))
    s.push("v2")
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    mine = [item for _, item in seen if item["metadata"]["name"] == "app"]
    roots = {item["spec"]["service"] for item in mine}
    s.check(roots == {f"app.{s.namespace}"}, "the root is name and namespace", roots)
    wanted = [{"app-canary": weight, "app-primary": 100 - weight} for weight in [0] + STEPS + [0]]
    s.check(weights_of(mine) == wanted, "each weight once, in order", weights_of(mine))
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)
    s.check(s.api.get("trafficsplit", "app", s.namespace) is None, "the TrafficSplit is gone")
    kept = s.api.get("trafficsplit", "bookstore-split", s.namespace)["spec"]["backends"]
    s.check(kept == backends(90, 10), "the other is as it was", kept)
    watch.stop()
    # What goes while no agent runs is told by the next one.
    one.stop()
    s.api.delete("trafficsplit", "bookstore-split", s.namespace)
    one.start().wait_ready()
    s.wait("its end is recorded", lambda: splits_of(s, one, "bookstore-split")[:1] == [(None, {})], 20)
