"""Attribution of a group beside that of another one: which channels took part, and which had success."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.attribution_report import ATTRIBUTION
from journeys.facing import SUCCEEDED, Facing, Fact, Part
from journeys.report import Answer
from journeys.scope import Scope
from store.words import marked


def _parts(answer: Answer) -> Iterator[Part]:
    over, successes = answer["successes"] + answer["unsuccessful"], answer["successes"]
    rows = [one for one in answer["channels"] if one["channel"] != "(other)"]
    whole = len(rows) == len(answer["channels"])
    parts = {
        "took_part": [(one["took_part"]["n"], one["took_part"]["cell"], over) for one in rows],
        "success_rate": [
            (one["succeeded"]["n"], one["succeeded"]["cell"], one["took_part"]["n"]) for one in rows
        ],
        **{
            rule: [(round(one["credits"][rule]), one["cells"]["credits"][rule], successes) for one in rows]
            for rule in ("first", "last")
        },
    }
    for name, told in parts.items():
        facts = [Fact("channel", one["channel"], *numbers) for one, numbers in zip(rows, told, strict=True)]
        of = over if name == "took_part" else 0 if name == "success_rate" else successes
        yield Part(name, facts, of, whole)


def _called(_scope: Scope, _part: str, _kind: str, label: str) -> str:
    return label


FACING = Facing(
    ATTRIBUTION,
    _parts,
    {
        "took_part": marked("Had a contact by the channel, of the runs that are over"),
        "success_rate": SUCCEEDED,
        "first": marked("First contact by the channel, of the successes"),
        "last": marked("Last contact by the channel, of the successes"),
    },
    _called,
    wide={"most": 50},
    shown=20,
    tells_who_left=True,
)
