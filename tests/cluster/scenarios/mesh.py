"""What scenarios of the mesh share, whatever routes its requests."""

import http.client
import os
import subprocess
import time

import agent
import objects
from load import CHANCE_MIN, ask, bad, chance
from scenarios import start

HOLD = 1.0  # seconds until Envoy surely has a new weight; measured: 0.3 s at most
STEPS = [20, 50, 80]
CALL = ("-grpc", "-path", "/shop.Cart/Get")


def host(s):
    return objects.host_of(s.namespace)


def in_mesh(s):
    """A pod's own proxy routes by Host, to the address of the Service."""
    return ("-url", os.environ["MESH_PROXY"], "-host", f"app.{s.namespace}")


def answering(s, arguments):
    start.until_answers("the proxy answers", 30, (*arguments, "-count", "100"), lambda counts: counts["good"] == 100)


def check_share(s, weight, arguments):
    """Count where 5,000 requests go while the weight stands: the Canary has the webhooks of hold()."""
    counts = ask(*arguments, "-until-count", "5000", "-duration", "2m", "-clients", "8")
    s.check_stood(weight, f"weight {weight}")
    seen = counts["versions"].get("v2", 0)
    likely = chance(counts["good"], seen, weight / 100)
    share = f"{seen} of {counts['good']} on v2"
    s.check(counts["good"] >= 5000, f"weight {weight}: 5,000 requests counted", counts)
    s.check(bad(counts) == 0, f"weight {weight}: no request fails", counts)
    s.check(likely >= CHANCE_MIN, f"weight {weight}: its share", f"{share}, p {likely:.1e}")
    s.note(f"weight {weight}: {share}, p {likely:.3f}")


def check_only_the_app_fails(s, counts, what):
    """Whatever failed was answered by the application: 500, of a call 13, and no other."""
    own = {"200", "500", "grpc 0", "grpc 13"}
    s.check(set(counts["statuses"]) <= own and not counts["errors"], what, counts)


class Client:
    """A client that keeps its cookies, as a browser does."""

    def __init__(self, arguments):
        url, self.host = arguments[1], arguments[3]
        self.address = url.removeprefix("http://").rstrip("/")
        self.jar = {}
        self.taken = []  # what was taken away, as it was said
        self.bad = []  # what was not answered 2xx

    def ask(self):
        """The version that answers."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        headers = {"Host": self.host}
        if self.jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        try:
            connection.request("GET", "/", headers=headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            self.bad.append(answer.status)
        for said in answer.headers.get_all("Set-Cookie") or []:
            self.keep(said)
        return answer.headers.get("X-Version")

    def keep(self, said):
        pair, *attributes = said.split("; ")
        name, value = pair.split("=", 1)
        ages = [int(a.removeprefix("Max-Age=")) for a in attributes if a.startswith("Max-Age=")]
        if ages and ages[0] <= 0:
            self.jar.pop(name, None)
            self.taken.append(said)
        else:
            self.jar[name] = value


def sticky(name="app-cnry"):
    return {"cookieName": name, "primaryCookieName": "app.prim", "path": "/", "maxAge": 3600}


def visit(s, clients, what):
    """One request of each; (on v2, on v1) by the version that answered last, whoever else is a failure."""
    seen = [(client, client.ask()) for client in clients]
    s.check(not [c.bad for c in clients if c.bad], f"{what}: no request fails", [c.bad for c in clients if c.bad])
    return seen


def check_stays(s, clients, version, what):
    for _ in range(3):
        moved = [v for _, v in visit(s, clients, what) if v != version]
        s.check(not moved, f"{what}: {len(clients)} clients stay on {version}", f"{len(moved)} moved: {moved[:5]}")


def follow_clients(s, arguments, old, new, wait_weight):
    """Over the steps 20, 50, 80 who got the new version stays, and who did not moves with the weight; all clients."""
    clients = [Client(arguments) for _ in range(80)]
    moved = {}
    for weight in STEPS:
        wait_weight(weight)
        settled = moved.get(new, [])
        if settled:
            check_stays(s, settled, new, f"weight {weight}, who had {new} before")
        seen = visit(s, [c for c in clients if c not in settled], f"weight {weight}")
        moved = {version: [c for c, v in seen if v == version] for version in (old, new)}
        share = chance(len(seen), len(moved[new]), weight / 100)
        found = f"{len(moved[new])} of {len(seen)} on {new}, p {share:.1e}"
        s.check(share >= CHANCE_MIN, f"weight {weight}: the others follow it", found)
        s.note(f"weight {weight}: {len(settled)} stayed on {new}; of the others {found}")
        # Who got the old one stays there, too, for this step.
        check_stays(s, moved[old], old, f"weight {weight}, who got {old}")
        moved[new] += settled
    return clients, moved[new]


def check_taken_away(s, clients, version, what):
    """All are on that version, and whoever had the canary's cookie has it no more."""
    had = [c for c in clients if "app-cnry" in c.jar]
    s.check(had, f"{what}: some had the cookie")
    wrong = [v for _, v in visit(s, clients, what) if v != version]
    s.check(not wrong, f"{what}: all on {version}", wrong[:5])
    s.check(not [c for c in clients if "app-cnry" in c.jar], f"{what}: nobody keeps the cookie")
    said = [c.taken[-1] for c in had if not c.taken or "Max-Age=-1" not in c.taken[-1] or "Path=/" not in c.taken[-1]]
    s.check(not said, f"{what}: it is taken away as it was set", said[:3])


def run_sticky(s, arguments, wait_weight, row):
    """v2 promoted, then v3 aborted, by clients with cookies."""
    load = s.load(*arguments, rate=20)
    s.push("v2")
    clients, _ = follow_clients(s, arguments, "v1", "v2", wait_weight)
    s.wait_outcome("app-2", "promoted", 120)
    status = s.api.get("canary", "app", s.namespace)["status"]
    previous = status.get("previousSessionAffinityCookie", "")
    s.check(previous.startswith("app-cnry="), "Flagger's status", status, row=row)
    time.sleep(HOLD)
    late = Client(arguments)
    late.jar = dict([previous.split("=", 1)])
    late.ask()
    taken = [said for said in late.taken if previous in said and "Max-Age=-1" in said]
    s.check(taken, "who comes with the cookie of before has it taken away", late.taken, row=row)
    check_taken_away(s, clients, "v2", "promoted")
    s.push("v3")
    wait_weight(STEPS[0])
    fresh = [Client(arguments) for _ in range(60)]
    seen = visit(s, fresh, "v3")
    stuck = [c for c, v in seen if v == "v3"]
    check_stays(s, stuck, "v3", "v3")
    command = [agent.program(), "abort", "app", "-n", s.namespace, "--reason", "enough"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    s.check(done.returncode == 0, "abort", done.stdout + done.stderr)
    s.wait_outcome("app-3", "rolled_back", 60)
    time.sleep(HOLD)
    check_taken_away(s, fresh, "v2", "rolled back")
    check_stays(s, fresh, "v2", "after that")
    s.check_load(load, "without cookies, throughout")
