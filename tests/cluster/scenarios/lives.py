"""Canaries that are edited from one strategy to the next, as Flagger's own scripts do (metric-providers.md 5.2)."""

import os

import objects
from scenario import scenario
from scenarios import gateway, istio, start
from scenarios.gates import Tester
from scenarios.mesh import answering

PORTS = {"istio-life": 9192, "gateway-smoke": 9193}
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


def promote(s, version, release, row):
    containers = [{"name": "app", "image": f"app:{version}", "ports": NAMED}]
    s.api.merge("deployment", "app", s.namespace, {"spec": {"template": {"spec": {"containers": containers}}}})
    s.wait_outcome(release, "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == f"app:{version}", f"the primary runs {version}", row=row)


ROWS = ("I1", "I2", "I3")


@scenario("istio-life", "Istio: one Canary by weights, then blue/green on another port", has_mesh=True, rows=ROWS)
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
