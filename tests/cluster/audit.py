"""What the API server's audit log says about a user."""

import datetime
import json
import os


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def time_of(line):
    return datetime.datetime.fromisoformat(line["stageTimestamp"].replace("Z", "+00:00"))


def lines(user, since=None, until=None):
    """Lines about requests of USER that ended (or, of a watch, began) between the two times."""
    found = []
    with open(os.environ["AUDIT_LOG"], encoding="utf-8") as file:
        for text in file:
            if f'"username":"{user}"' not in text:
                continue
            line = json.loads(text)
            at = time_of(line)
            if (since is None or at >= since) and (until is None or at <= until):
                found.append(line)
    return found


def requests(user, since=None, until=None):
    """Requests that ended, but for watches."""
    whole = lines(user, since, until)
    return [line for line in whole if line["stage"] == "ResponseComplete" and line["verb"] != "watch"]


def is_lease(line):
    return line.get("objectRef", {}).get("resource") == "leases"


def label(line):
    """ "patch canaries/status shop/cart 200", for people."""
    what = line.get("objectRef", {})
    resource = what.get("resource", line["requestURI"])
    if what.get("subresource"):
        resource += "/" + what["subresource"]
    place = f"{what.get('namespace', '')}/{what.get('name', '')}"
    return f"{line['verb']} {resource} {place} {line.get('responseStatus', {}).get('code', '')}"


def refused(user):
    """What the user was not allowed to do."""
    return sorted({label(line) for line in lines(user) if line.get("responseStatus", {}).get("code") in (401, 403)})


def rights_used(user):
    """{(API group, resource, verb)} of all that was answered."""
    used = set()
    for line in lines(user):
        what = line.get("objectRef")
        if not what:
            continue
        resource = what["resource"] + ("/" + what["subresource"] if what.get("subresource") else "")
        used.add((what.get("apiGroup", ""), resource, line["verb"]))
    return used


def rights_given(rules):
    """{(API group, resource, verb)} of a Role's rules."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
