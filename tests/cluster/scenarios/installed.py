"""What is shipped, on a real API server: each overlay is taken as it is, and the agent lives under it."""

import install
import agent
from scenario import ALONE, OWN, scenario
from scenarios import rights

CUSTOM_RESOURCES = [
    "CustomResourceDefinition " + name
    for name in ("actions.serin.dev", "alertproviders.flagger.app", "canaries.flagger.app", "metrictemplates.flagger.app", "releases.serin.dev")
]
COMPONENTS = """
components:
  - {manifests}/components/evidence
  - {manifests}/components/service-monitor
"""


def check_whole(s, what, documents, expected):
    found = install.kinds(documents)
    s.check(found == sorted(expected), f"what {what} has", found)


@scenario("manifests", "the whole of manifests/ is taken, and its pods are let into a restricted namespace", ALONE)
def manifests(s):
    """The Deployment's pods are only looked at: kwok plays them, and no agent runs in them."""
    roles = ["ClusterRole serin", "ClusterRoleBinding serin", "ClusterRole serin-nginx", "ClusterRoleBinding serin-nginx"]
    roles += ["ClusterRole serin-configs", "ClusterRoleBinding serin-configs", "Role serin-lease", "RoleBinding serin-lease"]
    roles += ["ClusterRole serin-autoscalers", "ClusterRoleBinding serin-autoscalers"]
    parts = ["Namespace serin", "ServiceAccount serin", "Deployment serin", "PodDisruptionBudget serin"]
    acting = ["ClusterRole serin-viewer", "ClusterRole serin-actor"]
    acting += [f"ValidatingAdmissionPolicy{part} actions.serin.dev" for part in ("", "Binding")]
    check_whole(s, "manifests", install.render(install.MANIFESTS), CUSTOM_RESOURCES + acting + roles + parts)
    install.apply(install.render_own("cluster", ".", install.ON_A_NODE))
    level = s.api.get("namespace", "serin")["metadata"]["labels"].get("pod-security.kubernetes.io/enforce")
    s.check(level == "restricted", "the namespace is restricted", level)

    def is_available():
        status = s.api.get("deployment", "serin", "serin").get("status", {})
        return status.get("availableReplicas", 0) == 2

    s.wait("both pods run", is_available, 30)
    container = s.api.get("deployment", "serin", "serin")["spec"]["template"]["spec"]["containers"][0]
    # What "restricted" does not ask for.
    s.check(container["securityContext"].get("readOnlyRootFilesystem"), "the root is read-only", container)
    lacking = {"livenessProbe", "readinessProbe", "resources"} - container.keys()
    s.check(not lacking, "probes and resources", lacking)
    version = agent.version()
    s.check(container["image"] == f"serin:{version}", "the image is of this version", f"{container['image']}, {version}")
    s.api.delete("deployment", "serin", "serin")


@scenario("install", "in one namespace, provider nginx: the image as its pod, a promotion, exactly its Roles", OWN)
def installed(s):
    documents = install.namespaced(s.namespace)
    roles = [f"{kind} serin{part}" for kind in ("Role", "RoleBinding") for part in ("", "-autoscalers", "-configs", "-lease", "-nginx")]
    parts = ["ServiceAccount serin", "Deployment serin", "PodDisruptionBudget serin"]
    check_whole(s, "overlays/namespaced", documents, roles + parts)
    install.apply(documents)
    pod = install.Pod(s.api, s.namespace)
    s.note(f"image: {pod.assemble()}")
    s.agents.append(pod)
    pod.start().wait_ready()
    rights.nginx_life(s)
    s.check(pod.ask_history("SELECT count(*) AS n FROM round")[0]["n"] > 0, "the history is on the volume")
    s.check(pod.stop() == 0, "SIGTERM ends it with 0", pod.last_lines())
    mine = [("role", f"serin{part}", s.namespace) for part in ("", "-lease", "-nginx")]
    install.check_rights(s, pod.user, mine)


@scenario("install-plain", "in one namespace, provider kubernetes: a promotion without the Role of nginx", OWN)
def plain(s):
    documents = install.namespaced(s.namespace, install.WITHOUT_NGINX)
    s.check("Role serin-nginx" not in install.kinds(documents), "no Role of nginx", install.kinds(documents))
    install.apply(install.without_deployment(documents))
    one = agent.Agent("install-plain", s.namespace)
    s.agents.append(one)
    one.start().wait_ready()
    rights.plain_life(s)
    s.check(one.stop() == 0, "SIGTERM ends it with 0", one.last_lines())
    install.check_rights(s, one.user, [("role", f"serin{part}", s.namespace) for part in ("", "-lease")])


@scenario("install-parts", "the optional components are taken, but for the ServiceMonitor: the kit lacks its resource", OWN)
def components(s):
    paths = COMPONENTS.format(manifests=install.relative_manifests(s.namespace))
    documents = install.namespaced(s.namespace, paths)
    found = install.kinds(documents)
    for part in ("PersistentVolumeClaim serin-evidence", "Service serin", "ServiceMonitor serin"):
        s.check(part in found, f"{part} is there", found)
    install.apply([text for text in documents if "kind: ServiceMonitor" not in text])
    spec = s.api.get("deployment", "serin", s.namespace)["spec"]
    volume = {key: value for key, value in spec["template"]["spec"]["volumes"][0].items() if value is not None}
    expected = {"name": "state", "persistentVolumeClaim": {"claimName": "serin-evidence"}}
    s.check(volume == expected, "the history is on the claim", volume)
    s.check((spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"}), "one agent at a time", spec["strategy"])
