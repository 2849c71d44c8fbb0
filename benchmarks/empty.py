"""Applications that do nothing, behind the same server with the same settings: what the door is held to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import granian
from flask import Flask, request
from granian.constants import Interfaces

from server import serving
from store.settings import Settings

ANSWER = b'{"status":"ok"}'


def view() -> Callable[..., Iterable[bytes]]:
    """A Flask application whose one view answers a constant, after taking the body off the line."""
    app = Flask(__name__, static_folder=None)

    @app.route("/<path:_path>", methods=["GET", "POST"])
    def answer(_path: str) -> Any:
        request.environ["wsgi.input"].read()
        return app.response_class(ANSWER, content_type="application/json")

    return app.wsgi_app


def nothing() -> Callable[..., Iterable[bytes]]:
    """The least WSGI application: it shows how fast server and sender can be at all."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
        return [ANSWER]

    return answer


def serve(target: str) -> None:
    """Serve an application as Waywiser serves its collector, but in the threads that granian has for WSGI."""
    settings, original = Settings.read(), granian.Granian
    threads = {"interface": Interfaces.WSGI, "blocking_threads": settings.threads}
    granian.Granian = lambda _target, **options: original(target, **options | threads)  # type: ignore
    serving.run(settings, "collector_only", owns_events=False)


if __name__ == "__main__":
    serve(f"benchmarks.empty:{sys.argv[1]}")
