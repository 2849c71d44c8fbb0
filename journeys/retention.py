"""Retention of a journey: who is active again after joining it, and how many runs succeed how soon."""

from __future__ import annotations

from collections import Counter
from typing import Any

from marshmallow import fields, validate

from journeys.buckets import UNITS
from journeys.cohorts import ALL, HEAD, Parts, followed, later, parts, rows
from journeys.cursors import ListError
from journeys.questions import question
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, OwnArguments, Report, Table, Which
from journeys.scope import Scope
from journeys.sessions import ENGAGEMENT
from store.words import marked, tell

# How a customer joins a cohort: by the first of these runs, at this moment.
JOINS = {
    "entered": ("1", "start", marked("entered")),
    "succeeded": ("outcome = 'succeeded'", "last", marked("succeeded")),
}
MEANINGS = {
    "cohort": (
        "Customers by the day, week or month, in the project's time zone, in which the first of their runs "
        "of the period began, or the first of those that succeeded did so."
    ),
    "by": "Day, week or month.",
    "zone": "The time zone of the project, in which days begin.",
    "cohorts": "The cohorts in their order; `n` are all that belong to one.",
    "periods": "The parts of time from the cohort's own on.",
    "period": "How many parts of time after the cohort's own.",
    "kept": (
        "Customers of a cohort who did anything (a page, a screen or an event, robots left out) in the part "
        "of time that lies so many parts after the cohort's own."
    ),
    "success": (
        "Runs by the day, week or month of their start, and how many of them had succeeded by the end of "
        "each part of time since."
    ),
    "rate": "The share of the cohort, with its 95 % Wilson interval; none while the part of time is running.",
    "running": (
        "The part of time is not over: the number may still grow, and counts in no rate, neither as kept nor "
        "as lost."
    ),
    "partial": "The cohort is not whole: the period cuts its own part of time, or that is not over.",
    "overall": "All cohorts together whose part of time at that distance is over.",
}


class Asked(OwnArguments):
    """Which cohorts, and how time is parted."""

    by = fields.String(
        load_default="",
        validate=validate.OneOf(("", *UNITS)),
        metadata={"description": "day, week or month; what fits the time where absent"},
    )
    cohort = fields.String(
        load_default="entered",
        validate=validate.OneOf(tuple(JOINS)),
        metadata={"description": "whether customers join a cohort by entering the journey or by succeeding"},
    )


def retention(scope: Scope, *, by: str = "", cohort: str = "entered") -> Answer:
    """Customers active again by cohort (`kept`), and runs that succeeded by the time since their start.

    Raises PeriodError.
    """
    time = parts(by, scope.period.start, scope.now, scope.project.zone)
    kept, success = _kept(scope, time, cohort), _success(scope, time)
    return {
        "by": time.by,
        "cohort": cohort,
        "zone": scope.project.zone.key,
        "kept": followed(
            time, kept, scope.period, lambda edge, part: f"{cohort}:{time.by}:{_said(edge)}:{_said(part)}"
        ),
        "success": followed(
            time, success, scope.period, lambda edge, part: f"success:{time.by}:{_said(edge)}:{_said(part)}"
        ),
    }


def _said(part: int) -> str:
    return "all" if part == ALL else str(part)


def _kept(scope: Scope, time: Parts, cohort: str) -> Counter[tuple[int, int]]:
    if not time.edges:
        return Counter()
    joined, values = _joined(scope, time, cohort)
    found = scope.events.query(question("retention.kept", joined=joined), values)
    return Counter({(row["cohort"], row["part"]): row["n"] for row in found})


def _joined(scope: Scope, time: Parts, cohort: str) -> tuple[str, dict[str, Any]]:
    """SQL of the customers of all cohorts, each with the run by which it joined."""
    which, moment, _ = JOINS[cohort]
    slots = {"moment": moment, "active": question("retention.active", resolved=scope.resolved)}
    bound: dict[str, Any] = {"edges": time.edges, "engagement": ENGAGEMENT, "all": ALL}
    return scope.ask("retention.joined", which=which, slots=lambda _params: slots, **bound)


def _success(scope: Scope, time: Parts) -> Counter[tuple[int, int]]:
    """How many runs began in each part, and how many of them had succeeded by the end of each part."""
    if not time.edges:
        return Counter()
    sums = Counter[tuple[int, int]]()
    asked = scope.ask("retention.succeeded", edges=time.edges, all=ALL)
    for row in scope.events.query(*asked):
        sums[row["cohort"], ALL] += row["n"]
        if row["part"] != ALL:
            for part in time.edges[time.edges.index(row["part"]) :]:
                sums[row["cohort"], part] += row["n"]
    return sums


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a cell: those by which its customers joined, or those that succeeded so soon."""
    kind, _, rest = cell.partition(":")
    by, _, rest = rest.partition(":")
    cohort, _, part = rest.partition(":")
    if kind not in (*JOINS, "success") or by not in UNITS:
        raise ListError(
            tell("%(cell)s is no cell of retention; take one from the report's answer", cell=repr(cell))
        )
    time = parts(by, scope.period.start, scope.now, scope.project.zone)
    if cohort == "all":
        return _of_all(scope, time, kind, time.distance(part))
    first = time.places(cohort)[0]
    last = None if part == "all" else time.places(part)[0]
    if kind == "success":
        return _succeeded_by(time, first, last)
    joined, values = _joined(scope, time, kind)
    members = question("retention.members", joined=joined)
    bound = {"cohort": time.edges[first], "part": ALL if last is None else time.edges[last]}
    title = tell("Runs by which customers %(joined)s first", joined=tell(JOINS[kind][2]))
    if last:
        title = tell("%(runs)s and were active %(when)s", runs=title, when=later(by, last - first))
    return Which(f"(customer, number) in ({members})", values | bound, title)


def _of_all(scope: Scope, time: Parts, kind: str, after: int) -> Which:
    """The runs of all cohorts for which the part of time so many parts later is over."""
    when = later(time.by, after)
    if kind == "success":
        edges = "{edges:Array(Int64)}"
        nth = f"indexOf({edges}, roundDown(start, {edges})) + {{later:UInt32}}"
        succeeded = f"outcome = 'succeeded' and {nth} < length({edges}) and last < {edges}[{nth} + 1]"
        title = tell("Runs of all cohorts that succeeded up to %(later)s", later=when)
        return Which(succeeded, {"edges": time.edges, "later": after}, title)
    joined, values = _joined(scope, time, kind)
    members = question("retention.later", joined=joined)
    title = tell("Runs by which customers %(joined)s first", joined=tell(JOINS[kind][2]))
    said = tell("%(runs)s and were active %(when)s", runs=title, when=when)
    return Which(f"(customer, number) in ({members})", {**values, "later": after}, said)


def _succeeded_by(time: Parts, first: int, last: int | None) -> Which:
    began = "start >= {cohort_start:Int64} and start < {cohort_end:Int64}"
    bound = {"cohort_start": time.edges[first], "cohort_end": time.end(first)}
    if last is None:
        return Which(began, bound, tell("Runs of the cohort"))
    when = later(time.by, last - first)
    if last > first:
        when = tell("up to %(later)s", later=when)
    return Which(
        f"{began} and outcome = 'succeeded' and last < {{part_end:Int64}}",
        bound | {"part_end": time.end(last)},
        tell("Runs of the cohort that succeeded %(when)s", when=when),
    )


def table(answer: Answer) -> Table:
    """A row a cell."""
    return HEAD, [
        *rows(f"active after having {answer['cohort']}", answer["kept"]),
        *rows("succeeded", answer["success"]),
    ]


RETENTION = Report(
    name="retention",
    title="Retention",
    says="Which customers come back after they joined the journey, and how soon its runs succeed.",
    answer=retention,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
)
