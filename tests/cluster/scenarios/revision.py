"""A newer revision while one is analysed."""

import os

import objects
from scenario import scenario
from scenarios import start

RETREAT_MAX = 2.0  # seconds until the weight is gone, on a machine under load


PATHS = """100 - sum(rate(nginx_ingress_controller_requests{namespace="{{ namespace }}", ingress="{{ ingress }}",
  path="{{ variables.path }}", canary!="", status=~"5.*"}[{{ interval }}])) / sum(rate(nginx_ingress_controller_requests{
  namespace="{{ namespace }}", ingress="{{ ingress }}", path="{{ variables.path }}", canary!=""}[{{ interval }}])) * 100
  or vector(100)"""
TITLE = "a newer revision mid-way: the weight goes at once, the newest gets its Release, nothing between"


@scenario("revision", TITLE, rows=(48, "N1"))
def revision(s):
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress()
    s.create(objects.metric_template(s.namespace, "paths", PATHS, os.environ["PROMETHEUS_URL"]))
    metrics = [objects.SUCCESS, objects.custom_metric("by-path", "paths", variables={"path": "/"}, min=99)]
    analysis = {"stepWeight": 20, "maxWeight": 40, "metrics": metrics}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    s.push("v2")
    s.wait_weight(20, 60)
    host = ("-host", objects.host_of(s.namespace))
    start.until_answers("v2 answers", 15, (*host, "-count", "40"), lambda counts: counts["versions"].get("v2"))
    pushed = s.push("v3")
    s.wait_weight(0, 20)
    took = s.world.canary_weights("app-canary")[-1][0] - pushed
    s.check(took < RETREAT_MAX, "the weight goes at once", f"{took:.2f} s")
    s.note(f"weight 0 after {took * 1000:.0f} ms")
    s.wait_outcome("app-2", "superseded", 40)
    s.check(s.world.outcome("app-2") == "superseded", "the older run is superseded", row=48)
    s.check(s.world.canary_weight("app-canary") == 0, "at weight 0", row=48)
    s.wait("the newest has a Release", lambda: s.world.find("release", "app-3"), 40)
    image = s.world.find("release", "app-3")["spec"]["template"]["spec"]["containers"][0]["image"]
    s.check(image == "app:v3", "the newest is recorded", image, row=48)
    s.check(s.world.image("app-primary") == "app:v1", "the primary still runs v1", s.world.image("app-primary"))
    s.wait_weight(20, 60)
    s.wait_outcome("app-3", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    phases = [c.object.get("status", {}).get("phase") for c in s.world.versions("canary", "app")]
    s.check("Failed" not in phases, "never Failed", phases, row="N1")
    checks = s.world.status("app-3").get("checks", [])
    s.check([c.get("verdict") for c in checks] == ["pass", "pass"], "both checks passed", checks, row="N1")
    s.check(len(s.world.releases("app")) == 3, "no Release between", len(s.world.releases("app")))
    s.check(s.world.image("app-primary") == "app:v3", "the primary runs v3", s.world.image("app-primary"))
    counts = s.check_load(load, "from v1 to the end")
    s.check(set(counts["versions"]) == {"v1", "v2", "v3"}, "who answered", counts["versions"])
    s.check_messages([f"New revision detected! Restarting analysis for app.{s.namespace}"])


@scenario("reverted", "the promoted template again mid-way ends the run, and nothing else starts")
def reverted(s):
    start.app(s)
    analysis = {"stepWeight": 20, "maxWeight": 40, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    load = s.load_ingress(rate=20)
    s.push("v2")
    s.wait_weight(20, 60)
    s.push("v1")
    s.wait_weight(0, 20)
    s.wait_outcome("app-2", "cancelled", 40)
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    start.settle(s, 5)
    s.check(len(s.world.releases("app")) == 2, "no Release for what was promoted before", len(s.world.releases("app")))
    s.check(s.world.image("app-primary") == "app:v1", "the primary runs v1", s.world.image("app-primary"))
    s.check_load(load, "throughout")
