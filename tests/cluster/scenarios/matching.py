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
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.serving(s, "v1")
    host = ("-host", objects.host_of(s.namespace))
    load = s.load_ingress(rate=20)
    matched = s.load(*host, *matching, rate=20)
    s.push("v2")
    s.wait(f"the Ingress matches by {rule[0]}", lambda: has_rule(s, *rule), 60)
    text = "those who match are on v2"
    start.until_answers(text, 15, (*host, *matching, "-count", "40"), lambda c: c["versions"] == {"v2": 40})
    for arguments, version in [(matching, "v2")] + [(other, "v1") for other in others]:
        counts = ask(*host, *arguments, "-count", "300")
        s.check(counts["versions"] == {version: 300}, f"{arguments} is answered by {version}", counts["versions"])
    s.check(has_rule(s, *rule), "the rule stood while it was counted")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.check(not has_rule(s, *rule), "the rule is gone")
    start.serving(s, "v2")
    s.check_load(load, "without a match")
    s.check(bad(matched.stop()) == 0, "with a match: no request fails", matched.stop())
    place = f"app.{s.namespace}"
    s.check_messages([f"Advance {place} canary iteration {n}/3" for n in (1, 2, 3)])


@scenario("ab-header", "A/B on nginx by header: only insiders see v2 until it is promoted")
def by_header(s):
    match = [{"headers": {"x-canary": {"exact": "insider"}}}]
    others = [(), ("-header", "x-canary:outsider")]
    run_ab(s, match, ("-header", "x-canary:insider"), others, ("header-value", "insider"))


@scenario("ab-cookie", "A/B on nginx by cookie: only the cookie's holders see v2 until it is promoted")
def by_cookie(s):
    match = [{"headers": {"cookie": {"exact": "canary"}}}]
    others = [(), ("-cookie", "canary=never")]
    run_ab(s, match, ("-cookie", "canary=always"), others, ("cookie", "canary"))
