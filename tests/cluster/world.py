"""What one Kubernetes namespace looks like, and looked like since the scenario began."""

import collections
import threading
import time

from api import Watch

FOLLOWED = ("canary", "release", "deployment", "service", "endpointslice", "ingress", "event")
MESH_KINDS = ("virtualservice", "destinationrule", "httproute", "grpcroute")

Change = collections.namedtuple("Change", "at type object")


class Failure(Exception):
    """A scenario cannot go on."""


class World:
    """Objects as the watches show them; every version that was seen is kept."""

    def __init__(self, api, namespace, kinds=FOLLOWED):
        self.api, self.namespace = api, namespace
        self.changed = threading.Condition()
        self.objects = {kind: {} for kind in kinds}
        self.past = {kind: [] for kind in kinds}
        self.watches = [Watch(api, kind, namespace, self.seen) for kind in kinds]

    def seen(self, kind, change, item):
        name = item["metadata"]["name"]
        with self.changed:
            self.past[kind].append(Change(time.monotonic(), change, item))
            if change == "DELETED":
                self.objects[kind].pop(name, None)
            else:
                self.objects[kind][name] = item
            self.changed.notify_all()

    def stop(self):
        for watch in self.watches:
            watch.stop()

    def find(self, kind, name):
        with self.changed:
            return self.objects[kind].get(name)

    def wait(self, what, seconds, condition):
        """Until CONDITION() is true, looked at after every change; returns what it returned."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                result = condition()
                if result:
                    return result
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"not within {seconds} s: {what}")
                self.changed.wait(min(left, 0.2))

    def versions(self, kind, name):
        """Every version of an object that was seen, oldest first."""
        with self.changed:
            return [c for c in self.past[kind] if c.object["metadata"]["name"] == name]

    # Canaries and their Releases

    def phase(self, canary):
        item = self.find("canary", canary)
        return (item or {}).get("status", {}).get("phase", "")

    def condition(self, canary, type_name):
        item = self.find("canary", canary) or {}
        conditions = item.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == type_name), {})

    def releases(self, canary):
        """Of that Canary, oldest first."""
        with self.changed:
            mine = [r for r in self.objects["release"].values() if r["spec"]["canary"]["name"] == canary]
        return sorted(mine, key=lambda r: int(r["metadata"]["name"].rsplit("-", 1)[1]))

    def status(self, release):
        item = self.find("release", release)
        return (item or {}).get("status", {})

    def outcome(self, release):
        return self.status(release).get("outcome", "")

    def weights(self, release):
        """weight.to as it changed over the run."""
        steps = []
        for change in self.versions("release", release):
            weight = change.object.get("status", {}).get("weight", {}).get("to", 0)
            if not steps or steps[-1] != weight:
                steps.append(weight)
        return steps

    def messages(self, canary):
        """Texts of the Events about that Canary, in the order of their arrival."""
        with self.changed:
            events = [c.object for c in self.past["event"] if c.type == "ADDED"]
        return [e["message"] for e in events if e["involvedObject"]["name"] == canary]

    # The parts that carry traffic

    def image(self, deployment):
        item = self.find("deployment", deployment)
        return item["spec"]["template"]["spec"]["containers"][0]["image"] if item else ""

    def replicas(self, deployment):
        item = self.find("deployment", deployment)
        return item["spec"]["replicas"] if item else -1

    def is_available(self, deployment, count):
        item = self.find("deployment", deployment) or {}
        status = item.get("status", {})
        return (
            status.get("observedGeneration") == item.get("metadata", {}).get("generation")
            and status.get("updatedReplicas", 0) == status.get("replicas", 0) == status.get("availableReplicas", 0)
            and status.get("replicas", 0) == count
        )

    def selector(self, service):
        item = self.find("service", service)
        return item["spec"].get("selector", {}).get("app", "") if item else ""

    def canary_weight(self, ingress):
        return annotation_weight(self.find("ingress", ingress))

    def canary_weights(self, ingress):
        """The canary Ingress's weight as it changed, oldest first: [(time, weight)]."""
        steps = []
        for change in self.versions("ingress", ingress):
            weight = annotation_weight(change.object)
            if not steps or steps[-1][1] != weight:
                steps.append((change.at, weight))
        return steps

    def fewest_endpoints(self, service, since):
        """The least number of ready endpoints that the Service had at any moment from SINCE on."""
        slices, fewest = {}, None
        for change in self.past["endpointslice"][:]:
            labels = change.object["metadata"].get("labels", {})
            if labels.get("kubernetes.io/service-name") != service:
                continue
            name = change.object["metadata"]["name"]
            if change.at >= since and slices:
                fewest = least(fewest, sum(slices.values()))
            slices[name] = 0 if change.type == "DELETED" else ready_endpoints(change.object)
            if change.at >= since:
                fewest = least(fewest, sum(slices.values()))
        return sum(slices.values()) if fewest is None else fewest


def least(a, b):
    return b if a is None else min(a, b)


def ready_endpoints(endpoint_slice):
    return sum(1 for e in endpoint_slice.get("endpoints") or [] if e.get("conditions", {}).get("ready"))


def annotation_weight(ingress):
    """The weight in force by ingress-nginx's annotations; 0 when there is none."""
    annotations = (ingress or {}).get("metadata", {}).get("annotations", {})
    if annotations.get("nginx.ingress.kubernetes.io/canary") != "true":
        return 0
    return int(annotations.get("nginx.ingress.kubernetes.io/canary-weight", "0"))
