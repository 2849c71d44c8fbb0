"""The breakdown of a group beside that of another one: how frequent each value is, and how it fares."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.breakdown import MOST
from journeys.breakdown_report import BREAKDOWN
from journeys.facing import SUCCEEDED, Facing, Fact, Part
from journeys.report import Answer
from journeys.scope import Scope
from journeys.value_words import called
from store.words import marked, tell


def _parts(answer: Answer) -> Iterator[Part]:
    groups = [one for one in answer["groups"] if one["kind"] != "other"]
    whole = len(groups) == len(answer["groups"])
    named = [(one["kind"], one["value"] or "") for one in groups]
    yield Part(
        "share",
        [
            Fact(*name, one["entered"], one["cells"]["entered"], answer["entered"])
            for name, one in zip(named, groups, strict=True)
        ],
        answer["entered"],
        whole,
    )
    succeeded = [
        Fact(*name, one["outcomes"]["succeeded"], one["cells"]["outcomes"]["succeeded"], one["entered"])
        for name, one in zip(named, groups, strict=True)
    ]
    yield Part("success_rate", succeeded, 0, whole)


GROUPS = {"none": marked("no value"), "not_reached": marked("did not take the step")}


def _called(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(GROUPS[kind]) if kind in GROUPS else called(label)


FACING = Facing(
    BREAKDOWN,
    _parts,
    {"share": marked("Have the value, of all"), "success_rate": SUCCEEDED},
    _called,
    wide={"most": MOST},
)
