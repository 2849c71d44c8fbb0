"""One report of two groups side by side: of two segments, or of two periods.

The report is asked for each group by itself, at one moment, and what it says of both is put into rows: so
each number is the one that the group's own report tells, and has the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from marshmallow import fields, validate

from journeys import comparison, segments
from journeys.apart import NAMES, apart
from journeys.change_asked import BeforeArguments, before_of
from journeys.cursors import ListError, Time, no_cell, read_cell, written
from journeys.metrics import STANDING, WORDS
from journeys.period import Period, iso
from journeys.rates import rate
from journeys.report import Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.statistics import Estimate, Floats, adjusted, difference_of, known, p_of_two_estimates
from store.words import tell

SIDES = ("first", "second")
ENDS = ("value", "low", "high")
UNKNOWN: Mapping[str, float | None] = dict.fromkeys(NAMES)
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
    "in_time": (
        "Runs of the group whose time is not up. Of two periods the later one has more of them: what takes "
        "time is yet to come there, so shares of what has happened so far are too low."
    ),
    **{name: STANDING[name] for name in ("small", "dependent", "customers")},
    "looks_inside": WORDS["looks_inside"],
}


@dataclass(frozen=True)
class Fact:
    """What a report tells of a group: `n` runs, of `of` of them; or an `effect` with its interval."""

    kind: str
    label: str
    n: int
    cell: str
    of: int = 0
    effect: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class Part:
    """Facts of one kind, the most important first.

    What is not among them is 0 of `of` where they are `all`. `is_list` says that there may be very many, of
    which the first are shown.
    """

    name: str
    facts: Sequence[Fact]
    of: int = 0
    all: bool = True
    is_list: bool = True


@dataclass(frozen=True)
class Facing:
    """How a report stands side by side.

    `parts` finds the facts of an answer, `heads` says what each part is about, `called` what a fact is.
    `pinned` are the arguments that make the report choose the same for the second group, `wide` those with
    which it tells more than it shows, so that what is rare in one group is known there too. `tests_all`
    corrects for all that the report tells, where it shows what is surest and not what is most frequent.
    """

    report: Report
    parts: Callable[[Answer], Iterable[Part]]
    heads: Mapping[str, str]
    called: Callable[[Scope, str, str, str], str]
    pinned: Callable[[Answer], Mapping[str, Any]] = lambda _: {}
    wide: Mapping[str, Any] | None = None
    shown: int = 10
    tests_all: bool = False


class Cell(NamedTuple):
    """The list of a number of a report, for the runs of a segment that began in a period."""

    report: str
    segment: str
    start: Time
    end: Time
    cell: str


class AskedBeside(BeforeArguments):
    """With what a report is compared."""

    against = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "description": "a segment to compare with, written as `segment`; `all` for all runs. Without "
            "one, another period is compared with"
        },
    )


def side_by_side(
    facing: Facing,
    scope: Scope,
    *,
    unit: str = "runs",
    against: str = "",
    before_from: str = "",
    before_to: str = "",
    **own: Any,
) -> Answer:
    """What a report says of the scope's runs beside those of another segment, or of another period.

    Raises SegmentError, PeriodError, and whatever the report raises.
    """
    if against and (before_from or before_to):
        raise SegmentError(tell("compare with a segment or with a period, not with both at once"))
    if against:
        scopes, heads, overlap = _two_segments(scope, against, unit)
    else:
        scopes, heads, overlap = _two_periods(scope, before_of(scope, before_from, before_to), unit)
    answers, asked = _asked(facing, scopes, own, unit)
    most = int(own.get("most", facing.shown))
    return {
        **scope.head(unit),
        "compared": "segments" if against else "periods",
        "asked": asked,
        "sides": heads,
        "overlap": overlap,
        "rows": _rows(facing, scopes, [list(facing.parts(one)) for one in answers], most),
    }


def _two_segments(scope: Scope, against: str, unit: str) -> tuple[list[Scope], list[Any], Any]:
    """Both are of all runs, as neither need lie within the other."""
    both = [dict(scope.segment), segments.checked(segments.read(against))]
    if segments.written(both[0]) == segments.written(both[1]):
        raise SegmentError(tell("both segments are the same; choose another one to compare with"))
    everyone = scope.everyone()
    told, common = comparison.sides(everyone, both, unit)
    scopes = [replace(scope, segment=one) for one in both]
    cell = _cell(everyone, "compare", common[0]["cell"])
    return scopes, [_head(*pair) for pair in zip(scopes, told, strict=True)], {**_n(common[0]["n"], cell)}


def _two_periods(scope: Scope, before: Period, unit: str) -> tuple[list[Scope], list[Any], None]:
    scopes = [scope, replace(scope, period=before)]
    told = [comparison.sides(one.everyone(), [scope.segment], unit)[0][0] for one in scopes]
    return scopes, [_head(*pair) for pair in zip(scopes, told, strict=True)], None


def _head(scope: Scope, group: Mapping[str, Any]) -> dict[str, Any]:
    """Who is compared, and how far the group can be trusted."""
    everyone, entered, in_time = scope.everyone(), group["entered"], group["outcomes"]["in_time"]
    return {
        **{name: group[name] for name in ("text", "name", "looks_inside", "customers", "small", "dependent")},
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "entered": _n(entered["n"], _cell(everyone, "compare", entered["cell"])),
        "in_time": _n(in_time["n"], _cell(everyone, "compare", in_time["cell"])),
    }


def _asked(
    facing: Facing, scopes: Sequence[Scope], own: Mapping[str, Any], unit: str
) -> tuple[list[Answer], dict[str, Any]]:
    """The answer of each group; what the report chooses by itself is chosen by the first one."""
    asked = {**own, **(facing.wide or {})}
    answers = [facing.report.ask(scopes[0], asked, unit=unit)]
    pinned = dict(facing.pinned(answers[0]))
    answers.append(facing.report.ask(scopes[1], {**asked, **pinned}, unit=unit))
    return answers, pinned


def _rows(
    facing: Facing, scopes: Sequence[Scope], parts: Sequence[Sequence[Part]], most: int
) -> list[dict[str, Any]]:
    """A row a fact of either group; their differences are one family of tests."""
    found = list(_matched(parts))
    family = [one for one in found if facing.tests_all or one.place < most]
    differences = _differences([one.facts for one in family])
    return [
        {
            "part": one.part,
            "kind": next(fact for fact in one.facts if fact).kind,
            "label": next(fact for fact in one.facts if fact).label,
            **{
                side: _told(scope, facing.report.name, fact)
                for side, scope, fact in zip(SIDES, scopes, one.facts, strict=True)
            },
            "difference": difference,
        }
        for one, difference in zip(family, differences, strict=True)
        if one.place < most
    ]


class _Matched(NamedTuple):
    """A fact of both groups, and the better of its places."""

    part: str
    place: int
    facts: tuple[Fact | None, Fact | None]


def _matched(parts: Sequence[Sequence[Part]]) -> Iterator[_Matched]:
    """Each fact that either group has beside that of the other, in the order of the first group."""
    by_name = [{part.name: part for part in some} for some in parts]
    for name in dict.fromkeys(part.name for some in parts for part in some):
        both = [some.get(name, Part(name, (), is_list=False)) for some in by_name]
        facts = [{(fact.kind, fact.label): fact for fact in part.facts} for part in both]
        places = [{key: place for place, key in enumerate(some)} for some in facts]
        for key in dict.fromkeys(key for some in facts for key in some):
            place = (
                min(some[key] for some in places if key in some) if any(part.is_list for part in both) else 0
            )
            first, second = (
                own.get(key) or _nothing(part, next(some[key] for some in facts if key in some))
                for own, part in zip(facts, both, strict=True)
            )
            yield _Matched(name, place, (first, second))


def _nothing(part: Part, other: Fact) -> Fact | None:
    """What a group tells of a fact that it does not have: nobody, where it would have told of one."""
    return replace(other, n=0, of=part.of, cell="") if part.all and other.effect is None else None


def _differences(
    pairs: Sequence[tuple[Fact | None, Fact | None]],
) -> list[Mapping[str, float | None]]:
    """The first less the second, shares and effects in one family; unknown where one of them is."""
    shares = {at: pair for at, pair in enumerate(pairs) if _are_shares(pair)}
    effects = {at: pair for at, pair in enumerate(pairs) if _are_effects(pair)}
    columns = [
        [getattr(pair[side], what) for pair in shares.values()] for side in (0, 1) for what in ("n", "of")
    ]
    told = dict(zip(shares, apart(*columns), strict=True)) | dict(
        zip(effects, _of_effects(list(effects.values())), strict=True)
    )
    found = [dict(told.get(at, UNKNOWN)) for at in range(len(pairs))]
    p: Sequence[float] | Floats = (
        adjusted([np.nan if one["p"] is None else one["p"] for one in found]) if found else []
    )
    return [{**one, "p_adjusted": known(corrected)} for one, corrected in zip(found, p, strict=True)]


def _are_shares(pair: Sequence[Fact | None]) -> bool:
    return all(one is not None and one.effect is None for one in pair)


def _are_effects(pair: Sequence[Fact | None]) -> bool:
    return all(one is not None and one.effect is not None and one.effect["low"] is not None for one in pair)


def _of_effects(pairs: Sequence[Any]) -> list[dict[str, float | None]]:
    one, other = (
        Estimate(
            *(np.array([pair[side].effect[end] for pair in pairs], float) for end in ("value", "low", "high"))
        )
        for side in (0, 1)
    )
    found, p = difference_of(one, other), p_of_two_estimates(one, other)
    columns = (found.value, found.low, found.high, p, p)
    return [dict(zip(NAMES, map(known, cells), strict=True)) for cells in zip(*columns, strict=True)]


def _told(scope: Scope, report: str, fact: Fact | None) -> dict[str, Any]:
    if fact is None:
        return {"n": None, "share": None}
    told = _n(fact.n, _cell(scope, report, fact.cell) if fact.cell else "")
    return told | ({"share": rate(fact.n, fact.of)} if fact.effect is None else {"effect": dict(fact.effect)})


def _n(n: int, cell: str) -> dict[str, Any]:
    return {"n": n, "cell": cell} if cell else {"n": n}


def _cell(scope: Scope, report: str, cell: str) -> str:
    segment = segments.written(scope.segment)
    return written(Cell(report, segment, scope.period.start, scope.period.end, cell))


def behind(facing: Facing, scope: Scope, cell: str) -> Which:
    """The runs behind a number of one of the groups; raises ListError."""
    found = read_cell(cell, Cell, "the report")
    reports = {one.name: one for one in (facing.report, comparison.COMPARISON)}
    try:
        group = segments.checked(segments.read(found.segment))
    except SegmentError as error:
        raise ListError(str(error)) from None
    if found.report not in reports or found.start >= found.end:
        raise no_cell(cell, "the report")
    period = Period(found.start, found.end)
    which = reports[found.report].behind(replace(scope, segment=group, period=period), found.cell)  # type: ignore[misc]
    own = group if which.segment is None else which.segment
    title = tell("%(what)s (%(group)s)", what=which.title, group=comparison.name_of(scope, own))
    return which._replace(title=title, segment=own, period=which.period or period)


OF_SIDE = ("n", *ENDS)
HEAD = (
    *("part", "kind", "label"),
    *(f"{side}_{name}" for side in SIDES for name in (*OF_SIDE, "of")),
    *("difference", "difference_low", "difference_high", "p", "p_adjusted"),
)


def table(answer: Answer) -> Table:
    """A row for each group with its runs in time, one for those in both, then a row a fact."""
    return HEAD, _lines(answer)


def _lines(answer: Answer) -> Iterator[tuple[Any, ...]]:
    blank, unknown = (None,) * 4, (None,) * len(NAMES)
    one, other = answer["sides"]
    for name in ("entered", "in_time"):
        yield "runs", name, "", one[name]["n"], *blank, other[name]["n"], *blank, *unknown
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
    given = {name: report.meanings[name] for name in ("landmark", "by") if name in report.meanings}
    return Report(
        name=f"{report.name}_beside",
        title=f"{report.title} side by side",
        says=f"{report.title} of two segments or of two periods side by side, and how far apart they are.",
        answer=partial(side_by_side, facing),
        table=table,
        meanings=given | MEANINGS,
        asked=type(f"{report.name.title()}BesideAsked", (AskedBeside, report.asked), {}),
        units=report.units,
        behind=partial(behind, facing),
        within=report.name,
    )
