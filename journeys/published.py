"""Writes what the reports mean into docs/metrics.md: `python -m journeys.published`, or `make metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from journeys.companions import COMPANIONS
from journeys.metrics import WORDS
from journeys.report import Report
from journeys.reports import REPORTS
from journeys.side_by_side_report import MEANINGS as SIDE_BY_SIDE

FILE = Path(__file__).parents[1] / "docs" / "metrics.md"
TITLE = "# What the reports of a journey mean\n"
INTRODUCTION = """
Each report is an endpoint, `GET /api/v1/journeys/<key>/<name>`, a file with `.csv`, and a tab of the
journey's page, or a part of one. A number with a `cell` has its list:
`GET /api/v1/journeys/<key>/runs?report=<name>&cell=<cell>`; where numbers have names of their own, `cells`
beside them has the cells by these names. A list's `total` is the number: how many `rows` it
has, or the sum of their `times` where a run counts several times, as in a number of contacts. The runs are
those that began in the period, as they stand now.
"""
SHARED = "\n## Words that all reports share\n\n"
BESIDE = """
## Side by side

A tab that can be compared shows its report of two segments, or of two periods, side by side. `against`
names the other segment; without it, `before_from` and `before_to` are the other period, or it is the one
before. The report is asked for each group by itself, so each number is the one that the group's own report
tells: of two periods, as their runs stood when they were equally old.

"""
HEAD = "| word | meaning |\n|---|---|\n"


def published(text: str) -> str:
    """The text of the file with the part about reports made anew."""
    words, beside = SHARED + _words(WORDS), BESIDE + _words(SIDE_BY_SIDE)
    return text.partition(TITLE)[0] + TITLE + INTRODUCTION + words + "".join(_sections()) + beside


def _sections() -> Iterator[str]:
    for report in REPORTS:
        yield f"\n## {report.title}\n\n`{report.name}`{_of(report)}: {report.says}\n\n"
        if report in COMPANIONS.values():
            yield "Its words are those of [all reports side by side](#side-by-side).\n"
        else:
            yield _words(report.meanings)
        if report.notes:
            yield "\n" + "".join(f"- {note}\n" for note in report.notes)


def _of(report: Report) -> str:
    """What it counts, and where it stands."""
    tab = f", on the tab of `{report.within}`" if report.within else ""
    return f" (by {', '.join(report.units)}{tab})"


def _words(meanings: Mapping[str, str]) -> str:
    return HEAD + "".join(f"| `{word}` | {meaning} |\n" for word, meaning in meanings.items())


if __name__ == "__main__":
    FILE.write_text(published(FILE.read_text()))
