"""Retention of a group beside that of another one: who was active again, and who succeeded, by when."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.cohorts import later
from journeys.facing import Facing, Fact, Part
from journeys.report import Answer
from journeys.retention import RETENTION
from journeys.scope import Scope
from store.words import marked


def _parts(answer: Answer) -> Iterator[Part]:
    for part in ("kept", "success"):
        facts = [
            Fact(answer["by"], str(one["period"]), one["n"], "", one["rate"]["n"])
            for one in answer[part]["overall"]
        ]
        yield Part(part, facts, all=False, is_list=False)


def _called(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return later(kind, int(label))


FACING = Facing(
    RETENTION,
    _parts,
    {
        "kept": marked("Active again, of the customers who joined"),
        "success": marked("Succeeded by then, of all runs"),
    },
    _called,
    pinned=lambda answer: {"by": answer["by"]},
    at_age=False,
    of_age=marked(
        "Both are looked at the same number of days, weeks or months after the start, and only where these "
        "are over: so nobody counts as lost because there was no time yet."
    ),
)
