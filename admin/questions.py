"""The questions of the Runs tab and of reports, read from the address; an unknown choice is the default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from journeys import breakdown, change_lists, paths_lists, variants
from journeys.breakdown_report import BREAKDOWN
from journeys.change_report import CHANGE
from journeys.definitions import Definition
from journeys.dropoffs import other_labels
from journeys.dropoffs_report import DROPOFFS
from journeys.lists import AT_STEP, TAKEN, WHOLE, counted, everyone, listed
from journeys.paths_report import PATHS
from journeys.report import Answer, Report, Which
from journeys.reports import BY_NAME
from journeys.scope import Scope
from journeys.value_words import called
from journeys.variants import VARIANTS

# What is together in Other of a report, each with a list of its own, by a cell and the unit.
TOGETHER: Mapping[str, Callable[[Scope, str, str], Answer]] = {
    BREAKDOWN.name: lambda scope, cell, unit: _called(breakdown.other_values(scope, cell, unit=unit)),
    CHANGE.name: lambda scope, cell, _: _called(change_lists.other_values(scope, cell)),
    DROPOFFS.name: lambda scope, cell, unit: other_labels(scope, cell, unit=unit),
    PATHS.name: lambda scope, cell, _: paths_lists.labels(scope, cell),
    VARIANTS.name: lambda scope, cell, _: variants.other_ways(scope, cell),
}


def _called(found: Answer) -> Answer:
    """The values that are together by what they are called on a page: none like a group of several."""
    return {**found, "labels": [{**one, "label": called(one["label"])} for one in found["labels"]]}


class ReportQuestion:
    """What is asked of the reports of a tab, the tab's own first; `args` are what the address says of it."""

    def __init__(self, reports: Sequence[Report], given: Mapping[str, str]) -> None:
        given = joined(given)
        self._own = {one.name: one.arguments(given) for one in reports}
        self.arguments = self._own[reports[0].name]
        self.args = {name: given[name] for own in self._own.values() for name in own if name in given}

    def ask(self, report: Report, scope: Scope, *, unit: str) -> Answer:
        """The answer of one of the reports."""
        return report.ask(scope, self._own[report.name], unit=unit)


def joined(given: Mapping[str, str]) -> dict[str, str]:
    """The arguments of an address, those that a form has several times with `;` between their values."""
    if not isinstance(given, MultiDict):
        return dict(given)
    return {name: ";".join(value for value in values if value) for name, values in given.lists()}


@dataclass(frozen=True)
class RunsQuestion:
    """Which number's runs to list: one of the funnel's, or a cell of another report."""

    number: str
    step: str | None
    cursor: str | None
    report: str = ""
    cell: str = ""

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask for the same list from its start."""
        if self.report:
            return {"report": self.report, "cell": self.cell}
        return {"number": self.number, **({"step": self.step} if self.step else {})}

    def ask(self, scope: Scope, *, unit: str, most: int = 50) -> dict[str, Any]:
        """One page of the list."""
        return listed(scope, which=self._which(scope), unit=unit, cursor=self.cursor, most=most)

    def all(self, scope: Scope, *, unit: str) -> Iterator[Mapping[str, Any]]:
        """Every row of the list, as they are taken."""
        return everyone(scope, self._which(scope), unit=unit)

    def gathered(self, scope: Scope, *, unit: str) -> dict[str, Any]:
        """What is together in the place of the report whose runs these are, if several are."""
        together = TOGETHER.get(self.report)
        return together(scope, self.cell, unit) if together else {"total": 0}

    def title(self, scope: Scope) -> str:
        """What the list shows, in words."""
        return self._which(scope).title

    def rule(self, scope: Scope) -> Definition:
        """The definition by which the runs are told, which may be another version's."""
        return (self._which(scope).scope or scope).rule

    def _which(self, scope: Scope) -> Which:
        report = BY_NAME.get(self.report)
        if report and report.behind:
            return report.behind(scope, self.cell)
        return counted(scope, self.number, self.step)


def read_runs(args: Mapping[str, str], scope: Scope) -> RunsQuestion:
    """Read which list is wanted; a number of a step is of the first step where no other is named."""
    number, step = args.get("number", "entered"), args.get("step")
    cursor = args.get("cursor") or None
    if (report := args.get("report", "")) in BY_NAME:
        return RunsQuestion("entered", None, cursor, report, args.get("cell", ""))
    definition = _steps(scope, number)
    if number in AT_STEP or number == TAKEN:
        return RunsQuestion(number, step if step in definition else definition.steps[0].key, cursor)
    return RunsQuestion(number if number in WHOLE else "entered", None, cursor)


def _steps(scope: Scope, number: str) -> Definition:
    """The journey of whose steps a number speaks."""
    return scope.rule if number == TAKEN else scope.definition
