"""ingress-nginx beside what else an Ingress leads to."""

import objects
from load import CHANCE_MIN, ask, chance
from scenario import scenario
from scenarios import start
from scenarios.weights import HOLD


def shared(s):
    """One Ingress for the app and for another Service."""
    item = objects.ingress(s.namespace)
    other = {"service": {"name": "other", "port": {"number": 80}}}
    item["spec"]["rules"][0]["http"]["paths"].append({"path": "/other", "pathType": "Prefix", "backend": other})
    return item


def all_answered(counts):
    return counts["good"] == counts["sent"] and counts["sent"] > 0


TITLE = "nginx: an Ingress of two Canaries, made anew in mid-run: each has its own share, and no path suffers"


@scenario("shared-ingress", TITLE)
def shared_ingress(s):
    start.app(s, with_service=True, with_ingress=False)
    start.app(s, "other", with_service=True, with_ingress=False)
    s.create(shared(s))
    start.answered(s)
    elsewhere = ("-host", objects.host_of(s.namespace), "-path", "/other", "-fresh", "-count", "200")
    analysis = {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    second = objects.canary(s.namespace, "other", analysis={**analysis, "stepWeight": 60, "maxWeight": 60})
    second["spec"]["ingressRef"].update(name="app", canaryName="app-other")
    start.initialised(s, second)
    load = s.load_ingress(rate=30)
    s.push("v2")
    s.wait_weight(30, 60)
    paths = [p["path"] for rule in s.world.find("ingress", "app-canary")["spec"]["rules"] for p in rule["http"]["paths"]]
    s.check(paths == ["/"], "the clone leads nowhere else", paths)
    counts = ask(*elsewhere)
    s.check(counts["versions"] == {"v1": 200}, "the other Service is served", counts)
    # The clone is older than the new one, and ingress-nginx takes what it sees first.
    s.api.delete("ingress", "app", s.namespace)
    start.until_answers("the Ingress is gone", 20, elsewhere, lambda counts: counts["good"] == 0)
    s.create(shared(s))
    start.until_answers("the new Ingress is served", 20, elsewhere, all_answered)
    start.settle(s, 2)
    counts = ask(*elsewhere)
    s.check(counts["versions"] == {"v1": 200}, "the other Service is served beside an older clone", counts)
    beside = s.load(*elsewhere[:4], rate=30)
    s.push("v2", name="other")
    s.wait_weight(60, 60, "app-other")
    start.settle(s, HOLD)
    counts = ask(*elsewhere[:4], "-count", "2000")
    seen = counts["versions"].get("v2", 0)
    s.check(chance(2000, seen, 0.6) >= CHANCE_MIN, "the other Canary has its own share", counts)
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_outcome("other-2", "promoted", 90)
    start.serving(s, "v2")
    s.check_load(beside, "the other's clients")
    load.stop()


@scenario("no-traffic", "nginx: a canary that gets no request is held, and nothing passes", rows=(47,))
def no_traffic(s):
    start.app(s)
    analysis = {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis, progressDeadlineSeconds=25))
    s.push("v2")
    s.wait_weight(30, 60)
    s.wait("a check is asked", lambda: s.world.status("app-2").get("checks"), 30)
    check = s.world.status("app-2")["checks"][0]
    s.check(check["verdict"] == "no_data", "it is no data", check, row=47)
    s.wait_outcome("app-2", "rolled_back", 60)
    passed = [m for m in s.world.messages("app") if m.startswith("Advance") and "weight 30" not in m]
    s.check(not passed, "no step is taken", passed, row=47)
    counters = s.world.status("app-2").get("counters", {})
    s.check(counters.get("failedChecks", 0) == 0, "none counts as failed", counters, row=47)
    s.note(s.world.status("app-2").get("reason", ""))
