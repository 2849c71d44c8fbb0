"""The environment of the libraries that ours is compared with, and the sink that all of them send to."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from typing import Any

from benchmarks.servers import ROOT
from benchmarks.tables import say

LOCK = ROOT / "benchmarks" / "requirements-sdk.txt"
FOLDER = ROOT / ".venv-peers"


def interpreter() -> str:
    """The Python that has the libraries; its environment is made where there is none, or another's."""
    python, mark = FOLDER / "bin" / "python", FOLDER / "lock"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != digest:
        say("making the environment of the libraries that are compared")
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", LOCK], check=True)
        mark.write_text(digest)
    return str(python)


def environment(**settings: object) -> dict[str, str]:
    """The environment of a program that holds a library; log lines are not what is looked for."""
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'sdk_py'}:{ROOT}",
        "PYTHONWARNINGS": "ignore",
        **{name: str(value) for name, value in settings.items()},
    }


class Sink:
    """A sink in a process of its own; a `with` block starts and stops it."""

    def __init__(self, kind: str = "good", port: int = 0, **behaviour: object) -> None:
        self._behaviour = json.dumps({"kind": kind, **behaviour})
        self.port = port

    def __enter__(self) -> Sink:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sdk_sink", self._behaviour, str(self.port)],
            stdout=subprocess.PIPE,
            env=environment(),
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> dict[str, Any]:
        """What it has counted until now."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=60) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts


def end(process: subprocess.Popen[Any], number: int = signal.SIGKILL) -> None:
    """Signal a whole process group that was started as one, if it is still there."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
