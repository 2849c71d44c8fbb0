"""From the inbox into a report: the pipeline alone, the whole worker, and how soon an event is seen."""

from __future__ import annotations

from benchmarks import sight
from benchmarks.alone import alone
from benchmarks.tables import many, mib, micro, ms, say, show
from benchmarks.work import Drained, Piped, drained, piped


def run(*, quick: bool) -> None:
    """Measure and print."""
    say("pipeline: the steps alone")
    _show_steps(alone(piped, 5_000 if quick else 20_000))
    say("pipeline: the worker from the inbox to stored runs of three journeys")
    _show_worker(alone(drained, 18_000 if quick else 72_000))
    say("pipeline: from the acknowledgement to the report")
    seconds = 8 if quick else 30
    sight.show_sight(sight.seen(seconds=seconds, per_second=1_000, stored=100_000 if quick else 1_000_000))


def _show_steps(found: Piped) -> None:
    rows = [
        ["all steps, wall time", micro(1 / found.rate), many(found.rate), "100%"],
        ["all steps, processor time", micro(found.cpu), many(1 / found.cpu), ""],
        *(
            [f"  {name}", micro(seconds), "", f"{seconds / sum(found.steps.values()):.0%}"]
            for name, seconds in found.steps.items()
        ),
    ]
    title = (
        f"Pipeline alone, {many(found.events)} events, median of {found.turns} (steps timed in a run apart)"
    )
    show(title, ["what", "per event", "events/s", "share"], rows)


def _show_worker(found: Drained) -> None:
    stages = {"whole": (found.seconds, found.cpu), **found.stages}
    rows = [
        [
            name,
            micro(wall / found.events),
            f"{wall / found.seconds:.0%}",
            micro(cpu / found.events),
            f"{cpu / found.cpu:.0%}",
        ]
        for name, (wall, cpu) in stages.items()
    ]
    show(
        f"Worker end to end: {many(found.events / found.seconds)} events/s "
        f"({many(found.events / found.cpu)} a second of processor time)",
        ["stage", "wall/event", "share", "CPU/event", "share"],
        rows,
        f"{many(found.events)} events in {many(found.envelopes)} envelopes and {found.batches} batches, "
        f"{ms(found.seconds / found.batches)} each; {many(found.touched)} customers' runs of three journeys "
        f"computed anew.\nFirst half {many(found.halves[0])} events/s, second half {many(found.halves[1])}. "
        f"Memory {mib(found.memory[0])} after the first batches, {mib(found.memory[1])} at half, "
        f"{mib(found.memory[2])} at the end.",
    )
