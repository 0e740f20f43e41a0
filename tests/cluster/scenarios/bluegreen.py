"""Blue/green on provider kubernetes: no live traffic on v2 before it is promoted."""

import objects
from load import ask
from scenario import scenario
from scenarios import start


@scenario("bluegreen", "blue/green on kubernetes: three iterations beside v1, then v2 for all; a bad v3 reaches nobody")
def bluegreen(s):
    start.app(s, with_ingress=False, with_service=True)
    service = ("-service", f"{s.namespace}/app")
    start.until_answers("the Service answers", 30, (*service, "-count", "50"), lambda counts: counts["good"] == 50)
    apex = s.load(*service, rate=40)
    analysis = {"iterations": 3, "threshold": 1, "metrics": [objects.SUCCESS, objects.DURATION]}
    start.initialised(s, objects.canary(s.namespace, provider="kubernetes", analysis=analysis))
    trial = s.load("-service", f"{s.namespace}/app-canary", rate=20)
    s.push("v2")
    place = f"app.{s.namespace}"
    for iteration in (1, 2, 3):
        text = f"Advance {place} canary iteration {iteration}/3"
        s.wait(f"Event {text}", lambda: text in s.world.messages("app"), 60)  # noqa: B023
        if s.world.status("app-2").get("phase") == "Progressing":
            counts = ask("-service", f"{s.namespace}/app", "-count", "100")
            s.check(counts["versions"] == {"v1": 100}, f"iteration {iteration}: v2 has no live traffic", counts)
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.check(s.world.selector("app") == "app-primary", "the apex selects the primary", s.world.selector("app"))
    counts = ask("-service", f"{s.namespace}/app", "-count", "100")
    s.check(counts["versions"] == {"v2": 100}, "v2 for all", counts)
    s.push("v3", annotations={"serin.test/error-percent": "50"})
    s.wait_outcome("app-3", "rolled_back", 90)
    s.wait_phase("Failed", 20)
    counts = s.check_load(apex, "the apex Service")
    s.check("v3" not in counts["versions"], "nobody saw v3", counts["versions"])
    seen = trial.stop()["versions"]
    s.check(seen.get("v2", 0) > 0 and seen.get("v3", 0) > 0, "the canary Service was asked", seen)
    reason = s.world.status("app-3").get("reason", "")
    s.check("success rate" in reason and "< 99%" in reason, "the reason names check and bound", reason)
    s.note(f"rolled back: {reason}")
