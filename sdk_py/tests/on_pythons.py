"""Runs the tests on every Python that is found, each in a throw-away environment with the newest frameworks.

    python tests/on_pythons.py 3.9 3.13

Without versions, all that the SDK supports. Looks on the PATH and among pyenv's versions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

SUPPORTED = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
SDK = Path(__file__).resolve().parent.parent
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
FRAMEWORKS = ["celery", "django", "fastapi", "flask", "starlette"]
VERSIONS = (
    f"import importlib.metadata as m; print(', '.join(f'{{x}} {{m.version(x)}}' for x in {FRAMEWORKS}))"
)
WHO = "import sys; print('.'.join(map(str, sys.version_info[:2])))"


def main(wanted: list[str]) -> int:
    """0 when all that are found pass, 1 when one fails or none is found."""
    outcomes = {version: _outcome(version) for version in wanted or SUPPORTED}
    for version, outcome in outcomes.items():
        _say(f"Python {version}: {outcome}")
    failed = [outcome for outcome in outcomes.values() if outcome == "failed"]
    return int(bool(failed) or "passed" not in outcomes.values())


def _outcome(version: str) -> str:
    python = next(_found(version), None)
    if python is None:
        return "not found on this machine"
    _say(f"Python {version}: {python}")
    return "passed" if _passes(python) else "failed"


def _found(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    candidates = [on_path] if on_path else []
    candidates += map(str, sorted(PYENV.glob(f"versions/{version}.*/bin/python"), reverse=True))
    for each in candidates:
        # What stands on the PATH may be a shim of pyenv's that only says that there is no such version.
        asked = subprocess.run([each, "-c", WHO], capture_output=True, text=True, check=False)
        if asked.stdout.strip() == version:
            yield each


def _passes(python: str) -> bool:
    # One version leaves nothing behind for the next: neither bytecode nor pytest's cache.
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with TemporaryDirectory() as folder:
        own = str(Path(folder) / "bin" / "python")
        commands = [
            [python, "-m", "venv", folder],
            [own, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{SDK}[test]"],
            [own, "-m", "pytest", "-p", "no:cacheprovider"],
        ]
        for command in commands:
            if subprocess.run(command, cwd=SDK, env=environ, check=False).returncode != 0:
                return False
        listed = subprocess.run([own, "-c", VERSIONS], capture_output=True, text=True, check=False)
        _say(listed.stdout.strip())
        return True


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
