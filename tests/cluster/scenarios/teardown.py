"""A deleted Canary leaves the application as it was before, and loses no request."""

import objects
from scenario import scenario
from scenarios import start


@scenario("teardown", "a Canary deleted in mid-run: the target serves again, then all that was made goes")
def teardown(s):
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress()
    analysis = {"stepWeight": 20, "maxWeight": 60, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    s.push("v2")
    s.wait_weight(20, 60)
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Canary is gone", lambda: s.world.find("canary", "app") is None, 20)
    s.wait("the apex Service selects the target", lambda: s.world.selector("app") == "app", 60)
    s.wait("the primary is gone", lambda: s.world.find("deployment", "app-primary") is None, 60)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)
    made = [("service", "app-primary"), ("service", "app-canary"), ("ingress", "app-canary")]
    left = [place for place in made if s.world.find(*place)]
    s.check(not left, "what was made is gone", left)
    s.check(s.world.is_available("app", 2), "the target serves", s.world.find("deployment", "app")["status"])
    start.serving(s, "v2")
    s.check_load(load, "from v1 to the end")
