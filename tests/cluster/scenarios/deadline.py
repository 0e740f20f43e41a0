"""A canary that never gets ready."""

import time

import objects
from scenario import scenario
from scenarios import start


@scenario("deadline", "a canary that is never ready is rolled back at the deadline, with no traffic moved", rows=(51,))
def deadline(s):
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress(rate=20)
    analysis = {"stepWeight": 50, "maxWeight": 50, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis, progressDeadlineSeconds=15))
    pushed = s.push("v2", annotations={"serin.test/never-ready": "true"})
    s.wait_outcome("app-2", "rolled_back", 60)
    took = time.monotonic() - pushed
    s.check(15 <= took < 40, "it takes the deadline and little more", f"{took:.1f} s")
    s.wait_phase("Failed", 20)
    moves = [weight for _, weight in s.world.canary_weights("app-canary")]
    s.check(moves == [0], "no traffic moved", moves, row=51)
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    counts = s.check_load(load, "from v1 to the end")
    s.check(set(counts["versions"]) == {"v1"}, "v1 for all", counts["versions"])
    reason = s.world.status("app-2").get("reason", "")
    s.check("not ready" in reason or "deadline" in reason, "the reason says so", reason, row=51)
    found = s.agents[0].report(s.namespace, "R13", "app-2")
    ends = [(one["what"], one["result"]) for one in found if one["kind"] == "end"]
    s.check(ends == [("app-2", "rolled_back")], "R13: the end", found, row=51)
    s.check(not [one for one in found if one["kind"] == "metric"], "R13: no check decided it", found, row=51)
    s.note(f"after {took:.1f} s: {reason}")
