"""Canaries that are edited from one strategy to the next, as Flagger's own scripts do (metric-providers.md 5.2)."""

import os

import objects
from load import ask
from scenario import scenario
from scenarios import gateway, istio, start
from scenarios.gates import Tester
from scenarios.mesh import answering, in_mesh

PORTS = {"istio-life": 9192, "gateway-smoke": 9193, "linkerd": 9194}
ERRORS = """100 * sum(rate(istio_requests_total{reporter="{{ variables.reporter }}", response_code=~"5.*",
  destination_workload_namespace="{{ namespace }}", destination_workload="{{ target }}"}[{{ interval }}])) /
  sum(rate(istio_requests_total{reporter="{{ variables.reporter }}", destination_workload="{{ target }}",
  destination_workload_namespace="{{ namespace }}"}[{{ interval }}])) or vector(0)"""
APPLICATION = """100 * sum(rate(http_requests_total{namespace="{{ namespace }}", status!~"5.*"}[{{ interval }}])) /
  sum(rate(http_requests_total{namespace="{{ namespace }}"}[{{ interval }}]))"""


def hook(s, kind, path="", **metadata):
    one = {"name": kind, "type": kind, "url": f"http://127.0.0.1:{PORTS[s.namespace]}/{path}", "timeout": "10s"}
    return one | ({"metadata": metadata} if metadata else {})


def asking(s, tester, service, name):
    """A command that asks the Service and keeps which version answered."""
    return f"loadgen -json -service {s.namespace}/{service} -count 5 >>{tester.folder}/{name}"


NAMED = [{"name": "http", "containerPort": 8080}, {"name": "grpc", "containerPort": 9999}]


def named_ports(s):
    """The Deployment with ports that have names."""
    item = objects.deployment(s.namespace)
    item["spec"]["template"]["spec"]["containers"][0]["ports"] = NAMED
    s.create(item)
    s.wait("app is available", lambda: s.world.is_available("app", 2), 30)


def edit(s, service, analysis):
    """Another strategy for the same Canary; what it had and has no more goes."""
    live = s.api.get("canary", "app", s.namespace)["spec"]
    gone = {key: None for key in live["analysis"] if key not in analysis}
    s.api.merge("canary", "app", s.namespace, {"spec": {"service": service, "analysis": {**gone, **analysis}}})


def push(s, version):
    """A new image; the ports stay."""
    containers = [{"name": "app", "image": f"app:{version}", "ports": NAMED}]
    s.api.merge("deployment", "app", s.namespace, {"spec": {"template": {"spec": {"containers": containers}}}})


def promote(s, version, release, row):
    push(s, version)
    promoted(s, version, release, row)


def promoted(s, version, release, row):
    s.wait_outcome(release, "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == f"app:{version}", f"the primary runs {version}", row=row)


ROWS = ("I1", "I2", "I3", "I4")


@scenario("istio-life", "Istio: one Canary by weights, then blue/green on another port, then A/B", has_mesh=True, rows=ROWS)
def on_istio(s):
    tester = Tester(s, PORTS[s.namespace])
    try:
        life_on_istio(s, tester)
    finally:
        tester.stop()


def life_on_istio(s, tester):
    s.create(objects.metric_template(s.namespace, "errors", ERRORS, os.environ["PROMETHEUS_URL"]))
    errors = objects.custom_metric("errors", "errors", variables={"reporter": "destination"}, max=5)
    apex = {"annotations": {"test": "annotation-test"}, "labels": {"test": "label-test"}}
    base = {"interval": "10s", "threshold": 3, "metrics": [errors, objects.SUCCESS]}
    service = {"port": 8080, "targetPort": 8080, "portDiscovery": True, "apex": apex}
    service["headers"] = {"request": {"add": {"x-envoy-upstream-rq-timeout-ms": "15000"}}}
    named_ports(s)
    one = istio.canary(s, {**base, "stepWeight": 30, "maxWeight": 30}, **service)
    start.initialised(s, one)
    metadata = s.world.find("service", "app")["metadata"]
    s.check(metadata["annotations"].get("test") == "annotation-test", "the apex has the annotation", row="I1")
    s.check(metadata["labels"].get("test") == "label-test", "and the label", row="I1")
    s.check(s.world.selector("app") == "app-primary", "it selects the primary", row="I1")
    answering(s, istio.at_gateway(s))
    s.load(*istio.at_gateway(s), rate=40)
    promote(s, "v2", "app-2", "I2")
    smoke = hook(s, "pre-rollout", type="bash", cmd=asking(s, tester, "app-canary", "smoke"))
    edit(s, {"port": 80, "portName": "http", "targetPort": 8080}, {**base, "iterations": 2, "webhooks": [smoke]})
    beside = s.load("-url", os.environ["MESH_PROXY"], "-host", f"app-canary.{s.namespace}", rate=20)
    promote(s, "v3", "app-3", "I3")
    beside.stop()
    s.check('"v3":5' in "".join(tester.lines("smoke")).replace(" ", ""), "the hook reached v3", row="I3")
    ports = [port["port"] for port in s.world.find("service", "app-canary")["spec"]["ports"]]
    s.check(80 in ports and 9999 in ports, "the port and the one that was discovered", ports, row="I3")
    insiders = istio.at_gateway(s) + ("-cookie", "type=insider")
    done = hook(s, "post-rollout", type="bash", cmd=f"date +%s >>{tester.folder}/post-rollout")
    gates = [hook(s, "confirm-promotion", "gate/approve"), done]
    match = [{"headers": {"cookie": {"regex": r"^(.*;\s*)?(type=insider)(;.*)?$"}}}]
    analysis = {**base, "iterations": 2, "match": match, "webhooks": gates}
    edit(s, {"targetPort": "http"}, analysis)
    push(s, "v4")
    text = "the cookie's holders are on v4"
    start.until_answers(text, 60, (*insiders, "-count", "20"), lambda counts: counts["versions"] == {"v4": 20})
    asked = s.load(*insiders, "-fresh", rate=40)
    promoted(s, "v4", "app-4", "I4")
    s.check_load(asked, "with the cookie")
    s.wait("the hook after it", lambda: tester.lines("post-rollout"), 20)
    counts = ask(*istio.at_gateway(s), "-count", "100")
    s.check(counts["versions"] == {"v4": 100}, "v4 for all", counts, row="I4")


@scenario("gateway-smoke", "HTTPRoute blue/green with a smoke test of the canary's Service", has_mesh=True, rows=("G3",))
def on_gateway(s):
    tester = Tester(s, PORTS[s.namespace])
    try:
        s.create(objects.metric_template(s.namespace, "application", APPLICATION, os.environ["PROMETHEUS_URL"]))
        metrics = [objects.custom_metric("application", "application", min=99)]
        smoke = hook(s, "pre-rollout", type="bash", cmd=asking(s, tester, "app-canary", "smoke"))
        analysis = {"iterations": 5, "interval": "10s", "metrics": metrics, "webhooks": [smoke]}
        gateway.begin(s, gateway.canary(s, analysis), gateway.at_gateway(s))
        load = s.load(*gateway.at_gateway(s), rate=30)
        s.check(s.world.find("httproute", "app"), "the HTTPRoute is there", row="G3")
        promote(s, "v2", "app-2", "G3")
        s.check('"v2":5' in "".join(tester.lines("smoke")).replace(" ", ""), "the hook reached v2", row="G3")
        s.check_load(load, "throughout")
    finally:
        tester.stop()


ANSWERED = """100 * sum(rate(istio_requests_total{reporter="{{ variables.direction }}", response_code!~"5.*",
  destination_workload_namespace="{{ namespace }}", destination_workload="{{ target }}"}[{{ interval }}])) /
  sum(rate(istio_requests_total{reporter="{{ variables.direction }}", destination_workload="{{ target }}",
  destination_workload_namespace="{{ namespace }}"}[{{ interval }}]))"""


def on_linkerd(s, analysis, **more):
    """No proxy of Linkerd's can be had here: its HTTPRoute on the Service is the one that Istio's mesh reads, too."""
    s.create(objects.metric_template(s.namespace, "answered", ANSWERED, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.custom_metric("answered", "answered", variables={"direction": "source"}, min=99)]
    # Linkerd answers for the group "core", too; istiod, which answers here, for "" alone.
    parent = {"group": "", "kind": "Service", "name": "app", "namespace": s.namespace}
    service = {"port": 80, "targetPort": 8080, "gatewayRefs": [parent]}
    start.app(s, with_ingress=False)
    whole = {"interval": "10s", "metrics": metrics, **analysis}
    start.initialised(s, objects.canary(s.namespace, provider="linkerd", analysis=whole, service=service, **more))
    answering(s, in_mesh(s))
    return s.load(*in_mesh(s), rate=40)


TITLE = "Linkerd's objects: an HTTPRoute on the Service, six steps, a hook, and a Canary without its target"


@scenario("linkerd", TITLE, has_mesh=True, rows=("L1", "L3"))
def linkerd(s):
    tester = Tester(s, PORTS[s.namespace])
    try:
        smoke = hook(s, "pre-rollout", type="bash", cmd=asking(s, tester, "app-canary", "smoke"))
        weights = [10, 20, 30, 40, 50, 60]
        load = on_linkerd(s, {"stepWeights": weights, "webhooks": [smoke]})
        s.check(s.world.selector("app") == "app-primary", "the apex selects the primary", row="L1")
        s.create(objects.canary(s.namespace, "nobody", "linkerd", {"stepWeights": weights}, service={"port": 80}))
        s.push("v2")
        s.wait_outcome("app-2", "promoted", 150)
        s.wait_phase("Succeeded", 20)
        s.check('"v2":5' in "".join(tester.lines("smoke")).replace(" ", ""), "the hook reached v2", row="L1")
        s.check(s.world.find("service", "nobody-canary") is None, "nothing is made without a target", row="L1")
        recorded = s.world.weights("app-2")
        s.check(recorded[: len(weights) + 1] == [0] + weights, "each of the steps", recorded, row="L3")
        s.check_load(load, "throughout")
    finally:
        tester.stop()


@scenario("linkerd-errors", "Linkerd's objects: rolled back by its errors", has_mesh=True, rows=("L2",))
def linkerd_errors(s):
    load = on_linkerd(s, {"stepWeights": [50], "threshold": 3})
    s.push("v2", annotations={"serin.test/error-percent": "40"})
    s.wait_outcome("app-2", "rolled_back", 90)
    s.wait_phase("Failed", 20)
    failed = s.world.status("app-2").get("counters", {}).get("failedChecks")
    s.check(failed == 3, "after three failed checks", failed, row="L2")
    counts = load.stop()
    s.check(set(counts["statuses"]) <= {"200", "500"}, "whatever failed was the app's", counts)
