"""Canaries that are not served: each is told why, and nothing of them is touched."""

import objects
from scenario import scenario
from scenarios import start

SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "name": "app",
    "primaryScalerReplicas": {"minReplicas": 3, "maxReplicas": 2},
}
HOOK = {"name": "load", "type": "rollout", "url": "127.0.0.1:1/"}
AFFINITY = {"cookieName": "serin", "maxAge": 60}

# name, analysis, other fields of the spec, words of the message: the path and what is wrong with it
ROWS = [
    ("fraction", {"stepWeight": 12.5}, {}, ["spec.analysis.stepWeight", "12.5"]),
    ("huge", {"stepWeight": 10, "maxWeight": 1e308}, {}, ["spec.analysis.maxWeight"]),
    ("many", {"stepWeights": [1] * 100_000}, {}, ["spec.analysis.stepWeights", "100"]),
    ("falling", {"stepWeights": [50, 20]}, {}, ["spec.analysis.stepWeights[1]", "20"]),
    ("match", {"iterations": 2, "match": []}, {"provider": "contour"}, ["spec.provider", "contour"]),
    ("hooks", {"iterations": 2, "webhooks": [HOOK]}, {}, ["spec.analysis.webhooks[0].url", "127.0.0.1:1/"]),
    ("scaler", {"iterations": 2}, {"autoscalerRef": SCALER}, ["primaryScalerReplicas.minReplicas", "at most maxReplicas"]),
    ("affinity", {"iterations": 2, "sessionAffinity": AFFINITY}, {}, ["analysis.sessionAffinity", "cannot keep clients by cookies"]),
    ("service", {"iterations": 2}, {"kind": "Service"}, ["spec.provider", "primary's Service"]),
    ("missing", {"iterations": 2}, {}, ["configmap settings.", "not found"]),
]


def row_canary(s, name, analysis, fields):
    fields = dict(fields)
    kind = fields.pop("kind", "Deployment")
    provider = fields.pop("provider", "kubernetes")
    canary = objects.canary(s.namespace, name=name, provider=provider, analysis=analysis, **fields)
    canary["spec"]["targetRef"]["kind"] = kind
    return canary


def row_deployment(s, name):
    deployment = objects.deployment(s.namespace, name=name, replicas=1)
    if name == "missing":
        source = {"configMapRef": {"name": "settings"}}
        deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [source]
    return deployment


def check_refused(s, name, words):
    s.wait(f"{name} is refused", lambda: s.world.condition(name, "Ready").get("status") == "False", 20)
    ready = s.world.condition(name, "Ready")
    reason, message = ready.get("reason"), ready.get("message", "")
    expected = "ConfigNotRead" if name == "missing" else "InvalidSpec"
    s.check(reason == expected, f"{name}: reason {expected}", reason)
    s.check(all(word in message for word in words), f"{name}: the message says {words}", message)
    s.wait(f"an Event says so of {name}", lambda: message in s.world.messages(name), 10)
    s.note(f"{name}: {message}")


def check_untouched(s, name):
    versions = s.world.versions("deployment", name)
    generation = versions[-1].object["metadata"]["generation"]
    writers = {entry["manager"] for entry in versions[-1].object["metadata"]["managedFields"]}
    s.check(generation == 1 and not any("serin" in w or "flagger" in w for w in writers), f"{name}: target", writers)
    places = [("deployment", f"{name}-primary"), ("service", name), ("service", f"{name}-primary")]
    made = [place for place in places if s.world.find(*place)]
    s.check(not made, f"{name}: nothing was made", made)
    s.check(not s.world.releases(name), f"{name}: no Release", s.world.releases(name))


@scenario("refusal", "Canaries that are invalid or need what is not served yet are told why and left alone")
def refusal(s):
    for name, analysis, fields, _ in ROWS:
        s.create(row_deployment(s, name), row_canary(s, name, analysis, fields))
    for name, _, _, words in ROWS:
        check_refused(s, name, words)
    start.settle(s, 3)
    for name, *_ in ROWS:
        check_untouched(s, name)
    # What waits for a ConfigMap looks for it now and then, and the scenario of rest wants silence.
    s.api.delete("canary", "missing", s.namespace)
    analysis = {"analysis": {"stepWeight": None, "iterations": 2}}
    s.api.merge("canary", "fraction", s.namespace, {"spec": analysis})
    s.wait_phase("Initialized", 60, "fraction")
    ready = s.world.condition("fraction", "Ready")
    s.check(ready.get("status") != "False", "once it is put right it is served", ready)


@scenario("wrong-edit", "an invalid edit during a run changes nothing: the last valid spec goes on, with a condition")
def wrong_edit(s):
    start.app(s)
    analysis = {"stepWeight": 20, "maxWeight": 40, "metrics": []}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    s.push("v2")
    s.wait_weight(20, 60)
    s.api.merge("canary", "app", s.namespace, {"spec": {"analysis": {"stepWeight": 12.5}}})
    s.wait("the edit is refused", lambda: s.world.condition("app", "Ready").get("status") == "False", 20)
    message = s.world.condition("app", "Ready")["message"]
    s.check("spec.analysis.stepWeight" in message, "the path", message)
    s.wait_outcome("app-2", "promoted", 90)
    weights = [w for _, w in s.world.canary_weights("app-canary")]
    s.check(weights == [0, 20, 40, 0], "the weights of the last valid spec", weights)
