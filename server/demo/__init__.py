"""A believable company to look at: Fernhill sells project planning to small firms, and loses some on the way.

`messages` says what its web site, mail, support desk, telephone and billing would have sent over ninety days,
in the words of the Segment tracking spec. `PLANTED` says what is true about it, and `journeys/` holds its
three journeys. Everything follows from the seed and the present moment; nothing is read or written.
"""

from collections.abc import Iterator
from datetime import datetime

from server.demo.delivery import deliver
from server.demo.members import member
from server.demo.people import Person
from server.demo.planted import PLANTED, Cause
from server.demo.visitors import visitor
from server.demo.world import Message, World

__all__ = ["PLANTED", "Cause", "messages"]

MEMBERS = 0.165
COLLEAGUES = 0.25
SHARED_DEVICES = 0.02


def messages(*, seed: int, now: datetime, customers: int = 20_000) -> Iterator[Message]:
    """Yield the company's messages, customer by customer, each customer's in order of time.

    `now` needs a time zone; no message is later, none is older than ninety days. Inner dictionaries are
    shared between messages: read them, do not change them.
    """
    world = World(seed, now)
    members = int(customers * MEMBERS)
    yield from _members(world, members)
    for _ in range(customers - members):
        visitor(world)
        yield from deliver(world)


def _members(world: World, count: int) -> Iterator[Message]:
    """Customers of old; some work in the same firm, and a few of those share one browser."""
    employer: Person | None = None
    left = count
    while left:
        colleague = employer if employer and world.chance(COLLEAGUES) else None
        person = member(world, colleague)
        left -= 1
        employer = colleague or person
        if left and world.chance(SHARED_DEVICES):
            member(world, employer, browser=person.browsers[0].lent())
            left -= 1
        yield from deliver(world)
