"""What each report says of a group that can stand beside what it says of another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from journeys import conformance as of_conformance
from journeys.attribution_report import ATTRIBUTION
from journeys.breakdown import MOST
from journeys.breakdown_report import BREAKDOWN
from journeys.cohorts import later
from journeys.conformance import CONFORMANCE
from journeys.dimensions import OF_RUN
from journeys.dropoffs_around import BEFORE, TITLES
from journeys.dropoffs_report import DROPOFFS
from journeys.report import Answer
from journeys.retention import RETENTION
from journeys.scope import Scope
from journeys.side_by_side import Facing, Fact, Part
from journeys.signals_report import SIGNALS
from journeys.value_words import called
from journeys.variants import VARIANTS
from store.words import Spoken, marked, tell

WIDE = 1_000  # labels that are told of each group, so that what is rare in one of them is known there too
Row = Mapping[str, Any]


def _dropoffs(answer: Answer) -> Iterator[Part]:
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


def _pinned_dropoffs(answer: Answer) -> dict[str, Any]:
    return {"step": answer["step"]}


def _called_in_dropoffs(scope: Scope, part: str, kind: str, label: str) -> str:
    if part == "left":
        return _step(scope, label)
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


def _step(scope: Scope, key: str) -> str:
    """What a step is called."""
    return next((one.name for one in chain(scope.definition.steps, scope.rule.steps) if one.key == key), key)


def _variants(answer: Answer) -> Iterator[Part]:
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


def _called_way(scope: Scope, _part: str, _kind: str, label: str) -> str:
    return " › ".join(_step(scope, key) for key in label.split(">"))


def _conformance(answer: Answer) -> Iterator[Part]:
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


def _called_deviation(scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(of_conformance.KINDS[kind].title, step=_step(scope, label))


def _signals(answer: Answer) -> Iterator[Part]:
    facts = [
        Fact(
            *(one["kind"], _signal(one), one["with"]["n"], one["with"]["cell"]),
            effect={end: one["difference"][end] for end in ("value", "low", "high")},
        )
        for one in answer["signals"]
    ]
    yield Part("effect", facts, all=False)


def _signal(one: Row) -> str:
    """A signal as it is told apart from all others."""
    parts = [one["name"]]
    if one["value"] is not None:
        parts.append(f"= {one['value']}")
    if one["at_least"] is not None:
        parts.append(f"≥ {one['at_least']:g}")
    if one["within_seconds"] is not None:
        parts.append(f"≤ {one['within_seconds']:g} s")
    return " ".join(parts) + (f" ({one['at']})" if one["at"] else "")


def _pinned_signals(answer: Answer) -> dict[str, Any]:
    return {"step": answer["step"], "landmark": _span(round(answer["landmark"]["seconds"]))}


def _span(seconds: int) -> str:
    """Seconds as a landmark is written."""
    size, sign = next(
        (one for one in ((86_400, "d"), (3_600, "h"), (60, "m")) if seconds % one[0] == 0), (1, "s")
    )
    return f"{seconds // size}{sign}" if seconds else "0"


SIGNAL_KINDS = {
    "touchpoint": marked("Touchpoint %(name)s"),
    "property": marked("Property %(name)s"),
    "amount": marked("Amount %(name)s"),
    "trait": marked("Trait %(name)s"),
    "speed": marked("Speed from %(name)s"),
}


def _called_signal(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(SIGNAL_KINDS[kind], name=label)


def _retention(answer: Answer) -> Iterator[Part]:
    for part in ("kept", "success"):
        facts = [
            Fact(answer["by"], str(one["period"]), one["n"], "", one["rate"]["n"])
            for one in answer[part]["overall"]
        ]
        yield Part(part, facts, all=False, is_list=False)


def _called_later(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return later(kind, int(label))


def _breakdown(answer: Answer) -> Iterator[Part]:
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


def _called_value(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(GROUPS[kind]) if kind in GROUPS else called(label)


def _attribution(answer: Answer) -> Iterator[Part]:
    over, successes = answer["successes"] + answer["unsuccessful"], answer["successes"]
    rows = [one for one in answer["channels"] if one["channel"] != "(other)"]
    whole = len(rows) == len(answer["channels"])
    parts = {
        "took_part": [(one["took_part"]["n"], one["took_part"]["cell"], over) for one in rows],
        "success_rate": [
            (one["succeeded"]["n"], one["succeeded"]["cell"], one["took_part"]["n"]) for one in rows
        ],
        **{
            rule: [(round(one["credits"][rule]), "", successes) for one in rows] for rule in ("first", "last")
        },
    }
    for name, told in parts.items():
        facts = [Fact("channel", one["channel"], *numbers) for one, numbers in zip(rows, told, strict=True)]
        of = over if name == "took_part" else 0 if name == "success_rate" else successes
        yield Part(name, facts, of, whole)


def _called_channel(_scope: Scope, _part: str, _kind: str, label: str) -> str:
    return label


SUCCEEDED = marked("Succeeded so far, of those")
FACING = (
    Facing(
        DROPOFFS,
        _dropoffs,
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
        _called_in_dropoffs,
        pinned=_pinned_dropoffs,
        wide={"most": WIDE},
        shown=8,
    ),
    Facing(
        CONFORMANCE,
        _conformance,
        {"share": marked("How often, of those who could"), "success_rate": SUCCEEDED},
        _called_deviation,
    ),
    Facing(
        VARIANTS,
        _variants,
        {"share": marked("Went this way, of all"), "success_rate": SUCCEEDED},
        _called_way,
        wide={"most": WIDE},
        shown=20,
    ),
    Facing(
        SIGNALS,
        _signals,
        {"effect": marked("How much more often those with the signal came than those without")},
        _called_signal,
        pinned=_pinned_signals,
        wide={"most": 10 * WIDE},
        shown=30,
        tests_all=True,
    ),
    Facing(
        RETENTION,
        _retention,
        {
            "kept": marked("Active again, of the customers who joined"),
            "success": marked("Succeeded by then, of all runs"),
        },
        _called_later,
        pinned=lambda answer: {"by": answer["by"]},
    ),
    Facing(
        BREAKDOWN,
        _breakdown,
        {"share": marked("Have the value, of all"), "success_rate": SUCCEEDED},
        _called_value,
        wide={"most": MOST},
    ),
    Facing(
        ATTRIBUTION,
        _attribution,
        {
            "took_part": marked("Had a contact by the channel, of the runs that are over"),
            "success_rate": SUCCEEDED,
            "first": marked("First contact by the channel, of the successes"),
            "last": marked("Last contact by the channel, of the successes"),
        },
        _called_channel,
        wide={"most": 50},
        shown=20,
    ),
)
BY_REPORT = {one.report.name: one for one in FACING}
