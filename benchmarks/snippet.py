"""What the snippet costs a page, beside other trackers: bytes, requests, time of the main thread, long tasks.

Times are processor time of the page's main thread, so that whatever else the machine does counts less.
"""

from __future__ import annotations

import gzip
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks import snippet_tasks
from benchmarks.tables import many, show
from tests.browser.chromium import opened

ROOT = Path(__file__).parents[1]
TRACKERS = Path(__file__).parent / "trackers"
BARE = Path(__file__).parent / "snippet_bare.js"
ESBUILD = ROOT / "js_snippet" / "node_modules" / ".bin" / "esbuild"
NODES = 5_000
SETTLE_MS = 1_500
OTHERS = ("plausible", "snowplow", "rudderstack", "segment", "amplitude", "posthog", "mixpanel")
OWN = {"Waywiser": "w.js", "Waywiser, full": "w.full.js"}
LATER = "w.vitals.js"  # the full file loads it
HOST = "www.shop.test"  # cookies are set as for a real site, whose domain is a part of its name
HERE = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
WATCH = """
window.seen = {shift: 0, long: 0};
for (const type of ["layout-shift", "longtask"]) new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (type === "longtask") seen.long += 1; else seen.shift += entry.value;
  }
}).observe({type, buffered: true});
"""


@dataclass
class Cost:
    """What one load of the page took; times are milliseconds of the main thread."""

    script_ms: float
    task_ms: float
    requests: int
    sent: int
    shift: float
    long_tasks: int


@dataclass
class Ground:
    """A server with the page and its scripts, which takes whatever trackers send."""

    scripts: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # and the attributes of its element
    port: int = 0

    def page(self, name: str) -> bytes:
        """Five thousand nodes, and the script in the head."""
        rows = "".join(f'<li class="row"><a href="/p/{n}">Item {n}</a></li>' for n in range(NODES // 2))
        attributes = self.scripts[name][1] if name else ""
        script = f'<script async src="/script/{name}" {attributes}></script>' if name else ""
        icon = '<link rel="icon" href="data:,">'
        return f"<!doctype html><title>Page</title>{icon}{script}<body><ul>{rows}</ul>".encode()


@contextmanager
def served(ground: Ground) -> Iterator[None]:
    """Serve it at a port of its own."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is said."""

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/script/"):
                self._answer(gzip.compress(ground.scripts[path[8:]][0], 9), "text/javascript")
            elif path.startswith("/page/"):
                self._answer(gzip.compress(ground.page(path[6:])), "text/html; charset=utf-8")
            else:
                self._answer(gzip.compress(b"{}"), "application/json")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(gzip.compress(b'{"success": true, "status": 1}'), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # the page has ended
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    ground.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()


def run(*, quick: bool) -> None:
    """Build every tracker as a page would load it, and load the page with each."""
    if not (TRACKERS / "node_modules").is_dir():
        raise SystemExit("run `npm ci --ignore-scripts` in benchmarks/trackers first")
    rounds = 3 if quick else 11
    ground = Ground()
    for title, file in {**OWN, "": LATER}.items():
        ground.scripts[file] = (ROOT / "js_snippet" / "dist" / file).read_bytes(), _attributes(title)
    for name in OTHERS:
        ground.scripts[name] = _bundled(name), ""
    script, attributes = ground.scripts["w.js"]
    ground.scripts["never.js"] = snippet_tasks.never_run(script), attributes
    ground.scripts["bare.js"] = BARE.read_bytes(), attributes
    names = {**OWN, **{name: name for name in OTHERS}}
    with served(ground), sync_playwright() as playwright, opened(playwright, HERE) as browser:
        _compare(browser, ground, names, rounds)
        own = {**OWN, "the browser's part of it alone": "bare.js", "fetched and never run": "never.js"}
        pages = {title: f"http://{HOST}:{ground.port}/page/{name}" for title, name in own.items()}
        snippet_tasks.compare(browser, pages, rounds)
        _loop(browser, ground, rounds)


def _attributes(title: str) -> str:
    more = ' data-more="errors rage dead vitals"' if "full" in title else ""
    return f'data-key="wb_benchmark" data-host="/ww"{more}'


def _bundled(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.js"
        words = ("--bundle", "--minify", "--format=iife", "--target=es2021", "--legal-comments=none")
        subprocess.run(
            [str(ESBUILD), f"{name}.js", *words, "--log-level=error", f"--outfile={made}"],
            cwd=TRACKERS,
            check=True,
        )
        return made.read_bytes()


def _compare(browser: Browser, ground: Ground, names: dict[str, str], rounds: int) -> None:
    costs: dict[str, list[Cost]] = {name: [] for name in ("", *names.values())}
    for _ in range(rounds):  # in turns, so that whatever else the machine does falls on all alike
        for name, found in costs.items():
            found.append(_loaded(browser, ground, name))
    without = _middle(costs[""])
    rows = []
    for title, name in names.items():
        cost, script = _middle(costs[name]), ground.scripts[name][0]
        rows.append(
            (
                title,
                many(len(script)),
                many(len(gzip.compress(script, 9))),
                f"{cost.script_ms - without.script_ms:.1f}",
                f"{cost.task_ms - without.task_ms:.1f}",
                cost.requests - without.requests,
                many(cost.sent),
                f"{cost.shift - without.shift:.3f}",
                cost.long_tasks - without.long_tasks,
            )
        )
    columns = (
        "tracker",
        "bytes",
        "gzip",
        "script ms",
        "main thread ms",
        "requests",
        "bytes sent",
        "shift",
        "long tasks",
    )
    note = f"Medians of {rounds} loads, less those of the page without a tracker ({without.task_ms:.0f} ms)."
    show(f"A page of {many(NODES)} nodes: what a tracker adds", columns, rows, note)


def _middle(costs: list[Cost]) -> Cost:
    return Cost(
        **{name: statistics.median(getattr(one, name) for one in costs) for name in Cost.__annotations__}
    )


def _loaded(browser: Browser, ground: Ground, name: str) -> Cost:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    requests, sent = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"http://{HOST}:{ground.port}/page/{name}", wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    metrics = _metrics(session)
    seen: dict[str, Any] = page.evaluate("seen")
    context.close()
    return Cost(
        script_ms=1000 * (metrics["ScriptDuration"] + metrics.get("V8CompileDuration", 0)),
        task_ms=1000 * metrics["TaskDuration"],
        requests=len(requests),
        sent=sum(sent),
        shift=seen["shift"],
        long_tasks=seen["long"],
    )


def _metrics(session: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


LOOP = """async (calls) => {
  const start = performance.now();
  for (let n = 0; n < calls; n++) waywiser.track("Step", {n});
  const loop = performance.now() - start;
  const kept = Object.keys(localStorage).reduce((sum, key) => sum + key.length + localStorage[key].length, 0);
  let worst = 0, last = performance.now();
  for (let frame = 0; frame < 60; frame++) {
    await new Promise(requestAnimationFrame);
    worst = Math.max(worst, performance.now() - last);
    last = performance.now();
  }
  return {loop, worst, kept};
}"""


def _loop(browser: Browser, ground: Ground, rounds: int) -> None:
    rows = []
    for calls in (1, 100, 10_000):
        found: list[dict[str, float]] = []
        for _ in range(rounds):
            page = _ready(browser, ground)
            found.append(page.evaluate(LOOP, calls))
            page.context.close()
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        rows.append((many(calls), f"{middle['loop']:.1f}", f"{middle['worst']:.0f}", many(middle["kept"])))
    show(
        "Calls of track in a loop",
        ("calls", "loop ms", "longest frame of 60 after it, ms", "characters kept"),
        rows,
    )


def _ready(browser: Browser, ground: Ground) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"http://{HOST}:{ground.port}/page/w.js")
    page.wait_for_function("window.waywiser && waywiser.version")
    page.wait_for_timeout(300)
    return page
