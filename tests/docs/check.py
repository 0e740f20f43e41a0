#!/usr/bin/env python3
"""Run the commands that README.md and docs/ show, and compare what they write.

    tests/docs/check.py SERIN

What a fenced block is, its first line says:

    ```sh              commands, run one after another in a folder of that page's own; "# exits with 5" at the end
                       of a line says which exit code is right, else it is 0
    ```text            the next block after commands: what they write. A line "…" stands for any lines, a "…"
                       inside a line for any text; ages, times and digests may differ
    ```text demo       what `serin demo` writes
    ```text sentences  one sentence of explain a line, each of which tests/agent/test_explain.c makes true
    ```text example    is not compared
    ```yaml NAME       a file that the commands after it find; without NAME it is only checked by lint
    other              promql, json, console: not run

The cluster is that of one `serin demo --keep`, with its kubeconfig in KUBECONFIG. kubectl is the machine's, or
else kubectl.py beside this file. A command that is neither serin nor kubectl stands in ELSEWHERE, or it fails.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# About building Serin, for those who do: their commands are those of .ci/run and of the Makefile.
NOT_READ = ["architecture.md", "hacking.md", "testing.md"]
# Changes what the other pages show.
LAST = ["tutorial.md", "troubleshooting.md", "migrate.md"]

# What the cluster has when a page begins, beside the demo's own.
GIVEN = {"docs/migrate.md": "flagger.yaml"}

IN_A_CLUSTER = "needs a cluster that pulls images; applied by tests/cluster/scenarios/installed.py"
IN_THE_KIT = "needs an agent in a pod; tests/cluster/scenarios/ runs that agent and reads the same"
FLAGGER = "needs a cluster with Flagger; nothing runs it"
# A command that is not run here, by how it begins: why, and who runs it.
ELSEWHERE = {
    "make demo": "installs packages; the row `demo` runs what it starts",
    "make test": "runs this",
    "make install": "writes below PREFIX; tests/install/install.sh looks at what it installs",
    "SOURCE_DATE_EPOCH=": "for the next one",
    "podman build": "pulls an image; tests/install/image.sh assembles and runs the same file system",
    "kubectl apply -k manifests": IN_A_CLUSTER,
    "kubectl apply -f manifests/crd-": IN_A_CLUSTER,
    "kubectl delete -k manifests": IN_A_CLUSTER,
    "kubectl rollout status deployment/serin": IN_A_CLUSTER,
    "kubectl logs": IN_THE_KIT,
    "kubectl port-forward": IN_THE_KIT,
    "curl -s http://127.0.0.1:8080/": IN_THE_KIT,
    "kubectl scale deployment/flagger": FLAGGER,
    "kubectl get lease": FLAGGER,
}
IS_SET = "export KUBECONFIG="  # here already
RUN = ("serin ", "kubectl ")

COMMAND_SECONDS = 60
DEMO_SECONDS = 180
FENCE = re.compile(r"^```(.*)$")
EXITS = re.compile(r"\s+# exits with (\d+)$")
VARIABLE = [
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{7,64}\b"), "HEX"),
    (re.compile(r"\b(\d+d\d+h|\d+h\d+m|\d+m\d+s|\d+[smhd])\b"), "AGE"),
    (re.compile(r"\s+"), " "),
]


class Block:
    def __init__(self, page, line, info):
        self.page = page
        self.line = line
        self.words = info.split()
        self.kind = self.words[0] if self.words else ""
        self.name = self.words[1] if len(self.words) > 1 else ""
        self.lines = []

    def at(self):
        return f"{self.page}:{self.line}"


def read_blocks(page):
    blocks = []
    block = None
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            fence = FENCE.match(line)
            if fence and not block:
                block = Block(page, number, fence.group(1))
            elif fence:
                blocks.append(block)
                block = None
            elif block:
                block.lines.append(line)
    return blocks


def commands_of(block):
    """(text, exit code) of each command; "\\" at a line's end goes on with the next."""
    for line in re.sub(r"\\\n\s*", "", "\n".join(block.lines)).splitlines():
        code = EXITS.search(line)
        text = re.sub(r"\s+# .*$", "", line).strip()
        if text and not text.startswith("#"):
            yield text, int(code.group(1)) if code else 0


def find_elsewhere(command):
    """The row of ELSEWHERE, None without one."""
    return next((begin for begin in ELSEWHERE if command.startswith(begin)), None)


def plain(line):
    for pattern, word in VARIABLE:
        line = pattern.sub(word, line)
    return line.strip()


def is_like(wanted, got):
    parts = [re.escape(plain(part)) for part in wanted.split("…")]
    return re.fullmatch(r".*".join(parts), plain(got)) is not None


def differ(wanted, got):
    """None when GOT is as WANTED says, else a sentence."""
    got = [line for line in got if line.strip()]
    at = 0
    skips = False
    for line in wanted:
        if not line.strip():
            continue
        if line.strip() == "…":
            skips = True
            continue
        while skips and at < len(got) and not is_like(line, got[at]):
            at += 1
        if at == len(got):
            return f"not written: {line}"
        if not is_like(line, got[at]):
            return f"shown:   {line}\nwritten: {got[at]}"
        at += 1
        skips = False
    return None if skips or at == len(got) else f"not shown: {got[at]}"


class Tally:
    """TAP."""

    def __init__(self):
        self.n = 0
        self.n_failed = 0
        self.used = set()  # rows of ELSEWHERE

    def report(self, name, trouble=None):
        self.n += 1
        self.n_failed += 1 if trouble else 0
        print(f"{'not ok' if trouble else 'ok'} {self.n} - {name}")
        for line in (trouble or "").splitlines():
            print(f"#   {line}")
        sys.stdout.flush()

    def end(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.n_failed else 0)


class Demo:
    """`serin demo --keep`; its story is in lines when it is over."""

    def __init__(self, serin, folder):
        self.folder = folder
        self.kubeconfig = os.path.join(folder, "kubeconfig")
        self.process = subprocess.Popen(
            [serin, "demo", "--keep", "--speed", "0", "--dir", folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
        )
        self.text = ""

    def wait(self):
        """Until the server is all that is left."""
        end = time.monotonic() + DEMO_SECONDS
        out = self.process.stdout.fileno()
        text = b""
        while b"until Ctrl-C." not in text:
            if not select.select([out], [], [], max(0, end - time.monotonic()))[0]:
                return f"not done after {DEMO_SECONDS} s:\n{text.decode()}"
            more = os.read(out, 65536)
            if not more:
                return f"it ended:\n{text.decode()}"
            text += more
        self.text = text.decode()
        return None

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Bench:
    """Where commands are run."""

    def __init__(self, serin, scratch, demo):
        self.scratch = scratch
        self.demo = demo
        bin_folder = os.path.join(scratch, "bin")
        os.makedirs(bin_folder)
        for name in ("serin", "kubectl-canary"):
            os.symlink(serin, os.path.join(bin_folder, name))
        if not shutil.which("kubectl"):
            os.symlink(os.path.join(HERE, "kubectl.py"), os.path.join(bin_folder, "kubectl"))
        self.environment = {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": scratch,
            "XDG_STATE_HOME": os.path.join(scratch, "state"),
            "KUBECONFIG": demo.kubeconfig,
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "80",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        state = os.path.join(scratch, "state", "serin")
        os.makedirs(state)
        os.symlink(demo.folder, os.path.join(state, "demo"))
        os.makedirs(os.path.join(scratch, ".local"))
        os.symlink(os.path.join(scratch, "state"), os.path.join(scratch, ".local", "state"))

    def folder(self, page):
        folder = os.path.join(self.scratch, os.path.basename(page) + ".d")
        if not os.path.isdir(folder):
            os.makedirs(folder)
            os.symlink(os.path.join(ROOT, "manifests"), os.path.join(folder, "manifests"))
        return folder

    def run(self, page, command, given=None):
        """(exit code, what was written)"""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder(page),
            env=self.environment,
            input=given or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def run_patiently(self, page, command, code):
        """The demo's agent has the history for itself until all is at rest again."""
        end = time.monotonic() + COMMAND_SECONDS
        got, text = self.run(page, command)
        while got != code and "--file" in command and time.monotonic() < end:
            time.sleep(0.2)
            got, text = self.run(page, command)
        return got, text


def run_commands(tally, bench, block):
    """All that they wrote; None when not all of them are run here."""
    written = []
    for command, code in commands_of(block):
        name = f"{block.at()}: {command}"
        if command.startswith(IS_SET):
            continue
        if find_elsewhere(command):
            tally.used.add(find_elsewhere(command))
            written = None
            continue
        if not command.startswith(RUN):
            tally.report(name, "this command is not known: tests/docs/check.py says what runs it, or runs it")
            written = None
            continue
        try:
            got, text = bench.run_patiently(block.page, command, code)
        except subprocess.TimeoutExpired:
            got, text = None, f"not done after {COMMAND_SECONDS} s"
        tally.report(name, None if got == code else f"exit code {got}, expected {code}\n{text}")
        if written is not None:
            written += text.splitlines()
    return written


def sentences_of_explain():
    """What the C text of the test's tables says, string by string."""
    with open(os.path.join(ROOT, "tests/agent/test_explain.c"), encoding="utf-8") as file:
        text = file.read()
    define = re.search(r'#define NOT_READY (".*")', text).group(1)
    text = re.sub(r"\bNOT_READY\b", lambda _: define, text)
    strings = re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text)
    return {"".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', s)).replace('\\"', '"') for s in strings}


def check_text(tally, bench, block, before, written):
    name = f"{block.at()}: {block.kind} {block.name}".strip()
    if block.name == "demo":
        tally.report(name, differ(block.lines, bench.demo.text.splitlines()))
    elif block.name == "sentences":
        known = sentences_of_explain()
        wrong = [line for line in block.lines if line.strip() and line not in known]
        tally.report(name, "\n".join(f"no row of test_explain.c: {line}" for line in wrong))
    elif block.name != "example" and before and before.kind == "sh":
        if written is None:
            tally.report(name, "not all commands before it are run here: mark it as an example")
        else:
            tally.report(name, differ(block.lines, written))
    elif block.name != "example":
        tally.report(name, "no commands before it: mark it as an example")


def give(tally, bench, page):
    """The Canary, which is the last one, comes first: the others name its UID as their owner's."""
    with open(os.path.join(HERE, GIVEN[page]), encoding="utf-8") as file:
        text = file.read()
    code, said = bench.run(page, "kubectl apply --validate=false -f -", text.split("---\n")[-1])
    if code == 0:
        uid = bench.run(page, "kubectl get canary basket -n shop -o jsonpath='{.metadata.uid}'")[1].strip()
        code, said = bench.run(page, "kubectl apply --validate=false -f -", text.replace("CANARY-UID", uid))
    tally.report(f"{page}: given {GIVEN[page]}", None if code == 0 else said)


def check_page(tally, bench, page):
    before = None
    written = None
    if page in GIVEN:
        give(tally, bench, page)
    for block in read_blocks(page):
        if block.kind == "sh":
            written = run_commands(tally, bench, block)
        elif block.kind == "text":
            check_text(tally, bench, block, before, written)
        elif block.kind == "yaml":
            text = "\n".join(block.lines) + "\n"
            if block.name:
                with open(os.path.join(bench.folder(page), block.name), "w", encoding="utf-8") as file:
                    file.write(text)
            else:
                code, said = bench.run(page, "serin lint -", text)
                tally.report(f"{block.at()}: lint", None if code == 0 else said)
        elif not block.kind:
            tally.report(block.at(), "a block that says no language")
        before = block


def check_links(tally, page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = file.read()
    gone = []
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in link and not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
            gone.append(f"no such file: {link}")
    tally.report(f"{page}: links", "\n".join(gone))


def check_metrics(tally):
    """metrics.md has a row for each metric of the table, and no other."""
    with open(os.path.join(ROOT, "agent/metrics_table.h"), encoding="utf-8") as file:
        table = {name.lower() for name in re.findall(r"^METRIC\((\w+)", file.read(), re.M)}
    with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
        shown = set(re.findall(r"^\| `((?:flagger|serin)_\w+)`", file.read(), re.M))
    trouble = [f"not in metrics.md: {name}" for name in sorted(table - shown)]
    trouble += [f"not in metrics_table.h: {name}" for name in sorted(shown - table)]
    tally.report("docs/metrics.md: each metric has its row", "\n".join(trouble))


def check_query(tally, bench):
    """The query that rolled the demo's release back stands in metrics.md."""
    command = f"serin history --file {bench.demo.folder}/history.db -o json"
    queries = re.findall(r'"query": "((?:[^"\\]|\\.)*)"', bench.run_patiently("README.md", command, 0)[1])
    with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
        page = re.sub(r"\s+", " ", file.read())
    trouble = [q for q in queries if re.sub(r"\s+", " ", q.replace('\\"', '"')) not in page]
    tally.report("docs/metrics.md: the query of the demo", "\n".join(trouble) or (None if queries else "no query"))


def list_pages():
    names = sorted(n for n in os.listdir(os.path.join(ROOT, "docs")) if n.endswith(".md") and n not in NOT_READ)
    names.sort(key=lambda n: LAST.index(n) + 1 if n in LAST else 0)
    return ["README.md"] + [f"docs/{name}" for name in names]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    serin = os.path.abspath(sys.argv[1])
    tally = Tally()
    scratch = tempfile.mkdtemp()
    demo = Demo(serin, os.path.join(scratch, "demo"))
    try:
        trouble = demo.wait()
        tally.report("serin demo --keep", trouble)
        if not trouble:
            bench = Bench(serin, scratch, demo)
            for page in list_pages():
                check_page(tally, bench, page)
                check_links(tally, page)
            idle = sorted(set(ELSEWHERE) - tally.used)
            tally.report("ELSEWHERE: each row is shown somewhere", "\n".join(idle))
            check_metrics(tally)
            check_query(tally, bench)
    finally:
        demo.stop()
        shutil.rmtree(scratch)
    tally.end()


if __name__ == "__main__":
    main()
