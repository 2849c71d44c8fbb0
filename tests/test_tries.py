"""What failed is tried once more where it may have been chance, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHANCE = """
from pathlib import Path
import pytest
@pytest.mark.parametrize("number", range({count}))
def test_chance(number):
    seen = Path(__file__).with_name(f"seen{{number}}")
    is_first = not seen.exists()
    seen.touch()
    assert not is_first
"""
FAULT = "def test_fault():\n    assert 1 == 2\n"
GOOD = "def test_good():\n    pass\n"


def tries(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "tests" / "faults").mkdir(parents=True)
    (folder / "pytest.ini").touch()
    for name, text in files.items():
        (folder / "tests" / f"{name.replace('__', '/')}.py").write_text(text)
    settings = ["--rootdir", str(folder), "-c", str(folder / "pytest.ini")]
    return subprocess.run(
        [sys.executable, "-m", "tests.tries", "-q", "-n", "2", "--dist", "loadfile", *settings, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_what_passes_at_the_second_try_is_named(tmp_path: Path) -> None:
    ended = tries(tmp_path, test_a=CHANCE.format(count=2), test_b=GOOD)
    assert ended.returncode == 0, ended.stdout
    assert "2 failed, 1 passed" in ended.stdout
    assert "2 passed" in ended.stdout
    last = ended.stdout[ended.stdout.index("PASSED AT THE SECOND TRY ONLY") :].split()
    assert last[-2:] == ["tests/test_a.py::test_chance[0]", "tests/test_a.py::test_chance[1]"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "is_tried_again"),
    [
        ({"test_a": FAULT, "test_b": CHANCE.format(count=1)}, True),
        ({"test_a": CHANCE.format(count=4)}, False),
        ({"faults__test_a": CHANCE.format(count=1)}, False),
    ],
    ids=["a fault", "too many", "a loss"],
)
def test_faults_fail(files: dict[str, str], is_tried_again: bool, tmp_path: Path) -> None:
    ended = tries(tmp_path, **files)
    assert ended.returncode == 1
    assert ("ONCE MORE" in ended.stdout) == is_tried_again
    assert "PASSED AT THE SECOND TRY" not in ended.stdout
