"""The admission webhook of ingress-nginx, which tests each Ingress by nginx itself: for one namespace."""

import base64
import json
import os
import subprocess

import objects
from scenario import scenario
from scenarios import start

WEBHOOK = "https://10.88.0.1:8444/networking/v1/ingresses"


def configure(s):
    """As its chart does, but for this namespace alone: each question costs a test of the whole configuration."""
    with open(os.path.join(os.environ["KIT_DIR"], "certs", "apiserver.crt"), "rb") as file:
        authority = base64.b64encode(file.read()).decode()
    rule = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    webhook = {
        "name": "validate.nginx.ingress.kubernetes.io",
        "matchPolicy": "Equivalent",
        "rules": [{**rule, "resources": ["ingresses"]}],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": WEBHOOK, "caBundle": authority},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": s.namespace}},
    }
    whole = objects.item("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, "ingress-nginx-admission", None)
    s.check(apply({**whole, "webhooks": [webhook]})[0] == 0, "the webhook is configured")


def apply(item):
    """As a user does it: (exit code, what was said)."""
    done = subprocess.run(["kubectl", "apply", "-f", "-"], input=json.dumps(item), text=True, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


def refused(s, name):
    """What it says of another Ingress for the same requests; "" for one that it accepts, which goes again."""
    code, said = apply(objects.ingress(s.namespace) | {"metadata": {"name": name, "namespace": s.namespace}})
    if code == 0:
        s.api.delete("ingress", name, s.namespace)
    return said if code != 0 else ""


@scenario("admission", "nginx: its admission webhook accepts the clone, and the original Ingress applied again", rows=("N2",))
def admission(s):
    configure(s)
    start.app(s, with_ingress=False)
    original = objects.ingress(s.namespace)
    s.check(apply(original)[0] == 0, "the user's Ingress")
    # A new webhook is asked after a moment, and then refuses who is second.
    said = s.wait("the webhook refuses another Ingress for the same requests", lambda: refused(s, "second"), 30)
    s.check("admission webhook" in said and "already defined" in said, "ingress-nginx itself refused it", said, row="N2")
    analysis = {"stepWeight": 50, "maxWeight": 50, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.answered(s)
    load = s.load_ingress(rate=40)
    s.push("v2")
    s.wait_weight(50, 60)
    code, said = apply(original)
    s.check(code == 0, "applied again in mid-run", said)
    s.wait_outcome("app-2", "promoted", 90)
    s.wait_phase("Succeeded", 20)
    code, said = apply(original)
    s.check(code == 0, "applied again after the promotion", said, row="N2")
    changed = json.loads(json.dumps(original))
    changed["metadata"]["annotations"] = {objects.NGINX + "proxy-read-timeout": "61"}
    code, said = apply(changed)
    s.check(code == 0, "and with another setting", said, row="N2")
    s.check_load(load, "throughout")
