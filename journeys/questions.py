"""Loads the SQL questions of this room; a `{{slot}}` in one is filled with SQL made elsewhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


@cache
def text(name: str) -> str:
    """The SQL of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text()


def question(name: str, **slots: str) -> str:
    """The SQL of a question with its slots filled; raises KeyError when one is missing."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: slots[found[1]], text(name))
