"""Least privilege, by the API server's audit log."""

import audit
from scenario import ALONE, scenario


@scenario("rights", "the agent was refused nothing, and used no right outside its Role", ALONE)
def rights(s):
    agent = s.agents[0]
    refused = audit.refused(agent.user)
    s.check(not refused, "no request was answered 401 or 403", refused)
    given = audit.rights_given(s.api.get("clusterrole", "serin")["rules"])
    given |= audit.rights_given(s.api.get("role", "serin-lease", "serin")["rules"])
    used = audit.rights_used(agent.user)
    s.check(used, "the audit log has the agent's requests")
    s.check(used <= given, "no right outside the Role", sorted(used - given))
    unused = sorted(" ".join(right) for right in given - used)
    s.note(f"{len(used)} rights used; given and not used here: {', '.join(unused)}")
