"""Measures the pipeline and the worker in this process, stage by stage."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.alone import Stopwatch
from benchmarks.machine import resident_now
from benchmarks.traffic import envelopes, messages
from collector import pipeline
from journeys.definitions import parse_yaml
from server.demo.loading import JOURNEYS
from server.house import House
from server.opening import migrate, now_ms, tune_interpreter
from store.batches import Batch
from store.inbox import Envelope, put_together, sealed
from store.journeys import make_live, save_version
from store.projects import create_project
from store.settings import Settings

TURNS = 5

Took = dict[str, float]  # wall seconds by name; the first goes on beside the others


@dataclass(frozen=True)
class Piped:
    """What the pipeline alone did. `cpu` and `steps` in seconds an event."""

    events: int
    turns: int
    rate: float
    cpu: float
    steps: dict[str, float]


@dataclass(frozen=True)
class Drained:
    """What the worker did with a full inbox."""

    events: int
    envelopes: int
    batches: int
    touched: int
    seconds: float
    cpu: float
    stages: Took
    halves: tuple[float, float]
    memory: tuple[int, int, int]


@dataclass(frozen=True)
class Mark:
    """How far the worker was at one moment."""

    wall: float
    cpu: float
    events: int
    memory: int


def piped(count: int) -> Piped:
    """Take envelopes through the steps, once to warm the caches and then several times."""
    tools = pipeline.Tools.opened(Settings())
    packed = [msgspec.json.encode(one) for one in envelopes(1, messages(count))]
    _piped_once(packed, tools)
    laps = [_piped_once(packed, tools) for _ in range(TURNS)]
    wall, cpu = (statistics.median(one) / count for one in zip(*laps, strict=True))
    return Piped(count, TURNS, 1 / wall, cpu, _steps(packed, tools, count))


def _piped_once(packed: list[bytes], tools: pipeline.Tools) -> tuple[float, float]:
    fresh = [msgspec.json.decode(one, type=Envelope) for one in packed]
    with Stopwatch() as watch:
        for envelope in fresh:
            pipeline.run(envelope, tools)
    return watch.wall, watch.cpu


def _steps(packed: list[bytes], tools: pipeline.Tools, count: int) -> dict[str, float]:
    """Processor seconds an event in each step, less what reading the clock takes."""
    took: dict[str, float] = {}
    original, first = list(pipeline.STEPS), vars(pipeline)["first_event"]
    vars(pipeline)["first_event"] = _clocked(first, took, "first_event")
    pipeline.STEPS[:] = [_clocked(step, took, step.__name__) for step in original]
    try:
        _piped_once(packed, tools)
    finally:
        pipeline.STEPS[:], vars(pipeline)["first_event"] = original, first
    nothing = _clocked(lambda event, _context: event, took, "")
    for _ in range(count):
        nothing(None, None)
    clock = took.pop("")
    return {name: max(0.0, seconds - clock) / count for name, seconds in took.items()}


def _clocked(step: Callable[..., Any], took: dict[str, float], name: str) -> Callable[..., Any]:
    took[name] = 0.0

    def call(*args: Any) -> Any:
        start = time.thread_time()
        answer = step(*args)
        took[name] += time.thread_time() - start
        return answer

    return call


def drained(count: int, *, refreshed: bool) -> Drained:
    """Fill an inbox and let the worker empty it; only its work is timed.

    `refreshed` says whether sessions and the runs of three journeys are computed, too.
    """
    tune_interpreter()
    with tempfile.TemporaryDirectory(prefix="waywiser-worker-") as folder:
        settings = in_folder(folder)
        migrate(settings)
        with closing(TimedHouse(settings, refreshed=refreshed)) as house:
            project = with_demo_journeys(house)
            return _drained(house, list(envelopes(project, messages(count))))


def _drained(house: TimedHouse, all_envelopes: list[Envelope]) -> Drained:
    warm_up = len(all_envelopes) // 6
    put_together(house.engine, map(sealed, all_envelopes[:warm_up]))
    house.worker.drain()
    put_together(house.engine, map(sealed, all_envelopes[warm_up:]))
    house.forget()
    house.worker.drain()
    marks, half = house.marks, len(house.marks) // 2
    seconds, cpu = marks[-1].wall - marks[0].wall, marks[-1].cpu - marks[0].cpu
    return Drained(
        events=marks[-1].events - marks[0].events,
        envelopes=len(all_envelopes) - warm_up,
        batches=len(marks) - 1,
        touched=house.touched,
        seconds=seconds,
        cpu=cpu,
        stages=dict(sorted(house.took.items(), key=lambda one: -one[1])),
        halves=(_pace(marks[0], marks[half]), _pace(marks[half], marks[-1])),
        memory=(marks[0].memory, marks[half].memory, marks[-1].memory),
    )


def _pace(one: Mark, later: Mark) -> float:
    return (later.events - one.events) / (later.wall - one.wall)


class TimedHouse(House):
    """A house whose worker's stages are timed; after each batch a mark says how far it is."""

    def __init__(self, settings: Settings, *, refreshed: bool) -> None:
        self.took: Took = {}
        self._refreshed = refreshed
        super().__init__(settings)
        acknowledge = self.batches.acknowledge

        def marked(batch: Batch, *kept: Any) -> bool:
            is_first = acknowledge(batch, *kept)
            self._events += batch.events
            self.marks.append(self._mark())
            return is_first

        self.batches.acknowledge = marked  # type: ignore[method-assign]
        self.forget()
        for owner, name, stage in (
            (self.batches, "claim", "claim from the inbox"),
            (self.batches, "acknowledge", "acknowledge"),
            (self.events, "insert", "insert"),
            (self.events, "known_messages", "look for duplicates"),
            (self.ledger, "join", "identity ledger"),
            (self.ledger, "customers_of", "identity ledger"),
            (self.worker._carrier, "digest", "pipeline, with reading the envelopes"),
        ):
            setattr(owner, name, timed(getattr(owner, name), self.took, stage))

    def forget(self) -> None:
        """Begin to measure from here."""
        self.took.clear()
        self.touched = self._events = 0
        self.marks = [self._mark()]

    def _mark(self) -> Mark:
        return Mark(time.perf_counter(), time.process_time(), self._events, resident_now())

    def refresh(self, project_id: int, customers: Iterable[int]) -> None:
        """Compute runs anew, timed."""
        some = list(customers)
        self.touched += len(some)
        if self._refreshed:
            timed(super().refresh, self.took, "runs and sessions anew")(project_id, some)


def timed(function: Callable[..., Any], took: Took, name: str) -> Callable[..., Any]:
    """The same function, whose wall seconds are added up under `name`."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with Stopwatch() as watch:
            answer = function(*args, **kwargs)
        took[name] = took.get(name, 0.0) + watch.wall
        return answer

    return call


def in_folder(folder: str) -> Settings:
    """Default settings, with both stores in this folder."""
    place = Path(folder).resolve()
    return Settings(database_url=f"sqlite:///{place}/waywiser.db", events_url=f"chdb:///{place}/events")


def with_demo_journeys(house: House) -> int:
    """Make a project with the three journeys of the demo; returns its number."""
    now = now_ms()
    project = create_project(house.engine, key="bench", name="Benchmark", timezone="UTC", now=now)
    for file in sorted(JOURNEYS.glob("*.yaml")):
        source = parse_yaml(file.read_text()).source
        make_live(house.engine, save_version(house.engine, project.id, source, by="bench", now=now), now=now)
    return project.id
