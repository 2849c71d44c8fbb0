"""Which journeys a batch concerns: most say nothing to most customers, and then nothing is computed.

A customer has runs of a journey only with an event that may open one. So a batch concerns a journey and a
customer where one of its events may open a run, or where one matters to a run and the customer has, in the
event store, one that may open it. That is asked of events, not of stored runs, which another process may be
about to store. What matchers ask for beyond type, name and path is left out: it would only narrow the answer.

Where the members of an account make runs together, another member may have opened one: there every event that
matters concerns the journey, and every one that tells of an account.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeys import filters, known
from journeys.definitions import Definition, DefinitionError, Matcher, parse
from journeys.questions import question
from journeys.route_templates import expression
from store.events import EventStore
from store.news import Label, News

Concerned = dict[int, set[int]]  # customers by version id
MEMBERSHIP = Matcher(type="group")


class Concerns:
    """The journeys of a project, looked up by what an event is called."""

    def __init__(self, definitions: Mapping[int, Mapping[str, Any]]) -> None:
        self.ids = list(definitions)
        self._opening, self._any = _Index(), _Index()
        self._asking: set[int] = set()  # what the customer was known to be
        self._together: set[int] = set()  # whose runs several customers make
        self._broken: set[int] = set()
        self._first: list[Matcher] = []
        for version, source in definitions.items():
            try:
                self._add(version, parse(source))
            except DefinitionError:
                self._broken.add(version)

    def _add(self, version: int, definition: Definition) -> None:
        if definition.of_accounts:
            self._together.add(version)
            self._any.add(version, [*definition.matchers, MEMBERSHIP])
        else:
            opening = [one for step in definition.openers for one in step.match]
            self._first += opening
            self._opening.add(version, opening)
            self._any.add(version, definition.matchers)
        if known.traits_in(definition):
            self._asking.add(version)

    def of(self, events: EventStore, project: int, news: News, identities: Sequence[int]) -> Concerned:
        """Whom of those in the news each version concerns; `identities` are all that may be theirs."""
        everybody = news.labels.keys() | news.renamed
        concerned: Concerned = defaultdict(set, {one: set(everybody) for one in self._broken})
        waiting: Concerned = defaultdict(
            set
        )  # versions by customer, where that depends on what happened before
        for customer, labels in news.labels.items():
            for version in (opened := self._opening.of(labels)):
                concerned[version].add(customer)
            others = self._following(labels) - opened
            for version in others & self._together:
                concerned[version].add(customer)
            if others := others - self._together:
                waiting[customer] = others
        opened_before = self._opened(events, project, [*waiting, *news.renamed], identities)
        for customer, versions in waiting.items():
            for version in versions & opened_before.get(customer, set()):
                concerned[version].add(customer)
        if news.renamed:
            # Their events go from one to the other, so what one of them opened may be anybody's.
            theirs = self._stored(events, project, news.renamed)
            theirs |= {one for customer in news.renamed for one in opened_before.get(customer, ())}
            theirs |= self._together
            for version in theirs:
                concerned[version] |= news.renamed
        return concerned

    def _following(self, labels: set[Label]) -> set[int]:
        found = self._any.of(labels)
        return found | self._asking if any(one.tells for one in labels) else found

    def _opened(
        self, events: EventStore, project: int, customers: Sequence[int], identities: Sequence[int]
    ) -> Concerned:
        """Which versions these customers may have runs of, by their events."""
        if not customers or not self._first:
            return {}
        params = filters.Params(project=project, customers=list(customers), identities=list(identities))
        params.values["patterns"] = self._opening.patterns()
        relevant = filters.relevant_of(self._first, params)
        rows = events.query(question("concerns.opened", relevant=relevant), params.values)
        return {row["customer"]: self._opening.of(_labels(row["labels"])) for row in rows}

    def _stored(self, events: EventStore, project: int, customers: Iterable[int]) -> set[int]:
        values = {"project": project, "customers": sorted(customers)}
        rows = events.query(question("concerns.stored"), values)
        return {row["journey_version"] for row in rows}.intersection(self.ids)


class _Index:
    """Versions by the labels that their matchers ask for."""

    def __init__(self) -> None:
        self._names: dict[str, set[int]] = defaultdict(set)
        self._types: dict[str, set[int]] = defaultdict(set)
        self._pages: dict[str, set[int]] = defaultdict(set)
        self._compiled: list[tuple[re.Pattern[str], set[int]]] = []

    def add(self, version: int, matchers: Iterable[Matcher]) -> None:
        for one in matchers:
            if one.event is not None:
                self._names[one.event].add(version)
            elif one.page is not None:
                self._pages[one.page].add(version)
            else:
                self._types[str(one.type)].add(version)
        self._compiled = [(re.compile(expression(page)), found) for page, found in self._pages.items()]

    def of(self, labels: Iterable[Label]) -> set[int]:
        """The versions that at least one of these events may matter to."""
        found: set[int] = set()
        for one in labels:
            found |= self._types.get(one.type, set())
            if one.type == "track":
                found |= self._names.get(one.event, set())
            elif one.type == "page":
                for expression, versions in self._compiled:
                    if expression.fullmatch(one.path):
                        found |= versions
        return found

    def patterns(self) -> list[str]:
        """The paths that are asked for, as `like` knows them; any path where a page of any kind is."""
        return [filters.like(page) for page in self._pages] + (["%"] if "page" in self._types else [])


def _labels(rows: Iterable[Sequence[Any]]) -> set[Label]:
    return {Label(*one) for one in rows}
