"""Conformance of a group beside that of another one: how often runs deviate, and how these ended."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.conformance_report import CONFORMANCE
from journeys.deviations import KINDS
from journeys.facing import SUCCEEDED, Facing, Fact, Part, called_step
from journeys.report import Answer
from journeys.scope import Scope
from store.words import marked, tell


def _parts(answer: Answer) -> Iterator[Part]:
    rows = ([answer["fits"]] if answer["fits"] else []) + answer["deviations"]
    never = [Fact(one["kind"], one["step"] or "", 0, "", one["of"]) for one in answer["never"]]
    shares = [Fact(one["kind"], one["step"] or "", one["n"], one["cell"], one["share"]["n"]) for one in rows]
    yield Part("share", [*shares, *never], is_list=False)
    succeeded = [
        Fact(
            *(one["kind"], one["step"] or ""),
            *(one["succeeded"]["n"], one["succeeded"]["cell"], one["n"]),
        )
        for one in rows
    ]
    yield Part("success_rate", succeeded, is_list=False)


def _called(scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(KINDS[kind].title, step=called_step(scope, label))


FACING = Facing(
    CONFORMANCE,
    _parts,
    {"share": marked("How often, of those who could"), "success_rate": SUCCEEDED},
    _called,
    of_age=marked(
        "Of touchpoints that moved nothing no moment is kept: at the step where a run stood at that age they "
        "count if nothing of the run came later."
    ),
)
