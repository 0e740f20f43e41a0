"""The primary's own rollout: when it succeeds and when it does not, no request is lost."""

import objects
from scenario import scenario
from scenarios import start

# Good as canary; the primary's pods with this template never get ready.
BREAKS_PRIMARY = {"serin.test/never-ready": "true", "serin.test/only": "-primary-"}
RECREATE = {"type": "Recreate"}
ALL_AT_ONCE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}

ANALYSIS = {"stepWeight": 50, "maxWeight": 50, "metrics": [objects.SUCCESS]}


def begin(s, strategy):
    start.app(s, with_service=True, strategy=strategy)
    start.answered(s)
    load = s.load_ingress()
    start.initialised(s, objects.canary(s.namespace, analysis=ANALYSIS, progressDeadlineSeconds=30))
    return load


def apex_selectors(s, since):
    """What the apex Service selected from that time on, each change once."""
    selectors = []
    for change in s.world.versions("service", "app"):
        selector = change.object["spec"]["selector"]["app"]
        if change.at >= since and (not selectors or selectors[-1] != selector):
            selectors.append(selector)
    return selectors


def check_never_empty(s, since):
    fewest = s.world.fewest_endpoints("app", since)
    s.check(fewest >= 1, "the apex Service always has an endpoint", fewest)
    s.note(f"the apex Service selected {apex_selectors(s, since) or 'the primary'}, endpoints at least {fewest}")


def check_restored(s):
    primary = s.world.find("deployment", "app-primary")
    annotations = primary["spec"]["template"]["metadata"].get("annotations", {})
    selector = s.world.selector("app")
    s.check(s.world.image("app-primary") == "app:v1", "the primary has v1 back", s.world.image("app-primary"))
    s.check("serin.test/never-ready" not in annotations, "the whole template is back", annotations)
    s.check(s.world.is_available("app-primary", 2), "the primary is whole", primary["status"])
    s.check(selector == "app-primary", "the apex Service selects the primary again", selector)


def broken_primary(s, strategy, has_cover):
    load = begin(s, strategy)
    pushed = s.push("v2", annotations=BREAKS_PRIMARY)
    s.wait("the primary gets v2", lambda: s.world.image("app-primary") == "app:v2", 90)
    s.wait_outcome("app-2", "failed_promotion", 120)
    s.wait_phase("Failed", 20)
    check_restored(s)
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    start.serving(s, "v1")
    if has_cover:
        s.check("app" in apex_selectors(s, pushed), "meanwhile the canary served", apex_selectors(s, pushed))
    check_never_empty(s, pushed)
    s.check_load(load, "from v1 to the end")
    s.check_messages([f"Promotion of app.{s.namespace} failed, primary not ready"])
    s.note(s.world.status("app-2").get("reason", ""))


@scenario("broken-rolling", "a primary that breaks after promotion (RollingUpdate) gets its template back")
def broken_rolling(s):
    broken_primary(s, None, False)


@scenario("broken-recreate", "a primary that breaks after promotion (Recreate) gets its template back")
def broken_recreate(s):
    broken_primary(s, RECREATE, True)


@scenario("broken-at-once", "a primary that breaks after promotion (maxUnavailable 100%) gets its template back")
def broken_at_once(s):
    broken_primary(s, ALL_AT_ONCE, True)


@scenario("recreate", "a good promotion with strategy Recreate loses no request")
def recreate(s):
    load = begin(s, RECREATE)
    pushed = s.push("v2")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    start.serving(s, "v2")
    check_never_empty(s, pushed)
    s.check_load(load, "from v1 to the end")
