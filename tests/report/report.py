#!/usr/bin/env python3
"""Draw the pages of `serin report --html` in Chromium and look at what it shows.

    tests/report/report.py SERIN [FOLDER]

The releases are those of `serin demo`. With FOLDER the pages and what they look like stay there. Without Chromium
nothing is looked at: a skipped test, which counts as failed.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

SET, BOUND = (0x0D, 0x74, 0xCE), (0xC6, 0x2A, 0x2F)  # colours of agent/command/report.js


def pixels(path):
    """The pixels of a PNG of 8 bits a channel, as a set of (red, green, blue) with how often each is there."""
    with open(path, "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    step = {2: 3, 6: 4}[colour]
    raw, before, counts = zlib.decompress(packed), bytearray(width * step), {}
    for y in range(height):
        at = y * (width * step + 1)
        kind, line = raw[at], bytearray(raw[at + 1 : at + 1 + width * step])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            up = before[i]
            corner = before[i - step] if i >= step else 0
            if kind == 1:
                line[i] = line[i] + left & 255
            elif kind == 2:
                line[i] = line[i] + up & 255
            elif kind == 3:
                line[i] = line[i] + (left + up) // 2 & 255
            elif kind == 4:
                guess = left + up - corner
                line[i] = line[i] + min((left, up, corner), key=lambda one: abs(guess - one)) & 255
        before = line
        for i in range(0, len(line), step):
            pixel = tuple(line[i : i + 3])
            counts[pixel] = counts.get(pixel, 0) + 1
    return counts


class Bench:
    def __init__(self, serin, folder, browser):
        self.serin, self.folder, self.browser, self.n = serin, folder, browser, 0
        # a browser without a network
        self.flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--proxy-server=127.0.0.1:9",
                      f"--user-data-dir={folder}/profile"]

    def run(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=self.folder, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def look(self, *flags):
        return self.run(self.browser, *self.flags, *flags)

    def check(self, name, is_fine, what=""):
        self.n += 1
        print(f"{'ok' if is_fine else 'not ok'} {self.n} - {name}")
        if not is_fine:
            raise SystemExit(what)


def look_at(bench, release, word):
    page = os.path.join(bench.folder, release + ".html")
    bench.run(bench.serin, "report", release, "--file", "history.db", "--html", page)
    with open(page, encoding="utf-8") as file:
        html = file.read()
    bench.check(f"{release}: the page asks nobody", not re.search(r'(src|href)="', html), html[:2000])
    shown = bench.look("--dump-dom", "file://" + page)
    bench.check(f"{release}: three charts are drawn", 'data-drawn="3"' in shown, shown[-2000:])
    bench.check(f"{release}: it says what came of it", f">{word}<" in shown, shown[-2000:])
    bench.look("--window-size=800,1100", f"--screenshot={bench.folder}/{release}.png", "file://" + page)
    seen = pixels(f"{bench.folder}/{release}.png")
    bench.check(f"{release}: weights are seen", seen.get(SET, 0) > 500, str(seen.get(SET)))
    bench.check(f"{release}: bounds are seen", seen.get(BOUND, 0) > 200, str(seen.get(BOUND)))
    bench.look("--no-pdf-header-footer", f"--print-to-pdf={bench.folder}/{release}.pdf", "file://" + page)
    with open(f"{bench.folder}/{release}.pdf", "rb") as file:
        n_pages = len(re.findall(rb"/Type /Page\b", file.read()))
    bench.check(f"{release}: it prints on one page", n_pages == 1, str(n_pages))


def look_at_source(bench):
    """The page of a release that tells where it comes from, and into whose route somebody else wrote."""
    page = os.path.join(bench.folder, "cart-2.html")
    with open(page, encoding="utf-8") as file:
        html = file.read()
    told = html.replace('"author":null', '"author":"Ada <ada@example.org>"').replace('"imageDigest":null', '"imageDigest":"sha256:aa11"')
    told = told.replace('"events":[', '"events":[{"at":"' + re.search(r'"started":"([^"]*)"', html)[1] + '","kind":"edit","text":"eve changed it"},')
    bench.check("the page has the release as JSON", told.count("sha256:aa11") == 1 and told.count("eve changed it") == 1, html[-3000:])
    with open(page, "w", encoding="utf-8") as file:
        file.write(told)
    shown = bench.look("--dump-dom", "file://" + page)
    bench.check("it says who wrote it", "<code>Ada &lt;ada@example.org&gt;</code>" in shown, shown[-2000:])
    bench.check("it says the digest of its image", "<code>sha256:aa11</code>" in shown, shown[-2000:])
    bench.check("it says what others wrote", "<td>eve changed it</td>" in shown, shown[-2000:])


def main():
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser:
        print("ok 1 - pages # SKIP no Chromium to look at them with\n1..1")
        return
    with tempfile.TemporaryDirectory(prefix="serin-report-") as scratch:
        folder = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else scratch
        bench = Bench(os.path.abspath(sys.argv[1]), folder, browser)
        bench.run(bench.serin, "demo", "--speed", "0", "--no-colour", "--dir", folder)
        look_at(bench, "cart-2", "promoted")
        look_at(bench, "cart-3", "rolled back")
        look_at_source(bench)
        print(f"1..{bench.n}")


main()
