"""Targets that are scaled: the primary gets an autoscaler of its own, and the canary sleeps at rest."""

import install
import objects
from scenario import scenario
from scenarios import start

PAUSED = "autoscaling.keda.sh/paused-replicas"
# KEDA's own says more; the agent is to leave alone what it does not know.
KEDA = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: scaledobjects.keda.sh
spec:
  group: keda.sh
  scope: Namespaced
  names: {kind: ScaledObject, listKind: ScaledObjectList, plural: scaledobjects, singular: scaledobject}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


def hpa(s):
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": cpu}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
    }
    return objects.item("autoscaling/v2", "HorizontalPodAutoscaler", s.namespace, "load", spec)


def scaled_object(s):
    query = 'sum(rate(requests{app="app-canary"}[1m]))'
    trigger = {"type": "prometheus", "name": "rate", "metadata": {"query": query}}
    spec = {"scaleTargetRef": {"name": "app"}, "minReplicaCount": 2, "aNewerField": {"a": 1}, "triggers": [trigger]}
    return objects.item("keda.sh/v1alpha1", "ScaledObject", s.namespace, "load", spec)


def reference(kind):
    return {"apiVersion": "autoscaling/v2", "kind": kind, "name": "load"}


def least(s):
    return (s.api.get("horizontalpodautoscaler", "load-primary", s.namespace) or {}).get("spec", {}).get("minReplicas")


def scale_primary(s, replicas):
    """As an autoscaler with metrics would."""
    s.api.merge("deployment", "app-primary", s.namespace, {"spec": {"replicas": replicas}})
    s.wait(f"the primary at {replicas}", lambda: s.world.is_available("app-primary", replicas), 30)


@scenario("autoscaler", "the primary has an HPA of its own, which keeps it at the capacity that the run began with")
def autoscaler(s):
    s.create(hpa(s))
    start.app(s)
    analysis = {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]}
    autoscaled = reference("HorizontalPodAutoscaler")
    start.initialised(s, objects.canary(s.namespace, analysis=analysis, autoscalerRef=autoscaled))
    start.answered(s)
    load = s.load_ingress(rate=20)
    source = s.api.get("horizontalpodautoscaler", "load", s.namespace)["spec"]
    made = s.api.get("horizontalpodautoscaler", "load-primary", s.namespace)
    named = {**source["scaleTargetRef"], "name": "app-primary"}
    s.check(made["spec"] == {**source, "scaleTargetRef": named}, "it is the target's, for the primary", made["spec"])
    scale_primary(s, 4)
    s.push("v2")
    s.wait_weight(30, 60)
    s.check(least(s) == 4, "it keeps 4 pods while the canary runs", least(s))
    s.check(s.world.replicas("app") == 2, "the canary begins with the least", s.world.replicas("app"))
    s.api.merge("deployment", "app-primary", s.namespace, {"spec": {"replicas": 2}})
    s.wait("the real HPA brings the primary back to 4", lambda: s.world.replicas("app-primary") == 4, 40)
    s.wait_outcome("app-2", "promoted", 120)
    s.wait("it may shrink again", lambda: least(s) == 2, 20)
    s.check(s.world.replicas("app-primary") == 4, "its pods are not ours to count", s.world.replicas("app-primary"))
    s.check(s.world.replicas("app") == 0, "the target is at rest", s.world.replicas("app"))
    s.api.merge("horizontalpodautoscaler", "load", s.namespace, {"spec": {"minReplicas": 3}})
    s.wait("it follows", lambda: least(s) == 3, 20)
    s.check_load(load, "throughout")
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 90)
    s.check(s.api.get("horizontalpodautoscaler", "load-primary", s.namespace) is None, "it is gone with the Canary")
    s.check(s.api.get("horizontalpodautoscaler", "load", s.namespace), "the user's is left")


def pause(s, name="load"):
    item = s.api.get("scaledobject", name, s.namespace) or {"metadata": {}}
    return (item["metadata"].get("annotations") or {}).get(PAUSED)


@scenario("keda", "a ScaledObject is paused while the canary sleeps, the primary's never is")
def keda(s):
    install.apply([KEDA])
    install.grant("keda")
    s.wait("ScaledObjects are served", lambda: s.api.get("scaledobject", "load", s.namespace) is None, 20)
    s.create(scaled_object(s))
    start.app(s, with_ingress=False)
    spec = {"provider": "kubernetes", "analysis": {"iterations": 2}, "autoscalerRef": reference("ScaledObject")}
    start.initialised(s, objects.canary(s.namespace, **spec))
    s.check(pause(s) == "0", "the target's is paused", pause(s))
    made = s.api.get("scaledobject", "load-primary", s.namespace)
    query = made["spec"]["triggers"][0]["metadata"]["query"]
    s.check("app-primary" in query and "canary" not in query, "it asks for the primary", query)
    s.check(made["spec"]["aNewerField"] == {"a": 1}, "fields that the agent does not know are copied", made["spec"])
    s.check(pause(s, "load-primary") is None, "the primary's is not paused", pause(s, "load-primary"))
    s.push("v2")
    s.wait("the canary's pods", lambda: s.world.is_available("app", 2), 40)
    s.wait("the target's scales the canary", lambda: pause(s) is None, 10)
    s.wait_outcome("app-2", "promoted", 90)
    s.check(pause(s) == "0", "it is paused again", pause(s))
    left = s.api.get("scaledobject", "load", s.namespace)["spec"]
    s.check(left == scaled_object(s)["spec"], "nothing else of it is changed", left)
    s.api.delete("scaledobject", "load-primary", s.namespace)
    s.wait("it is made anew", lambda: s.api.get("scaledobject", "load-primary", s.namespace), 20)
    s.check(pause(s, "load-primary") is None, "and not paused", pause(s, "load-primary"))
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 90)
    s.check(s.api.get("scaledobject", "load-primary", s.namespace) is None, "it is gone with the Canary")
    s.check(pause(s) is None, "the user's is not paused", pause(s))
