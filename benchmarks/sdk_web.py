"""A web application whose every request tracks one event; the client is made when it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.sdk_libraries import opened

library = opened(os.environ["BENCH_LIBRARY"])


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Track the event whose number stands in the query."""
    library.track(int(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
