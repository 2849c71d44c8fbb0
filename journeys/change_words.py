"""A change of a success rate in one plain sentence, made from its numbers and no surer than they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from journeys import dimensions
from journeys.definitions import Definition
from journeys.statistics import FEWEST
from journeys.value_words import called
from store.words import decimal, marked, share, tell

SURE = 0.05
# Where runs differ in several of them at once, as those of one campaign do, the narrowest is named.
NARROWEST_FIRST = ("campaign", "source", "channel", "device", "country")
WORTH_SAYING = 0.1  # of the change
MOSTLY = 0.5
FRACTIONS = (
    *((0.1, marked("a tenth")), (0.2, marked("a fifth")), (0.25, marked("a quarter"))),
    *((1 / 3, marked("a third")), (0.4, marked("two fifths")), (0.5, marked("half"))),
    *((0.6, marked("three fifths")), (2 / 3, marked("two thirds")), (0.75, marked("three quarters"))),
    *((0.8, marked("four fifths")), (0.9, marked("nine tenths")), (1.0, marked("all"))),
)
Answer = Mapping[str, Any]


class Story(NamedTuple):
    """What stands out: in words, its share of the change, and by how much that exceeds its size."""

    words: str
    share: float
    excess: float


def told(answer: Answer, definition: Definition) -> str:
    """The sentence in the language of who reads it now; that of the answer itself is in English."""
    return sentence(answer, subject(definition, answer["target"]))


def subject(definition: Definition, target: str) -> str:
    """Of what the rate is: the journey, or coming to a step before its goal."""
    if definition.steps[-1].key == target:
        return definition.name
    name = next(step.name for step in definition.steps if step.key == target)
    return tell("Coming to “%(step)s”", step=name)


def sentence(answer: Answer, subject: str) -> str:
    """What changed by how much, and what most of it is; where it may be chance, that."""
    apart, (before, now) = answer["change"], (answer[side]["rate"] for side in ("before", "now"))
    if apart["value"] is None:
        empty = tell("this period") if not now["n"] else tell("the period to compare with")
        return tell("No run of %(period)s is old enough, so nothing can be compared.", period=empty)
    rates = dict(zip(("before", "now"), _both(before["value"], now["value"]), strict=True))
    if not (apart["low"] > 0 or apart["high"] < 0):
        apart_in_points = {name: points(apart[name]) for name in ("value", "low", "high")}
        chance = tell(
            "%(subject)s was %(before)s and is %(now)s: a difference of %(value)s points "
            "(%(low)s to %(high)s), which may be chance",
            **{"subject": subject, **rates, **apart_in_points},
        )
        alone = _alone(answer)
        if not alone:
            return tell("%(change)s, so there is nothing to explain.", change=chance)
        return tell("%(change)s; %(why)s.", change=chance, why=alone)
    verb, noun = (
        (marked("%(subject)s rose from %(before)s to %(now)s"), tell("rise"))
        if apart["value"] > 0
        else (marked("%(subject)s fell from %(before)s to %(now)s"), tell("fall"))
    )
    best = max(_stories(answer, noun), key=lambda one: round(one.excess, 9), default=None)
    why = best.words if best else _shared(answer, noun)
    return tell("%(change)s; %(why)s.", change=tell(verb, subject=subject, **rates), why=why)


def _shared(answer: Answer, noun: str) -> str:
    """That no group stands out, and the step at which all of them changed."""
    more = _called(answer["by"]) if answer["by"] else ""
    said = (
        tell(
            "no channel, source, campaign, device, country or %(further)s stands out from the others",
            further=more,
        )
        if more
        else tell("no channel, source, campaign, device or country stands out from the others")
    )
    total, parts = answer["change"]["value"], {one["key"]: one["part"]["value"] for one in answer["steps"]}
    step = _step(parts, total)
    if step is None:
        return said
    name = next(one["name"] for one in answer["steps"] if one["key"] == step)
    part = fraction(parts[step] / total)
    at = {"part": part, "change": noun, "step": name}
    return tell("%(said)s, and %(part)s of the %(change)s is at “%(step)s”", said=said, **at)


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
    whom = _named(dimension, most)
    return tell(
        "yet %(group)s went from %(before)s to %(now)s, otherwise than all others",
        group=whom,
        before=before,
        now=now,
    )


def _can_be_told(group: Answer) -> bool:
    """Whether both its rates are of enough runs to be said without their intervals."""
    return all(group[side]["rate"]["n"] >= FEWEST for side in ("before", "now"))


def fraction(part: float) -> str:
    """A share as people say it."""
    if part > 1.05:
        return tell("more than all")
    return tell(min(FRACTIONS, key=lambda one: abs(one[0] - part))[1])


def _stories(answer: Answer, noun: str) -> Iterator[Story]:
    """Groups whose rate changed otherwise than that of all others, and changes of who came."""
    total = answer["change"]["value"]
    names = {one["key"]: one["name"] for one in answer["steps"]}
    for dimension in _narrowest_first(answer):
        for one in dimension["groups"]:
            part = one["by_rate"]["value"] / total
            excess = part - one["mean_share"]
            if one["p_rate"] is None or one["p_rate"] >= SURE or part < WORTH_SAYING or excess <= 0:
                continue
            if not _can_be_told(one):
                continue
            told = {"change": noun, "group": _named(dimension, one)}
            said = tell("%(part)s of the %(change)s is %(group)s", part=fraction(part), **told)
            if step := _step(one["by_step"], one["by_rate"]["value"]):
                told |= {"part": fraction(one["by_step"][step] / total), "step": names[step]}
                said = tell("%(part)s of the %(change)s is %(group)s at “%(step)s”", **told)
            yield Story(said, part, excess)
        yield from _mixed(dimension, total, noun)


def _narrowest_first(answer: Answer) -> list[Answer]:
    order = {name: place for place, name in enumerate(NARROWEST_FIRST)}  # what was asked for comes first
    return sorted(answer["dimensions"], key=lambda one: order.get(one["dimension"], -1))


def _mixed(dimension: Answer, total: float, noun: str) -> Iterator[Story]:
    part = dimension["mix"] / total
    moved = [one for one in dimension["groups"] if one["p_share"] is not None and one["p_share"] < SURE]
    if not moved or part < WORTH_SAYING:
        return
    grown = {id(one): round(one["now"]["share"] - one["before"]["share"], 9) for one in moved}
    most = max(moved, key=lambda one: (abs(grown[id(one)]), grown[id(one)]))
    before, now = _both(most["before"]["share"], most["now"]["share"])
    said = tell(
        "%(part)s of the %(change)s is a change of who came: "
        "%(group)s was %(before)s of the runs and is %(now)s",
        **{"part": fraction(part), "change": noun, "group": _named(dimension, most)},
        **{"before": before, "now": now},
    )
    yield Story(said, part, part)


def _step(parts: Mapping[str, float | None], total: float) -> str | None:
    """The step that most of a change is at; None where it is spread over several."""
    shares = {key: (part or 0) / total for key, part in parts.items()} if total else {}
    best = max(shares, key=lambda key: shares[key], default=None)
    return best if best is not None and shares[best] >= MOSTLY else None


def _named(dimension: Answer, group: Answer) -> str:
    name = dimension["dimension"]
    if name.startswith("segment:"):
        which = (
            marked("runs in segment %(name)s")
            if group["value"] == "in"
            else marked("runs outside of segment %(name)s")
        )
        return tell(which, name=name.partition(":")[2])
    value = called(group.get("value") or "")
    if name not in NARROWEST_FIRST:
        return {
            "value": f"{_called(name)} {value}",
            "none": tell("runs without a %(name)s", name=_called(name)),
            "other": tell("all other values of %(name)s", name=_called(name)),
        }[group["kind"]]
    names = f"{name}s".replace("countrys", "countries")
    return {
        "value": f"{tell(name)} {value}",
        "none": tell("runs without a %(name)s", name=tell(name)),
        "other": tell("all other %(names)s", names=tell(names)),
    }[group["kind"]]


def points(difference: float, write: Callable[[float, int], str] = decimal) -> str:
    """A difference of two shares in percentage points, with its sign where there is one to tell.

    `write` writes a number with so many digits.
    """
    if abs(difference) <= 0.0005:
        return "0"
    text = write(difference * 100, 1)
    return text if difference < 0 else f"+{text}"


def _called(name: str) -> str:
    return dimensions.dimension(name, at_start=True).label


def _both(before: float, now: float) -> tuple[str, str]:
    """Two shares as percent, with as many digits as tell them apart by about as much as they are."""
    apart = now - before
    for digits in (0, 1, 2):
        written = round(now, digits + 2) - round(before, digits + 2)
        if apart and abs(written - apart) < abs(apart) / 2:
            return share(before, digits), share(now, digits)
    return share(before, 0), share(now, 0)
