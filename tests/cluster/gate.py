"""A gate of the scenario's own: a Canary goes on when what was to be counted is counted, however slow the machine."""

import http.server
import threading


class Gate(http.server.ThreadingHTTPServer):
    """Answers the agent's gates: open where IS_OPEN() says so."""

    def __init__(self, is_open):
        super().__init__(("127.0.0.1", 0), Asked)
        self.is_open = is_open
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def webhooks(self, *kinds):
        """What asks it, for a Canary's analysis."""
        url = f"http://127.0.0.1:{self.server_address[1]}/"
        return [{"name": f"counted-{kind}", "type": kind, "url": url, "timeout": "5s"} for kind in kinds]

    def stop(self):
        self.shutdown()
        self.server_close()


class Asked(http.server.BaseHTTPRequestHandler):
    """One question."""

    def do_POST(self):  # pylint: disable=invalid-name
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.server.is_open() else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass
