"""A change of a success rate in one plain sentence, made from its numbers and no surer than they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from journeys.statistics import FEWEST

SURE = 0.05
# Where runs differ in several of them at once, as those of one campaign do, the narrowest is named.
NARROWEST_FIRST = ("campaign", "source", "channel", "device", "country")
WORTH_SAYING = 0.1  # of the change
MOSTLY = 0.5
FRACTIONS = (
    *((0.1, "a tenth"), (0.2, "a fifth"), (0.25, "a quarter"), (1 / 3, "a third"), (0.4, "two fifths")),
    *((0.5, "half"), (0.6, "three fifths"), (2 / 3, "two thirds"), (0.75, "three quarters")),
    *((0.8, "four fifths"), (0.9, "nine tenths"), (1.0, "all")),
)
Answer = Mapping[str, Any]


class Story(NamedTuple):
    """What stands out: in words, its share of the change, and by how much that exceeds its size."""

    words: str
    share: float
    excess: float


def sentence(answer: Answer, subject: str) -> str:
    """What changed by how much, and what most of it is; where it may be chance, that."""
    apart, (before, now) = answer["change"], (answer[side]["rate"] for side in ("before", "now"))
    if apart["value"] is None:
        empty = "this period" if not now["n"] else "the period to compare with"
        return f"No run of {empty} is old enough, so nothing can be compared."
    rates = _both(before["value"], now["value"])
    if not (apart["low"] > 0 or apart["high"] < 0):
        value, low, high = (f"{apart[name] * 100:+.1f}" for name in ("value", "low", "high"))
        chance = (
            f"{subject} was {rates[0]} and is {rates[1]}: a difference of {value} points ({low} to {high}), "
            "which may be chance"
        )
        return (
            f"{chance}, so there is nothing to explain."
            if not _alone(answer)
            else f"{chance}; {_alone(answer)}."
        )
    verb, noun = ("rose", "rise") if apart["value"] > 0 else ("fell", "fall")
    said = f"{subject} {verb} from {rates[0]} to {rates[1]}"
    best = max(_stories(answer, noun), key=lambda one: round(one.excess, 9), default=None)
    return f"{said}; {best.words if best else _shared(answer, noun)}."


def _shared(answer: Answer, noun: str) -> str:
    """That no group stands out, and the step at which all of them changed."""
    said = "no channel, source, campaign, device or country stands out from the others"
    total, parts = answer["change"]["value"], {one["key"]: one["part"]["value"] for one in answer["steps"]}
    step = _step(parts, total)
    if step is None:
        return said
    name = next(one["name"] for one in answer["steps"] if one["key"] == step)
    return f"{said}, and {fraction(parts[step] / total)} of the {noun} is at “{name}”"


def _alone(answer: Answer) -> str:
    """The group that surely changed otherwise than all others, though all together may not have."""
    groups = [
        (dimension, one)
        for dimension in _narrowest_first(answer)
        for one in dimension["groups"]
        if one["p_rate"] is not None and one["p_rate"] < SURE and _can_be_told(one)
    ]
    if not groups:
        return ""
    dimension, most = min(groups, key=lambda one: round(one[1]["p_rate"], 12))
    before, now = _both(most["before"]["rate"]["value"], most["now"]["rate"]["value"])
    return f"yet {_named(dimension, most)} went from {before} to {now}, otherwise than all others"


def _can_be_told(group: Answer) -> bool:
    """Whether both its rates are of enough runs to be said without their intervals."""
    return all(group[side]["rate"]["n"] >= FEWEST for side in ("before", "now"))


def fraction(share: float) -> str:
    """A share as people say it."""
    if share > 1.05:
        return "more than all"
    return min(FRACTIONS, key=lambda one: abs(one[0] - share))[1]


def _stories(answer: Answer, noun: str) -> Iterator[Story]:
    """Groups whose rate changed otherwise than that of all others, and changes of who came."""
    total = answer["change"]["value"]
    names = {one["key"]: one["name"] for one in answer["steps"]}
    for dimension in _narrowest_first(answer):
        for one in dimension["groups"]:
            share = one["by_rate"]["value"] / total
            excess = share - one["mean_share"]
            if one["p_rate"] is None or one["p_rate"] >= SURE or share < WORTH_SAYING or excess <= 0:
                continue
            if not _can_be_told(one):
                continue
            said = f"{fraction(share)} of the {noun} is {_named(dimension, one)}"
            if step := _step(one["by_step"], one["by_rate"]["value"]):
                at = one["by_step"][step] / total
                said = f"{fraction(at)} of the {noun} is {_named(dimension, one)} at “{names[step]}”"
            yield Story(said, share, excess)
        yield from _mixed(dimension, total, noun)


def _narrowest_first(answer: Answer) -> list[Answer]:
    return sorted(answer["dimensions"], key=lambda one: NARROWEST_FIRST.index(one["dimension"]))


def _mixed(dimension: Answer, total: float, noun: str) -> Iterator[Story]:
    share = dimension["mix"] / total
    moved = [one for one in dimension["groups"] if one["p_share"] is not None and one["p_share"] < SURE]
    if not moved or share < WORTH_SAYING:
        return
    grown = {id(one): round(one["now"]["share"] - one["before"]["share"], 9) for one in moved}
    most = max(moved, key=lambda one: (abs(grown[id(one)]), grown[id(one)]))
    before, now = _both(most["before"]["share"], most["now"]["share"])
    whom = f"{_named(dimension, most)} was {before} of the runs and is {now}"
    yield Story(f"{fraction(share)} of the {noun} is a change of who came: {whom}", share, share)


def _step(parts: Mapping[str, float | None], total: float) -> str | None:
    """The step that most of a change is at; None where it is spread over several."""
    shares = {key: (part or 0) / total for key, part in parts.items()} if total else {}
    best = max(shares, key=lambda key: shares[key], default=None)
    return best if best is not None and shares[best] >= MOSTLY else None


def _named(dimension: Answer, group: Answer) -> str:
    name = dimension["dimension"]
    return {
        "value": f"{name} {group['value']}",
        "none": f"runs without a {name}",
        "other": f"all other {name}s".replace("countrys", "countries"),
    }[group["kind"]]


def _both(before: float, now: float) -> tuple[str, str]:
    """Two shares as percent, with as many digits as tell them apart."""
    said = [(f"{before * 100:.{digits}f}%", f"{now * 100:.{digits}f}%") for digits in (0, 1, 2)]
    return next((one for one in said if one[0] != one[1]), said[0])
