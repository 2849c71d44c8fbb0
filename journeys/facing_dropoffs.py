"""Drop-offs of a group beside those of another one: who left where, and what was around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from journeys.dimensions import OF_RUN
from journeys.dropoffs_around import BEFORE
from journeys.dropoffs_lists import TITLES
from journeys.dropoffs_report import DROPOFFS
from journeys.facing import WIDE, Facing, Fact, Part, called_step
from journeys.report import Answer
from journeys.scope import Scope
from journeys.value_words import called
from store.words import Spoken, marked, tell

Row = Mapping[str, Any]


def _parts(answer: Answer) -> Iterator[Part]:
    who, step = answer["who"], answer["step"]
    reached = who["reached"]["n"]
    yield Part(
        "left",
        [
            Fact("step", one["key"], one["left"], one["cells"]["left"], one["rate"]["n"])
            for one in answer["steps"]
        ],
        is_list=False,
    )
    yield Part(
        "here",
        [
            Fact(how, step, who[how]["n"], who[how]["cell"], reached)
            for how in ("dropped", "failed", "in_time", "went_on")
        ],
        is_list=False,
    )
    yield _labelled("next", answer["next"]["rows"], answer["next"]["n"])
    for part, name in BEFORE.items():
        rows = [{**one, **one["left"]} for one in answer["before"][name]]
        yield _labelled(part, rows, answer["before"]["left"])
    for one in answer["origins"]:
        groups = one["groups"]
        facts = [
            Fact(
                group["kind"],
                group["value"] or "",
                group["left"]["n"],
                group["left"]["cell"],
                group["reached"]["n"],
            )
            for group in groups
            if group["kind"] != "other"
        ]
        yield Part(one["dimension"], facts, all=all(group["kind"] != "other" for group in groups))


def _labelled(part: str, rows: Sequence[Row], of: int) -> Part:
    """Labels by how many of those who left have them; those without a row of their own are left out."""
    facts = [
        Fact(row.get("problem") or row["kind"], row.get("label") or "", row["n"], row["cell"], of)
        for row in rows
        if row["kind"] != "other" and row["n"]
    ]
    return Part(part, facts, of, all=all(row["kind"] != "other" for row in rows))


def _pinned(answer: Answer) -> dict[str, Any]:
    return {"step": answer["step"]}


def _called(scope: Scope, part: str, kind: str, label: str) -> str:
    if part == "left":
        return called_step(scope, label)
    if part == "here":
        return Spoken(HERE)[kind]
    if part in OF_RUN:
        return called(label) if label else tell("(none)")
    if kind == "value":
        return label or tell("(none)")
    if part == "slow" and label:
        return tell("%(trouble)s: %(name)s", trouble=TITLES[kind], name=label)
    return TITLES[kind if part == "trouble" or kind in TITLES else f"{part} {kind}"]


HERE = {
    "dropped": marked("dropped here"),
    "failed": marked("failed here"),
    "in_time": marked("in time here"),
    "went_on": marked("went on"),
}


FACING = Facing(
    DROPOFFS,
    _parts,
    {
        "left": marked("Left at a step, of those who reached it"),
        "here": marked("At the step that is looked at, of those who reached it"),
        "next": marked("What they did next, of those who left"),
        "page": marked("Last page, of those who left"),
        "trouble": marked("Trouble close to leaving, of those who left"),
        "error": marked("Last error, of those who left"),
        "slow": marked("Last slow or missing page, of those who left"),
        "channel": marked("Left there by channel, of those who reached the step"),
        "source": marked("Left there by source, of those who reached the step"),
        "campaign": marked("Left there by campaign, of those who reached the step"),
        "device": marked("Left there by device, of those who reached the step"),
        "country": marked("Left there by country, of those who reached the step"),
    },
    _called,
    pinned=_pinned,
    wide={"most": WIDE},
    shown=8,
    of_age=marked("What they did later than that does not count: neither as the next thing, nor as nothing."),
    tells_who_left=True,
)
