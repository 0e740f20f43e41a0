#!/usr/bin/env python3
"""The little of kubectl that the pages use, for machines without one: against a server that asks no credentials.

    kubectl get KIND[,KIND...] [NAME] [-n NS] [--field-selector S] [-o yaml]
    kubectl apply -f FILE...            kubectl patch KIND NAME --type merge -p JSON
    kubectl set image KIND/NAME C=IMAGE kubectl delete KIND NAME
    kubectl rollout status KIND/NAME [--timeout=60s]
    kubectl wait KIND/NAME --for=condition=X | --for=jsonpath='{.a.b}'=X [--timeout=60s]
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

RESOURCES = {
    "canaries": ("/apis/flagger.app/v1beta1", "canary", "Canary"),
    "releases": ("/apis/serin.dev/v1alpha1", "release", "Release"),
    "deployments": ("/apis/apps/v1", "deployment", "Deployment"),
    "services": ("/api/v1", "service", "Service"),
    "events": ("/api/v1", "event", "Event"),
    "ingresses": ("/apis/networking.k8s.io/v1", "ingress", "Ingress"),
}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def die(text):
    sys.exit(f"error: {text}")


def server():
    with open(os.environ["KUBECONFIG"], encoding="utf-8") as file:
        return re.search(r"http://[\w.:]+", file.read()).group(0)


def ask(method, path, body=None, kind="application/json", accept="application/json"):
    request = urllib.request.Request(server() + path, method=method)
    request.add_header("Accept", accept)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", kind)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        if error.code == 404 and method == "GET":
            return None
        return die(f"{method} {path}: {error.code} {error.read().decode()[:300]}")


def find_resource(word):
    for plural, (group, singular, kind) in RESOURCES.items():
        if word in (plural, singular):
            return plural, group, singular, kind
    return die(f"the server doesn't have a resource type \"{word}\"")


def path_of(word, namespace, name=""):
    plural, group, _, _ = find_resource(word)
    return f"{group}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


# YAML as the pages write it: blocks of maps and lists, plain and quoted scalars. -----------------


def scalar(text):
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return {"true": True, "false": False, "null": None, "": None, "{}": {}, "[]": []}.get(text, text)


def parse(lines, at, depth):
    """(value, next line) of what is indented by at least DEPTH from line AT on."""
    if at == len(lines) or lines[at][0] < depth:
        return None, at
    depth, text = lines[at]
    value = [] if text.startswith("- ") else {}
    while at < len(lines) and lines[at][0] == depth:
        text = lines[at][1]
        if isinstance(value, list):
            if not text.startswith("- "):
                break
            lines[at] = (depth + 2, text[2:])
            is_map = re.match(r"[\w.\-/]+:( |$)", text[2:])
            item, at = parse(lines, at, depth + 1) if is_map else (scalar(text[2:]), at + 1)
            value.append(item)
            continue
        key, _, rest = text.partition(":")
        if rest.strip():
            value[key], at = scalar(rest), at + 1
            continue
        is_list = at + 1 < len(lines) and lines[at + 1][0] == depth and lines[at + 1][1].startswith("- ")
        value[key], at = parse(lines, at + 1, depth if is_list else depth + 1)
    return value, at


def read_documents(path):
    with open(path, encoding="utf-8") as file:
        texts = re.split(r"^---$", file.read(), flags=re.M)
    for text in texts:
        text = re.sub(r"\s+# .*$", "", text, flags=re.M)
        lines = [(len(l) - len(l.lstrip()), l.strip()) for l in text.splitlines() if l.strip() and l.strip()[0] != "#"]
        if lines:
            yield parse(lines, 0, 0)[0]


# Verbs -------------------------------------------------------------------------------------------


def show_table(table):
    columns = [i for i, c in enumerate(table["columnDefinitions"]) if not c.get("priority")]
    rows = [[table["columnDefinitions"][i]["name"].upper() for i in columns]]
    rows += [[str(row["cells"][i]) for i in columns] for row in table["rows"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def get(words, flags):
    for word in words[0].split(","):
        path = path_of(word, flags["n"], words[1] if len(words) > 1 else "")
        if "field-selector" in flags:
            path += "?fieldSelector=" + urllib.parse.quote(flags["field-selector"])
        found = ask("GET", path, accept="application/json" if "o" in flags else TABLE)
        if found is None:
            die(f"{words[0]} {words[-1]} not found")
        if "o" in flags:
            print(json.dumps(found, indent=2))
        else:
            if "," in words[0]:
                for row in found["rows"]:
                    row["cells"][0] = f"{find_resource(word)[2]}/{row['cells'][0]}"
            show_table(found)


def apply(words, flags):
    for path in words:
        for document in read_documents(path):
            _, _, singular, _ = find_resource(document["kind"].lower())
            namespace = document["metadata"].get("namespace", flags["n"])
            name = document["metadata"]["name"]
            if ask("GET", path_of(singular, namespace, name)) is None:
                ask("POST", path_of(singular, namespace), document)
                print(f"{singular}/{name} created")
            else:
                ask("PATCH", path_of(singular, namespace, name), document, "application/merge-patch+json")
                print(f"{singular}/{name} configured")


def set_image(words, flags):
    kind, name = words[1].split("/")
    container, _, image = words[2].partition("=")
    body = {"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}}
    ask("PATCH", path_of(kind, flags["n"], name), body, "application/strategic-merge-patch+json")
    print(f"{kind}/{name} image updated")


def patch(words, flags):
    ask("PATCH", path_of(words[0], flags["n"], words[1]), json.loads(flags["p"]), "application/merge-patch+json")
    group = find_resource(words[0])[1].split("/")
    kind = words[0] + (f".{group[2]}" if group[1] == "apis" else "")
    print(f"{kind}/{words[1]} patched")


def delete(words, flags):
    ask("DELETE", path_of(words[0], flags["n"], words[1]))
    print(f"{words[0]} \"{words[1]}\" deleted")


def rollout(words, flags):
    kind, name = words[1].split("/")
    wanted = ask("GET", path_of(kind, flags["n"], name))["spec"]["replicas"]
    wait([words[1]], {**flags, "for": f"jsonpath={{.status.availableReplicas}}={wanted}"})


def is_met(found, wanted):
    how, _, what = wanted.partition("=")
    if found is None:
        return False
    if how == "condition":
        conditions = found.get("status", {}).get("conditions", [])
        name, _, value = what.partition("=")
        return any(
            c["type"].lower() == name.lower() and c["status"].lower() == (value or "true").lower() for c in conditions
        )
    path, _, value = what.rpartition("=")
    for key in path.strip("{}.").split("."):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return str(found) == value


def wait(words, flags):
    kind, name = words[0].split("/")
    end = time.monotonic() + int(flags.get("timeout", "30s").rstrip("s"))
    while time.monotonic() < end:
        if is_met(ask("GET", path_of(kind, flags["n"], name)), flags["for"]):
            print(f"{kind}/{name} condition met")
            return
        time.sleep(0.2)
    die(f"timed out waiting for the condition on {words[0]}")


def main():
    if sys.argv[1:2] == ["canary"]:
        os.execvp("kubectl-canary", ["kubectl-canary"] + sys.argv[2:])
    words = []
    flags = {"n": "default"}
    args = iter(sys.argv[1:])
    for arg in args:
        if arg.startswith("--") and "=" in arg:
            name, _, flags_value = arg[2:].partition("=")
            flags[name] = flags_value
        elif arg in ("-f", "--filename"):
            words.append(next(args))
        elif arg.startswith("-"):
            flags[{"namespace": "n", "patch": "p"}.get(arg.lstrip("-"), arg.lstrip("-"))] = next(args)
        else:
            words.append(arg)
    verbs = {"get": get, "apply": apply, "set": set_image, "patch": patch, "delete": delete, "wait": wait}
    verbs["rollout"] = rollout
    if not words or words[0] not in verbs:
        sys.exit(__doc__)
    if words[0] == "set":
        set_image(words[1:], flags)
    else:
        verbs[words[0]](words[1:], flags)


if __name__ == "__main__":
    main()
