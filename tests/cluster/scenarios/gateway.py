"""The Gateway API: real requests through Envoy at a Gateway and at a Service of the mesh, under istiod."""

import os
import time

import objects
from load import ask
from scenario import scenario
from scenarios import start
from scenarios.mesh import (
    CALL,
    HOLD,
    STEPS,
    answering,
    check_only_the_app_fails,
    check_share,
    host,
    in_mesh,
    run_sticky,
    sticky,
)

PARENT = {"name": "gwapi", "namespace": "istio-system"}
GONE = 90


def at_gateway(s):
    return ("-url", os.environ["GWAPI_URL"], "-host", host(s))


def canary(s, analysis, parent=None, **service):
    whole = {"port": 80, "targetPort": 8080, "gatewayRefs": [parent or PARENT], **service}
    if not parent:
        whole["hosts"] = [host(s)]
    return objects.canary(s.namespace, provider="gatewayapi", analysis=analysis, service=whole)


def route_of(s):
    return s.world.find("httproute", "app") or {}


def rules(s):
    return route_of(s).get("spec", {}).get("rules", [])


def weight_of(item):
    """The canary's weight in the first rule that leads to it."""
    for rule in item.get("spec", {}).get("rules", []):
        for ref in rule.get("backendRefs", []):
            if ref["name"] == "app-canary":
                return ref.get("weight", 1)
    return 0


def copies(item):
    found = [rule.get("filters", []) for rule in item.get("spec", {}).get("rules", [])]
    return [f["requestMirror"] for filters in found for f in filters if f["type"] == "RequestMirror"]


def weights(s):
    """The weights in the order in which they came."""
    steps = []
    for change in s.world.versions("httproute", "app"):
        if not steps or steps[-1] != weight_of(change.object):
            steps.append(weight_of(change.object))
    return steps


def hold(s):
    return s.hold(lambda: weight_of(route_of(s)))


def measure_share(s, weight, arguments):
    """Count where 5,000 requests go while the weight stands."""
    s.wait(f"the HTTPRoute at weight {weight}", lambda: weight_of(route_of(s)) == weight, 90)
    time.sleep(HOLD)
    check_share(s, weight, arguments)


def all_on(s, version, arguments, count=300):
    time.sleep(HOLD)
    counts = ask(*arguments, "-count", str(count))
    s.check(counts["versions"] == {version: count}, f"all traffic on {version}", counts)


def begin(s, one, arguments):
    start.app(s, with_ingress=False)
    start.initialised(s, one)
    answering(s, arguments)


ERRORS = """100 - sum(rate(istio_requests_total{reporter="source", destination_workload_namespace="{{ namespace }}",
  destination_workload="{{ target }}", response_code!~"5.*"}[{{ interval }}])) / sum(rate(istio_requests_total{
  reporter="source", destination_workload_namespace="{{ namespace }}", destination_workload="{{ target }}"}[
  {{ interval }}])) * 100"""
LATENCY = """histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{reporter="source",
  destination_workload_namespace="{{ namespace }}", destination_workload="{{ target }}"}[{{ interval }}])) by (le))"""
TITLE = "HTTPRoute by weights: v2 promoted, v3 rolled back by its errors, all of it removed"


@scenario("gateway", TITLE, has_mesh=True, rows=("G1", "G2"))
def by_weight(s):
    for name, query in (("errors", ERRORS), ("latency", LATENCY)):
        s.create(objects.metric_template(s.namespace, name, query, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.SUCCESS, objects.DURATION]
    metrics += [objects.custom_metric("error-rate", "errors", max=1), objects.custom_metric("p99", "latency", max=500)]
    analysis = {"stepWeights": STEPS, "interval": "20s", "metrics": metrics, "webhooks": hold(s)}
    begin(s, canary(s, analysis, timeout="30s"), at_gateway(s))
    s.check(s.world.find("httproute", "app"), "the HTTPRoute is there", row="G1")
    background = {"kept": s.load(*at_gateway(s), rate=40), "fresh": s.load(*at_gateway(s), "-fresh", rate=20)}
    s.push("v2")
    for weight in STEPS:
        measure_share(s, weight, at_gateway(s))
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.check(weights(s) == [0] + STEPS + [0], "weights of the HTTPRoute", weights(s))
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    checks = s.world.status("app-2").get("checks", [])
    passed = [check["name"] for check in checks if check["verdict"] == "pass"]
    s.check(passed[-2:] == ["error-rate", "p99"], "the templates were measured, and passed", checks, row="G1")
    all_on(s, "v2", at_gateway(s))
    for name, load in background.items():
        s.check_load(load, f"{name} connections, from v1 to v2")
    background = {"kept": s.load(*at_gateway(s), rate=40), "fresh": s.load(*at_gateway(s), "-fresh", rate=20)}
    s.push("v3", annotations={"serin.test/error-percent": "20"})
    s.wait_outcome("app-3", "rolled_back", 120)
    reason = s.world.status("app-3").get("reason", "")
    # Both see the errors, and are asked at once: the first answer that fails decides.
    named = ("success rate" in reason and "< 99%" in reason) or ("error-rate" in reason and "> 1" in reason)
    s.check(named, "the reason names check and bound", reason)
    s.wait_phase("Failed", 20)
    s.check(s.world.phase("app") == "Failed", "phase Failed", s.world.phase("app"), row="G2")
    s.note(f"rolled back: {reason}")
    all_on(s, "v2", at_gateway(s))
    for name, load in background.items():
        check_only_the_app_fails(s, load.stop(), f"{name} connections, with v3: no failure but v3's own")
    s.push("v2")  # a target that was rolled back would not get clients back
    s.api.delete("canary", "app", s.namespace)
    s.wait("the HTTPRoute is gone", lambda: s.world.find("httproute", "app") is None, GONE)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)


@scenario("gateway-match", "HTTPRoute A/B by header, cookie and query", has_mesh=True, rows=("G4",))
def by_match(s):
    match = [
        {"headers": {"x-canary": {"exact": "insider"}}},
        {"headers": {"cookie": {"regex": r"^(.*;\s*)?(usertype=tester)(;.*)?$"}}},
        {"queryParams": {"v": {"exact": "next"}}},
    ]
    analysis = {"iterations": 4, "threshold": 2, "match": match, "metrics": [objects.SUCCESS], "webhooks": hold(s)}
    begin(s, canary(s, analysis, match=[{"uri": {"prefix": "/"}}]), at_gateway(s))
    load = s.load(*at_gateway(s), rate=20)
    matched = s.load(*at_gateway(s), "-cookie", "usertype=tester", rate=20)
    s.push("v2")
    s.wait("the HTTPRoute gives the matching requests", lambda: weight_of(route_of(s)) == 100, 60)
    users = [
        ("a header", ("-header", "x-canary:insider"), "v2"),
        ("another header", ("-header", "x-canary:outsider"), "v1"),
        ("the cookie", ("-cookie", "usertype=tester"), "v2"),
        ("the cookie behind another", ("-header", "Cookie:a=b; usertype=tester; c=d"), "v2"),
        ("another cookie", ("-cookie", "usertype=other"), "v1"),
        ("a query", ("-path", "/?v=next"), "v2"),
        ("nobody", (), "v1"),
    ]
    for name, said, version in users:
        arguments = (*at_gateway(s), *said)
        text = f"{name} is on {version}"
        start.until_answers(text, 15, (*arguments, "-count", "40"), lambda c, v=version: c["versions"] == {v: 40})
        counts = ask(*arguments, "-count", "300")
        s.check(counts["versions"] == {version: 300}, f"{name} is answered by {version}", counts, row="G4")
    s.check_stood(100, "the rule")
    s.wait_outcome("app-2", "promoted", 120)
    all_on(s, "v2", at_gateway(s))
    s.check_load(load, "without a match")
    s.check_load(matched, "with a match")


@scenario("gateway-adopt", "The user's own HTTPRoute: only our weights move, and it is given back", has_mesh=True)
def adopted(s):
    redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "else.example.com", "statusCode": 302}}
    own = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-user", "value": "yes"}]}}
    spec = {
        "parentRefs": [PARENT],
        "hostnames": [host(s)],
        "rules": [
            {"matches": [{"path": {"type": "Exact", "value": "/old"}}], "filters": [redirect]},
            {"filters": [own], "timeouts": {"request": "9s"}, "backendRefs": [{"name": "app", "port": 80}]},
        ],
    }
    start.app(s, with_ingress=False, with_service=True)
    s.create(objects.item("gateway.networking.k8s.io/v1", "HTTPRoute", s.namespace, "app", spec))
    answering(s, at_gateway(s))
    before = route_of(s)["spec"]  # with the API's defaults
    load = s.load(*at_gateway(s), rate=40)
    analysis = {"stepWeights": [30], "interval": "20s", "metrics": [objects.SUCCESS], "webhooks": hold(s)}
    one = objects.canary(s.namespace, provider="gatewayapi:v1", analysis=analysis)
    one["spec"]["routeRef"] = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "name": "app"}
    start.initialised(s, one)
    s.push("v2")
    measure_share(s, 30, at_gateway(s))
    s.check(rules(s)[0] == before["rules"][0], "a rule that is not ours", rules(s)[0])
    kept = {key: value for key, value in rules(s)[1].items() if key != "backendRefs"}
    was = {key: value for key, value in before["rules"][1].items() if key != "backendRefs"}
    s.check(kept == was, "what the user says of our rule", kept)
    s.wait_outcome("app-2", "promoted", 120)
    s.api.delete("canary", "app", s.namespace)
    s.wait("it is given back", lambda: route_of(s).get("spec") == before, GONE)
    s.wait("the primary is gone", lambda: s.world.find("deployment", "app-primary") is None, GONE)
    metadata = route_of(s)["metadata"]
    s.check(not metadata.get("annotations") and not metadata.get("labels"), "nothing of ours is left", metadata)
    s.check_load(load, "from the user's to the user's")


@scenario("gateway-mirror", "HTTPRoute with a step of copies before the first weight", has_mesh=True)
def mirrored(s):
    analysis = {"mirror": True, "mirrorWeight": 50, "stepWeights": [30], "interval": "20s", "metrics": [objects.SUCCESS]}
    analysis["webhooks"] = hold(s)
    begin(s, canary(s, analysis), at_gateway(s))
    load = s.load(*at_gateway(s), rate=40)
    s.push("v2")
    s.wait("copies are sent", lambda: copies(route_of(s)), 60)
    time.sleep(HOLD)
    s.check(copies(route_of(s))[0].get("percent") == 50, "half of them", copies(route_of(s)))
    counts = ask(*at_gateway(s), "-count", "300")
    s.check(counts["versions"] == {"v1": 300}, "users are answered by v1", counts)
    measure_share(s, 30, at_gateway(s))
    s.check(not copies(route_of(s)), "no copies beside a weight", copies(route_of(s)))
    s.wait_outcome("app-2", "promoted", 120)
    all_on(s, "v2", at_gateway(s))
    s.check_load(load, "throughout")


# The builtin check asks the application; calls that failed are told by the proxies, with HTTP's 200.
CALLS = """100 * sum(rate(istio_requests_total{reporter="source", destination_workload_namespace="{{ namespace }}",
  destination_workload="{{ target }}", grpc_response_status!~"2|4|12|13|14|15"}[{{ interval }}])) /
  sum(rate(istio_requests_total{reporter="source", destination_workload_namespace="{{ namespace }}",
  destination_workload="{{ target }}"}[{{ interval }}]))"""


@scenario("gateway-grpc", "GRPCRoute by weights: v2 promoted, v3 rolled back by calls that fail with status 200", has_mesh=True)
def by_call(s):
    def weight():
        return weight_of(s.world.find("grpcroute", "app") or {})

    calls = (*at_gateway(s), *CALL)
    # By its name the proxies know what the port speaks.
    s.create(objects.metric_template(s.namespace, "calls", CALLS, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.custom_metric("good calls", "calls", min=99)]
    analysis = {"stepWeights": [30], "interval": "15s", "metrics": metrics, "webhooks": s.hold(weight)}
    one = canary(s, analysis, portName="grpc")
    one["spec"]["routeRef"] = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute", "name": "app"}
    begin(s, one, calls)
    s.check(s.world.find("httproute", "app") is None, "no HTTPRoute is made")
    background = {"kept": s.load(*calls, rate=40), "fresh": s.load(*calls, "-fresh", rate=20)}
    s.push("v2")
    s.wait("the GRPCRoute at weight 30", lambda: weight() == 30, 60)
    time.sleep(HOLD)
    check_share(s, 30, calls)
    s.wait_outcome("app-2", "promoted", 90)
    all_on(s, "v2", calls)
    for name, load in background.items():
        s.check_load(load, f"{name} connections, from v1 to v2")
    load = s.load(*calls, rate=40)
    s.push("v3", annotations={"serin.test/error-percent": "20"})
    s.wait_outcome("app-3", "rolled_back", 90)
    reason = s.world.status("app-3").get("reason", "")
    s.check("good calls" in reason and "< 99" in reason, "the reason names check and bound", reason)
    s.note(f"rolled back: {reason}")
    all_on(s, "v2", calls)
    counts = load.stop()
    check_only_the_app_fails(s, counts, "no call fails but v3's own")


@scenario("gateway-service", "HTTPRoute on a Service of the mesh (GAMMA)", has_mesh=True)
def on_service(s):
    # With `port` the route would not reach the proxy that is asked here.
    parent = {"group": "", "kind": "Service", "name": "app", "namespace": s.namespace}
    analysis = {"stepWeights": [40], "interval": "20s", "metrics": [objects.SUCCESS], "webhooks": hold(s)}
    begin(s, canary(s, analysis, parent=parent), in_mesh(s))
    load = s.load(*in_mesh(s), rate=40)
    s.push("v2")
    measure_share(s, 40, in_mesh(s))
    s.wait_outcome("app-2", "promoted", 120)
    all_on(s, "v2", in_mesh(s))
    s.check_load(load, "throughout")


@scenario("gateway-late", "An HTTPRoute that no Gateway takes in: the run ends in time, and says why", has_mesh=True)
def not_taken(s):
    analysis = {"stepWeights": [40], "interval": "10s", "metrics": [objects.SUCCESS]}
    one = canary(s, analysis)
    begin(s, one, at_gateway(s))
    s.api.merge("canary", "app", s.namespace, {"spec": {"service": {"gatewayRefs": [{"name": "nobody"}]}}})
    s.wait("the HTTPRoute has the other parent", lambda: route_of(s)["spec"]["parentRefs"][0]["name"] == "nobody", 30)
    s.push("v2")
    s.wait_outcome("app-2", "rolled_back", 120)
    reason = s.world.status("app-2").get("reason", "")
    s.check("Gateway nobody has not answered" in reason, "the reason names the Gateway", reason)
    s.note(reason)


STICKY = "HTTPRoute with session affinity: clients stay where they were sent, and go back"


@scenario("gateway-sticky", STICKY, has_mesh=True, rows=("G5",))
def kept_by_cookies(s):
    analysis = {"stepWeights": STEPS, "interval": "30s", "metrics": [objects.SUCCESS], "sessionAffinity": sticky()}
    begin(s, canary(s, analysis), at_gateway(s))

    def weighted():
        return rules(s)[-1]["backendRefs"][1].get("weight", 0) if rules(s) else 0

    def wait_for(weight):
        s.wait(f"the HTTPRoute at weight {weight}", lambda: weighted() == weight, 60)
        time.sleep(HOLD)

    run_sticky(s, at_gateway(s), wait_for, "G5")
