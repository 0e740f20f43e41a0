"""A canary that never gets ready, or that admission refuses."""

import time

import objects
from api import MERGE_PATCH, ApiError
from scenario import scenario
from scenarios import start


STRICT = "serin-test-release-type"
WORDS = "every workload that runs needs a label release-type"


def refuse_unlabelled(s):
    """Admission of the deadline's namespace: no Deployment may have pods whose template lacks release-type."""
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments", "deployments/scale"]}
    unlabelled = "object.metadata.name != 'strict' || object.spec.replicas == 0 || 'release-type' in object.spec.template.metadata.labels"
    group = "admissionregistration.k8s.io/v1"
    policy = {"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": STRICT}}
    policy["spec"] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": unlabelled, "message": WORDS}],
    }
    binding = {"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": STRICT}}
    inside = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": s.namespace}}}
    binding["spec"] = {"policyName": STRICT, "validationActions": ["Deny"], "matchResources": inside}
    s.create(policy, binding)
    s.wait("admission refuses", lambda: is_refused(s), 20)


def is_refused(s):
    """A binding takes effect within seconds; a dry run shows it."""
    path = f"/apis/apps/v1/namespaces/{s.namespace}/deployments/strict?dryRun=All"
    try:
        s.api.ask("PATCH", path, {"spec": {"replicas": 1}}, MERGE_PATCH)
    except ApiError as error:
        return WORDS in str(error)
    return False


def check_refused(s):
    """Row 59: held with the API server's words, rolled back at the deadline."""
    s.wait_outcome("strict-2", "rolled_back", 60)
    s.check(s.world.replicas("strict") == 0, "no pod was made", s.world.replicas("strict"), row=59)
    reason = s.world.status("strict-2").get("reason", "")
    s.note(f"row 59: {reason}")
    s.check(WORDS in reason, "the reason has the words of the API server", reason, row=59)
    found = s.wait_recorded("strict-2", "strict")
    s.check((found["outcome"], WORDS in found["reason"]) == ("rolled_back", True), "R12: outcome and reason", found, row=59)


@scenario("deadline", "a canary that is never ready is rolled back at the deadline, with no traffic moved", rows=(51, 59))
def deadline(s):
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress(rate=20)
    analysis = {"stepWeight": 50, "maxWeight": 50, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis, progressDeadlineSeconds=15))
    start.app(s, "strict", replicas=1)
    start.initialised(s, objects.canary(s.namespace, "strict", analysis=analysis, progressDeadlineSeconds=15))
    refuse_unlabelled(s)
    s.push("v2", "strict")
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
    s.wait_recorded("app-2")
    found = s.agents[0].report(s.namespace, "R13", "app-2")
    ends = [(one["what"], one["result"]) for one in found if one["kind"] == "end"]
    s.check(ends == [("app-2", "rolled_back")], "R13: the end", found, row=51)
    s.check(not [one for one in found if one["kind"] == "metric"], "R13: no check decided it", found, row=51)
    check_refused(s)
    s.note(f"after {took:.1f} s: {reason}")
