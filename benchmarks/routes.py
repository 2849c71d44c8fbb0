"""Route templates: what it costs to call pages by them when events are read, and to propose them."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

from benchmarks.alone import Stopwatch, alone
from benchmarks.questions import question
from benchmarks.tables import many, mib, ms, say, show, times
from journeys.filters import Params
from journeys.period import Period
from journeys.route_proposals import proposals
from journeys.routes import RAW, Routes
from store.events import EventStore
from store.migrate import migrate_events

EVENTS = 5_000_000
DIFFERENT = 100_000  # orders, and posts
START = 1_700_000_000_000
TURNS = 5
LISTS = (0, 1, 10, 50, 200)


def run(*, quick: bool, events: int = 0) -> None:
    """Measure and print."""
    count = events or (500_000 if quick else EVENTS)
    with tempfile.TemporaryDirectory(prefix="waywiser-routes-") as folder:
        url = f"chdb:///{Path(folder).absolute()}/events"
        say(f"routes: making {many(count)} page views")
        alone(written, url, count)
        say("routes: measuring")
        found = alone(named, url)
        learned = alone(proposed, url, count)
    show(
        f"Routes: {many(count)} page views, each called by its route and counted",
        ["templates", "CPU", "ratio", "CPU of the first time"],
        ([one, ms(cpu), times(cpu / found[0][0]), ms(first)] for one, (cpu, first) in found.items()),
        "The shortest of several turns. The first time, the patterns are compiled.",
    )
    show("Proposals of all of them", ["templates", "paths", "CPU", "memory more"], [learned])


def written(url: str, count: int) -> None:
    """Make the page views."""
    events = EventStore(url)
    migrate_events(events)
    values = {"project": 1, "start": START, "count": count, "different": DIFFERENT}
    events.command(question("routes.views"), values)
    events.close()


def named(url: str) -> dict[int, tuple[float, float]]:
    """Processor seconds by the number of templates: the shortest, and the first."""
    events, found = EventStore(url), {}
    for size in LISTS:
        laps = []
        for _ in range(TURNS):
            with Stopwatch() as watch:
                _count(events, _list(size))
            laps.append(watch.cpu)
        found[size] = min(laps), laps[0]
    events.close()
    return found


def _count(events: EventStore, routes: Routes) -> None:
    params = Params(project=1)
    label = routes.label(params)
    events.query(f"select uniq({label}) from events where project = {{project:UInt32}}", params.values)


def _list(size: int) -> Routes:
    """So many templates, of which the last alone stands for paths that there are."""
    others = [f"/area{number}/:id/thing" for number in range(size - 1)]
    return Routes((*others, "/order/:id")) if size else RAW


def proposed(url: str, count: int) -> list[str]:
    """How many templates are proposed of how many paths, at what cost."""
    events = EventStore(url)
    _count(events, RAW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Stopwatch() as watch:
        found = proposals(events, 1, Period(START, START + count), RAW)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    events.close()
    return [many(len(found["proposals"])), many(found["paths"]), ms(watch.cpu), mib(more)]
