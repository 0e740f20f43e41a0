"""After a rollback on nginx: the promoted image, the one that failed, and a pod annotation beside it."""

import os
import subprocess

import agent
import objects
from scenario import scenario
from scenarios import start

BROKEN = {"serin.test/never-ready": "true"}  # fails sooner than by its answers, which weights shows


def serin(*words):
    """What the command wrote."""
    command = [agent.program(), *words, "--kubeconfig", os.environ["KUBECONFIG"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def n_releases(s):
    return len(s.world.releases("app"))


def revert(s):
    primary = s.world.find("deployment", "app-primary")["metadata"]["generation"]
    s.push("v1")
    start.settle(s, 15)
    s.check(s.world.phase("app") == "Failed", "still Failed", s.world.phase("app"), row="N5")
    s.check(n_releases(s) == 2, "no run", n_releases(s), row="N5")
    left = s.world.find("deployment", "app-primary")["metadata"]["generation"]
    s.check(left == primary, "the primary's pods are those of before", f"{primary} {left}", row="N5")


def retry(s):
    """Here it takes a word: an image that failed is known, in whatever order images come."""
    s.push("v2", annotations=BROKEN)
    start.settle(s, 3)
    s.check(n_releases(s) == 2, "an image that failed does not run by itself", n_releases(s))
    said = serin("retry", "app", "-n", s.namespace, "--reason", "the database is back")
    s.check("app-3" in said, "serin retry runs it again", said, row="N6")
    s.wait_phase("Progressing", 50)
    s.wait_outcome("app-3", "rolled_back", 60)
    s.wait_phase("Failed", 20)
    s.check(s.world.image("app-primary") == "app:v1", "the primary runs v1", s.world.image("app-primary"), row="N6")


def annotate(s):
    s.push("v2", annotations={"team": "checkout"})
    s.wait_outcome("app-4", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"), row="N7")


@scenario("lifecycle", "rolled back: v1 again runs nothing, v2 again by retry, v2 healthy is promoted", rows=("N5", "N6", "N7"))
def lifecycle(s):
    start.app(s)
    analysis = {"stepWeight": 50, "maxWeight": 50, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis, progressDeadlineSeconds=10))
    start.answered(s)
    s.load_ingress(rate=30)
    s.push("v2", annotations=BROKEN)
    s.wait_outcome("app-2", "rolled_back", 60)
    s.wait_phase("Failed", 20)
    revert(s)
    retry(s)
    annotate(s)
