"""Writes what the reports mean into docs/metrics.md: `python -m journeys.published`, or `make metrics`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from journeys.reports import REPORTS

FILE = Path(__file__).parents[1] / "docs" / "metrics.md"
TITLE = "# What the reports of a journey mean\n"
INTRODUCTION = """
Each report is a tab of the journey's page and an endpoint, `GET /api/v1/journeys/<key>/<name>`; with `.csv`
it is a file. A number with a `cell` has its list:
`GET /api/v1/journeys/<key>/runs?report=<name>&cell=<cell>`.
The runs are those that began in the period, as they stand now.
"""


def published(text: str) -> str:
    """The text of the file with the part about reports made anew."""
    return text.partition(TITLE)[0] + TITLE + INTRODUCTION + "".join(_sections())


def _sections() -> Iterator[str]:
    for report in REPORTS:
        yield f"\n## {report.title}\n\n`{report.name}`: {report.says}\n\n| word | meaning |\n|---|---|\n"
        yield from (f"| `{word}` | {meaning} |\n" for word, meaning in report.meanings.items())


if __name__ == "__main__":
    FILE.write_text(published(FILE.read_text()))
