"""Loads the SQL of the benchmarks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


@cache
def question(name: str) -> str:
    """The SQL of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text()
