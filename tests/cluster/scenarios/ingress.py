"""ingress-nginx beside what else an Ingress leads to."""

import objects
from load import ask
from scenario import scenario
from scenarios import start


def shared(s):
    """One Ingress for the app and for another Service."""
    item = objects.ingress(s.namespace)
    other = {"service": {"name": "other", "port": {"number": 80}}}
    item["spec"]["rules"][0]["http"]["paths"].append({"path": "/other", "pathType": "Prefix", "backend": other})
    return item


def all_answered(counts):
    return counts["good"] == counts["sent"] and counts["sent"] > 0


@scenario("shared-ingress", "nginx: an Ingress that also leads elsewhere is made anew in mid-run, and nothing else suffers")
def shared_ingress(s):
    start.app(s, with_service=True, with_ingress=False)
    start.app(s, "other", with_service=True, with_ingress=False, version="other")
    s.create(shared(s))
    start.answered(s)
    elsewhere = ("-host", objects.host_of(s.namespace), "-path", "/other", "-fresh", "-count", "200")
    analysis = {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    load = s.load_ingress(rate=30)
    s.push("v2")
    s.wait_weight(30, 60)
    paths = [p["path"] for rule in s.world.find("ingress", "app-canary")["spec"]["rules"] for p in rule["http"]["paths"]]
    s.check(paths == ["/"], "the clone leads nowhere else", paths)
    counts = ask(*elsewhere)
    s.check(counts["versions"] == {"other": 200}, "the other Service is served", counts)
    # The clone is older than the new one, and ingress-nginx takes what it sees first.
    s.api.delete("ingress", "app", s.namespace)
    start.settle(s, 1.2)
    s.create(shared(s))
    start.until_answers("the new Ingress is served", 20, elsewhere, all_answered)
    start.settle(s, 2)
    counts = ask(*elsewhere)
    s.check(counts["versions"] == {"other": 200}, "the other Service is served beside an older clone", counts)
    s.wait_outcome("app-2", "promoted", 90)
    start.serving(s, "v2")
    load.stop()
