"""The attempts behind a number of discovery: those of an outcome, of a way, or that passed a touchpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from journeys import cursors, lists
from journeys.cursors import ListError
from journeys.discovery import ATTEMPTS, MOST_LONGEST, Between, first_ways, told_ways, walked, whole
from journeys.discovery_cells import Other, Passed, Way
from journeys.questions import question
from journeys.report import Table, Which, with_customers
from journeys.touchpoints import Touchpoint, to_type
from store.words import marked, tell

OUTCOMES = {
    ATTEMPTS: ("1", marked("Attempts")),
    "reached": ("outcome = 'succeeded'", marked("Attempts that reached the goal")),
    "not_reached": ("outcome = 'dropped'", marked("Attempts that did not reach the goal in time")),
    "under_way": ("outcome = 'in_time'", marked("Attempts that are under way")),
}
ABOUT = ("channel", "campaign", "device", "country")
MOST_WAYS = 1_000  # that an answer can show
SAID = {"succeeded": "reached", "dropped": "not_reached", "in_time": "under_way"}


def listed(
    asked: Between, cell: str, *, unit: str = "runs", cursor: str | None = None, most: int = 50
) -> dict[str, Any]:
    """The attempts behind a number, the newest first; `total` equals the number. Raises ListError.

    A cell is `attempts`, `reached`, `not_reached`, `under_way`, or what stands beside the number.
    """
    which = _which(asked, cell, unit)
    found = lists.listed(asked.scope, which=which, unit=unit, cursor=cursor, most=most)
    return {
        "title": which.title,
        "total": found["total"],
        "next": found["next"],
        "attempts": [_attempt(one) for one in found["runs"]],
    }


def other_ways(asked: Between, cell: str, *, unit: str = "runs", most: int = 50) -> dict[str, Any]:
    """The ways that are together in `other`, where the cell is of it: `total`, and the most frequent.

    No way where the cell is of another number. Raises ListError.
    """
    kind, _, text = cell.partition(":")
    if kind != "other":
        return {"total": 0, "ways": []}
    other = _other(text)
    found, numbers = told_ways(asked, unit, other.longest, other.least, most, skipped=other.most)
    return {"total": max(0, numbers["ways"] - other.most), "ways": found}


def _other(text: str) -> Other:
    """All other ways as a cell names them; raises ListError."""
    other = cursors.read(text, Other)
    if not 1 <= other.longest <= MOST_LONGEST or not 0 <= other.least <= 1 or not 0 < other.most <= MOST_WAYS:
        raise ListError(tell("the cell is of no way; take one from an answer"))
    return other


def everyone(asked: Between, cell: str, *, unit: str = "runs") -> Iterator[dict[str, Any]]:
    """All attempts behind a number, in one pass. Raises ListError."""
    return map(_attempt, lists.everyone(asked.scope, _which(asked, cell, unit), unit=unit))


def _attempt(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer": run["customer"],
        "start": run["start"],
        "outcome": SAID[run["outcome"]],
        "reached_at": run["last"] if run["outcome"] == "succeeded" else None,
        **{name: run[name] for name in ABOUT},
        "stands_for": run["stands_for"],
    }


def table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row an attempt."""
    names = ("customer", "start", "outcome", "reached_at", *ABOUT, "stands_for")
    return names, ([one[name] for name in names] for one in rows)


def _which(asked: Between, cell: str, unit: str) -> Which:
    behind = with_customers(lambda _scope, of_runs: _of_runs(asked, of_runs, unit))
    return behind(asked.scope, cell)


def _of_runs(asked: Between, cell: str, unit: str) -> Which:
    kind, _, text = cell.partition(":")
    if cell in OUTCOMES:
        return Which(OUTCOMES[cell][0], {}, tell(OUTCOMES[cell][1]))
    if kind == "way":
        return _taken(asked, cursors.read(text, Way), unit)
    if kind == "other":
        return _not_shown(asked, _other(text), unit)
    if kind == "passed":
        return _passing(asked, cursors.read(text, Passed), unit)
    raise ListError(tell("%(cell)s is no cell of discovery; take one from an answer", cell=repr(cell)))


def _taken(asked: Between, way: Way, unit: str) -> Which:
    if not 1 <= way.longest <= MOST_LONGEST or not 0 <= way.least <= 1:
        raise ListError(tell("the cell is of no way; take one from an answer"))
    sql, values = whole(asked, unit, way.least)
    values |= {
        "longest": way.longest,
        "is_cut": int(way.longer),
        "way": [to_type(Touchpoint(*one)) for one in way.way],
    }
    told, reached = " › ".join(label for _, label in way.way), tell(OUTCOMES["reached"][1])
    title = (
        tell("%(attempts)s by way of %(way)s", attempts=reached, way=told)
        if told
        else tell("%(attempts)s straight", attempts=reached)
    )
    return _these(asked, question("discovery_lists.taken", whole=sql), values, title)


def _not_shown(asked: Between, other: Other, unit: str) -> Which:
    """Those on all other ways than the first ones, which are found once more."""
    first, values = first_ways(asked, unit, other.longest, other.least, other.most)
    sql, _ = whole(asked, unit, other.least)
    reached = tell(OUTCOMES["reached"][1])
    title = tell("%(attempts)s by all other ways", attempts=reached)
    return _these(asked, question("discovery_lists.others", whole=sql, first=first), values, title)


def _passing(asked: Between, passed: Passed, unit: str) -> Which:
    if passed.outcome and passed.outcome not in OUTCOMES:
        raise ListError(tell("the cell has no outcome of an attempt; take one from an answer"))
    sql, values = walked(asked, unit)
    values["type"], values["label"] = to_type(Touchpoint(passed.kind, passed.label))
    condition, title = OUTCOMES[passed.outcome or "attempts"]
    said = tell("%(attempts)s by way of %(way)s", attempts=tell(title), way=passed.label)
    found = _these(asked, question("discovery_lists.passed", walked=sql), values, said)
    return found._replace(sql=f"{condition} and {found.sql}")


def _these(asked: Between, sql: str, values: Mapping[str, Any], title: str) -> Which:
    """The attempts that a question finds; what the scope binds anyway is left to it."""
    own = asked.scope.values or {}
    bound = {name: value for name, value in values.items() if name not in own}
    return Which(f"(customer, number) in ({sql})", bound, title)
