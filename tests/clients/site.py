"""The site of somebody who uses the browser library: one page, and the library as its package ships it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
FILES = {
    "/analytics.js": HERE / "node_modules/@segment/analytics-next/dist/umd/index.js",
    "/calls.js": HERE / "browser_calls.js",
}
PAGE = b"""<!doctype html><html lang="de"><meta charset="utf-8"><title>Start here</title>
<script src="/analytics.js"></script><script src="/calls.js"></script>
"""


class Door(BaseHTTPRequestHandler):
    """Gives out the two scripts, and the page at every other address."""

    def do_GET(self) -> None:
        file = FILES.get(urlsplit(self.path).path)
        body = file.read_bytes() if file else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript; charset=utf-8" if file else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def site() -> Iterator[str]:
    """The address of the site while it is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
