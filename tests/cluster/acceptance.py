"""The acceptance scenarios by their numbers, and what a run has shown of them.

A scenario declares those that it does exactly (`rows=(51,)`), and each has checks of its own there: `s.check(…, row=51)`.
"""

# number: what is asked
ROWS = {
    11: "who to call: the version that serves, not the one that failed",
    36: "v2 beside v1 without a change of the route gets no request",
    37: "90 to 10: both weights in the object and in the record, requests near 9 to 1",
    38: "a promotion retires what served, with its lead time",
    39: "back to v1: by what or by whom, and why",
    40: "v2 to v3 as v1 to v2: three versions in the history",
    41: "a delay for one user is seen by the latency check of that user's requests alone",
    42: "canary and primary are measured apart",
    45: "NGINX, 10 to 50 by 10: promoted, and no step without a check that passed",
    46: "NGINX, slow answers: failing samples with their query, the weight frozen, one rollback, all on the primary",
    47: "a canary without requests is held by no_data, and never passes",
    48: "a newer revision mid-way: the older run is superseded at weight 0, the newer one starts",
    49: "NGINX A/B: only the header's and the cookie's holders see v2, for the iterations that were agreed",
    50: "NGINX A/B rolled back: users without the header never saw it",
    51: "a canary that gets no ready pods ends by its deadline",
    54: "a split edited by somebody else is told, with its author if known",
    55: "Istio A/B by a cookie: its holders on v2, without it v1, and one that only begins so on v1",
    56: "retries of the VirtualService and outlier settings survive byte for byte",
    57: "retries hide failures: the gate can look at the upstream side, and both values are recorded",
    58: "a breaker that opens during the analysis counts as failures, not as no data",
    59: "admission refuses: held with the API server's words, rolled back at the deadline",
    60: "no promotion before a person approves; who did, through what and when",
    61: "the audit holds; what was edited, deleted or cut off is found",
    "G1": "gatewayapi: weights, with templates of error rate and latency as the gateway reports them: promoted",
    "G2": "gatewayapi: rolled back by errors",
    "G3": "gatewayapi: blue/green, measured by the application, with a smoke test of the canary",
    "G4": "gatewayapi: A/B by the exact value of a header: promoted",
    "G5": "gatewayapi: session affinity",
    "I1": "istio: initialised, with a template, request headers, and the apex's own labels and annotations",
    "I2": "istio: by weights: promoted",
    "I3": "istio: the same Canary by blue/green on another port, a hook through the canary's Service, ports discovered",
    "I4": "istio: the same Canary by A/B on a cookie, a port by name, a gate, and a hook after it",
    "I5": "istio: revertOnDeletion: the finalizer appears, and after the deletion the target has its replicas",
    "I6": "istio: taken over and given back: the Service's selector and the VirtualService's spec are the user's",
    "I9": "istio: delegation from a root VirtualService that rewrites",
    "I10": "istio: session affinity",
    "L1": "linkerd: the apex, a template with variables, a hook through the canary's Service, a Canary without its target",
    "L2": "linkerd: rolled back by errors, threshold 3",
    "L3": "linkerd: stepWeights 10 to 60: promoted",
    "N1": "nginx: success rate and a template with variables, steps of 20 to 40: promoted, never failed",
    "N2": "nginx: the original Ingress applied again after the promotion: its admission webhook accepts it",
    "N3": "nginx: A/B by the exact value of a header, three iterations: promoted",
    62: "killed between apply and record: nothing twice, the route is read again, the run goes on",
    # Of the contract's list of provider scenarios (metric-providers.md, 5.2).
    "K1": "a Deployment by iterations behind the user's own Service, with a gate and an acceptance hook",
    "K2": "a DaemonSet by iterations",
    "K3": "a DaemonSet with revertOnDeletion: the finalizer stands, and after the deletion its pods are ready",
    "I7": "skipAnalysis promotes",
    "I8": "skipAnalysis with a broken image: Failed, and the primary runs what it ran",
    "N4": "nginx: rolled back by errors, threshold 2: Failed",
    "N5": "after a rollback the primary's image again: still Failed, no run",
    "N6": "the image that failed again: a run, which fails",
    "N7": "a pod annotation beside it, and healthy: promoted",
}


def check_declared(row):
    """Faults of what a scenario declares."""
    unknown = [number for number in row.rows if number not in ROWS]
    return [f"{row.namespace} declares row {number}, of which acceptance.py knows nothing" for number in unknown]


def unproved(one):
    """What an ended scenario declared and has no check for; it may have ended early."""
    return [number for number in one.row.rows if not one.row_checks.get(number)]


def verdicts(scenarios, done):
    """For each number that these scenarios declare: (number, whether it holds, who shows it, faults)."""
    ended = {one.namespace: one for one in done}
    for number in sorted({n for row in scenarios for n in row.rows}, key=str):
        names = [row.namespace for row in scenarios if number in row.rows]
        faults = [f"row {number}: {name} was not run" for name in names if name not in ended]
        ran = [ended[name] for name in names if name in ended]
        faults += [f"row {number}: {one.namespace} failed" for one in ran if one.failures]
        yield number, not faults, names, faults
