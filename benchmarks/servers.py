"""Starts web servers as Waywiser starts them, each in its own folder and on its own port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.machine import processor_seconds, resident
from tests.installation import free_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


class Server:
    """A process of Waywiser, or of an application that does nothing; a `with` block starts and stops it."""

    def __init__(self, folder: Path, *words: str, **settings: object) -> None:
        self.folder, self.port = folder, free_port()
        self._command = [sys.executable, "-m", *words]
        self._environment = environment(WAYWISER_PORT=self.port, **settings)

    def __enter__(self) -> Server:
        start = time.perf_counter()
        with (self.folder / f"{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._is_up():
            if self._process.poll() is not None or time.perf_counter() - start > START_SECONDS:
                raise RuntimeError((self.folder / f"{self.port}.log").read_text())
            time.sleep(0.02)
        self.start_seconds = time.perf_counter() - start
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def processor_seconds(self) -> float:
        """Processor time that its processes used so far."""
        return processor_seconds(self._process.pid)

    def resident(self) -> int:
        """Bytes of memory that its processes hold."""
        return resident(self._process.pid)

    def ask(self, path: str, body: Any = None, *, token: str = "") -> Any:
        """GET, or POST a body as JSON; returns the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _is_up(self) -> bool:
        try:
            return bool(self.ask("/health")["status"] == "ok")
        except (OSError, ValueError):
            return False


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with only these settings of Waywiser."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAYWISER_")}
    return {**clean, "PYTHONPATH": str(ROOT), **{name: str(value) for name, value in settings.items()}}


def installed(folder: Path) -> dict[str, str]:
    """Make an installation in this folder; returns its keys."""
    done = subprocess.run(
        [sys.executable, "-m", "server", "init", "--json"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return dict(json.loads(done.stdout))
