#!/usr/bin/env python3
"""How long a weight takes to hold, for each proxy of a kit: the numbers of docs/testing.md.

    KIT_MESH=1 tests/cluster/kit.sh run tests/cluster/holds.py [CHANGES]

A weight is turned from 0 to 100 and back, CHANGES times (10) after 4 s of quiet and as often half a second after
another change. What is measured is the time from the API server's answer until the last request, on a fresh
connection, that the old version answered.
"""

import http.client
import os
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import objects  # noqa: E402
from api import Api  # noqa: E402

QUIET, SOON = 4.0, 0.5  # seconds before a change
SURE = 300  # answers of the new version in a row: nobody serves the old one any more
NAMESPACE = "holds"
ISTIO = "networking.istio.io/v1beta1"
GATEWAY_API = "gateway.networking.k8s.io/v1"


def service(name):
    return {"destination": {"host": name, "port": {"number": 80}}}


def virtual_service(name, host, gateway):
    def write(api, weight):
        route = [service("app-primary") | {"weight": 100 - weight}, service("app-canary") | {"weight": weight}]
        spec = {"hosts": [host], "gateways": [gateway], "http": [{"route": route}]}
        put(api, "virtualservice", objects.item(ISTIO, "VirtualService", NAMESPACE, name, spec))

    return write


def http_route(name, host, parent):
    def write(api, weight):
        shares = (("app-primary", 100 - weight), ("app-canary", weight))
        refs = [{"name": backend, "port": 80, "weight": share} for backend, share in shares]
        spec = {"parentRefs": [parent], "rules": [{"backendRefs": refs}]} | ({"hostnames": [host]} if host else {})
        put(api, "httproute", objects.item(GATEWAY_API, "HTTPRoute", NAMESPACE, name, spec))

    return write


def ingress(host):
    def write(api, weight):
        for name, backend in (("app", "app-primary"), ("app-canary", "app-canary")):
            item = objects.ingress(NAMESPACE, name)
            item["spec"]["rules"][0]["host"] = host
            item["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = backend
            if name == "app-canary":
                notes = {objects.NGINX + "canary": "true", objects.NGINX + "canary-weight": str(weight)}
                item["metadata"]["annotations"] = notes
            if name == "app-canary" or api.get("ingress", name, NAMESPACE) is None:
                put(api, "ingress", item)

    return write


def put(api, kind, item):
    name = item["metadata"]["name"]
    if api.get(kind, name, NAMESPACE) is None:
        api.create(item)
    else:
        api.merge(kind, name, NAMESPACE, item)


def proxies():
    """(name, write, address, host)"""
    yield "ingress-nginx", ingress("nginx.holds"), os.environ["INGRESS_URL"], "nginx.holds"
    if not os.environ.get("KIT_MESH"):
        return
    gateway, gwapi, mesh = (os.environ[name] for name in ("GATEWAY_URL", "GWAPI_URL", "MESH_PROXY"))
    parent = {"name": "gwapi", "namespace": "istio-system"}
    own = {"group": "", "kind": "Service", "name": "app-primary"}
    public = "istio-system/public"
    yield "Istio, VirtualService at a gateway", virtual_service("at", "at.holds", public), gateway, "at.holds"
    yield "Istio, VirtualService of the mesh", virtual_service("in", "app-canary", "mesh"), mesh, f"app-canary.{NAMESPACE}"
    yield "Istio, HTTPRoute at a Gateway", http_route("at", "route.holds", parent), gwapi, "route.holds"
    yield "Istio, HTTPRoute of a Service", http_route("in", None, own), mesh, f"app-primary.{NAMESPACE}"


def version(address, host):
    """Who answers on a fresh connection."""
    connection = http.client.HTTPConnection(urllib.parse.urlparse(address).netloc, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        return answer.headers.get("X-Version")
    finally:
        connection.close()


def settle(address, host, wanted, seconds=15):
    """The time of the last answer that was another's; None: there was none."""
    last, row = None, 0
    end = time.monotonic() + seconds
    while row < SURE:
        if version(address, host) == wanted:
            row += 1
        else:
            last, row = time.monotonic(), 0
        if time.monotonic() > end:
            raise SystemExit(f"{host}: not on {wanted} within {seconds} s")
    return last


def measure(api, write, address, host, changes):
    """Milliseconds of each change, after quiet and soon after another."""
    held = {QUIET: [], SOON: []}
    write(api, 0)
    settle(address, host, "v1")
    weight = 0
    for pause, found in held.items():
        for _ in range(changes):
            time.sleep(pause if pause == QUIET else QUIET)
            if pause == SOON:
                write(api, weight)
                write(api, 50)
                time.sleep(SOON)
            weight = 100 - weight
            write(api, weight)
            begun = time.monotonic()
            last = settle(address, host, "v2" if weight else "v1")
            found.append(max(0, (last or begun) - begun) * 1000)
    return held


def main():
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    api = Api(os.environ["KUBECONFIG"])
    api.create(objects.namespace_item(NAMESPACE))
    for name, text in (("app-primary", "v1"), ("app-canary", "v2")):
        api.create(objects.deployment(NAMESPACE, text, name))
        api.create(objects.service(NAMESPACE, name))
    time.sleep(8)
    print(f"| proxy | after {QUIET:.0f} s of quiet, ms | {SOON} s after another change, ms |\n|---|---|---|", flush=True)
    for name, write, address, host in proxies():
        cells = []
        for found in measure(api, write, address, host, changes).values():
            found.sort()
            cells.append(f"{found[0]:.0f} / {found[len(found) // 2]:.0f} / {found[-1]:.0f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
