"""ingress-nginx: versions that fail in one way, to the threshold that their Canary has."""

import objects
from load import ask
from scenario import scenario
from scenarios import start

THRESHOLD = 10  # failed checks, as the chart of the seed has it


def begin(s, metric, threshold):
    """The Canary initialised, clients at the ingress, and v1 promoted."""
    start.app(s)
    analysis = {"threshold": threshold, "stepWeight": 10, "maxWeight": 50, "metrics": [metric]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.answered(s)
    return s.load_ingress(rate=40)


def check_primary_serves(s, row):
    start.serving(s, "v1")
    counts = ask("-host", objects.host_of(s.namespace), "-count", "500")
    s.check(counts["versions"] == {"v1": 500}, "all on the primary", counts, row=row)
    s.check(s.world.image("app-primary") == "app:v1", "which runs v1", s.world.image("app-primary"), row=row)


@scenario("slow", "nginx: a version that answers slowly fails ten checks, at one weight, and is taken back once", rows=(46,))
def slow(s):
    load = begin(s, objects.DURATION, THRESHOLD)
    s.push("v2", annotations={"serin.test/delay-ms": "2000"})
    s.wait_outcome("app-2", "rolled_back", 200)
    s.wait_phase("Failed", 20)
    s.wait_recorded("app-2")
    report = s.agents[0].release_report(s.namespace, "app-2")
    check = report["checks"][0]
    verdicts = [one["verdict"] for one in check["samples"]]
    s.check(verdicts == ["fail"] * THRESHOLD, "ten samples, and each failed", verdicts, row=46)
    s.check(check["query"], "with the query's text", check, row=46)
    values = [one["value"] for one in check["samples"]]
    s.check(min(values) > 500, "each above the bound", values, row=46)
    rising = [one["percent"] for one in report["set"] if one["percent"] > 0]
    s.check(rising == [10], "the weight was frozen", report["set"], row=46)
    ends = [m for m in s.world.messages("app") if m.startswith("Rolling back")]
    s.check(len(ends) == 1, "one rollback", ends, row=46)
    found = s.agents[0].report(s.namespace, "R13", "app-2")
    failed = [one for one in found if one["kind"] == "metric" and one["result"] == "fail"]
    s.check(len(failed) == THRESHOLD, "R13: ten failed checks", failed, row=46)
    s.check([one["result"] for one in found if one["kind"] == "end"] == ["rolled_back"], "R13: one end", found, row=46)
    found = [(one["role"], one["version"], one["weight"]) for one in s.agents[0].report(s.namespace, "R05", "app")]
    s.check(found == [("primary", "v1", 100)], "R05: v1 serves", found, row=46)
    check_primary_serves(s, 46)
    s.check_load(load, "slow or not")


@scenario("errors", "nginx: a version whose answers are errors fails two checks and is rolled back", rows=("N4",))
def errors(s):
    load = begin(s, objects.SUCCESS, 2)
    s.push("v2", annotations={"serin.test/error-percent": "100"})
    s.wait_outcome("app-2", "rolled_back", 90)
    s.wait_phase("Failed", 20)
    s.check(s.world.phase("app") == "Failed", "phase Failed", s.world.phase("app"), row="N4")
    failed = s.world.status("app-2").get("counters", {}).get("failedChecks")
    s.check(failed == 2, "after two failed checks", failed, row="N4")
    reason = s.world.status("app-2").get("reason", "")
    s.check("success rate" in reason and "< 99%" in reason, "the reason names check and bound", reason, row="N4")
    check_primary_serves(s, "N4")
    counts = load.stop()
    s.check(set(counts["statuses"]) <= {"200", "500"} and not counts["errors"], "whatever failed was v2's", counts)
