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
    count = 48_000 if quick else 240_000
    say("pipeline: the worker from the inbox to the event store, and to the stored runs of three journeys")
    for refreshed in (False, True):
        _show_worker(alone(drained, count, refreshed=refreshed), refreshed=refreshed)
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


def _show_worker(found: Drained, *, refreshed: bool) -> None:
    stages = {"whole": found.seconds, **found.stages}
    rows = [
        [name, micro(wall / found.events), f"{wall / found.seconds:.0%}"] for name, wall in stages.items()
    ]
    what = "with sessions and the runs of three journeys" if refreshed else "pipeline and insert"
    show(
        f"Worker end to end, {what}: {many(found.events / found.seconds)} events/s "
        f"({many(found.events / found.cpu)} a second of processor time)",
        ["stage (they go on side by side)", "wall/event", "share"],
        rows,
        f"{many(found.events)} events in {many(found.envelopes)} envelopes and {found.batches} batches, "
        f"{ms(found.seconds / found.batches)} each; {many(found.touched)} customers were touched.\n"
        f"First half {many(found.halves[0])} events/s, second half {many(found.halves[1])}. "
        f"Memory {mib(found.memory[0])} after the first batches, {mib(found.memory[1])} at half, "
        f"{mib(found.memory[2])} at the end.",
    )
