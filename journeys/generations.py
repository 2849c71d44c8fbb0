"""Generations of sessions: by which limits they are counted, which one answers, which one is being filled."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Engine

from journeys.definitions import Definition, DefinitionError, Matcher, parsed
from journeys.period import END_OF_TIME, Period
from journeys.questions import question
from store.events import EventStore, Row
from store.journeys import live_journeys
from store.rules import STANDARD, ProjectRules, rules_of

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


@dataclass(frozen=True)
class Limits:
    """When a session ends. From `since[i]` on, `idle[i]` and `cap[i]` hold, all in milliseconds.

    A pause is judged by the limits of the moment in which it ends, the cap by those of the session's start.
    """

    since: tuple[int, ...] = (0,)
    idle: tuple[int, ...] = (STANDARD.session_idle_minutes * MINUTE_MS,)
    cap: tuple[int, ...] = (STANDARD.session_cap_hours * HOUR_MS,)

    @classmethod
    def of(cls, rules: ProjectRules) -> Limits:
        """The limits that a project's rules set for all times."""
        return cls((0,), (rules.session_idle_minutes * MINUTE_MS,), (rules.session_cap_hours * HOUR_MS,))

    def at(self, moment: int) -> tuple[int, int]:
        """The idle time and the cap that hold at a moment."""
        place = max(i for i, since in enumerate(self.since) if since <= moment)
        return self.idle[place], self.cap[place]

    def within(self, period: Period, idle: int, cap: int) -> Limits:
        """These limits, but others inside of a period."""
        starts = sorted({0, period.start, period.end, *self.since} - {END_OF_TIME})
        inside = [period.start <= start < period.end for start in starts]
        held = [(idle, cap) if here else self.at(start) for start, here in zip(starts, inside, strict=True)]
        kept = [i for i, pair in enumerate(held) if i == 0 or pair != held[i - 1]]
        return Limits(
            tuple(starts[i] for i in kept), tuple(held[i][0] for i in kept), tuple(held[i][1] for i in kept)
        )


@dataclass(frozen=True)
class Wanted:
    """What decides about a project's sessions: its rules, and the key events that its journeys name."""

    rules: ProjectRules
    key_events: tuple[Matcher, ...]


@dataclass(frozen=True)
class Generation:
    """One generation; `state` is filling or live. The newest live one answers questions.

    It keeps the limits and key events that it was begun with: all its sessions are counted by the same.
    """

    project_id: int
    number: int
    idle_minutes: int
    cap_hours: int
    key_events: tuple[Matcher, ...]
    limits: Limits
    state: str = "filling"
    chunks_done: int = 0
    chunks_total: int = 0

    def fits(self, wanted: Wanted) -> bool:
        """Whether it was begun under these decisions."""
        return _text(self.key_events) == _text(wanted.key_events) and self._limits_fit(wanted)

    def follows(self, wanted: Wanted) -> Generation:
        """The next generation, under these decisions; limits of single periods stay while the rules stay."""
        limits = self.limits if self._limits_fit(wanted) else Limits.of(wanted.rules)
        return _begun(self.project_id, self.number + 1, wanted, limits)

    def _limits_fit(self, wanted: Wanted) -> bool:
        rules = wanted.rules
        return (self.idle_minutes, self.cap_hours) == (rules.session_idle_minutes, rules.session_cap_hours)


def wanted_of(engine: Engine, project_id: int) -> Wanted:
    """What a project has decided about its sessions. Steps that come after another are its key events."""
    found: list[Matcher] = []
    for version in live_journeys(engine, project_id):
        try:
            definition: Definition = parsed(version.definition)
        except DefinitionError:  # of an older program; it has no runs either
            continue
        found += [matcher for step in definition.followers for matcher in step.match]
    once = {_text((one,)): one for one in found}  # a condition may hold a list
    return Wanted(rules_of(engine, project_id), tuple(once.values()))


def kept(events: EventStore, project_id: int) -> list[Generation]:
    """The generations that must be kept up to date: the one that answers, and then the one being filled."""
    rows = events.query(question("generations.listed"), {"project": project_id})
    found = [_generation(row) for row in rows]
    live = [one for one in found if one.state == "live"][-1:]
    newest = [one for one in found[-1:] if one.state == "filling"]
    return live + newest


def counting(events: EventStore, project_id: int) -> Generation | None:
    """The generation that is being filled, if one is."""
    newest = kept(events, project_id)[-1:]
    return newest[0] if newest and newest[0].state == "filling" else None


def ensured(events: EventStore, project_id: int, wanted: Wanted) -> list[Generation]:
    """The same; begins a new generation where the newest one was begun under other decisions."""
    found = kept(events, project_id)
    if found and found[-1].fits(wanted):
        return found
    first = _begun(project_id, 1, wanted, Limits.of(wanted.rules))
    note(events, found[-1].follows(wanted) if found else first, is_first=True)
    return kept(events, project_id)


def begin(events: EventStore, project_id: int, wanted: Wanted, limits: Limits | None = None) -> Generation:
    """Begin to count all sessions anew, under these limits or those that hold already."""
    newest = ensured(events, project_id, wanted)[-1]
    fresh = newest.follows(wanted)
    fresh = replace(fresh, limits=limits) if limits else fresh
    note(events, fresh, is_first=True)
    return fresh


def note(events: EventStore, generation: Generation, *, is_first: bool = False) -> None:
    """Write down how a generation stands; its beginning changes nothing of one that stands already."""
    values = {
        "project": generation.project_id,
        "generation": generation.number,
        "idle_minutes": generation.idle_minutes,
        "cap_hours": generation.cap_hours,
        "key_events": _text(generation.key_events),
        "since": list(generation.limits.since),
        "idle": list(generation.limits.idle),
        "cap": list(generation.limits.cap),
        "state": generation.state,
        "chunks_done": generation.chunks_done,
        "chunks_total": generation.chunks_total,
        "version": time.time_ns() // 1000,
        "is_first": is_first,
    }
    events.command(question("generations.note"), values)


def make_live(events: EventStore, generation: Generation) -> None:
    """Let a filled generation answer, and forget the sessions of those before it."""
    note(events, replace(generation, state="live"))
    older = {"project": generation.project_id, "generation": generation.number}
    events.command(question("generations.forget", rows=events.rows_of("customer_sessions")), older)


def _begun(project_id: int, number: int, wanted: Wanted, limits: Limits) -> Generation:
    rules = wanted.rules
    minutes, hours = rules.session_idle_minutes, rules.session_cap_hours
    return Generation(project_id, number, minutes, hours, wanted.key_events, limits)


def _generation(row: Row) -> Generation:
    limits = Limits(*(_numbers(row[name]) for name in ("since", "idle", "cap")))
    try:
        key_events = msgspec.json.decode(row["key_events"], type=tuple[Matcher, ...])
    except msgspec.DecodeError:  # of an older program, which kept a mark of them: it is counted anew
        key_events = ()
    names = ("idle_minutes", "cap_hours", "state", "chunks_done", "chunks_total")
    told = {name: row[name] for name in names}
    return Generation(row["project"], row["generation"], key_events=key_events, limits=limits, **told)


def _text(key_events: tuple[Matcher, ...]) -> str:
    return msgspec.json.encode(key_events).decode()


def _numbers(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(int(one) for one in values)
