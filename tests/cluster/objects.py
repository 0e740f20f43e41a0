"""Kubernetes objects as users of the agent would write them."""

import copy
import datetime

NGINX = "nginx.ingress.kubernetes.io/"
FINALIZER = "finalizer.flagger.app"


def deployment(namespace, version="v1", name="app", replicas=2, strategy=None, annotations=None, deadline=None):
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}, "annotations": annotations or {}},
            # No scheduler runs in the kit.
            "spec": {"nodeName": "node-0", "containers": [{"name": "app", "image": f"app:{version}"}]},
        },
    }
    if strategy:
        spec["strategy"] = strategy
    if deadline:
        spec["progressDeadlineSeconds"] = deadline
    return item("apps/v1", "Deployment", namespace, name, spec)


def service(namespace, name="app", app=None):
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return item("v1", "Service", namespace, name, {"selector": {"app": app or name}, "ports": ports})


def ingress(namespace, name="app"):
    """In front of the Service of the same name; its host is host_of(namespace, name)."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    rule = {
        "host": host_of(namespace, name),
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    }
    return item("networking.k8s.io/v1", "Ingress", namespace, name, {"ingressClassName": "nginx", "rules": [rule]})


def time_before(seconds):
    """So long ago, as RFC 3339."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def host_of(namespace, name="app"):
    return f"{name}.{namespace}.example.com"


def canary(namespace, name="app", provider="nginx", analysis=None, **spec):
    """A Canary on Deployment and Ingress NAME, interval 10 s (the least that is accepted), threshold 1."""
    whole = {
        "provider": provider,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "service": {"port": 80, "targetPort": 8080},
        "progressDeadlineSeconds": 60,
        "analysis": {"interval": "10s", "threshold": 1, **copy.deepcopy(analysis or {})},
        **spec,
    }
    if provider == "nginx":
        whole["ingressRef"] = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": name}
    return item("flagger.app/v1beta1", "Canary", namespace, name, whole)


def metric(name, interval="10s", **bounds):
    """A builtin metric with min= or max=."""
    return {"name": name, "interval": interval, "thresholdRange": bounds}


SUCCESS = metric("request-success-rate", min=99)
DURATION = metric("request-duration", max=500)


def custom_metric(name, template, interval="10s", variables=None, **bounds):
    reference = {"name": template}
    whole = {"name": name, "interval": interval, "templateRef": reference, "thresholdRange": bounds}
    if variables:
        whole["templateVariables"] = variables
    return whole


def metric_template(namespace, name, query, address):
    provider = {"type": "prometheus", "address": address}
    return item("flagger.app/v1beta1", "MetricTemplate", namespace, name, {"provider": provider, "query": query})


def alert_provider(namespace, name, address):
    return item("flagger.app/v1beta1", "AlertProvider", namespace, name, {"type": "slack", "address": address})


def namespace_item(name):
    return item("v1", "Namespace", None, name, None)


def item(version, kind, namespace, name, spec):
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    whole = {"apiVersion": version, "kind": kind, "metadata": metadata}
    if spec is not None:
        whole["spec"] = spec
    return whole
