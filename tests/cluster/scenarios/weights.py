"""ingress-nginx by weights: promoted, rolled back, handled."""

import time

import objects
from load import CHANCE_MIN, ask, chance
from scenario import scenario
from scenarios import start

HOLD = 4.0  # seconds until the kit's ingress surely serves a new weight (README.md)
STEPS = [10, 20, 30, 40, 50]
LEAD = 600  # seconds from v2's image to its push


def measure_share(s, weight):
    """Count where 5,000 requests go while the weight stands."""
    s.wait_weight(weight, 90)
    at = s.world.canary_weights("app-canary")[-1][0]
    while time.monotonic() < at + HOLD:  # the ingress says nowhere when it is ready
        time.sleep(0.05)
    counts = ask("-host", objects.host_of(s.namespace), "-until-count", "5000", "-duration", "2m", "-clients", "8")
    took = time.monotonic() - at
    s.check_stood(weight, f"weight {weight}", f"{took:.1f} s")
    seen = counts["versions"].get("v2", 0)
    likely = chance(counts["good"], seen, weight / 100)
    share = f"{seen} of {counts['good']} on v2"
    s.check(counts["good"] >= 5000, f"weight {weight}: 5,000 requests counted", counts)
    s.check(counts["sent"] == counts["good"], f"weight {weight}: no request fails", counts)
    s.check(likely >= CHANCE_MIN, f"weight {weight}: its share", f"{share}, p {likely:.1e}")
    s.note(f"weight {weight}: {share}, {seen / counts['good']:.4f}, p {likely:.3f}, within {took:.1f} s of the change")


def check_seen_shares(s):
    """The share that the agent read from the counters stands beside the weight it was read at."""
    seen, told, weight_before, share_before = {}, [], 0, None
    for change in s.world.versions("release", "app-2"):
        weight = change.object.get("status", {}).get("weight", {})
        share = weight.get("seenShare")
        if share is not None and share != share_before:
            seen[weight_before] = share
        weight_before, share_before = weight.get("to", 0), share
    for weight, share in sorted(seen.items()):
        told.append(f"{weight}: {share:.3f}")
    s.note(f"seenShare by weight {', '.join(told)}")
    for weight in STEPS[:-1]:
        share = seen.get(weight, -1)
        s.check(abs(share - weight / 100) < 0.08, f"seenShare of weight {weight} is plausible", share)


def check_promoted(s):
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    recorded = s.world.weights("app-2")
    s.check(recorded[: len(STEPS) + 1] == [0] + STEPS, "weights of the Release", recorded)
    moves = [weight for _, weight in s.world.canary_weights("app-canary")]
    s.check(moves == [0] + STEPS + [0], "weights of the Ingress", moves)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    canary = s.world.find("canary", "app")["status"]
    s.check(canary.get("canaryWeight", 0) == 0 and canary.get("failedChecks", 0) == 0, "Canary.status", canary)
    release = s.world.find("release", "app-2")
    s.check(release["spec"]["cause"] == "revision", "cause of the Release", release["spec"]["cause"])
    s.check(release["spec"].get("previous") == "app-1", "the Release before it", release["spec"])
    image = release["spec"]["template"]["spec"]["containers"][0]["image"]
    s.check(image == "app:v2", "the recorded template", image)
    names = [check["name"] for check in release["status"].get("checks", [])]
    s.check(names == ["request-success-rate", "request-duration"], "the last values", release["status"].get("checks"))
    place = f"app.{s.namespace}"
    s.check_messages(
        [f"New revision detected! Scaling up {place}", f"Starting canary analysis for {place}"]
        + [f"Advance {place} canary weight {weight}" for weight in STEPS]
        + [f"Copying {place} template spec to app-primary.{s.namespace}"]
        + [f"Promotion completed! Scaling down {place}"]
    )


def moments(report):
    """[(time, weight)] as it was set, and {check: [(time, verdict)]}."""
    samples = {c["name"]: [(one["at"], one["verdict"]) for one in c["samples"]] for c in report["checks"]}
    return [(one["at"], one["percent"]) for one in report["set"]], samples


def check_each_step(s):
    """Between a weight and the next each check was answered, and the answer passed."""
    steps, samples = moments(s.agents[0].release_report(s.namespace, "app-2"))
    lacking = []
    for (begun, weight), (ended, _) in zip(steps, steps[1:]):
        for name, answers in samples.items():
            passed = [at for at, verdict in answers if begun <= at <= ended and verdict == "pass"]
            lacking += [(weight, name)] if weight > 0 and not passed else []
    s.check(not lacking, "no step without a check that passed", lacking, row=45)
    passed = {name: sum(verdict == "pass" for _, verdict in answers) for name, answers in samples.items()}
    s.check(passed and all(count >= len(STEPS) for count in passed.values()), "five that passed", passed, row=45)


def check_rolled_back(s):
    s.wait_weight(10, 60)
    s.wait_outcome("app-3", "rolled_back", 120)
    s.wait_phase("Failed", 20)
    recorded = s.world.weights("app-3")
    s.check(max(recorded) == 10, "v3 never had more than the first weight", recorded)
    s.check(s.world.canary_weight("app-canary") == 0, "the weight is back at 0")
    s.check(s.world.image("app-primary") == "app:v2", "the primary still runs v2", s.world.image("app-primary"))
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    start.serving(s, "v2")
    counts = ask("-host", objects.host_of(s.namespace), "-count", "500")
    s.check(counts["versions"] == {"v2": 500}, "all on the primary", counts)
    reason = s.world.status("app-3").get("reason", "")
    s.check("request duration" in reason and "> 500ms" in reason, "the reason names check and bound", reason)
    s.note(f"rolled back: {reason}")
    place = f"app.{s.namespace}"
    s.check_messages([f"Rolling back {place} failed checks threshold reached", f"Canary failed! Scaling down {place}"])


def check_history(s):
    """The answer that failed v3 is on disk: check, value, bound and query."""
    agent = s.agents[0]

    def failing():
        answers = [a for a in agent.measurements(s.namespace, "app") if a.get("check") == "request-duration"]
        return [a for a in answers if a.get("sample", {}).get("value", 0) > 500]

    rows = s.wait("the history has the failed check", failing, 10)
    row = rows[-1]
    s.check(row.get("max") == 500, "the history names the bound", row)
    s.check("nginx_ingress_controller_" in row.get("query", ""), "the history names the query", row)
    s.note(f"history: {row.get('check')} = {row['sample']['value']}, max {row.get('max')}, query {row.get('query')!r}")


def check_retired(s):
    """Row 38: v2 has all traffic, v1 is gone, and the history has from, to and lead time."""
    start.serving(s, "v2")
    s.check(s.world.replicas("app") == 0, "the canary's pods are gone", s.world.replicas("app"), row=38)
    s.wait_recorded("app-2")
    found = s.agents[0].report(s.namespace, "R12", "app")
    ended = {one["release"]: (one["from"], one["to"], one["outcome"]) for one in found}
    s.check(ended.get("app-2") == ("v1", "v2", "promoted"), "R12: from v1 to v2, promoted", ended, row=38)
    found = s.agents[0].report(s.namespace, "R18", "app")[0]
    s.check(found["promoted"] == 1 and found["leadMs"] > LEAD * 1000, "R18: one promotion and its lead time", found, row=38)
    s.note(f"row 38: lead time {found['leadMs'] / 1000:.0f} s")


def check_taken_back(s):
    """Row 39: v2 serves again; which check took v3 back, and why."""
    s.wait_recorded("app-3")
    found = s.agents[0].report(s.namespace, "R13", "app-3")
    failed = [one for one in found if one["kind"] == "metric" and one["result"] == "fail"]
    s.check(failed and {one["what"] for one in failed} == {"request-duration"}, "R13: the check that failed", failed, row=39)
    s.check(all(one["value"] > one["max"] == 500 and one["detail"] for one in failed), "R13: value, bound, query", failed, row=39)
    ends = [(one["result"], one["detail"]) for one in found if one["kind"] == "end"]
    s.check(ends and ends[0][0] == "rolled_back" and "request duration" in ends[0][1], "R13: the end and why", found, row=39)
    found = s.agents[0].report(s.namespace, "R05", "app")
    s.check([(one["role"], one["version"], one["weight"]) for one in found] == [("primary", "v2", 100)], "R05", found, row=39)
    found = s.agents[0].report(s.namespace, "R11", "app")
    s.check([(one["kind"], one["expected"], one["actual"]) for one in found] == [("version", "v3", "v2")], "R11", found, row=39)


def check_handled(s):
    """The promoted template again: nothing runs."""
    patched = s.push("v2")
    s.wait("the target has v2 again", lambda: s.world.image("app") == "app:v2")
    generation = s.world.find("deployment", "app")["metadata"]["generation"]
    s.wait(
        "the Deployment was observed",
        lambda: s.world.find("deployment", "app")["status"].get("observedGeneration", 0) >= generation,
    )
    start.settle(s, 6)
    s.check(len(s.world.releases("app")) == 3, "no Release for the promoted template", len(s.world.releases("app")))
    moved = [at for at, _ in s.world.canary_weights("app-canary") if at > patched]
    s.check(not moved, "no weight moved for the promoted template", moved)
    s.check(s.world.replicas("app") == 0, "the target stays at rest", s.world.replicas("app"))


TITLE = "nginx by weights: v2 promoted in steps of 10, v3 rolled back by its latency, v2 again is handled"


@scenario("weights", TITLE, rows=(38, 39, 45))
def weights(s):
    start.app(s, with_service=True)
    start.answered(s)
    background = s.load_ingress(rate=40)
    analysis = {
        "interval": "15s",
        "threshold": 2,
        "stepWeight": 10,
        "maxWeight": 50,
        "metrics": [objects.SUCCESS, objects.DURATION],
        "webhooks": s.hold(lambda: s.world.canary_weight("app-canary")),
    }
    canary = objects.canary(s.namespace, analysis=analysis)
    start.initialised(s, canary)
    s.push("v2", annotations={"serin.dev/created": objects.time_before(LEAD)})
    for weight in STEPS:
        measure_share(s, weight)
    check_promoted(s)
    check_each_step(s)
    check_seen_shares(s)
    check_retired(s)
    s.push("v3", annotations={"serin.test/delay-ms": "2000"})
    check_rolled_back(s)
    check_history(s)
    check_taken_back(s)
    check_handled(s)
    s.check_load(background, "from v1 to the end")
