"""A report side by side as a report: what it is asked, what its words mean, its file and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from marshmallow import fields, validate

from journeys import comparison
from journeys.apart import NAMES
from journeys.facing import Facing
from journeys.metrics import STANDING, WORDS
from journeys.report import Answer, OwnArguments, Report, Table
from journeys.side_by_side import side_by_side
from journeys.side_by_side_lists import SIDES, behind
from journeys.two_periods import EquallyOldArguments, OtherPeriodArguments

ENDS = ("value", "low", "high")


MEANINGS = {
    "compared": "What differs between the groups: `segments`, or `periods` of the same segment.",
    "sides": "The two groups: the one of the question first, then what it is compared with.",
    "text": "The group's segment as it is written in `segment`.",
    "entered": "All runs of the group that began in its period.",
    "overlap": comparison.MEANINGS["overlap"] + " None where the groups are of two periods.",
    "asked": (
        "What the report was asked for both groups alike; what it chose by itself was chosen by the first."
    ),
    "rows": (
        "What the report says of each group by itself. Of what it lists by frequency, that which is frequent "
        "in either group; rows for all others together are left out."
    ),
    "part": "What the row is about.",
    "first": "The number of the first group; unknown where it is too rare there to be told.",
    "second": "The number of the second group.",
    "share": "The share with its 95 % Wilson interval.",
    "effect": "The number that the report tells of it, with its 95 % interval.",
    "difference": (
        "The number of the first group less that of the second, with its 95 % interval (Newcombe 1998; of "
        "what is no share, as Zou and Donner 2008 combine two intervals) and how often chance alone would do "
        "as much (of what is no share, Altman and Bland 2003), corrected for all rows (Benjamini and "
        "Hochberg 1995). Runs are taken for independent, and the groups for having none in common."
    ),
    "in_time": "Runs of the group whose time was not up.",
    "age": (
        "How long after their start runs are looked at, as they stood then; what came later does not count, "
        "so both of two periods had the same time. Where it is not asked for: about as long as nine in ten "
        "successes of the second period took, but so that half of the first period is that long ago; for "
        "drop-offs and attribution longer by the idle timeout, as nobody is dropped before. `null` where "
        "groups are told as they stand: in retention, which has ages of its own, and of two segments unless "
        "an age is asked for."
    ),
    "seconds": "The age, in seconds.",
    "given": "Whether the age was asked for.",
    "tells_dropped": (
        "Whether the age is longer than the idle timeout. If not, hardly anybody can have been dropped by "
        "then, and who is in time may be lost already."
    ),
    "young": (
        "Runs that are not as old as the `age`; they are left out, neither lost nor won. Where customers or "
        "accounts are counted, those who have such runs."
    ),
    **{name: STANDING[name] for name in ("small", "dependent", "customers")},
    "looks_inside": WORDS["looks_inside"],
}


class AgainstArguments(OwnArguments):
    """With which segment, if not with another period."""

    against = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "description": "a segment to compare with, written as `segment`; `all` for all runs. Without "
            "one, another period is compared with"
        },
    )


class BesideOwnAges(AgainstArguments, OtherPeriodArguments):
    """With what a report is compared that has ages of its own."""


class Beside(AgainstArguments, EquallyOldArguments):
    """With what a report is compared, and at what age."""


OF_SIDE = ("n", *ENDS)
HEAD = (
    *("part", "kind", "label"),
    *(f"{side}_{name}" for side in SIDES for name in (*OF_SIDE, "of")),
    *("difference", "difference_low", "difference_high", "p", "p_adjusted"),
)


def table(answer: Answer) -> Table:
    """A row for all runs, those in time, those left out, their customers, and those in both; then a row a
    fact."""
    return HEAD, _lines(answer)


def _lines(answer: Answer) -> Iterator[tuple[Any, ...]]:
    blank, unknown = (None,) * 4, (None,) * len(NAMES)
    one, other = answer["sides"]
    for name in ("entered", "in_time", *(("young",) if answer["age"] else ())):
        yield "runs", name, "", one[name]["n"], *blank, other[name]["n"], *blank, *unknown
    yield "runs", "customers", "", one["customers"], *blank, other["customers"], *blank, *unknown
    if answer["overlap"]:
        yield "runs", "in both", "", answer["overlap"]["n"], *blank, None, *blank, *unknown
    for row in answer["rows"]:
        yield (
            *(row["part"], row["kind"], row["label"]),
            *(cell for side in SIDES for cell in _numbers(row[side])),
            *(row["difference"][name] for name in NAMES),
        )


def _numbers(side: Mapping[str, Any]) -> tuple[Any, ...]:
    told = side.get("share") or side.get("effect") or {}
    return (side["n"], *(told.get(name) for name in OF_SIDE[1:]), told.get("n"))


def companion(facing: Facing) -> Report:
    """The report that puts another one side by side, on the tab of that."""
    report = facing.report
    own = Beside if facing.at_age else BesideOwnAges
    given = {name: report.meanings[name] for name in ("landmark", "by") if name in report.meanings}
    return Report(
        name=f"{report.name}_beside",
        title=f"{report.title} side by side",
        says=f"{report.title} of two segments or of two periods side by side, and how far apart they are.",
        answer=partial(side_by_side, facing),
        table=table,
        meanings=given | MEANINGS,
        asked=type(f"{report.name.title()}Beside", (own, report.asked), {}),
        units=report.units,
        behind=partial(behind, facing),
        within=report.name,
        notes=(facing.of_age,) if facing.of_age else (),
    )
