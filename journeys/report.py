"""What a report is: one record that makes its endpoint, its CSV file, its tab and its part of the docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from marshmallow import EXCLUDE, Schema, ValidationError

from journeys.period import Period
from journeys.scope import Scope
from store.words import Spoken, marked, tell

Answer = dict[str, Any]
Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
RUNS = ("runs",)
PERIOD, OTHER_SEGMENT = "beside", "against"  # what a page can show beside a report, as addresses call it
CUSTOMERS = "customers:"  # before the cell of some runs it makes that of their customers
BUSIEST = "busiest:"  # and this that of the busiest of them, who make at least half of these runs


class Which(NamedTuple):
    """Some runs of a scope: an SQL condition on columns of `runs.selected`, what it binds, and in words.

    `scope` is that of the runs where they are of another version, `segment` and `period` are theirs where
    they are not the scope's own, `age` (ms) is that at which they are looked at where they are not told as
    they stand. Where a run counts several times, as in a number of contacts, `how_often` is SQL of (customer,
    number, how_often). Where their customers are what is counted, `one_each` says so: the list has the latest
    of these runs of each, with `busiest` only of the busiest ones, as few as make at least half of the runs.
    """

    sql: str
    values: Mapping[str, Any]
    title: str
    segment: Mapping[str, str] | None = None
    period: Period | None = None
    age: int = 0
    how_often: str = ""
    one_each: bool = False
    busiest: bool = False
    scope: Scope | None = None


def customers_of(cell: str) -> str:
    """The cell of the number of customers whose runs are behind another cell of the same report."""
    return f"{CUSTOMERS}{cell}"


def busiest_of(cell: str) -> str:
    """The same of the number of customers, the busiest ones, who make at least half of these runs."""
    return f"{BUSIEST}{cell}"


def spread_of(cell: str) -> dict[str, str]:
    """The cells of what a rate of some runs says of their customers."""
    return {"customers": customers_of(cell), "half_by": busiest_of(cell)}


def under(before: str, cell: str) -> str:
    """The cell with something more before that of the runs: with what says whose runs they are."""
    each, of_runs = parted(cell)
    return f"{each}{before}{of_runs}"


def parted(cell: str) -> tuple[str, str]:
    """What stands before the cell of some runs where it is one of their customers, and that cell."""
    before = next((one for one in EACH if cell.startswith(one)), "")
    return before, cell.removeprefix(before)


def with_customers(behind: Callable[[Scope, str], Which]) -> Callable[[Scope, str], Which]:
    """The same for the cells of their customers, too, or of accounts where the runs are those of accounts."""

    def found(scope: Scope, cell: str) -> Which:
        before, of_runs = parted(cell)
        which = behind(scope, of_runs)
        if not before:
            return which
        said = EACH[before][(which.scope or scope).rule.of_accounts]
        return which._replace(title=tell(said, runs=which.title), one_each=True, busiest=before == BUSIEST)

    return found


# What such a list shows, of customers or of accounts.
EACH = {
    CUSTOMERS: (
        marked("%(runs)s (the latest run of each customer)"),
        marked("%(runs)s (the latest run of each account)"),
    ),
    BUSIEST: (
        marked("%(runs)s (the latest run of each of the busiest customers, who make at least half of them)"),
        marked("%(runs)s (the latest run of each of the busiest accounts, who make at least half of them)"),
    ),
}


class OwnArguments(Schema):
    """What a report asks beside period, segment, unit and moment; this one asks nothing."""

    class Meta:
        """Arguments that a report does not know are left to others, such as cache breakers."""

        unknown = EXCLUDE


@dataclass(frozen=True)
class Report:
    """One report over the runs of a journey.

    `answer` takes a scope, the unit where there are several, and the arguments of `asked`. In what it
    returns, a number `n` with a `cell` beside it has a list: that of the runs which `behind` finds for the
    cell, or with `customers_of` and `busiest_of` of their customers. Where numbers have names of their own,
    `cells` beside them has the cells by these names. `meanings` has a sentence for each word of the answer
    that not all reports share, `notes` are for the docs.
    `within` is the name of the report on whose tab it stands, where it has none of its own. Beside it the
    page can show another period or segment where `beside` says so, and the values of the `dimensions`.
    """

    name: str
    title: str
    says: str
    answer: Callable[..., Answer]
    table: Callable[[Answer], Table]
    meanings: Mapping[str, str] = field(default_factory=dict)
    asked: type[OwnArguments] = OwnArguments
    units: tuple[str, ...] = RUNS
    behind: Callable[[Scope, str], Which] | None = None
    within: str = ""
    beside: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "meanings", Spoken(self.meanings))
        if self.behind:
            object.__setattr__(self, "behind", with_customers(self.behind))

    @property
    def offers(self) -> tuple[str, ...]:
        """What the bar of its tab has beside period and segment: only what changes what the tab shows."""
        units = ("unit",) if len(self.units) > 1 else ()
        return (*units, *self.beside, *(("breakdown",) if self.dimensions else ()))

    def ask(self, scope: Scope, arguments: Mapping[str, Any], *, unit: str = "runs") -> Answer:
        """The answer; a unit that the report does not count by is that of runs."""
        units = {"unit": unit if unit in self.units else self.units[0]} if len(self.units) > 1 else {}
        asked = {**units, **arguments}
        return scope.kept(self.name, asked, lambda: self.answer(scope, **asked))

    def arguments(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The arguments in an address of a page, where a choice that cannot be read is the default."""
        schema, kept = self.asked(), dict(given)
        while True:
            try:
                return dict(schema.load(kept))
            except ValidationError as error:  # what goes with what is looked at when each can be read
                if not kept.keys() & error.messages_dict.keys():
                    raise
                kept = {name: value for name, value in kept.items() if name not in error.messages_dict}
