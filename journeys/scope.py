"""What a report is about: a journey version, a period and a segment; every report starts here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine

from journeys import resolution, runs, segments
from journeys.account_events import acting
from journeys.aged import aged
from journeys.answers import Answers
from journeys.definitions import Definition, Matcher, Step, parse
from journeys.filters import Params, any_of
from journeys.membership import Ground, Saved, belonging
from journeys.outcome import number_at
from journeys.period import Period, PeriodError, iso, moment, parse_period
from journeys.questions import question
from journeys.routes import RAW, Routes, confirmed
from store.events import EventStore
from store.journeys import ANSWERING, UNFILLED, JourneyVersion, live_journeys, versions_of
from store.projects import Project
from store.segments import saved_segments
from store.words import in_english, marked, tell

T = TypeVar("T")
NO_CUSTOMERS = marked("the runs of this journey are those of accounts: count runs or accounts, not customers")
NO_PAST = marked(
    "runs of accounts are known for the members that accounts have now; leave out as_of, or ask a journey of "
    "customers"
)
OUTCOME_NUMBER = number_at(
    "{now:Int64}", "run.outcome", "start", "last", idle="{idle:Int64}", window="{window:Int64}"
)


class NoSuchJourney(Exception):
    """The project has no journey of this key."""


class UnitError(Exception):
    """The question does not go with whose runs the journey's are."""


@dataclass(frozen=True)
class Scope:
    """One journey version, the runs that began in `period` and belong to `segment`, as of `now` (ms).

    `rule` is the journey as its runs are made, `definition` as reports draw it.

    With `age` (ms), only runs that are so old count, each as it stood at that age.
    With `as_of` (ms), identities belong to the customers to whom the ledger gave them at that moment; all
    else is as it is now, also events that came later.
    `source` is the SQL of runs, one row each, and `values` what it binds: the stored runs, or runs
    computed on the spot for a preview. Pages are called by their `routes`. `answers` keeps what was answered,
    and `versions` looks up all versions of the journey.
    """

    events: EventStore
    project: Project
    version: JourneyVersion
    rule: Definition
    period: Period
    segment: Mapping[str, str]
    now: int
    source: str = ""
    values: Mapping[str, Any] | None = None
    as_of: int | None = None
    age: int = 0
    saved: Saved = field(default_factory=Saved)
    routes: Routes = RAW
    answers: Answers | None = None
    versions: Callable[[], Sequence[JourneyVersion]] = tuple

    @property
    def definition(self) -> Definition:
        """The journey as it is drawn: other than that of its rule where its steps have no order."""
        return self.rule.drawn

    def ask(
        self,
        name: str,
        *,
        unit: str = "runs",
        which: str = "1",
        anchor: Step | None = None,
        slots: Callable[[Params], Mapping[str, str]] | None = None,
        how_often: str = "",
        one_each: bool = False,
        busiest: bool = False,
        **values: Any,
    ) -> tuple[str, dict[str, Any]]:
        """The SQL of a question over the runs of this scope, and the values that it binds.

        `unit` is `runs`, `customers` for each customer's furthest run, or `accounts` for the furthest among
        those of each account's members, whatever the segment: it keeps those of them that belong to it. Where
        the runs are those of accounts, an account stands in the place of the customer: `accounts` is its own
        furthest run, and UnitError is raised for `customers`.
        `which` is a condition on runs, `anchor` a step whose events the question needs to know (`worths` are
        their values by the bound property `value` in the bound `currency`, `*` for any); `slots` makes
        further SQL that it leaves open. `source` is always there: all runs, whenever they began. Of the runs
        those are kept of which `how_often`, SQL of (customer, number, how_often), says how often they count;
        with `one_each`, of those that are as `which` says the latest of each customer, or with `busiest` of
        as few customers as make half of them; `stands_for` is how many of them are theirs.
        """
        params = Params(**(self.values or {}), **values)
        params.values |= {
            "project": self.project.id,
            "journey_version": self.version.id,
            "start": self.period.start,
            "end": self.period.end,
            "now": self.now,
            "idle": self.rule.idle_timeout,
            "window": self.rule.window or 0,
            "in_any_order": int(self.rule.order == "any"),
        }
        source = self.source_of_runs(params)
        selected = self._selected(source, params)
        resolved = self.resolved
        if self.rule.of_accounts and unit == "customers":
            raise UnitError(tell(NO_CUSTOMERS))
        if unit == "customers" or (self.rule.of_accounts and unit == "accounts"):
            selected = question("runs.furthest", runs=selected)
        elif unit == "accounts":
            selected = question("accounts.furthest", runs=selected, resolved=resolved)
        if segment := self.belonging(self.segment, params):  # of the runs that count, so that segments add up
            selected = question("runs.segment", runs=selected, segment=segment)
        if how_often:
            selected = question("scope.often", runs=selected, how_often=how_often)
        if busiest:
            selected, which = question("scope.busiest", runs=selected, which=which), "1"
        if one_each:
            selected, which = question("scope.one_each", runs=selected, which=which), "1"
        anchored = any_of(whoever(anchor.match), params) if anchor else "0"
        given = {
            "runs": selected,
            "once": self._once(),
            "source": source,
            "which": which,
            "anchor": anchored,
            "worths": question("scope.worths", anchor=anchored),
            "resolved": resolved,
            **(slots(params) if slots else {}),
        }
        return question(name, **given), params.values

    def _selected(self, source: str, params: Params) -> str:
        """SQL of the runs of the period as they stand, or as they stood at the age."""
        selected = question("runs.selected", source=source, outcome_number=OUTCOME_NUMBER)
        return aged(selected, self.rule, self.age, params) if self.age else selected

    def _once(self) -> str:
        """How a question holds runs that it reads several times: those of a saved segment are found once.

        To read others again mostly costs less than to hold them. A server's engine may be too old for it.
        """
        is_dear = any(self.segment.get(name) for name in segments.SAVED)
        return self.held if is_dear else ""

    @property
    def held(self) -> str:
        """The word to hold runs by that a question reads several times, where the engine surely knows it."""
        return "materialized" if self.events.embedded else ""

    def belonging(self, segment: segments.Segment, params: Params) -> str:
        """SQL that keeps the runs of a segment, on columns of `runs.selected`; '' where it keeps all.

        It binds what it needs beside the values of every question. Raises SegmentError.
        """
        parts = segments.of_attributes(segment, params)
        for name in (name for name in segments.SAVED if segment.get(name)):
            group = self.saved.segment(segment[name]).group
            runs = self._selected(self.source_of_runs(params), params)
            of = self.rule.runs_of
            ground = Ground(runs, self.resolved, self.saved, is_now=self.as_of is None, runs_of=of)
            found = belonging(group, params, ground)
            parts.append(f"not ({found})" if name == "not" else f"({found})")
        return " and ".join(parts)

    @property
    def resolved(self) -> str:
        """The SQL of events with the customers that count, or with accounts where the runs are theirs."""
        return acting(self.with_customers) if self.rule.of_accounts else self.with_customers

    @property
    def with_customers(self) -> str:
        """The SQL of events with their customers, those of now or of `as_of`, whosever the runs are."""
        return resolution.resolved_now() if self.as_of is None else resolution.resolved_then()

    @property
    def is_complete(self) -> bool:
        """Whether all runs of the version are counted; a first version answers before they are."""
        return self.version.status not in UNFILLED or self.version.status in ANSWERING

    @property
    def is_all_that_is_stored(self) -> bool:
        """Whether its runs are all stored ones of the period: then a stored row has all of a customer's."""
        return not (self.source or self.segment or self.age) and self.as_of is None

    def source_of_runs(self, params: Params) -> str:
        """The SQL of the runs that count: those of a preview, of a moment, or those that are stored."""
        if self.source:
            return self.source
        if self.as_of is None:
            return runs.stored()
        params.values["as_of"] = resolution.version_at(self.as_of)
        return runs.then(self.rule, params)

    def head(self, unit: str) -> dict[str, Any]:
        """What the answer of every report says first: of which runs it is, and as of when."""
        return {
            "journey": self.definition.key,
            "name": self.definition.name,
            "version": self.version.version,
            "unit": unit,
            "from": iso(self.period.start),
            "to": iso(self.period.end),
            "as_of": iso(self.now),
            "segment": dict(self.segment),
        }

    def kept(self, name: str, arguments: Mapping[str, Any], compute: Callable[[], T]) -> T:
        """What was computed under this name before, if nothing has changed; else what is computed now."""
        with in_english():
            if self.answers is None or self.source:
                return compute()
            return self.answers.of(self, name, arguments, compute)

    def everyone(self) -> Scope:
        """The same scope without its segment."""
        return replace(self, segment={})


def open_scope(
    engine: Engine,
    events: EventStore,
    project: Project,
    key: str,
    *,
    start: str | None = None,
    end: str | None = None,
    segment: Mapping[str, str] | None = None,
    as_of: str | None = None,
    now: int,
    answers: Answers | None = None,
) -> Scope:
    """The scope of a saved journey; raises NoSuchJourney, PeriodError or SegmentError.

    `as_of` is a date, of which the beginning counts, or a time.
    """
    journeys = {one.definition["key"]: one for one in live_journeys(engine, project.id)}
    version = journeys.get(key)
    if version is None:
        raise NoSuchJourney(
            tell(
                "there is no journey %(key)s in project %(project_key)s",
                key=repr(key),
                project_key=repr(project.key),
            )
        )
    period = parse_period(start, end, project.zone, now=now)
    chosen = segments.checked(segment or {})
    at = _past(as_of, project, now) if as_of else None
    rule = parse(version.definition)
    if at is not None and rule.of_accounts:
        raise PeriodError(tell(NO_PAST))
    saved = Saved({one.key: one.definition for one in saved_segments(engine, project.id)}, journeys)
    return Scope(
        events,
        project,
        version,
        rule,
        period,
        chosen,
        now,
        as_of=at,
        saved=saved,
        routes=confirmed(engine, project.id),
        answers=answers,
        versions=partial(versions_of, engine, project.id, key),
    )


def whoever(matchers: Sequence[Matcher]) -> list[Matcher]:
    """The matchers without their conditions on customers' traits, which are met at the moment of a step."""
    return [
        one
        if one.type == "group"
        else replace(one, where=tuple(each for each in one.where if each.kind != "trait"))
        for one in matchers
    ]


def _past(as_of: str, project: Project, now: int) -> int:
    at = moment(as_of, project.zone)
    if at > now:
        raise PeriodError(
            tell("nobody knows yet how the ledger will stand on %(as_of)s; `as_of` must be past", as_of=as_of)
        )
    return at


def drafted(
    events: EventStore,
    project: Project,
    definition: Definition,
    period: Period,
    *,
    whose: str,
    now: int,
    **values: Any,
) -> Scope:
    """The scope of a definition that is not saved: its runs are computed when a report asks."""
    params = Params(project=project.id, **values)
    source = runs.apart(runs.computed(definition, params, whose, resolved=resolution.resolved_now()))
    version = JourneyVersion(0, project.id, 0, 0, dict(definition.source), "draft", 0, 0, "", now)
    return Scope(events, project, version, definition, period, {}, now, source, params.values)
