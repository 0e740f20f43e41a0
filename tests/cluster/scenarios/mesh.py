"""What scenarios of the mesh share, whatever routes its requests."""

import os

import objects
from load import CHANCE_MIN, ask, bad, chance
from scenarios import start

HOLD = 1.0  # seconds until Envoy surely has a new weight; measured: 0.3 s at most
STEPS = [20, 50, 80]


def host(s):
    return objects.host_of(s.namespace)


def in_mesh(s):
    """A pod's own proxy routes by Host, to the address of the Service."""
    return ("-url", os.environ["MESH_PROXY"], "-host", f"app.{s.namespace}")


def answering(s, arguments):
    start.until_answers("the proxy answers", 30, (*arguments, "-count", "100"), lambda counts: counts["good"] == 100)


def check_share(s, weight, arguments, standing):
    """Count where 5,000 requests go while the weight stands, which standing() tells."""
    counts = ask(*arguments, "-until-count", "5000", "-duration", "30s", "-clients", "8")
    s.check(standing() == weight, f"weight {weight} stood while it was counted")
    seen = counts["versions"].get("v2", 0)
    likely = chance(counts["good"], seen, weight / 100)
    share = f"{seen} of {counts['good']} on v2"
    s.check(counts["good"] >= 5000, f"weight {weight}: 5,000 requests counted", counts)
    s.check(bad(counts) == 0, f"weight {weight}: no request fails", counts)
    s.check(likely >= CHANCE_MIN, f"weight {weight}: its share", f"{share}, p {likely:.1e}")
    s.note(f"weight {weight}: {share}, p {likely:.3f}")


def check_only_the_app_fails(s, counts, what):
    """Whatever failed was answered by the application: 500, and no other."""
    s.check(set(counts["statuses"]) <= {"200", "500"} and not counts["errors"], what, counts)
