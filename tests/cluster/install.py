"""manifests/ as a user applies them: rendered by kustomize, and the agent as a pod of them."""

import os
import re
import shutil
import subprocess

import agent
import audit

ROOT = os.path.realpath(os.path.join(agent.HERE, "..", ".."))
MANIFESTS = os.path.join(ROOT, "manifests")
MESH_COMPONENTS = ("istio", "gateway-api")  # for scenarios with the mesh
WITHOUT_NGINX = """
patches:
  - target: {name: serin-nginx}
    patch: |
      $patch: delete
      apiVersion: rbac.authorization.k8s.io/v1
      kind: any
      metadata:
        name: any
"""
# No scheduler runs in the kit.
ON_A_NODE = """
patches:
  - target: {kind: Deployment, name: serin}
    patch: |
      - {op: add, path: /spec/template/spec/nodeName, value: node-0}
"""


def render(folder):
    """The documents of a kustomization, as text."""
    command = ["kubectl", "kustomize", folder]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return text.split("\n---\n")


def own_folder(name):
    return os.path.join(os.path.realpath(os.environ["KIT_DIR"]), f"kustomize-{name}")


def relative_manifests(name):
    """manifests/ as a kustomization in own_folder(NAME) must write it."""
    return os.path.relpath(MANIFESTS, own_folder(name))


def render_own(name, base, more=""):
    """Those of a kustomization of the user's own, with BASE of manifests/ as its resource."""
    os.makedirs(own_folder(name), exist_ok=True)
    with open(os.path.join(own_folder(name), "kustomization.yaml"), "w", encoding="utf-8") as file:
        file.write(f"resources: [{os.path.join(relative_manifests(name), base)}]\n{more}")
    return render(own_folder(name))


def kinds(documents):
    """Sorted ["Kind name"]."""
    found = []
    for text in documents:
        kind = re.search(r"^kind: (\S+)", text, re.M)
        name = re.search(r"^metadata:.*?^  name: (\S+)", text, re.M | re.S)
        found.append(f"{kind[1]} {name[1]}")
    return sorted(found)


def apply(documents):
    text = "\n---\n".join(documents)
    command = ["kubectl", "apply", "--filename=-"]
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def without_deployment(documents):
    return [text for text in documents if not re.search(r"^kind: Deployment", text, re.M)]


def install(components=()):
    """For the whole cluster, but for the Deployment: the agent runs beside the cluster."""
    apply(without_deployment(render(MANIFESTS)))
    for component in components:
        grant(component)
    wait = ["kubectl", "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]
    subprocess.run(wait, check=True, stdout=subprocess.DEVNULL)


def grant(component):
    """The rights of a component, for the whole cluster, beside those of the overlay."""
    with open(os.path.join(MANIFESTS, "components", component, "rbac.yaml"), encoding="utf-8") as file:
        text = re.sub(r"^( *)kind: Role", r"\1kind: ClusterRole", file.read(), flags=re.M)
    apply([text.replace("    name: serin\n", "    name: serin\n    namespace: serin\n")])


def namespaced(namespace, more=""):
    """The documents of overlays/namespaced for that namespace."""
    return render_own(namespace, "overlays/namespaced", f"namespace: {namespace}\n{more}")


def install_for_namespace(namespace, more=""):
    apply(without_deployment(namespaced(namespace, more)))


def rights_of(s, roles):
    given = set()
    for kind, name, namespace in roles:
        given |= audit.rights_given(s.api.get(kind, name, namespace)["rules"])
    return given


def check_rights(s, user, roles, others=()):
    """What the API server saw the user do is what these Roles allow, no more and no less; of the others, no more."""
    given, more = rights_of(s, roles), rights_of(s, others)
    refused = audit.refused(user)
    used = audit.rights_used(user)
    s.check(not refused, "no request was answered 401 or 403", refused)
    s.check(used, "the audit log has the agent's requests")
    s.check(used <= given | more, "no right outside the Roles", sorted(used - given - more))
    s.check(given <= used, "each right of the Roles was used", sorted(given - used))
    s.note(f"{len(used)} rights used, {len(given | more)} given")


class Pod(agent.Agent):
    """The agent in the image's file system, as the Deployment that the API server has says."""

    def __init__(self, api, namespace):
        super().__init__(f"pod-{namespace}", namespace)
        self.api = api
        kit = os.environ["KIT_DIR"]
        self.root, self.state, self.account = (
            os.path.join(kit, f"{name}-{namespace}") for name in ("image", "state", "account")
        )
        self.history = os.path.join(self.state, "history.db")

    def assemble(self):
        """The image, the volume, and the files of the service account."""
        command = [os.path.join(MANIFESTS, "rootfs.sh"), agent.program(), self.root]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        os.mkdir(self.state)
        os.chown(self.state, 65532, 65532)
        os.mkdir(self.account, 0o755)
        shutil.copy(os.path.join(os.environ["KIT_DIR"], "certs", "apiserver.crt"), os.path.join(self.account, "ca.crt"))
        command = ["kubectl", "-n", self.namespace, "create", "token", "serin"]
        token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        for name, text in (("token", token), ("namespace", self.namespace)):
            with open(os.path.join(self.account, name), "w", encoding="utf-8") as file:
                file.write(text)
        return said.strip()

    def command(self):
        container = self.api.get("deployment", "serin", self.namespace)["spec"]["template"]["spec"]["containers"][0]
        given = [text.replace("$(POD_NAMESPACE)", self.namespace) for text in container["args"]]
        # What a user sets for the cluster's own Prometheus, and a port: the kit has one address for all.
        own = [f"--metrics-server={os.environ['PROMETHEUS_URL']}", f"--port={self.port}"]
        inside = os.path.join(ROOT, "tests", "install", "in_image.sh")
        return [inside, self.root, self.state, self.account, "/usr/bin/serin", *given, *own]

    def environment(self):
        return {"KUBERNETES_SERVICE_HOST": "10.88.0.1", "KUBERNETES_SERVICE_PORT": "6443", "PATH": os.environ["PATH"]}

    def start(self):
        if not os.path.exists(self.root):
            self.assemble()
        return super().start()
