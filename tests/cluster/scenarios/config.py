"""ConfigMaps and Secrets: a change in one is a revision, and what was analysed is what the primary gets."""

import install
import objects
from scenario import scenario
from scenarios import start

SECRET_DATA = "aHVudGVyMg=="  # of which nothing is to be found elsewhere


def config_map(s, colour):
    return objects.item("v1", "ConfigMap", s.namespace, "settings", None) | {"data": {"colour": colour}}


def secret(s):
    return objects.item("v1", "Secret", s.namespace, "keys", None) | {"data": {"key": SECRET_DATA}}


def deployment(s):
    """Refers to the ConfigMap by a volume and by envFrom, to the Secret by env."""
    whole = objects.deployment(s.namespace)
    spec = whole["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "settings", "configMap": {"name": "settings"}}]
    key = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}}
    spec["containers"][0] |= {"envFrom": [{"configMapRef": {"name": "settings"}}], "env": [key]}
    return whole


def mounted(s):
    return s.world.find("deployment", "app-primary")["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]


def turn(s, colour):
    s.api.merge("configmap", "settings", s.namespace, {"data": {"colour": colour}})


def check_copy(s, colour):
    copy = s.api.get("configmap", mounted(s), s.namespace)
    s.check(copy["metadata"]["name"].startswith("settings-primary-"), "the primary has a copy", copy["metadata"]["name"])
    s.check(copy.get("immutable") is True, "which nobody can change", copy.get("immutable"))
    s.check(copy["data"] == {"colour": colour}, f"it holds {colour}", copy["data"])


@scenario("config", "a changed ConfigMap is analysed, then promoted in a copy that was there before it is referred to")
def config(s):
    install.grant("config-secrets")
    s.create(config_map(s, "red"), secret(s), deployment(s), objects.ingress(s.namespace))
    s.wait("app is available", lambda: s.world.is_available("app", 2), 30)
    analysis = {"stepWeight": 30, "maxWeight": 30, "metrics": [objects.SUCCESS]}
    start.initialised(s, objects.canary(s.namespace, analysis=analysis))
    start.answered(s)
    load = s.load_ingress(rate=20)
    check_copy(s, "red")
    first = mounted(s)
    turn(s, "blue")
    s.wait_weight(30, 90)
    cause = s.world.find("release", "app-2")["spec"]["cause"]
    s.check(cause == "config", "the run's cause", cause)
    s.check(mounted(s) == first, "the primary keeps what it has", mounted(s))
    s.wait_outcome("app-2", "promoted", 90)
    check_copy(s, "blue")
    s.check(s.api.get("configmap", first, s.namespace)["data"] == {"colour": "red"}, "the old copy is kept")
    for change in s.world.versions("deployment", "app-primary"):
        name = change.object["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
        copy = s.api.get("configmap", name, s.namespace)
        s.check(copy["metadata"]["namespace"] == s.namespace, "each template refers to a copy that is there", name)
    told = str(s.world.releases("app")) + str(s.world.find("canary", "app")) + str(s.world.messages("app"))
    s.check(SECRET_DATA not in told, "nothing of the Secret is told")
    s.check_load(load, "throughout")
    s.api.delete("canary", "app", s.namespace)
    s.wait("the Releases are gone", lambda: not s.world.releases("app"), 90)
    left = [name for name in (item["metadata"]["name"] for item in configs(s)) if "-primary-" in name]
    s.check(not left, "the copies are gone", left)


def configs(s):
    """All ConfigMaps and Secrets of the namespace."""
    return s.api.list("configmap", s.namespace) + s.api.list("secret", s.namespace)
