"""The ninety days of the demo: how its moments are written, how busy each is, and when people are awake.

All moments are whole milliseconds since 1970 in UTC.
"""

from datetime import UTC, datetime
from itertools import accumulate
from math import fsum
from random import Random

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DAYS = 90

GROWTH = 0.8  # the last day is that much busier than the first
WEEKDAYS = (1.0, 1.08, 1.05, 1.0, 0.82, 0.32, 0.38)
HOURS = (1, 1, 1, 1, 2, 5, 12, 30, 62, 84, 90, 80, 60, 74, 82, 76, 62, 44, 32, 28, 26, 20, 10, 4)

BUSY_SHARE = fsum(WEEKDAYS) / 7 / max(WEEKDAYS) * fsum(HOURS) / 24 / max(HOURS)

_WORKING = range(7, 20)
_MINUTES = [f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02d}.{milli:03d}Z" for second in range(60) for milli in range(SECOND)]


def weekday(at: int) -> int:
    """Monday is 0."""
    return (at // DAY + 3) % 7


class Calendar:
    """The days up to `now`, drawn upon with one source of chance."""

    def __init__(self, rng: Random, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("`now` needs a time zone, for example datetime.now(UTC)")
        self.rng = rng
        self.end = int(now.timestamp() * SECOND)
        self.start = self.end - DAYS * DAY
        self._midnight = self.start - self.start % DAY
        midnights = [self._midnight + day * DAY for day in range(DAYS + 1)]
        self._names = [f"{datetime.fromtimestamp(at / SECOND, UTC):%Y-%m-%d}T" for at in midnights]
        busy = [WEEKDAYS[weekday(at)] * (1 + GROWTH * day / DAYS) for day, at in enumerate(midnights)]
        self._busy_days = list(accumulate(busy))
        self._busy_hours = list(accumulate(HOURS))

    def text(self, at: int) -> str:
        """Write a moment of the ninety days in ISO form, with milliseconds."""
        day, rest = divmod(at - self._midnight, DAY)
        minute, rest = divmod(rest, MINUTE)
        return self._names[day] + _MINUTES[minute] + _SECONDS[rest]

    def day(self, number: int) -> int:
        """The moment `number` whole days after the first moment of the demo."""
        return self.start + number * DAY

    def busy_moment(self, zone: int) -> int:
        """Draw a moment as people `zone` hours ahead of UTC spread theirs over days and hours."""
        choices, random = self.rng.choices, self.rng.random
        while True:
            day = choices(range(DAYS + 1), cum_weights=self._busy_days)[0]
            hour = choices(range(24), cum_weights=self._busy_hours)[0]
            at = self._midnight + day * DAY + (hour - zone) * HOUR + int(random() * HOUR)
            if self.start <= at <= self.end:
                return at

    def is_busy(self, at: int, zone: int) -> bool:
        """Whether a moment drawn without regard to day and hour is kept; about a third are."""
        local = at + zone * HOUR
        week = WEEKDAYS[weekday(local)] / max(WEEKDAYS)
        return self.rng.random() < week * HOURS[local % DAY // HOUR] / max(HOURS)

    def awake(self, at: int, zone: int) -> int:
        """Put off to the next working day what would fall into the night or, mostly, the weekend."""
        local = at + zone * HOUR
        hour = local % DAY // HOUR
        if 7 <= hour < 21 and (weekday(local) < 5 or self.rng.random() < 0.35):
            return at
        local += DAY - local % DAY if hour >= 7 else -(local % DAY)
        while weekday(local) >= 5:
            local += DAY
        hour = self.rng.choices(_WORKING, HOURS[_WORKING.start : _WORKING.stop])[0]
        return local + (hour - zone) * HOUR + int(self.rng.random() * HOUR)
