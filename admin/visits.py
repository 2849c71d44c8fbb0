"""A page of a timeline, laid out: events by session, with the runs under way as bands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Event = Mapping[str, Any]
Run = Mapping[str, Any]
MOST_BANDS = 4


@dataclass(frozen=True)
class Band:
    """A stretch of a run beside one line of the timeline; `run` is None where the track is empty."""

    run: Run | None
    is_first: bool = False
    is_last: bool = False


@dataclass(frozen=True)
class Mark:
    """A moment of a run: it began, or it ended with an outcome."""

    at: str
    began: bool
    run: Run


@dataclass(frozen=True)
class Line:
    """One line of the timeline: an event, or a mark of a run; `bands` as many on every line of the page."""

    event: Event | None
    mark: Mark | None
    bands: Sequence[Band]


@dataclass(frozen=True)
class Visit:
    """The lines of one session, newest first; no session for what belongs to none."""

    session: Mapping[str, Any] | None
    lines: Sequence[Line]
    at: str


def visits(happened: Mapping[str, Any]) -> list[Visit]:
    """Events grouped by session, newest first; marks stand right above the event that made them."""
    sessions = {session["id"]: session for session in happened["sessions"]}
    marks, tracks = _marks(happened["runs"]), _tracks(happened["runs"])
    made = []
    for session, events in groupby(happened["events"], key=lambda event: _session_of(event, sessions)):
        lines: list[Line] = []
        for event in events:
            here = marks.pop(event["at"], [])
            around = [*(m for m in here if not m.began), event, *(m for m in here if m.began)]
            lines += [_line(one, event["at"], tracks) for one in around]
        first = next(line.event for line in lines if line.event is not None)
        made.append(Visit(sessions.get(session), lines, first["at"]))
    return made


def _line(one: Event | Mark, at: str, tracks: Sequence[Sequence[Run]]) -> Line:
    bands = [_band(track, at, one) for track in tracks]
    return Line(None, one, bands) if isinstance(one, Mark) else Line(one, None, bands)


def _band(track: Sequence[Run], at: str, one: Event | Mark) -> Band:
    """What a track shows beside a line: of a run that ends where another begins, the one marked here."""
    around = [run for run in track if run["start"] <= at <= run["last"]]
    if not around:
        return Band(None)
    run = one.run if isinstance(one, Mark) and one.run in around else around[0]
    if not isinstance(one, Mark):
        return Band(run)
    return Band(run, is_first=one.began and one.run is run, is_last=not one.began and one.run is run)


def _tracks(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs in tracks where none overlaps another; what finds no room in the last track has marks alone."""
    tracks: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run["start"], run["last"])):
        free = next((track for track in tracks if track[-1]["last"] < run["start"]), None)
        if free is not None:
            free.append(run)
        elif len(tracks) < MOST_BANDS:
            tracks.append([run])
    return tracks


def _session_of(event: Event, sessions: Mapping[str, Mapping[str, Any]]) -> str:
    """The session of an event; one that has none of its own belongs where it happened."""
    if event["session"]:
        return str(event["session"])
    around = (one["id"] for one in sessions.values() if one["start"] <= event["at"] <= one["last"])
    return str(next(around, ""))


def _marks(runs: Sequence[Run]) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = {}
    for run in runs:
        marks.setdefault(run["start"], []).append(Mark(run["start"], True, run))
        marks.setdefault(run["last"], []).append(Mark(run["last"], False, run))
    return marks
