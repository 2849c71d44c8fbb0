"""The rule of runs in plain Python, as the design states it: what the SQL must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from journeys.definitions import Definition


class Touch(NamedTuple):
    """One event of one customer: its place in time, the steps (from 1) that it matches, whether it fails."""

    t: int
    sequence: int
    event_id: bytes
    matches: frozenset[int]
    fails: bool
    case: str = ""
    opens: bool = True  # whether the customer meets the conditions of `population` then
    account: str = ""  # which it names itself


class Told(NamedTuple):
    """What one event of a customer, not of an account, says of them."""

    t: int
    sequence: int
    event_id: bytes
    traits: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One attempt. `steps` are (step, time) pairs in the order in which they were reached.

    `event_ids` are of the events that reached them. `strays` are the touchpoints that moved nothing: where
    the run stood, and the step that was matched instead.
    """

    case: str
    start: int
    last: int
    outcome: str = "open"
    steps: tuple[tuple[int, int], ...] = ()
    event_ids: tuple[bytes, ...] = ()
    strays: tuple[tuple[int, int], ...] = ()
    shortcut: bool = False

    @property
    def position(self) -> int:
        """The step at which the run stands."""
        return self.steps[-1][0]

    @property
    def taken(self) -> set[int]:
        return {step for step, _ in self.steps}

    @property
    def repeats(self) -> int:
        return len(self.strays)


@dataclass
class History:
    """The runs of one customer and case as the events go by."""

    open: Run | None = None
    closed: list[Run] = field(default_factory=list)
    last: int = 0  # touchpoint, whatever it did
    touches: int = 0  # since the last pause

    def close(self, outcome: str, **changes: object) -> None:
        assert self.open
        self.closed.append(replace(self.open, outcome=outcome, **changes))  # type: ignore[arg-type]
        self.open = None


def runs(definition: Definition, touches: Iterable[Touch], longest: int = 10_000) -> list[Run]:
    """The runs of one customer; an open one at the end has the outcome `open`.

    A history is cut after `longest` touchpoints without a pause.
    """
    histories: dict[str, History] = defaultdict(History)
    for e in sorted(touches, key=lambda e: e[:3]):
        if e.matches or e.fails:
            history = histories[e.case]
            is_pause = e.t - history.last > definition.idle_timeout
            history.touches = 1 if is_pause or history.touches == longest else history.touches + 1
            if history.open and history.touches == 1:
                history.close("dropped")
            history.last = e.t
            step(definition, history, e)
    found = [run for h in histories.values() for run in [*h.closed, *([h.open] if h.open else [])]]
    return sorted(found, key=lambda run: (run.start, run.case))


def of_account(account: str, members: Collection[int], touches: Mapping[int, Iterable[Touch]]) -> list[Touch]:
    """The touchpoints of an account: all of its members, but those that name another account."""
    return [e for who in members for e in touches.get(who, ()) if e.account in ("", account)]


def step(d: Definition, history: History, e: Touch) -> None:
    run = history.open
    if run and (e.t - run.last > d.idle_timeout or (d.window and e.t - run.start > d.window)):
        history.close("dropped")
    elif run and e.fails:
        history.close("failed", last=e.t)
        return
    elif run and (reached := reachable(d, run, e)):
        steps, ids = (*run.steps, (reached, e.t)), (*run.event_ids, e.event_id)
        history.open = replace(run, last=e.t, steps=steps, event_ids=ids)
        if furthest(d, history.open) == len(d.steps):
            history.close("succeeded")
        return
    elif run:
        goal = d.order != "any" and (run.shortcut or len(d.steps) in e.matches)
        strays = (*run.strays, (run.position, stray(d, run, e)))
        if d.order != "strict":
            history.open = replace(run, last=e.t, strays=strays, shortcut=goal)
            return
        history.close("dropped", strays=strays, shortcut=goal)
    if e.opens and (opening := e.matches if d.order == "any" else e.matches & {1}):
        history.open = Run(e.case, e.t, e.t, steps=((min(opening), e.t),), event_ids=(e.event_id,))


def ahead(d: Definition, run: Run, j: int) -> bool:
    """Whether the step may still come: in any order it has not, else it lies beyond where the run stands."""
    return j not in run.taken if d.order == "any" else j > run.position


def stray(d: Definition, run: Run, e: Touch) -> int:
    """The step that a touchpoint speaks of which moves nothing: the next that may still come, or the last."""
    return min((j for j in e.matches if ahead(d, run, j)), default=max(e.matches))


def reachable(d: Definition, run: Run, e: Touch) -> int | None:
    position, reached_at = run.steps[-1]
    for j in sorted(j for j in e.matches if ahead(d, run, j)):
        between = () if d.order == "any" else d.steps[position : j - 1]
        within = d.steps[j - 1].within
        if all(s.optional for s in between) and (not within or e.t - reached_at <= within):
            return j
    return None


def furthest(d: Definition, run: Run) -> int:
    """How far a run came: where it stands, or in any order how many steps it has taken."""
    return len(run.steps) if d.order == "any" else run.position


def outcome_at(d: Definition, run: Run, now: int) -> str:
    """What an open run is at reading time."""
    if run.outcome != "open":
        return run.outcome
    late = now - run.last > d.idle_timeout or (d.window is not None and now - run.start > d.window)
    return "dropped" if late else "in_time"


def counted(d: Definition, runs: Iterable[Run], now: int) -> Run:
    """Which of somebody's runs counts: the furthest; of equals one that is in time, else the first."""
    return min(runs, key=lambda run: (-furthest(d, run), outcome_at(d, run, now) != "in_time", run.start))


def traits_at(told: Iterable[Told], place: tuple[int, int, bytes]) -> dict[str, Any]:
    """A customer's traits as of an event: the last value told at or before it; null takes it away."""
    known: dict[str, Any] = {}
    for one in sorted(told, key=lambda one: one[:3]):
        if one[:3] <= place:
            known |= one.traits
    return {name: value for name, value in known.items() if value is not None}
