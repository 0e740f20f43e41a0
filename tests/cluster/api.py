"""The Kubernetes API of the kit as its administrator sees it: requests, and watches that never miss a change."""

import http.client
import json
import re
import ssl
import threading
import time
import urllib.parse

# kind: (path of its API group and version, plural)
KINDS = {
    "namespace": ("/api/v1", "namespaces"),
    "serviceaccount": ("/api/v1", "serviceaccounts"),
    "service": ("/api/v1", "services"),
    "event": ("/api/v1", "events"),
    "pod": ("/api/v1", "pods"),
    "configmap": ("/api/v1", "configmaps"),
    "secret": ("/api/v1", "secrets"),
    "deployment": ("/apis/apps/v1", "deployments"),
    "daemonset": ("/apis/apps/v1", "daemonsets"),
    "endpointslice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "horizontalpodautoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "scaledobject": ("/apis/keda.sh/v1alpha1", "scaledobjects"),
    "ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "virtualservice": ("/apis/networking.istio.io/v1beta1", "virtualservices"),
    "destinationrule": ("/apis/networking.istio.io/v1beta1", "destinationrules"),
    "httproute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "grpcroute": ("/apis/gateway.networking.k8s.io/v1", "grpcroutes"),
    "trafficsplit": ("/apis/split.smi-spec.io/v1alpha2", "trafficsplits"),
    "lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "rolebinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "clusterrole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "canary": ("/apis/flagger.app/v1beta1", "canaries"),
    "metrictemplate": ("/apis/flagger.app/v1beta1", "metrictemplates"),
    "validatingadmissionpolicy": ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
    "validatingadmissionpolicybinding": ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"),
    "alertprovider": ("/apis/flagger.app/v1beta1", "alertproviders"),
    "action": ("/apis/serin.dev/v1alpha1", "actions"),
    "release": ("/apis/serin.dev/v1alpha1", "releases"),
}

BUSY_MAX = 20  # seconds; a new resource kind answers 429 until its storage is ready
MERGE_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status, method, path, text):
        super().__init__(f"{method} {path}: {status}: {text[:600]}")
        self.status = status


class Api:
    """One user of the API server; each thread has a connection of its own."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            text = file.read()
        server = urllib.parse.urlparse(re.search(r"server: *(\S+)", text)[1])
        self.host, self.port = server.hostname, server.port
        self.token = re.search(r"token: *([^\s}]+)", text)[1]
        self.tls = ssl.create_default_context(cafile=re.search(r"certificate-authority: *(\S+)", text)[1])
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)

    def headers(self, content_type="application/json"):
        return {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": "application/json"}

    def ask(self, method, path, body=None, content_type="application/json"):
        """The decoded reply; ApiError for a refusal. A server that is busy (429) is asked again."""
        data = None if body is None else json.dumps(body)
        end = time.monotonic() + BUSY_MAX
        while True:
            status, text = self.exchange(method, path, data, content_type)
            if status < 300:
                return json.loads(text)
            if status != 429 or time.monotonic() > end:
                raise ApiError(status, method, path, text)
            time.sleep(0.2)

    def exchange(self, method, path, data, content_type):
        """(status, text); once more when a kept connection turns out to be closed."""
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None) or self.connect()
            self.local.connection = connection
            try:
                connection.request(method, path, data, self.headers(content_type))
                reply = connection.getresponse()
                return reply.status, reply.read().decode()
            except (http.client.HTTPException, OSError):
                connection.close()
                self.local.connection = None
                if attempt == 2:
                    raise
        raise AssertionError

    def get(self, kind, name, namespace=None):
        """The object, or None."""
        try:
            return self.ask("GET", path_of(kind, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind, namespace=None):
        return self.ask("GET", path_of(kind, namespace))["items"]

    def create(self, item):
        kind, namespace = item["kind"].lower(), item["metadata"].get("namespace")
        return self.ask("POST", path_of(kind, namespace), item)

    def merge(self, kind, name, namespace, patch, manager=None):
        """As the field manager that is told."""
        query = f"?fieldManager={manager}" if manager else ""
        return self.ask("PATCH", path_of(kind, namespace, name) + query, patch, MERGE_PATCH)

    def delete(self, kind, name, namespace=None):
        return self.ask("DELETE", path_of(kind, namespace, name))


def path_of(kind, namespace=None, name=None):
    group, plural = KINDS[kind]
    path = group if namespace is None else f"{group}/namespaces/{namespace}"
    return f"{path}/{plural}" + ("" if name is None else f"/{name}")


class Watch:
    """Follows one kind in one namespace on a thread of its own; each change is told to `seen`, in order, once."""

    def __init__(self, api, kind, namespace, seen):
        self.api, self.kind, self.namespace, self.seen = api, kind, namespace, seen
        self.is_stopped = False
        self.connection = None
        reply = api.ask("GET", path_of(kind, namespace))
        self.version = reply["metadata"]["resourceVersion"]
        for item in reply["items"]:
            seen(kind, "ADDED", item)
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        while not self.is_stopped:
            try:
                self.follow_once()
            except (OSError, http.client.HTTPException, ValueError, AttributeError):
                if not self.is_stopped:
                    time.sleep(0.2)

    def follow_once(self):
        query = urllib.parse.urlencode({"watch": 1, "resourceVersion": self.version, "allowWatchBookmarks": "true"})
        self.connection = self.api.connect(timeout=None)
        self.connection.request("GET", f"{path_of(self.kind, self.namespace)}?{query}", headers=self.api.headers())
        reply = self.connection.getresponse()
        for line in reply:
            change = json.loads(line)
            if change["type"] == "ERROR":
                raise ValueError(change["object"])
            self.version = change["object"]["metadata"]["resourceVersion"]
            if change["type"] != "BOOKMARK":
                self.seen(self.kind, change["type"], change["object"])

    def stop(self):
        self.is_stopped = True
        if self.connection and self.connection.sock:
            try:
                self.connection.sock.shutdown(2)
            except OSError:
                pass
