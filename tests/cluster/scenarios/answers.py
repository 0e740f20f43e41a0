"""Metrics servers that answer badly: the run holds, says why, and goes on when the answers are good."""

import http.server
import json
import threading

import objects
from scenario import scenario
from scenarios import start


def vector(*values):
    result = [{"metric": {"n": str(n)}, "value": [1700000000, value]} for n, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


GOOD = ("application/json", vector("1"))

# name, content type and body, verdict, a word of the message
ROWS = [
    ("html", ("text/html", "<!DOCTYPE html><html><body>Sign in</body></html>"), "error", "JSON"),
    ("two", ("application/json", vector("1", "2")), "error", "2"),
    ("nan", ("application/json", vector("NaN")), "no_data", "no values found"),
    ("nothing", ("application/json", vector()), "no_data", "no values found"),
]


class Server(http.server.ThreadingHTTPServer):
    """Answers every request with the same words."""

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.n_asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request to a Server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.n_asked += 1
        content_type, body = self.server.answer
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def begin(s, name, address, seconds):
    """A Canary NAME that asks that address, initialised."""
    s.create(objects.deployment(s.namespace, name=name, replicas=1))
    s.create(objects.metric_template(s.namespace, name, "up", address))
    analysis = {"iterations": 2, "metrics": [objects.custom_metric("answer", name, max=5)]}
    fields = {"provider": "kubernetes", "progressDeadlineSeconds": seconds}
    s.create(objects.canary(s.namespace, name=name, analysis=analysis, **fields))


def check_holds(s, name, verdict, word, n_asked):
    """Asked twice, not measured, not advanced."""
    s.wait(f"{name} is asked twice", lambda: n_asked() >= 2, 90)
    s.wait(f"{name} has a verdict", lambda: s.world.status(f"{name}-2").get("checks"), 20)
    status = s.world.status(f"{name}-2")
    s.check(status["checks"][0].get("verdict") == verdict, f"{name}: verdict {verdict}", status["checks"])
    counters = status.get("counters", {})
    s.check(counters.get("iteration", 0) <= 1, f"{name}: the run holds", counters)
    s.check(counters.get("failedChecks", 0) == 0, f"{name}: no check counts as failed", counters)
    reason = status.get("reason", "")
    s.check(word in reason, f"{name}: the reason says {word!r}", reason)
    s.wait(f"an Event says so of {name}", lambda: any(word in m for m in s.world.messages(name)), 10)
    s.note(f"{name}: {reason}")


@scenario("answers", "metrics servers that answer HTML, two series, NaN or nothing hold the run; silence ends it")
def answers(s):
    servers = {name: Server(answer) for name, answer, *_ in ROWS}
    for name, server in servers.items():
        begin(s, name, server.url(), 120)
    begin(s, "silent", "http://127.0.0.1:1", 15)
    names = [*servers, "silent"]
    for name in names:
        s.wait_phase("Initialized", 60, name)
    for name in names:
        s.push("v2", name=name)
    for name, _, verdict, word in ROWS:
        check_holds(s, name, verdict, word, lambda: servers[name].n_asked)  # noqa: B023
    for server in servers.values():
        server.answer = GOOD
    for name in servers:
        s.wait_outcome(f"{name}-2", "promoted", 90)
    s.wait_outcome("silent-2", "rolled_back", 60)
    reason = s.world.status("silent-2").get("reason", "")
    s.check("Metric query failed" in reason, "silent: the reason", reason)
    s.note(f"silent: {reason}")
    for server in servers.values():
        server.shutdown()
    start.settle(s, 0)
