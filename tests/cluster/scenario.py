"""A scenario: one namespace, what is asked of it, and what is shown when it fails."""

import dataclasses
import json
import os
import subprocess
import time
import traceback
import typing

import acceptance
import objects
from gate import Gate
from load import Load, bad
from world import FOLLOWED, MESH_KINDS, Failure, World

# When a scenario runs: beside the others under the shared agent; after them, alone; with agents of its own.
SHARED, ALONE, OWN = "shared", "alone", "own"

EVENTS_MAX = 10  # seconds until the last Event of a run is there
LIST_MAX = 30  # elements of a list that are shown

SCENARIOS = []


@dataclasses.dataclass
class Row:
    """A scenario of the list."""

    namespace: str
    name: str
    when: str
    run: typing.Callable
    has_mesh: bool = False
    rows: tuple = ()  # acceptance scenarios that it does exactly, see acceptance.py


def scenario(namespace, name, when=SHARED, has_mesh=False, rows=()):
    """Put a function into the list; its namespace is its own and made before it runs."""

    def register(function):
        SCENARIOS.append(Row(namespace, name, when, function, has_mesh, rows))
        return function

    return register


class Scenario:
    """What a running scenario works with."""

    def __init__(self, row, tier):
        self.row, self.tier = row, tier
        self.namespace = row.namespace
        self.api = tier.api
        self.agents = [tier.agent] if row.when != OWN else []
        self.world = None
        self.loads = []
        self.gates = []
        self.standing, self.counted = None, {0}  # see hold()
        self.n_checks = 0
        self.row_checks = {}
        self.failures = []
        self.notes = []
        self.seconds = 0.0

    # Running

    def run(self):
        begun = time.monotonic()
        try:
            if self.row.has_mesh and not os.environ.get("KIT_MESH"):
                raise Failure("the kit has no mesh: istiod or envoy could not be had, see the kit's first lines")
            if self.api.get("namespace", self.namespace) is None:
                self.api.create(objects.namespace_item(self.namespace))
            self.world = World(self.api, self.namespace, FOLLOWED + (MESH_KINDS if self.row.has_mesh else ()))
            self.row.run(self)
            self.failures += [f"row {number} is declared, and no check is of it" for number in acceptance.unproved(self)]
        except Failure as failure:
            self.failures.append(str(failure))
        except Exception:  # pylint: disable=broad-except
            self.failures.append(traceback.format_exc())
        finally:
            self.end()
        self.seconds = time.monotonic() - begun
        return self

    def end(self):
        for load in self.loads:
            load.stop()
        for gate in self.gates:
            gate.stop()
        if self.row.when == OWN:
            for agent in self.agents:
                agent.stop()

    # Asking

    def check(self, condition, what, detail="", row=None):
        """One expectation, of an acceptance row if told; the scenario goes on when it fails."""
        self.n_checks += 1
        if row is not None:
            assert row in self.row.rows, f"{self.namespace} checks row {row}, which it does not declare"
            self.row_checks[row] = self.row_checks.get(row, 0) + 1
        if not condition:
            self.failures.append(f"{f'row {row}: ' if row is not None else ''}{what}{': ' if detail != '' else ''}{detail}")
        return condition

    def wait(self, what, condition, seconds=40):
        """Until the condition holds; the scenario ends when it does not."""
        self.n_checks += 1
        return self.world.wait(what, seconds, condition)

    def note(self, text):
        """A measurement for the report."""
        self.notes.append(text)

    # Doing

    def create(self, *items):
        for one in items:
            self.api.create(one)

    def hold(self, standing):
        """Webhooks that hold each weight, which STANDING() tells, until it is in `counted`; so with a rule: whether it stands."""
        self.standing = standing
        self.gates.append(Gate(lambda: standing() in self.counted))
        return self.gates[-1].webhooks("confirm-traffic-increase", "confirm-promotion")

    def check_stood(self, weight, what, detail=""):
        """It stands still now that it is counted, and need not any more."""
        self.check(self.standing() == weight, f"{what} stood while it was counted", detail)
        self.counted.add(weight)

    def load(self, *arguments, rate=50):
        load = Load(f"{self.namespace}-{len(self.loads)}", *arguments, rate=rate)
        self.loads.append(load)
        return load

    def load_ingress(self, name="app", rate=50):
        return self.load("-host", objects.host_of(self.namespace, name), rate=rate)

    def check_load(self, load, what):
        """No request failed from the load's start to now."""
        counts = load.stop()
        self.check(counts["sent"] > 100, f"{what}: more than 100 requests", counts["sent"])
        lost = f"{counts['statuses']} {counts['errors']} {load.misses()}"
        self.check(bad(counts) == 0, f"{what}: no request fails", lost)
        self.note(f"{what}: {counts['good']} of {counts['sent']} answered 2xx, versions {counts['versions']}")
        return counts

    def push(self, version, name="app", annotations=None):
        """Give the Deployment a new template, as `kubectl apply` would."""
        live = self.api.get("deployment", name, self.namespace)
        old = live["spec"]["template"]["metadata"].get("annotations") or {}
        template = {
            "metadata": {"annotations": {**dict.fromkeys(old), **(annotations or {})}},
            "spec": {"containers": [{"name": "app", "image": f"app:{version}"}]},
        }
        self.api.merge("deployment", name, self.namespace, {"spec": {"template": template}})
        return time.monotonic()

    def wait_phase(self, phase, seconds=60, canary="app"):
        return self.wait(f"canary {canary} {phase}", lambda: self.world.phase(canary) == phase, seconds)

    def wait_outcome(self, release, outcome, seconds=90):
        reached = self.wait(f"release {release} has an outcome", lambda: self.world.outcome(release), seconds)
        reason = self.world.status(release).get("reason", "")
        self.check(reached == outcome, f"release {release} ends {outcome}", f"{reached}: {reason}")
        return reached

    def wait_recorded(self, release, canary="app", agent=None):
        """R12's row of a release with its end: the history is written after the cluster, so it comes a moment later."""
        agent = agent or self.agents[0]

        def ended():
            rows = agent.report(self.namespace, "R12", canary)
            return next((row for row in rows if row["release"] == release and row["outcome"]), None)

        return self.wait(f"R12 has the end of {release}", ended, 10)

    def wait_weight(self, weight, seconds=60, ingress="app-canary"):
        text = f"{ingress} at weight {weight}"
        return self.wait(text, lambda: self.world.canary_weight(ingress) == weight, seconds)

    def check_messages(self, expected, canary="app"):
        """Each of the texts comes as an Event; they are told after the world was changed."""

        def lacking():
            told = self.world.messages(canary)
            return [text for text in expected if not any(text in message for message in told)]

        end = time.monotonic() + EVENTS_MAX
        with self.world.changed:
            while lacking() and time.monotonic() < end:
                self.world.changed.wait(0.2)
        self.check(not lacking(), "Events", f"{lacking()} are not in {self.world.messages(canary)}")

    # Telling

    def explanation(self):
        """Canary and Releases, Events, and the agent's lines."""
        parts = [f"--- {self.namespace}: Canaries and Releases"]
        for kind in ("canary", "release"):
            for one in self.world.objects[kind].values() if self.world else []:
                parts.append(brief(one))
        parts.append(f"--- {self.namespace}: workloads")
        command = ["kubectl", "-n", self.namespace, "get", "deployments,services,ingresses,pods", "-o", "wide"]
        parts.append(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
        parts.append(f"--- {self.namespace}: Events")
        for change in self.world.past["event"] if self.world else []:
            event = change.object
            about = event["involvedObject"]["name"]
            parts.append(f"{event.get('lastTimestamp')} {about} {event['type']} {event['message']}")
        for agent in self.agents:
            parts.append(f"--- agent {agent.name}: lines about {self.namespace}")
            parts += [line[:500] for line in agent.lines(self.namespace)[-80:]]
            parts.append(f"--- agent {agent.name}: last lines")
            parts += [line[:500] for line in agent.lines()[-10:]]
        return "\n".join(parts)

    def rounds(self):
        """The agent's last rounds, from its history."""
        parts = []
        for agent in self.agents:
            parts.append(f"--- agent {agent.name}: last rounds of {self.namespace}")
            try:
                for group in agent.last_rounds(self.namespace):
                    parts += [json.dumps(row)[:1500] for row in group]
            except Exception as error:  # pylint: disable=broad-except
                parts.append(f"cannot be read: {error}")
        return "\n".join(parts)


def brief(item):
    """An object without what nobody reads, as YAML."""
    whole = json.loads(json.dumps(item))
    whole["metadata"].pop("managedFields", None)
    if whole["kind"] == "Release":
        whole["spec"].pop("template", None)
        whole.get("status", {}).pop("policy", None)
    return yaml(whole)


def yaml(value, indent=""):
    """Enough of YAML to read."""
    if isinstance(value, dict) and value:
        rows = value.items()
    elif isinstance(value, list) and value:
        rows = enumerate(value[:LIST_MAX] + ["…"] * (len(value) > LIST_MAX))
    else:
        return json.dumps(value)
    text = ""
    for key, inner in rows:
        lead = f"{indent}- " if isinstance(value, list) else f"{indent}{key}: "
        is_nested = isinstance(inner, (dict, list)) and inner
        text += lead.rstrip() + "\n" + yaml(inner, indent + "  ") if is_nested else lead + yaml(inner) + "\n"
    return text
