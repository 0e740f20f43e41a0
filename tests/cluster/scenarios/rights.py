"""Least privilege, by the API server's audit log: what is allowed is what is done."""

import os
import subprocess

import agent
import install
import objects
from scenario import ALONE, scenario
from scenarios import start

# Of a run that is promoted at once, whatever is measured.
QUERY = "vector(1)"


def analysis_of(s, **more):
    """With a MetricTemplate, the check that asks it, and an AlertProvider whose address takes no alerts."""
    s.create(objects.metric_template(s.namespace, "one", QUERY, os.environ["PROMETHEUS_URL"]))
    s.create(objects.alert_provider(s.namespace, "desk", f"{os.environ['PROMETHEUS_URL']}/desk"))
    alert = {"name": "desk", "severity": "info", "providerRef": {"name": "desk"}}
    return {"metrics": [objects.custom_metric("one", "one", min=1)], "alerts": [alert], **more}


def promoted_and_deleted(s, canary):
    """All that a Canary's life asks for: initialised, v2 promoted, v3 begun, the Canary deleted."""
    canary["spec"]["revertOnDeletion"] = True
    start.initialised(s, canary)
    s.push("v2")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.push("v3")
    s.wait("the third run", lambda: s.world.status("app-3").get("phase"), 60)
    for verb in ("pause", "resume"):
        command = [agent.program(), verb, "app", "-n", s.namespace]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        s.check(done.returncode == 0, f"{verb} is accepted", done.stdout + done.stderr)
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Canary is gone", lambda: s.world.find("canary", "app") is None, 90)
    s.check(s.world.find("deployment", "app-primary") is None, "so is the primary")
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)
    s.check(s.world.find("deployment", "app"), "the target is left")


def nginx_life(s):
    start.app(s, with_service=True)
    start.answered(s)
    load = s.load_ingress(rate=30)
    analysis = analysis_of(s, stepWeight=30, maxWeight=30)
    analysis["metrics"].append(objects.SUCCESS)
    promoted_and_deleted(s, objects.canary(s.namespace, analysis=analysis))
    s.check(s.world.find("ingress", "app-canary") is None, "the canary Ingress is gone")
    s.check_load(load, "throughout")


def plain_life(s):
    start.app(s, with_ingress=False)
    analysis = analysis_of(s, iterations=1)
    promoted_and_deleted(s, objects.canary(s.namespace, provider="kubernetes", analysis=analysis))


@scenario("rights", "the life of a Canary asks for all that the Roles allow")
def live(s):
    nginx_life(s)


@scenario("rights", "for the whole cluster: the agent did what its Roles allow, no more and no less", ALONE)
def rights(s):
    roles = [("clusterrole", "serin", None), ("clusterrole", "serin-nginx", None), ("role", "serin-lease", "serin")]
    # What only other scenarios need, and with the mesh, where there is one, not each verb on each kind.
    # Those of Secrets are given by the scenario that needs them.
    others = ["configs", "autoscalers", *(install.MESH_COMPONENTS if os.environ.get("KIT_MESH") else ())]
    others += [name for name in ("config-secrets", "keda", "daemonsets") if s.api.get("clusterrole", f"serin-{name}")]
    others = [("clusterrole", f"serin-{name}", None) for name in others]
    install.check_rights(s, s.agents[0].user, roles, others)
