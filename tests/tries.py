"""Runs pytest as its arguments say, and what failed once more by itself (decision 0029).

`python -m tests.tries -q -n 3 tests/store` ends as pytest does. What passed at its second try only is named
last.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

MOST = 3
# What fails here says that something was lost, and once is too often.
ONE_TRY = "tests/faults/"


def main(arguments: list[str]) -> int:
    """The exit code of pytest: that of the second try, where there was one."""
    with tempfile.TemporaryDirectory(prefix="waywiser-tries-") as folder:
        command = [sys.executable, "-m", "pytest", *arguments, "-o", f"cache_dir={folder}"]
        code = subprocess.call(command)
        failed = _failed(Path(folder))
        if code != pytest.ExitCode.TESTS_FAILED or not _may_be_chance(failed):
            return code
        _say("ONCE MORE, BY ITSELF", failed)
        again = subprocess.call([*command, "-n", "0", "--last-failed", "--last-failed-no-failures", "none"])
        if again == pytest.ExitCode.OK:
            _say("PASSED AT THE SECOND TRY ONLY, AND IS TO BE MENDED", failed)
        return again


def _failed(cache: Path) -> list[str]:
    try:
        return sorted(json.loads((cache / "v" / "cache" / "lastfailed").read_text()))
    except FileNotFoundError:
        return []


def _may_be_chance(failed: list[str]) -> bool:
    return 0 < len(failed) <= MOST and not any(name.startswith(ONE_TRY) for name in failed)


def _say(what: str, names: list[str]) -> None:
    print(f"\n{what}:", *names, sep="\n  ", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
