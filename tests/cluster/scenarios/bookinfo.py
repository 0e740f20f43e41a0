"""Bookinfo's releases of `reviews` on Istio: first by hand, then by a Canary, with versions measured apart."""

import json
import os
import subprocess

import agent
import install
import objects
from load import CHANCE_MIN, ask, bad, chance
from scenario import OWN, scenario
from scenarios import start
from scenarios.istio import GATEWAY, at_gateway, canary, rules
from scenarios.mesh import answering, host

ISTIO = "networking.istio.io/v1beta1"
COMPONENT = "components: [{}/components/observe]\n"


def by_hand(s, manager, *weights):
    """A VirtualService of the user's own, written by that field manager."""
    names = zip(("v1", "v2"), weights)
    route = [{"destination": {"host": "reviews", "subset": name}, "weight": weight} for name, weight in names]
    spec = {"hosts": [host(s)], "gateways": [GATEWAY], "http": [{"route": route}]}
    item = objects.item(ISTIO, "VirtualService", s.namespace, "reviews", spec)
    item["metadata"]["annotations"] = {"serin.dev/observe": "true"}
    command = ["kubectl", "apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-"]
    subprocess.run(command, input=json.dumps(item), text=True, check=True, stdout=subprocess.DEVNULL)


def splits_of(s, one, name="reviews"):
    """What the agent's history tells, newest first: [(who, {backend: (weight, share)})]."""
    command = [agent.program(), "history", "--splits", name, "-n", s.namespace, "--file", one.history, "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = []
    for change in json.loads(done.stdout)["splits"]:
        backends = change["rules"][0]["backends"] if change["rules"] else []
        found.append((change["by"], {b["name"]: (b["weight"], b["share"]) for b in backends}))
    return found


def version_of_reviews(s, version):
    """One Deployment for each version, as GitLab's pipeline makes them."""
    item = objects.deployment(s.namespace, version, f"reviews-{version}")
    labels = {"app": "reviews", "version": version}
    item["spec"]["selector"]["matchLabels"] = labels
    item["spec"]["template"]["metadata"]["labels"] = labels
    s.create(item)
    s.wait(f"{version} is available", lambda: s.world.is_available(f"reviews-{version}", 2), 30)


def check_recorded(s, one, number, who, wanted):
    """The newest split in the history, row NUMBER."""
    s.wait(f"{wanted} is recorded", lambda: splits_of(s, one)[:1] == [(who, wanted)], 15)
    s.check(splits_of(s, one)[:1] == [(who, wanted)], "recorded with weights, shares and author", row=number)


@scenario(
    "by-hand",
    "Bookinfo's reviews weighed by hand, without a Canary: requests follow, and who changed what is recorded",
    OWN,
    has_mesh=True,
    rows=(36, 37, 54),
)
def without_canary(s):
    component = COMPONENT.format(install.relative_manifests(s.namespace))
    install.install_for_namespace(s.namespace, component)
    one = agent.Agent(s.namespace, s.namespace, more=("--observe",))
    s.agents.append(one)
    one.start().wait_ready()
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    s.create(objects.service(s.namespace, "reviews"))
    s.create(objects.item(ISTIO, "DestinationRule", s.namespace, "reviews", {"host": "reviews", "subsets": subsets}))
    version_of_reviews(s, "v1")
    by_hand(s, "gitlab", 100)
    answering(s, at_gateway(s))
    version_of_reviews(s, "v2")
    start.settle(s, 1)
    counts = ask(*at_gateway(s), "-count", "500")
    s.check(counts["versions"] == {"v1": 500}, "v2 runs and gets no request", counts, row=36)
    check_recorded(s, one, 36, "gitlab", {"reviews/v1": ("100", 1)})
    by_hand(s, "jane", 90, 10)
    check_recorded(s, one, 37, "jane", {"reviews/v1": ("90", 0.9), "reviews/v2": ("10", 0.1)})
    start.settle(s, 1)
    counts = ask(*at_gateway(s), "-count", "5000", "-clients", "8")
    seen = counts["versions"].get("v2", 0)
    likely = chance(5000, seen, 0.1)
    s.check(likely >= CHANCE_MIN and bad(counts) == 0, "samples are near 9 to 1", f"{seen}, p {likely:.1e}", row=37)
    by_hand(s, "somebody-else", 50, 50)
    check_recorded(s, one, 54, "somebody-else", {"reviews/v1": ("50", 0.5), "reviews/v2": ("50", 0.5)})
    s.check(len(splits_of(s, one)) == 3, "three changes, each once", splits_of(s, one))
    s.note(f"{seen} of 5000 on v2 at 90 to 10, p {likely:.3f}")


PRIMARY = """histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{
  reporter="destination", destination_workload_namespace="{{ namespace }}",
  destination_workload="{{ target }}-primary"}[{{ interval }}])) by (le))"""


@scenario(
    "bookinfo",
    "Bookinfo's reviews v1, v2, v3 on Istio by a Canary: canary and primary measured apart, three versions in history",
    has_mesh=True,
    rows=(40, 42),
)
def reviews(s):
    s.create(objects.metric_template(s.namespace, "primary", PRIMARY, os.environ["PROMETHEUS_URL"]))
    slow = objects.metric("request-duration", max=1000)
    metrics = [objects.SUCCESS, slow, objects.custom_metric("primary", "primary", max=1000)]
    start.app(s, with_ingress=False)
    start.initialised(s, canary(s, {"stepWeights": [50], "interval": "10s", "metrics": metrics}))
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=60)
    s.push("v2", annotations={"serin.test/delay-ms": "30"})
    s.wait_outcome("app-2", "promoted", 90)
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    s.push("v3", annotations={"serin.test/delay-ms": "300"})
    s.wait_outcome("app-3", "promoted", 90)
    values = {check["name"]: check.get("value") for check in s.world.status("app-3").get("checks", [])}
    apart = (values.get("primary") or 999) <= 250 < (values.get("request-duration") or 0)  # a bucket's bound
    s.check(apart, "v3 takes 300 ms and v2 30, each by its own series", values, row=42)
    command = [agent.program(), "history", "app", "-n", s.namespace, "--all", "-o", "json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["releases"]
    images = [(one["fromImage"], one["toImage"], one["outcome"]) for one in told]
    wanted = [("app:v2", "app:v3", "promoted"), ("app:v1", "app:v2", "promoted"), (None, "app:v1", "promoted")]
    s.check(images == wanted, "three versions in the history", images, row=40)
    s.check_load(load, "from v1 to v3")


def has_match(s):
    return any(rule.get("match") for rule in rules(s))


@scenario(
    "jason",
    "Bookinfo's jason on Istio: what is slow for one user is seen by the latency check, and by that user alone",
    has_mesh=True,
    rows=(41,),
)
def one_user(s):
    match = [{"headers": {"end-user": {"exact": "jason"}}}]
    analysis = {"iterations": 3, "match": match, "metrics": [objects.SUCCESS, objects.DURATION]}
    start.app(s, with_ingress=False)
    start.initialised(s, canary(s, analysis))
    answering(s, at_gateway(s))
    others = s.load(*at_gateway(s), rate=40)
    jason = s.load(*at_gateway(s), "-header", "end-user:jason", "-timeout", "20s", rate=4)
    s.push("v2", annotations={"serin.test/delay-ms": "7000"})
    s.wait("jason is matched", lambda: has_match(s), 60)
    s.wait_outcome("app-2", "rolled_back", 90)
    reason = s.world.status("app-2").get("reason", "")
    s.check("request duration" in reason and "> 500ms" in reason, "the decision names the sample", reason, row=41)
    counts = others.stop()
    slow = counts["versions"].get("v2", 0)
    s.check(slow == 0 and bad(counts) == 0, "nobody else saw it", f"{slow} on v2, {bad(counts)} failed", row=41)
    s.check(jason.stop()["versions"].get("v2", 0) > 0, "jason did", jason.stop(), row=41)
    s.note(f"rolled back: {reason}")
