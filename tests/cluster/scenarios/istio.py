"""Istio: real requests through Envoy at a gateway and in the mesh, under istiod."""

import json
import os
import subprocess
import time

import objects
from load import ask, bad
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

GATEWAY = "istio-system/public"


def at_gateway(s):
    return ("-url", os.environ["GATEWAY_URL"], "-host", host(s))


def canary(s, analysis, gateways=(GATEWAY,), **service):
    whole = {"port": 80, "targetPort": 8080, "hosts": [host(s)], "gateways": list(gateways), **service}
    return objects.canary(s.namespace, provider="istio", analysis=analysis, service=whole)


def rules(s):
    return (s.world.find("virtualservice", "app") or {}).get("spec", {}).get("http", [])


def weight_of(item):
    """The canary's share in the first rule that leads to it."""
    for rule in item.get("spec", {}).get("http", []):
        for entry in rule.get("route", []):
            if entry["destination"]["host"].startswith("app-canary"):
                return entry.get("weight", 0)
    return 0


def weights(s):
    """[(time, weight)] as it changed."""
    steps = []
    for change in s.world.versions("virtualservice", "app"):
        if not steps or steps[-1][1] != weight_of(change.object):
            steps.append((change.at, weight_of(change.object)))
    return steps


def hold(s):
    return s.hold(lambda: weight_of(s.world.find("virtualservice", "app") or {}))


def wait_weight(s, weight, seconds=60):
    text = f"the VirtualService at weight {weight}"
    s.wait(text, lambda: weight_of(s.world.find("virtualservice", "app") or {}) == weight, seconds)
    time.sleep(HOLD)


def measure_share(s, weight, arguments):
    """Count where 5,000 requests go while the weight stands."""
    wait_weight(s, weight, 90)
    check_share(s, weight, arguments)


def begin(s, one):
    start.app(s, with_ingress=False)
    start.initialised(s, one)


def loads(s):
    """Kept and fresh connections."""
    return {
        "kept": s.load(*at_gateway(s), rate=40),
        "fresh": s.load(*at_gateway(s), "-fresh", rate=20),
    }


@scenario("istio", "Istio by weights: v2 promoted, v3 rolled back by its errors, all of it removed", has_mesh=True)
def by_weight(s):
    analysis = {"stepWeights": STEPS, "interval": "20s", "metrics": [objects.SUCCESS, objects.DURATION]}
    analysis["webhooks"] = hold(s)
    begin(s, canary(s, analysis, trafficPolicy={"connectionPool": {"http": {"http1MaxPendingRequests": 1024}}}))
    answering(s, at_gateway(s))
    background = loads(s)
    s.push("v2")
    for weight in STEPS:
        measure_share(s, weight, at_gateway(s))
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    moves = [weight for _, weight in weights(s)]
    s.check(moves == [0] + STEPS + [0], "weights of the VirtualService", moves)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    counts = ask(*at_gateway(s), "-count", "300")
    s.check(counts["versions"] == {"v2": 300}, "all traffic on v2", counts)
    for name, load in background.items():
        s.check_load(load, f"{name} connections, from v1 to v2")
    background = loads(s)
    s.push("v3", annotations={"serin.test/error-percent": "20"})
    s.wait_outcome("app-3", "rolled_back", 120)
    reason = s.world.status("app-3").get("reason", "")
    s.check("success rate" in reason and "< 99%" in reason, "the reason names check and bound", reason)
    s.note(f"rolled back: {reason}")
    recorded = s.world.weights("app-3")
    s.check(max(recorded) == STEPS[0], "v3 never had more than the first weight", recorded)
    time.sleep(HOLD)
    counts = ask(*at_gateway(s), "-count", "300")
    s.check(counts["versions"] == {"v2": 300}, "all traffic on v2 again", counts)
    for name, load in background.items():
        check_only_the_app_fails(s, load.stop(), f"{name} connections, with v3: no failure but v3's own")
    s.push("v2")  # a target that was rolled back would not get clients back
    s.api.delete("canary", "app", s.namespace)
    for kind, name in (("virtualservice", "app"), ("destinationrule", "app-primary"), ("destinationrule", "app-canary")):
        s.wait(f"{kind} {name} is gone", lambda kind=kind, name=name: s.world.find(kind, name) is None, 90)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)


BREAKER = {
    "outlierDetection": {"consecutive5xxErrors": 3, "interval": "1s", "baseEjectionTime": "2s", "maxEjectionPercent": 100, "minHealthPercent": 0}
}


@scenario("istio-breaker", "Istio with a breaker: pods that are ejected during the analysis count as failures", has_mesh=True, rows=(58,))
def with_breaker(s):
    analysis = {"stepWeights": [50], "interval": "10s", "threshold": 2, "metrics": [objects.SUCCESS]}
    begin(s, canary(s, analysis, trafficPolicy=BREAKER))
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=40)
    s.push("v2", annotations={"serin.test/error-percent": "100"})
    s.wait_outcome("app-2", "rolled_back", 90)
    reason = s.world.status("app-2").get("reason", "")
    s.check("success rate" in reason and "< 99%" in reason, "the reason names check and bound", reason, row=58)
    s.wait_recorded("app-2")
    found = [one for one in s.agents[0].report(s.namespace, "R13", "app-2") if one["kind"] == "metric"]
    s.check(found and all(one["result"] == "fail" and one["value"] < 99 for one in found), "R13: failures, not no_data", found, row=58)
    statuses = load.stop()["statuses"]
    s.check(statuses.get("503", 0) > 0, "the breaker opened: the proxy itself refused requests", statuses, row=58)
    s.note(f"row 58: {reason}; answers {statuses}; samples {[one['value'] for one in found]}")


@scenario("istio-skip", "Istio with skipAnalysis: v2 promoted at once, a broken v3 reaches nobody", has_mesh=True, rows=("I7", "I8"))
def skipped(s):
    one = canary(s, {"stepWeight": 50})
    one["spec"] |= {"skipAnalysis": True, "progressDeadlineSeconds": 10}
    begin(s, one)
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=20)
    s.push("v2")
    s.wait_outcome("app-2", "skipped", 40)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"), row="I7")
    start.until_answers("v2 for all", 20, (*at_gateway(s), "-count", "40"), lambda c: c["versions"] == {"v2": 40})
    s.push("v3", annotations={"serin.test/never-ready": "true"})  # as pods whose image is not there
    s.wait_outcome("app-3", "rolled_back", 60)
    s.wait_phase("Failed", 20)
    s.check(s.world.phase("app") == "Failed", "Failed", s.world.phase("app"), row="I8")
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"), row="I8")
    s.check(s.world.is_available("app-primary", 2), "its pods are ready", row="I8")
    counts = s.check_load(load, "throughout")
    s.check("v3" not in counts["versions"], "nobody saw v3", counts["versions"])


def check_users(s, arguments, users):
    """Each of the users, a name and what loadgen says of it, is answered by one version alone."""
    for name, said, version in users:
        text = f"{name} is on {version}"
        start.until_answers(text, 15, (*arguments, *said, "-count", "40"), lambda c, v=version: c["versions"] == {v: 40})
        counts = ask(*arguments, *said, "-count", "300")
        row = 55 if 55 in s.row.rows else None
        s.check(counts["versions"] == {version: 300}, f"{name} is answered by {version}", counts, row=row)


def has_match(s):
    return any(rule.get("match") for rule in rules(s)) and weight_of(s.world.find("virtualservice", "app")) == 100


@scenario("istio-match", "Istio A/B by header, cookie and query, at the gateway and in the mesh", has_mesh=True, rows=(55,))
def by_match(s):
    cookie = r"^(.*;\s*)?(usertype=tester)(;.*)?$"
    match = [
        {"headers": {"x-canary": {"exact": "insider"}}},
        {"headers": {"cookie": {"regex": cookie}}},
        {"queryParams": {"v": {"exact": "next"}}},
    ]
    analysis = {"iterations": 4, "threshold": 2, "match": match, "metrics": [objects.SUCCESS]}
    analysis["webhooks"] = s.hold(lambda: has_match(s))
    one = canary(s, analysis, (GATEWAY, "mesh"), match=[{"uri": {"prefix": "/"}}])
    begin(s, one)
    for arguments in (at_gateway(s), in_mesh(s)):
        answering(s, arguments)
    load = s.load(*at_gateway(s), rate=20)
    matched = s.load(*at_gateway(s), "-cookie", "usertype=tester", rate=20)
    s.push("v2")
    s.wait("the VirtualService matches", lambda: has_match(s), 60)
    users = [
        ("a header", ("-header", "x-canary:insider"), "v2"),
        ("another header", ("-header", "x-canary:outsider"), "v1"),
        ("the cookie", ("-cookie", "usertype=tester"), "v2"),
        ("the cookie behind another", ("-header", "Cookie:a=b; usertype=tester; c=d"), "v2"),
        ("another cookie", ("-cookie", "usertype=other"), "v1"),
        ("a cookie that begins so", ("-cookie", "usertype=tester2"), "v1"),
        ("a query", ("-path", "/?v=next"), "v2"),
        ("nobody", (), "v1"),
    ]
    for arguments in (at_gateway(s), in_mesh(s)):
        check_users(s, arguments, users)
    s.check_stood(True, "the rule")
    s.wait_outcome("app-2", "promoted", 120)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    time.sleep(HOLD)
    check_users(s, at_gateway(s), [("nobody", (), "v2"), ("the cookie", ("-cookie", "usertype=tester"), "v2")])
    s.check_load(load, "without a match")
    s.check(bad(matched.stop()) == 0, "with a match: no request fails", matched.stop())


ADOPT = "Istio on the user's own VirtualService: only our weights move, and it is given back"


@scenario("istio-adopt", ADOPT, has_mesh=True, rows=(56, "I6"))
def adopted(s):
    retries = {"attempts": 30, "perTryTimeout": "1s", "retryOn": "gateway-error,reset,5xx"}
    policy = {"connectionPool": {"tcp": {"maxConnections": 1000}}, "outlierDetection": {"baseEjectionTime": "1m"}}
    rule = {"host": "app", "trafficPolicy": policy}
    s.create(objects.item("networking.istio.io/v1beta1", "DestinationRule", s.namespace, "app", rule))
    spec = {
        "hosts": [host(s)],
        "gateways": [GATEWAY],
        "exportTo": ["*"],
        "http": [
            {"name": "old", "match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
            {"name": "app", "timeout": "9s", "retries": retries, "route": [{"destination": {"host": "app", "port": {"number": 80}}}]},
        ],
    }
    start.app(s, with_ingress=False, with_service=True)
    s.create(objects.item("networking.istio.io/v1beta1", "VirtualService", s.namespace, "app", spec))
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=40)
    analysis = {"stepWeights": [30], "interval": "20s", "metrics": [objects.SUCCESS], "webhooks": hold(s)}
    start.initialised(s, objects.canary(s.namespace, provider="istio", analysis=analysis, revertOnDeletion=True))
    s.push("v2")
    measure_share(s, 30, at_gateway(s))
    s.check(rules(s)[1].get("retries") == retries, "the retries are the user's", rules(s)[1], row=56)
    s.check(s.world.find("destinationrule", "app")["spec"] == rule, "so is the DestinationRule", row=56)
    s.check(rules(s)[0] == spec["http"][0], "a rule that is not ours", rules(s)[0])
    kept = {key: value for key, value in rules(s)[1].items() if key != "route"}
    s.check(kept == {"name": "app", "timeout": "9s", "retries": retries}, "what the user says of our rule", kept)
    s.wait_outcome("app-2", "promoted", 120)
    s.api.delete("canary", "app", s.namespace)
    s.wait("it is given back", lambda: s.world.find("virtualservice", "app")["spec"] == spec, 90)
    s.wait("the primary is gone", lambda: s.world.find("deployment", "app-primary") is None, 90)
    s.wait("the Canary is gone", lambda: s.world.find("canary", "app") is None, 60)
    s.check(s.world.find("virtualservice", "app")["spec"] == spec, "the VirtualService says what it said", row="I6")
    selector = (s.world.find("service", "app") or {}).get("spec", {}).get("selector")
    s.check(selector == {"app": "app"}, "the Service selects what it selected", selector, row="I6")
    s.check(s.world.is_available("app", 2), "the target serves", s.world.replicas("app"), row="I6")
    s.check(s.world.find("destinationrule", "app")["spec"] == rule, "the DestinationRule stays", row=56)
    metadata = s.world.find("virtualservice", "app")["metadata"]
    s.check(not metadata.get("annotations") and not metadata.get("labels"), "nothing of ours is left", metadata)
    s.check_load(load, "from the user's to the user's")


REVERT = "Istio with revertOnDeletion: the Canary waits for its target to be back, and nothing of it is left"


@scenario("istio-revert", REVERT, has_mesh=True, rows=("I5",))
def reverted(s):
    begin(s, canary(s, {"stepWeights": [50]}))
    answering(s, at_gateway(s))
    s.check(not s.world.find("canary", "app")["metadata"].get("finalizers"), "no finalizer that nobody asked for", row="I5")
    in_service = s.load("-service", f"{s.namespace}/app", rate=40)
    s.api.merge("canary", "app", s.namespace, {"spec": {"revertOnDeletion": True}})
    finalizers = lambda: s.world.find("canary", "app")["metadata"].get("finalizers")
    s.wait("the finalizer appears", lambda: finalizers() == [objects.FINALIZER], 20)
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Canary is gone", lambda: s.world.find("canary", "app") is None, 60)
    # Whoever waited for the deletion finds all of it done.
    s.check(s.world.replicas("app") == 2, "the target has the replicas of before", s.world.replicas("app"), row="I5")
    s.check(s.world.is_available("app", 2), "they are ready", row="I5")
    s.check(s.world.selector("app") == "app", "the apex selects them", s.world.selector("app"), row="I5")
    made = [("deployment", "app-primary"), ("service", "app-primary"), ("service", "app-canary")]
    made += [("virtualservice", "app"), ("destinationrule", "app-primary"), ("destinationrule", "app-canary")]
    left = [place for place in made if s.world.find(*place)]
    s.check(not left, "what was made is gone", left, row="I5")
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 20)
    s.check_load(in_service, "at the Service, throughout")


@scenario("istio-mirror", "Istio blue/green with copies of half of the requests", has_mesh=True)
def mirrored(s):
    # Envoy does not count copies in the gateway's series; the application does.
    query = 'sum(rate(http_requests_total{namespace="{{ namespace }}", version="v2"}[{{ interval }}]))'
    s.create(objects.metric_template(s.namespace, "copies", query, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.custom_metric("copies", "copies", min=10)]
    analysis = {"iterations": 3, "mirror": True, "mirrorWeight": 50, "metrics": metrics}
    begin(s, canary(s, analysis))
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=40)
    s.push("v2")
    s.wait("copies are sent", lambda: any(rule.get("mirror") for rule in rules(s)), 60)
    time.sleep(HOLD)
    s.check(rules(s)[0].get("mirrorPercentage") == {"value": 50}, "half of them", rules(s)[0])
    counts = ask(*at_gateway(s), "-count", "300")
    s.check(counts["versions"] == {"v1": 300}, "users are answered by v1", counts)
    s.wait("no copies any more", lambda: rules(s) and not any(rule.get("mirror") for rule in rules(s)), 90)
    s.wait_outcome("app-2", "promoted", 120)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.check_load(load, "throughout")


STICKY = "Istio with session affinity: clients stay where they were sent, and go back"


@scenario("istio-sticky", STICKY, has_mesh=True, rows=("I10",))
def kept_by_cookies(s):
    analysis = {"stepWeights": STEPS, "interval": "30s", "metrics": [objects.SUCCESS], "sessionAffinity": sticky()}
    begin(s, canary(s, analysis))
    answering(s, at_gateway(s))

    def weighted():
        return rules(s)[-1]["route"][1].get("weight", 0) if rules(s) else 0

    def wait_for(weight):
        s.wait(f"the VirtualService at weight {weight}", lambda: weighted() == weight, 60)
        time.sleep(HOLD)

    run_sticky(s, at_gateway(s), wait_for, "I10")


@scenario("istio-root", "Istio: a root VirtualService delegates to the Canary's, and rewrites", has_mesh=True, rows=("I9",))
def delegated(s):
    http = [{"match": [{"uri": {"prefix": "/shop"}}], "rewrite": {"uri": "/"}, "delegate": {"name": "app"}}]
    spec = {"hosts": [host(s)], "gateways": [GATEWAY], "http": http}
    s.create(objects.item("networking.istio.io/v1beta1", "VirtualService", s.namespace, "root", spec))
    analysis = {"stepWeights": [50], "interval": "10s"}
    service = {"port": 80, "targetPort": 8080, "delegation": True}
    begin(s, objects.canary(s.namespace, provider="istio", analysis=analysis, service=service))
    shop = (*at_gateway(s), "-path", "/shop/cart")
    answering(s, shop)
    load = s.load(*shop, rate=40)
    s.push("v2")
    wait_weight(s, 50)
    made = s.world.find("virtualservice", "app")["spec"]
    s.check("hosts" not in made and "gateways" not in made, "the delegate has neither hosts nor gateways", made, row="I9")
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    counts = s.check_load(load, "through the root")
    s.check(set(counts["versions"]) == {"v1", "v2"}, "both answered", counts["versions"], row="I9")


@scenario("istio-grpc", "Istio with gRPC: calls that fail with HTTP's 200 are held against the canary", has_mesh=True)
def by_call(s):
    begin(s, canary(s, {"stepWeights": [50], "interval": "10s", "metrics": [objects.SUCCESS]}, portName="grpc"))
    calls = (*at_gateway(s), *CALL)
    answering(s, calls)
    load = s.load(*calls, rate=40)
    s.push("v2", annotations={"serin.test/error-percent": "20"})
    s.wait_outcome("app-2", "rolled_back", 60)
    reason = s.world.status("app-2").get("reason", "")
    s.check("success rate" in reason and "< 99%" in reason, "the builtin check counts them", reason)
    s.note(f"rolled back: {reason}")
    time.sleep(HOLD)
    counts = ask(*calls, "-count", "300")
    s.check(counts["versions"] == {"v1": 300} and bad(counts) == 0, "all calls on v1 again", counts)
    check_only_the_app_fails(s, load.stop(), "no call fails but v2's own")


UPSTREAM = """100 * sum(rate(http_requests_total{namespace="{{ namespace }}", version="v2", status!~"5.*"}[{{ interval }}]))
  / sum(rate(http_requests_total{namespace="{{ namespace }}", version="v2"}[{{ interval }}]))"""


@scenario("istio-retries", "Istio: retries hide failures from the gateway, and a check looks behind them", has_mesh=True, rows=(57,))
def hidden(s):
    s.create(objects.metric_template(s.namespace, "upstream", UPSTREAM, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.SUCCESS, objects.custom_metric("upstream", "upstream", min=50)]
    retries = {"attempts": 30, "perTryTimeout": "1s", "retryOn": "gateway-error,reset,5xx"}
    analysis = {"stepWeights": [50], "interval": "10s", "metrics": metrics}
    begin(s, canary(s, analysis, retries=retries))
    answering(s, at_gateway(s))
    load = s.load(*at_gateway(s), rate=40)
    s.push("v2", annotations={"serin.test/error-percent": "80"})
    s.wait_outcome("app-2", "rolled_back", 90)
    checks = {c["name"]: c["verdict"] for c in s.world.status("app-2").get("checks", [])}
    s.check(checks.get("upstream") == "fail", "what is behind the retries is held against v2", checks, row=57)

    def both():
        """The last value of each check: the one that fails may be answered, and acted on, before the other."""
        answers = s.agents[0].measurements(s.namespace, "app")
        seen = {a["check"]: a["sample"]["value"] for a in answers if "check" in a and "value" in a.get("sample", {})}
        return seen if len(seen) == 2 else None

    seen = s.wait("the history has both values", both, 20)
    s.check(seen["request-success-rate"] > 95, "retries hide it", seen, row=57)
    s.check(seen["upstream"] < 30, "behind them most fail", seen, row=57)
    counts = load.stop()
    s.check(counts["good"] > 0.95 * counts["sent"], "hardly a user noticed", counts, row=57)
    s.note(f"{seen}")


def tcp_weight(item):
    """The canary's share of the connections."""
    routes = [entry for rule in item.get("spec", {}).get("tcp", []) for entry in rule.get("route", [])]
    return sum(e.get("weight", 0) for e in routes if e["destination"]["host"].startswith("app-canary"))


@scenario("istio-tcp", "Istio by weights of TCP connections, at a port of the gateway's", has_mesh=True)
def connections(s):
    port = 8087
    servers = [{"port": {"number": port, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]}]
    gateway = {"selector": {"app": "ingressgateway"}, "servers": servers}
    item = objects.item("networking.istio.io/v1beta1", "Gateway", s.namespace, "tcp", gateway)
    subprocess.run(["kubectl", "apply", "-f", "-"], input=json.dumps(item), text=True, check=True, capture_output=True)
    s.create(objects.metric_template(s.namespace, "upstream", UPSTREAM, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.custom_metric("upstream", "upstream", min=99)]
    service = {"appProtocol": "TCP", "match": [{"port": port}], "hosts": ["*"]}
    analysis = {"stepWeights": [30], "interval": "20s", "metrics": metrics}
    analysis["webhooks"] = s.hold(lambda: tcp_weight(s.world.find("virtualservice", "app") or {}))
    begin(s, canary(s, analysis, (f"{s.namespace}/tcp",), **service))
    arguments = ("-url", os.environ["GATEWAY_URL"].replace("8085", str(port)), "-fresh")
    answering(s, arguments)
    load = s.load(*arguments, rate=30)
    s.push("v2")
    s.wait("connections are shared", lambda: tcp_weight(s.world.find("virtualservice", "app") or {}) == 30, 60)
    time.sleep(HOLD)
    check_share(s, 30, arguments)
    s.wait_outcome("app-2", "promoted", 90)
    time.sleep(HOLD)
    counts = ask(*arguments, "-count", "300")
    s.check(counts["versions"] == {"v2": 300}, "all on v2", counts)
    s.check_load(load, "throughout")
