"""A/B on ingress-nginx: those who match go to the canary, all others do not."""

import objects
from load import ask, bad
from scenario import scenario
from scenarios import start

RULE = "nginx.ingress.kubernetes.io/canary-by-"


def has_rule(s, rule, value):
    annotations = (s.world.find("ingress", "app-canary") or {}).get("metadata", {}).get("annotations", {})
    return annotations.get(RULE + rule) == value


def run_ab(s, match, matching, others, rule):
    """Initialise, push v2, look who is answered by what, and wait for the promotion."""
    start.app(s)
    metrics = [objects.SUCCESS]
    analysis = {"iterations": 3, "threshold": 2, "match": match, "metrics": metrics}
    analysis["webhooks"] = s.hold(lambda: has_rule(s, *rule))
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.serving(s, "v1")
    host = ("-host", objects.host_of(s.namespace))
    load = s.load_ingress(rate=20)
    matched = [s.load(*host, *one, rate=20) for one in matching]
    s.push("v2")
    s.wait(f"the Ingress matches by {rule[0]}", lambda: has_rule(s, *rule), 60)
    text = "those who match are on v2"
    for one in matching:
        start.until_answers(text, 15, (*host, *one, "-count", "40"), lambda c: c["versions"] == {"v2": 40})
    for arguments, version in [(one, "v2") for one in matching] + [(other, "v1") for other in others]:
        counts = ask(*host, *arguments, "-count", "300")
        said = f"{arguments} is answered by {version}"
        s.check(counts["versions"] == {version: 300}, said, counts["versions"], row=49)
    s.check_stood(True, "the rule")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.check(not has_rule(s, *rule), "the rule is gone")
    start.serving(s, "v2")
    s.check_load(load, "without a match")
    for load in matched:
        s.check(bad(load.stop()) == 0, "with a match: no request fails", load.stop())
    place = f"app.{s.namespace}"
    s.check_messages([f"Advance {place} canary iteration {n}/3" for n in (1, 2, 3)])


@scenario("ab-header", "A/B on nginx by header and cookie: only their holders see v2 until it is promoted", rows=(49, "N3"))
def by_header(s):
    match = [{"headers": {"x-canary": {"exact": "insider"}}}, {"headers": {"cookie": {"exact": "canary"}}}]
    others = [(), ("-header", "x-canary:outsider"), ("-cookie", "canary=never"), ("-cookie", "canary=other")]
    matching = [("-header", "x-canary:insider"), ("-cookie", "canary=always")]
    run_ab(s, match, matching, others, ("header-value", "insider"))
    iterations = [m for m in s.world.messages("app") if "canary iteration" in m]
    s.check(len(iterations) == 3, "three iterations", iterations, row=49)
    s.check(s.world.outcome("app-2") == "promoted", "promoted", row="N3")


@scenario("ab-pattern", "A/B on nginx by a pattern of a header: a slow v2 is rolled back, and nobody else saw it", rows=(50,))
def by_pattern(s):
    start.app(s)
    match = [{"headers": {"x-canary": {"regex": "^(ins|tes).*"}}}]
    analysis = {"iterations": 3, "threshold": 2, "match": match, "metrics": [objects.SUCCESS, objects.DURATION]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.serving(s, "v1")
    host = ("-host", objects.host_of(s.namespace))
    others = s.load_ingress(rate=30)
    near = s.load(*host, "-header", "x-canary:outsider", rate=10)
    tester = ("-header", "x-canary:tester-7")
    matched = s.load(*host, *tester, rate=10)
    s.push("v2", annotations={"serin.test/delay-ms": "800"})
    s.wait("the Ingress matches by the pattern", lambda: has_rule(s, "header-pattern", "^(ins|tes).*"), 60)
    text = "those who match are on v2"
    start.until_answers(text, 15, (*host, *tester, "-count", "20"), lambda c: c["versions"] == {"v2": 20})
    for value, version in (("insider", "v2"), ("always", "v1"), ("Tester", "v1")):
        counts = ask(*host, "-header", f"x-canary:{value}", "-count", "20", "-clients", "8")
        s.check(counts["versions"] == {version: 20}, f"{value} is answered by {version}", counts["versions"])
    s.wait_outcome("app-2", "rolled_back", 90)
    reason = s.world.status("app-2").get("reason", "")
    s.check("request duration" in reason, "by its latency", reason, row=50)
    s.check(not has_rule(s, "header-pattern", "^(ins|tes).*"), "the rule is gone")
    for name, load in (("without the header", others), ("with another value", near)):
        counts = load.stop()
        saw = counts["versions"].get("v2", 0)
        s.check(saw == 0 and bad(counts) == 0, f"{name}: never saw v2", f"{saw}, {bad(counts)} failed", row=50)
    s.check(bad(matched.stop()) == 0, "with the header: no request fails", matched.stop())
