"""Agents that are killed, stopped or two: the same end, and no step twice."""

import random
import time

import agent
import audit
import install
import objects
from scenario import OWN, scenario
from scenarios import start

STEPS = [20, 40, 60]
ANALYSIS = {"stepWeight": 20, "maxWeight": 60, "threshold": 2, "metrics": [objects.SUCCESS]}


def own_agent(s, name, *settings):
    """An agent of the scenario's own, for its namespace only."""
    one = agent.Agent(name, s.namespace, *settings)
    s.agents.append(one)
    return one.start()


def check_each_step_once(s):
    """What the watches saw: every status and every weight in order, none repeated."""
    moves = [weight for _, weight in s.world.canary_weights("app-canary")]
    s.check(moves == [0] + STEPS + [0], "each weight was set once, in order", moves)
    seqs = [c.object.get("status", {}).get("seq", 0) for c in s.world.versions("release", "app-2")]
    s.check(seqs == list(range(seqs[0], seqs[0] + len(seqs))), "each status was written once, in order", seqs)
    templates = [c.object["spec"]["template"] for c in s.world.versions("deployment", "app-primary")]
    changes = sum(1 for before, after in zip(templates, templates[1:]) if before != after)
    s.check(changes == 1, "the primary got its template once", changes)
    told = s.world.messages("app")
    twice = sorted({message for message in told if told.count(message) > 1})
    s.check(not twice, "each Event came once", twice)
    s.check(len(s.world.releases("app")) == 2, "one Release", len(s.world.releases("app")))


def check_end(s, load):
    s.wait_outcome("app-2", "promoted", 150)
    s.wait_phase("Succeeded", 30)
    s.check(s.world.image("app-primary") == "app:v2", "the primary runs v2", s.world.image("app-primary"))
    s.wait("the target rests", lambda: s.world.replicas("app") == 0)
    check_each_step_once(s)
    for one in s.agents[:1]:
        s.check(not audit.refused(one.user), "the agent was refused nothing", audit.refused(one.user))
    s.check_load(load, "throughout")


def begin(s):
    install.install_for_namespace(s.namespace)
    start.app(s, with_service=True)
    start.answered(s)
    return s.load_ingress(rate=30)


def check_evidence(s, one, n_restarts):
    """Row 62: nothing is recorded twice, each process but the first said that it began, and the file is intact."""
    twice = one.ask_history("SELECT entity_uid FROM audit_log GROUP BY entity, entity_uid HAVING COUNT(*) > 1")
    s.check(not twice, "no record twice", twice, row=62)
    began = one.ask_history("SELECT COUNT(*) AS n FROM gap WHERE kind = 'began'")[0]["n"]
    s.check(began == n_restarts, "each process after the first said that it began", f"{began} of {n_restarts}", row=62)
    code, written = one.tell("audit", "verify", "--offline")
    s.check(code == 0, "links, hashes and decisions hold", written, row=62)
    s.wait_recorded("app-2", agent=one)
    moves = [row["canaryPercent"] for row in one.report(s.namespace, "R16", "app") if row["origin"] == "serin"]
    s.check(moves == [0, 0] + STEPS + [0], "R16: each weight once", moves, row=62)
    ended = [(row["release"], row["outcome"]) for row in one.report(s.namespace, "R12", "app")]
    s.check(ended == [("app-2", "promoted"), ("app-1", "promoted")], "R12: one release, promoted", ended, row=62)


def crash(s, count, wait_moment):
    """Killed COUNT times in a promotion, each time when WAIT_MOMENT returns and the agent leads."""
    load = begin(s)
    one = own_agent(s, s.namespace).wait_ready()
    start.initialised(s, objects.canary(s.namespace, analysis=ANALYSIS))
    s.push("v2")
    told = []
    for _ in range(count):
        wait_moment()
        if s.world.outcome("app-2"):
            break
        held = holder(s)
        one.kill()
        status = s.world.status("app-2")
        told.append(f"{status.get('phase', 'before the Release')} {status.get('weight', {}).get('to', 0)}")
        one.start().wait_ready(40)
        s.wait("the agent has the lease again", lambda: holder(s) not in ("", held), 40)  # noqa: B023
    s.check(told, "the agent was killed in time", told)
    s.note(f"killed in {', '.join(told)}")
    check_end(s, load)
    if 62 in s.row.rows:
        check_evidence(s, one, len(told))


@scenario("crash-random", "an agent killed at random moments of a promotion goes on where it was", OWN)
def crash_random(s):
    seed = random.randrange(10_000)
    moments = random.Random(seed)
    s.note(f"seed {seed}")
    crash(s, 4, lambda: start.settle(s, moments.uniform(0.1, 12)))


@scenario("crash-write", "an agent killed right after it saved the Release goes on where it was", OWN, rows=(62,))
def crash_write(s):
    def seq():
        return s.world.status("app-2").get("seq", 0)

    def wait_write():
        before = seq()
        s.wait("the Release is saved", lambda: seq() > before or s.world.outcome("app-2"), 60)

    crash(s, 5, wait_write)


def holder(s):
    lease = s.api.get("lease", agent.LEASE, s.namespace) or {}
    return lease.get("spec", {}).get("holderIdentity") or ""


@scenario("handover", "two agents, one lease: SIGTERM hands it over in mid-run and exits 0", OWN)
def handover(s):
    load = begin(s)
    first = own_agent(s, "handover-a").wait_ready()
    s.wait("the first agent holds the lease", lambda: holder(s), 20)
    held = holder(s)
    second = own_agent(s, "handover-b").wait_ready()
    start.initialised(s, objects.canary(s.namespace, analysis=ANALYSIS))
    s.check(holder(s) == held, "the second agent leaves the lease alone", holder(s))
    s.push("v2")
    s.wait_weight(STEPS[0], 60)
    begun = time.monotonic()
    code = first.stop()
    s.check(code == 0, "SIGTERM ends the agent with 0", f"{code}: {first.last_lines()}")
    s.check(time.monotonic() - begun < 10, "and soon", f"{time.monotonic() - begun:.1f} s")
    s.check(holder(s) != held, "it handed the lease over", holder(s))
    s.wait("the second agent holds the lease", lambda: holder(s) not in ("", held), 12)
    s.note(f"handed over {time.monotonic() - begun:.1f} s after SIGTERM")
    s.check(second.is_running(), "the second agent lives")
    check_end(s, load)
    s.check(second.stop() == 0, "the second agent ends with 0 too", second.last_lines())
    s.check(holder(s) == "", "nobody holds the lease", holder(s))
