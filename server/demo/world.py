"""What all of the demo shares: one source of chance, the calendar, and the counters that hand out numbers."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from random import Random

from server.demo.calendar import HOUR, Calendar
from server.demo.places import Place

Message = dict[str, object]
# What was heard from one customer: when, the message, and its context where the snippet has to number it.
Heard = tuple[int, Message, Message | None]


class World:
    """The demo company's surroundings for one seed and one present moment.

    `log` gathers what is heard from the customer at hand, in any order, until it is delivered.
    """

    def __init__(self, seed: int, now: datetime) -> None:
        self.rng = Random(seed)
        self.calendar = Calendar(self.rng, now)
        self.log: list[Heard] = []
        self.prefix = f"fh-{seed:x}-{self.calendar.end:x}-"
        self.users: Iterator[int] = count(10_001)
        self.accounts: Iterator[int] = count(501)
        self.tickets: Iterator[int] = count(20_001)
        self.invoices: Iterator[int] = count(30_001)
        self.arrivals: Iterator[int] = count(1)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def hours(self, median: float, spread: float, *, most: float) -> int:
        """Draw a duration with a long tail around a median, in milliseconds."""
        hours = median * self.rng.lognormvariate(0.0, spread)
        return int(min(hours, most * (0.8 + 0.2 * self.rng.random())) * HOUR)

    def after(self, at: int, duration: int, place: Place) -> int:
        """The moment that long after, put off while the people of the place sleep."""
        return self.calendar.awake(at + duration, place.zone)

    def ticket(self) -> str:
        return f"T-{next(self.tickets)}"

    def identifier(self) -> str:
        """A random id in the form that browsers give."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
