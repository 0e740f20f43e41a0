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
    51: "a canary that gets no ready pods ends by its deadline",
    54: "a split edited by somebody else is told, with its author if known",
    58: "a breaker that opens during the analysis counts as failures, not as no data",
    59: "admission refuses: held with the API server's words, rolled back at the deadline",
    60: "no promotion before a person approves; who did, through what and when",
    61: "the audit holds; what was edited, deleted or cut off is found",
    62: "killed between apply and record: nothing twice, the route is read again, the run goes on",
    # Of the contract's list of provider scenarios (metric-providers.md, 5.2).
    "K1": "a Deployment by iterations behind the user's own Service, with a gate and an acceptance hook",
    "K2": "a DaemonSet by iterations",
    "I7": "skipAnalysis promotes",
    "I8": "skipAnalysis with a broken image: Failed, and the primary runs what it ran",
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
