"""Runs Waywiser in processes that are forked from one that has read the code already.

To read it takes most of the time of a short command, and a second at the start of a server. A fork has
arguments, folder, environment and output of its own, as a process that was started anew.

    python -m tests.forge FD
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
LONGEST = 1 << 18  # bytes of a request, most of which is the environment
READ = ("server.wsgi", "server.demo.loading")  # beside the commands


class Forked:
    """A process that was forked elsewhere, as one's own child is seen by `subprocess`."""

    def __init__(self, pid: int, told: int) -> None:
        self.pid, self._told = pid, told
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal while it runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._is_told(timeout):
            self.returncode = int(os.read(self._told, 16) or b"-1")
            os.close(self._told)
        return self.returncode

    def _is_told(self, timeout: float | None) -> bool:
        """Whether the end is told within so many seconds; of a file of any number, which `select` is not."""
        told = select.poll()
        told.register(self._told, select.POLLIN)
        return bool(told.poll(None if timeout is None else 1_000 * timeout))


class Forge:
    """The process that forks, started when it is needed first."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._guard = threading.Lock()

    def start(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        out: IO[Any],
        err: IO[Any],
    ) -> Forked:
        """Start `waywiser` with these words, or Python with `-c` or `-m`, in a session of its own."""
        request = {"words": words, "folder": str(folder), "environment": dict(environment)}
        told, tells = os.pipe()
        try:
            with self._guard:
                line = self._line or self._open()
                socket.send_fds(line, [json.dumps(request).encode()], [out.fileno(), err.fileno(), tells])
                pid = int(line.recv(32))
        finally:
            os.close(tells)
        return Forked(pid, told)

    def run(
        self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the same to its end; raises TimeoutExpired."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(words, folder=folder, environment=environment, out=out, err=err)
            try:
                code = process.wait(seconds)
            finally:
                process.kill()
            return subprocess.CompletedProcess(list(words), code, _text(out), _text(err))

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.forge", str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
            )
        self._line = ours
        atexit.register(process.wait)
        atexit.register(ours.close)  # which is done first, and ends the process
        return ours


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def serve(line: socket.socket) -> list[str]:
    """Fork for each request; returns in each process that is to run something, with its words."""
    while True:
        text, files, *_ = socket.recv_fds(line, LONGEST, 3)
        if not text:
            return []
        if os.fork():
            for file in files:
                os.close(file)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:  # keepers that are done
                    pass
            continue
        if child := os.fork():
            line.send(str(child).encode())
            line.close()
            _keep(child, files)
        line.close()
        return _become(json.loads(text), *files)


def _keep(child: int, files: list[int]) -> None:
    """Tell the exit code of the child when it ends."""
    out, err, tells = files
    for file in (out, err):
        os.close(file)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(BrokenPipeError):
        os.write(tells, str(code).encode())
    os._exit(0)


def _become(request: Mapping[str, Any], out: int, err: int, tells: int) -> list[str]:
    os.close(tells)
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for file, number in ((out, 1), (err, 2)):
        os.dup2(file, number)
        os.close(file)
    return list(request["words"])


def main() -> None:
    """Read the code, serve until the other end is closed, and be what is asked for in each fork."""
    rooms = import_module("server.cli").ROOMS
    for name in (*(f"server.commands.{room}" for room in rooms), *READ):
        import_module(name)
    gc.freeze()
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words[:1] == ["-c"]:
        exec(words[1], {"__name__": "__main__"})
    elif words:
        module, *rest = words[1:] if words[0] == "-m" else ("server", *words)
        sys.argv = [module, *rest]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
