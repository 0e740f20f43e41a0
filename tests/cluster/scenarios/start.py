"""The beginning that most scenarios share: an application under load, and its Canary initialised."""

import time

import objects
from load import ask
from world import Failure


def app(s, name="app", with_service=False, with_ingress=True, **deployment):
    """The Deployment with its pods ready; a Service of the user's own only where the scenario wants one."""
    s.create(objects.deployment(s.namespace, name=name, **deployment))
    if with_service:
        s.create(objects.service(s.namespace, name))
    if with_ingress:
        s.create(objects.ingress(s.namespace, name))
    count = deployment.get("replicas", 2)
    s.wait(f"{name} is available", lambda: s.world.is_available(name, count), 30)


def initialised(s, canary, seconds=60):
    """Create the Canary and wait until the primary serves and the target is at rest."""
    name = canary["metadata"]["name"]
    apex = canary["spec"]["service"].get("name", name)
    s.create(canary)
    s.wait_phase("Initialized", seconds, name)
    s.wait(f"target {name} at 0", lambda: s.world.replicas(name) == 0, 20)
    s.check(s.world.selector(apex) == f"{name}-primary", "the apex Service selects the primary", s.world.selector(apex))
    # Canaries and Releases are watched apart: either may be seen first.
    s.wait("the first Release is done", lambda: s.world.outcome(f"{name}-1") == "promoted", 10)


def until_answers(what, seconds, arguments, condition):
    """Ask the ingress again and again until the counts are right."""
    end = time.monotonic() + seconds
    while True:
        counts = ask(*arguments)
        if condition(counts):
            return counts
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}: {counts}")


def answered(s, seconds=30, name="app"):
    """Until the ingress has answered for the host for a second; old workers of nginx may not know it yet."""
    host = objects.host_of(s.namespace, name)
    arguments = ("-host", host, "-count", "200", "-rate", "200", "-fresh", "-timeout", "2s")
    until_answers(f"the ingress answers for {host}", seconds, arguments, lambda counts: counts["good"] == 200)


def serving(s, version, seconds=30, name="app"):
    """Until all answers are of that version."""
    arguments = ("-host", objects.host_of(s.namespace, name), "-count", "40")
    until_answers(f"all traffic on {version}", seconds, arguments, lambda counts: counts["versions"] == {version: 40})


def settle(s, seconds):
    """Time in which nothing is to happen: no event can be waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with s.world.changed:
            s.world.changed.wait(max(0.0, end - time.monotonic()))
