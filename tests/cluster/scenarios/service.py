"""A Service as the target: two Deployments stand, and what is analysed is which of them clients get."""

import objects
from load import ask
from scenario import scenario
from scenarios import istio
from scenarios.mesh import answering, in_mesh


def find(s, name):
    return s.world.find("service", name) or {}


def addresses(service):
    spec = service["spec"]
    return {spec["clusterIP"], *(str(port.get("nodePort")) for port in spec["ports"] if port.get("nodePort"))}


def push(s, app):
    s.api.merge("service", "app", s.namespace, {"spec": {"selector": {"app": app}}})


def begin(s):
    for app, version in (("one", "v1"), ("two", "v2")):
        s.create(objects.deployment(s.namespace, name=app, version=version, replicas=1))
    for app in ("one", "two"):
        s.wait(f"{app} is available", lambda app=app: s.world.is_available(app, 1), 30)
    target = objects.service(s.namespace, app="one")
    target["spec"]["type"] = "NodePort"
    s.create(target)
    canary = istio.canary(s, {"stepWeight": 50, "maxWeight": 50, "metrics": []}, gateways=("mesh",), hosts=[f"app.{s.namespace}"])
    canary["spec"]["targetRef"] = {"apiVersion": "v1", "kind": "Service", "name": "app"}
    s.create(canary)
    s.wait_phase("Initialized", 60)


@scenario("service-target", "a Service's selector is analysed and promoted by copies of it", has_mesh=True)
def service_target(s):
    begin(s)
    copies = [find(s, name) for name in ("app-primary", "app-canary")]
    taken = [addresses(one) for one in copies + [find(s, "app")]]
    s.check(len(set.union(*taken)) == sum(map(len, taken)), "each Service has addresses of its own", taken)
    s.check(all(one["spec"]["type"] == "ClusterIP" for one in copies), "the copies take no node port", taken)
    answering(s, in_mesh(s))
    load = s.load(*in_mesh(s), rate=20)
    push(s, "two")
    istio.wait_weight(s, 50)
    s.check(find(s, "app-primary")["spec"]["selector"] == {"app": "one"}, "the primary stays while v2 is analysed")
    s.wait_outcome("app-2", "promoted", 90)
    s.check(find(s, "app-primary")["spec"]["selector"] == {"app": "two"}, "the primary is what was analysed")
    counts = ask(*in_mesh(s), "-count", "100")
    s.check(counts["versions"] == {"v2": 100}, "all traffic on v2", counts)
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 60)
    for name in ("app-primary", "app-canary"):
        s.check(s.world.find("service", name) is None, f"{name} is gone")
    s.check_load(load, "a Service promoted, and its Canary deleted")
    writers = {entry["manager"] for entry in find(s, "app")["metadata"].get("managedFields", [])}
    s.check(not any("serin" in writer for writer in writers), "nobody but its owner wrote the target", writers)
