"""A MetricTemplate: Go's template with variables, asked of the real Prometheus."""

import os

import objects
from scenario import scenario
from scenarios import start

QUERY = """
{{- $pods := printf "%s-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)" target }}
100 * (sum(rate(http_requests_total{kubernetes_namespace="{{ namespace }}", kubernetes_pod_name=~"{{ $pods }}",
  status=~"{{ variables.status }}"}[{{ interval }}])) or vector(0))
/ sum(rate(http_requests_total{kubernetes_namespace="{{ namespace }}",
  kubernetes_pod_name=~"{{ $pods }}"}[{{ interval }}]))
"""


@scenario("templates", "a MetricTemplate with variables lets v2 pass and stops v3")
def templates(s):
    start.app(s, with_ingress=False)
    s.create(objects.metric_template(s.namespace, "errors", QUERY, os.environ["PROMETHEUS_URL"]))
    check = objects.custom_metric("errors-percent", "errors", variables={"status": "5.*"}, max=5)
    analysis = {"iterations": 2, "metrics": [check]}
    start.initialised(s, objects.canary(s.namespace, provider="kubernetes", analysis=analysis))
    s.load("-service", f"{s.namespace}/app-canary", rate=20)
    s.push("v2")
    s.wait_outcome("app-2", "promoted", 120)
    s.wait_phase("Succeeded", 20)
    s.push("v3", annotations={"serin.test/error-percent": "25"})
    s.wait_outcome("app-3", "rolled_back", 120)
    s.wait_phase("Failed", 20)
    result = s.world.status("app-3").get("checks", [{}])[0]
    s.check(result.get("name") == "errors-percent" and result.get("verdict") == "fail", "the failed check", result)
    s.check(5 < result.get("value", 0) < 60 and result.get("max") == 5, "its value beside its bound", result)
    s.wait("the history has it", lambda: s.agents[0].measurements(s.namespace, "app"), 10)
    last = s.agents[0].measurements(s.namespace, "app")[-1]
    query = last.get("query", "")
    is_rendered = f'kubernetes_namespace="{s.namespace}"' in query and 'status=~"5.*"' in query
    s.check(is_rendered and "{{" not in query, "the rendered query is in the history", last)
    s.note(s.world.status("app-3").get("reason", ""))
