"""The last stop before the collector: messages in order of time, with session, sequence, id and timestamp."""

from collections.abc import Iterator
from operator import itemgetter

from server.demo.calendar import MINUTE
from server.demo.world import Message, World

IDLE = 30 * MINUTE


def deliver(world: World) -> Iterator[Message]:
    """Empty the log: number web messages as the snippet does, leave out what is not of the ninety days."""
    start, end, text = world.calendar.start, world.calendar.end, world.calendar.text
    prefix, arrivals = world.prefix, world.arrivals
    sessions: dict[object, tuple[int, str, int]] = {}
    log, world.log = world.log, []
    log.sort(key=itemgetter(0))
    for at, message, context in log:
        if not start <= at <= end:
            continue
        if context is not None:
            browser = message["anonymousId"]
            last, session, sequence = sessions.get(browser, (-IDLE - 1, "", 0))
            if at - last > IDLE:
                session = f"s-{browser}-{at:x}"
            sequence += 1
            sessions[browser] = (at, session, sequence)
            context["sessionId"] = session
            context["sequence"] = sequence
        message["messageId"] = f"{prefix}{next(arrivals):07d}"
        message["timestamp"] = text(at)
        yield message
