"""Blue/green on provider kubernetes: no live traffic on v2 before it is promoted."""

import objects
from load import ask
from scenario import scenario
from scenarios import gates, start

PORT = 9195  # of this scenario's load tester
FLUX = ("kustomize.toolkit.fluxcd.io/reconcile", "helm.toolkit.fluxcd.io/driftDetection")
MARK = {"app.kubernetes.io/part-of": "shop"}


def hooks(s, tester):
    """A gate that is open, and requests to the canary's pods before anybody is sent there."""
    ask_canary = f"loadgen -json -service {s.namespace}/app-svc-canary -count 5 | tee -a {tester.folder}/asked | grep '\"sent\":5,'"
    shell = {"type": "bash", "cmd": ask_canary}
    return [
        {"name": "gate", "type": "confirm-rollout", "url": f"{tester.address}/gate/approve"},
        {"name": "acceptance", "type": "pre-rollout", "url": f"{tester.address}/", "timeout": "10s", "metadata": shell},
    ]


def check_adopted(s):
    """The user's own Service is in use, and the primary has what the user says of the target."""
    service = s.world.find("service", "app-svc")["metadata"]
    left = {key: service.get("annotations", {}).get(key) for key in FLUX}
    s.check(set(left.values()) == {"disabled"}, "Flux leaves the Service alone", left, row="K1")
    s.check(not service.get("ownerReferences"), "it stays the user's", service)
    primary = s.world.find("deployment", "app-primary")["metadata"]
    s.check(MARK.items() <= primary["labels"].items(), "the primary has the label", primary["labels"], row="K1")
    s.check(MARK.items() <= primary["annotations"].items(), "and the annotation", primary["annotations"], row="K1")


@scenario(
    "bluegreen",
    "blue/green on kubernetes: three iterations beside v1, then v2 for all; a bad v3 reaches nobody",
    rows=("K1",),
)
def bluegreen(s):
    tester = gates.Tester(s, PORT)
    try:
        run(s, tester)
    finally:
        tester.stop()


def run(s, tester):
    start.app(s, with_ingress=False)
    s.api.merge("deployment", "app", s.namespace, {"metadata": {"labels": MARK, "annotations": MARK}})
    s.create(objects.service(s.namespace, "app-svc", app="app"))
    service = ("-service", f"{s.namespace}/app-svc")
    start.until_answers("the Service answers", 30, (*service, "-count", "50"), lambda counts: counts["good"] == 50)
    apex = s.load(*service, rate=40)
    metrics = [objects.SUCCESS, objects.DURATION]
    analysis = {"iterations": 3, "threshold": 1, "metrics": metrics, "webhooks": hooks(s, tester)}
    fields = {"service": {"name": "app-svc", "port": 80, "targetPort": 8080, "portDiscovery": True}}
    start.initialised(s, objects.canary(s.namespace, provider="kubernetes", analysis=analysis, **fields))
    check_adopted(s)
    trial = s.load("-service", f"{s.namespace}/app-svc-canary", rate=20)
    s.push("v2")
    place = f"app.{s.namespace}"
    for iteration in (1, 2, 3):
        text = f"Advance {place} canary iteration {iteration}/3"
        s.wait(f"Event {text}", lambda: text in s.world.messages("app"), 60)  # noqa: B023
        if s.world.status("app-2").get("phase") == "Progressing":
            counts = ask(*service, "-count", "100")
            s.check(counts["versions"] == {"v1": 100}, f"iteration {iteration}: v2 has no live traffic", counts)
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"), row="K1")
    s.check(len(tester.lines("asked")) == 1, "the acceptance hook asked the canary", tester.lines("asked"), row="K1")
    s.check(s.world.selector("app-svc") == "app-primary", "the apex selects the primary", s.world.selector("app-svc"))
    counts = ask(*service, "-count", "100")
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
