"""The runs behind a number of conformance: those that deviate in a way, or some of them or of the others."""

from __future__ import annotations

from typing import NamedTuple

from journeys.cursors import ListError
from journeys.deviations import KINDS, Kind, before
from journeys.funnel import UNITS
from journeys.report import Which
from journeys.scope import Scope
from store.words import marked, tell

# Which of those that deviate, or of those compared with them (`other`), a number counts; `among` are both.
ALL, AMONG, FIRST = "all", "among", "first"
WHOSE = {
    ALL: ("1", marked("%(runs)s")),
    "in_time": ("outcome = 'in_time'", marked("%(runs)s, in time")),
    "succeeded": ("outcome = 'succeeded'", marked("%(runs)s, succeeded")),
    FIRST: ("1", marked("%(runs)s, the first of each customer")),
    f"{FIRST}_won": ("outcome = 'succeeded'", marked("%(runs)s, the first of each customer, succeeded")),
}


class Whose(NamedTuple):
    """A way to deviate, of a step or of none, where this unit is counted."""

    kind: str
    step: str | None
    unit: str

    @property
    def cell(self) -> str:
        """The name of the list of those that deviate so."""
        return f"{self.kind}:{self.step}" if self.step else self.kind

    def some(self, whose: str) -> str:
        """The same of some of them."""
        return f"{whose}.{self.unit}.{self.cell}"

    def customers(self, whose: str) -> dict[str, str]:
        """The same of their customers, and of those of the others."""
        return {"customers": self.some(whose), "customers_otherwise": self.some(f"other_{whose}")}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that deviate so; raises ListError for a cell that there is not."""
    way, colon, step = cell.partition(":")
    whose, unit, name = way.split(".") if way.count(".") == 2 else ("", UNITS[0], way)
    kind, steps = KINDS.get(name), scope.definition.steps
    is_known = (
        unit in UNITS and whose != f"other_{AMONG}" and whose.removeprefix("other_") in ("", AMONG, *WHOSE)
    )
    if (
        not is_known
        or kind is None
        or kind.of_step != bool(colon)
        or (colon and step not in scope.definition)
    ):
        raise ListError(
            tell("%(cell)s is no cell of conformance; take one from the report's answer", cell=repr(cell))
        )
    k = scope.definition.position(step) if colon else len(steps)
    bound = {"k": k, "goal": len(steps), "before": before(steps, k)}
    those = Which(kind.sql, bound, tell(kind.title, step=steps[k - 1].name))
    return _some(scope, kind, those, whose, unit) if whose else those


def _some(scope: Scope, kind: Kind, those: Which, whose: str, unit: str) -> Which:
    """Some of the runs that deviate, or of the comparable ones that do not."""
    sql, title = those.sql, those.title
    if whose == AMONG:
        return Which(
            f"(({kind.among}) or ({sql}))", those.values, tell("All who could: %(runs)s", runs=title)
        )
    if whose.startswith("other_"):
        sql, title = f"({kind.among}) and not ({sql})", tell("Others than: %(runs)s", runs=title)
    condition, said = WHOSE[whose.removeprefix("other_")]
    found = Which(f"({sql}) and {condition}", those.values, tell(said, runs=title))
    if FIRST not in whose:
        return found
    firsts, values = scope.ask("conformance_lists.firsts", unit=unit)
    among = f"(customer, number, account) in ({firsts})"
    return found._replace(sql=f"{found.sql} and {among}", values={**values, **those.values})
