"""Variants of a group beside those of another one: how often each way was gone, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.facing import SUCCEEDED, WIDE, Facing, Fact, Part, called_step
from journeys.report import Answer
from journeys.scope import Scope
from journeys.variants import VARIANTS
from store.words import marked


def _parts(answer: Answer) -> Iterator[Part]:
    rows, whole = answer["variants"], not answer["other"]["n"]
    ways = [">".join(one["steps"]) for one in rows]
    shares = [
        Fact("way", way, one["n"], one["cell"], answer["runs"]) for way, one in zip(ways, rows, strict=True)
    ]
    succeeded = [
        Fact("way", way, one["succeeded"]["n"], one["succeeded"]["cell"], one["n"])
        for way, one in zip(ways, rows, strict=True)
    ]
    yield Part("share", shares, answer["runs"], whole)
    yield Part("success_rate", succeeded, 0, whole)


def _called(scope: Scope, _part: str, _kind: str, label: str) -> str:
    return " › ".join(called_step(scope, key) for key in label.split(">"))


FACING = Facing(
    VARIANTS,
    _parts,
    {"share": marked("Went this way, of all"), "success_rate": SUCCEEDED},
    _called,
    wide={"most": WIDE},
    shown=20,
)
