"""The pipeline: a message becomes an event by the steps of one list, in this order."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.envelope import refused
from collector.pipeline.bots import bots
from collector.pipeline.clock import clock
from collector.pipeline.context import Context, Decided, Tools
from collector.pipeline.device import device
from collector.pipeline.drop import Drop, Reason
from collector.pipeline.erased import erased, remains
from collector.pipeline.identity import identity
from collector.pipeline.message import first_event
from collector.pipeline.naming import named_by
from collector.pipeline.page import page
from collector.pipeline.place import place
from collector.pipeline.plan import plan
from collector.pipeline.privacy import privacy
from collector.pipeline.session import session
from collector.pipeline.source import source
from store.client_health import Told
from store.drops import DropRow
from store.event import Event
from store.identity import Link
from store.inbox import Envelope

__all__ = ["STEPS", "Context", "Drop", "Outcome", "Reason", "Step", "Tools", "run", "run_all"]

log = logging.getLogger("waywiser.pipeline")

Step = Callable[[Event, Context], Event]

STEPS: list[Step] = [clock, bots, page, source, device, place, privacy, identity, erased, session, plan]
TRIES = 3  # of a message in which a step fails, before it is set aside


@dataclass
class Outcome:
    """What became of envelopes: their events, what was refused of them, and the links that they prove.

    `told` is what clients said of themselves.
    """

    events: list[Event] = field(default_factory=list)
    drops: list[DropRow] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def run(envelope: Envelope, tools: Tools, steps: Sequence[Step] = STEPS) -> Outcome:
    """Take every message of an envelope through the steps. Equal envelopes have equal outcomes."""
    return run_all([envelope], tools, steps)[envelope.project]


def run_all(envelopes: Iterable[Envelope], tools: Tools, steps: Sequence[Step] = STEPS) -> dict[int, Outcome]:
    """The same for many envelopes; what became of them by project."""
    outcomes: dict[int, tuple[Decided, Outcome]] = {}
    for envelope in envelopes:
        if (known := outcomes.get(envelope.project)) is None:
            known = outcomes[envelope.project] = tools.decided(envelope.project), Outcome()
        decided, outcome = known
        if envelope.health:
            outcome.told.append(Told(envelope.project, envelope.received_at, envelope.health))
        for position, message in enumerate(envelope.messages):
            try:
                event, links = _digested(message, position, envelope, tools, decided, steps)
            except Drop as drop:
                outcome.drops.append(_dropped(envelope, message, drop, decided))
            else:
                outcome.events.append(event)
                outcome.links += links
    return {project: outcome for project, (_, outcome) in outcomes.items()}


def _digested(
    message: Any, position: int, envelope: Envelope, tools: Tools, decided: Decided, steps: Sequence[Step]
) -> tuple[Event, list[Link]]:
    """The event of a message and what it proves. A mistake of ours must not stop the events behind it."""
    for attempt in range(1, TRIES + 1):
        try:
            context = _context(message, position, envelope, tools, decided)
            event = first_event(context)
            for step in steps:
                event = step(event, context)
        except Drop:
            raise
        except Exception as error:
            if attempt == TRIES:
                log.error("a step failed %d times; the event is set aside", TRIES, exc_info=error)
                trace = "".join(traceback.format_exception(error))[-4000:]
                raise Drop(Reason.STEP_FAILED, trace) from error
        else:
            return event, context.links
    raise AssertionError("the last attempt returns or raises")


def _context(message: Any, position: int, envelope: Envelope, tools: Tools, decided: Decided) -> Context:
    if not isinstance(message, dict):
        raise Drop(Reason.BAD_MESSAGE, "a message must be a JSON object")
    given = message.get("context")
    return Context(message, position, given if isinstance(given, dict) else {}, envelope, tools, decided)


def _dropped(envelope: Envelope, message: Any, drop: Drop, decided: Decided) -> DropRow:
    gone = decided.suppressed
    if drop.reason is Reason.ERASED or (gone and any(map(gone.has, named_by(message)))):
        return remains(envelope, message, drop)
    return refused(
        envelope, message, place="pipeline", code=drop.reason, field=drop.field, reason=drop.message
    )
