"""What the bar above a report asks for: period, unit, segment and moment, all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from journeys.period import NO_AS_OF, PeriodError
from store.words import Spoken, tell

PRESETS = (7, 30, 90)
BESIDE = Spoken(
    {
        "previous": "the period before",
        "year": "the same days a year ago",
        "own": "other days",
    }
)
UNITS = ("runs", "customers", "accounts")
SEGMENTS = Spoken(
    {
        "device": "Device",
        "channel": "Channel",
        "source": "Source",
        "campaign": "Campaign",
        "country": "Country",
    }
)
# What only runs can be chosen by: as it is called in an address, and in a segment.
OF_RUNS = {"medium": "medium", "segment": "name", "not_segment": "not"}


@dataclass(frozen=True)
class Beside:
    """The period that stands beside: how it was chosen, and its days, both included."""

    how: str
    start: str
    through: str

    @property
    def end(self) -> str:
        """The first day that does not count."""
        return _next_day(self.through)

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that choose the same."""
        own = {"beside_from": self.start, "beside_through": self.through} if self.how == "own" else {}
        return {"beside": self.how, **own}


@dataclass(frozen=True)
class Asked:
    """A question's frame. `start` and `through` are days, both included; `days` is set for a preset."""

    start: str
    through: str
    days: int | None
    unit: str
    segment: Mapping[str, str]
    as_of: str = ""  # how the ledger stood then; '' for now
    of_runs: Mapping[str, str] = field(default_factory=dict)  # the part of the segment that only runs have
    beside: Beside | None = None  # the period to compare with
    against: str = ""  # the segment to compare with, as it is written
    breakdown: str = ""  # what to break down by

    @property
    def whole_segment(self) -> dict[str, str]:
        """The segment of runs, as questions about journeys take it."""
        return {**self.segment, **{OF_RUNS[name]: value for name, value in self.of_runs.items()}}

    @property
    def end(self) -> str:
        """The first day that does not count; text that is no day stays, to be refused by name."""
        return _next_day(self.through)

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask the same again."""
        frame = {"days": str(self.days)} if self.days else {"from": self.start, "through": self.through}
        unit = {"unit": self.unit} if self.unit != UNITS[0] else {}
        moment = {"as_of": self.as_of} if self.as_of else {}
        return {**frame, **unit, **self.segment, **self.of_runs, **moment, **self.compared}

    @property
    def compared(self) -> dict[str, str]:
        """Of these arguments those that say what is compared: a period, a segment, values."""
        named = {"against": self.against, "breakdown": self.breakdown}
        return {
            **(self.beside.args if self.beside else {}),
            **{name: value for name, value in named.items() if value},
        }

    def preset(self, days: int) -> dict[str, str]:
        """The arguments for the last `days` days, all else the same."""
        rest = {k: v for k, v in self.args.items() if k not in ("days", "from", "through")}
        return {"days": str(days), **rest}

    def without(self, name: str) -> dict[str, str]:
        """The same question without one attribute of the segment, or without `as_of`: now."""
        return {one: value for one, value in self.args.items() if one != name}


def read(args: Mapping[str, str], zone: ZoneInfo, *, now: int) -> Asked:
    """Read the bar from address arguments; the last 30 days where they say nothing.

    A date that differs from what the preset means wins over the preset, so one form can hold both.
    """
    text = args.get("days", "")
    days = int(text) if text.isdigit() and 0 < int(text) <= 3660 else None
    given = bool(args.get("from") or args.get("through"))
    start, through = last_days(days or PRESETS[1], zone, now=now)
    asked_start, asked_through = args.get("from") or start, args.get("through") or through
    is_preset = (days is not None or not given) and (asked_start, asked_through) == (start, through)
    unit = args.get("unit", "")
    return Asked(
        start=asked_start,
        through=asked_through,
        days=(days or PRESETS[1]) if is_preset else None,
        unit=unit if unit in UNITS else UNITS[0],
        segment={name: args[name] for name in SEGMENTS if args.get(name)},
        as_of=args.get("as_of", ""),
        of_runs={name: args[name] for name in OF_RUNS if args.get(name)},
        beside=_beside(args, asked_start, asked_through),
        against=args.get("against", ""),
        breakdown=args.get("breakdown", ""),
    )


def read_now(args: Mapping[str, str], zone: ZoneInfo, *, now: int) -> Asked:
    """Read the bar of a page that knows no other moment than now; raises PeriodError for `as_of`."""
    if args.get("as_of"):
        raise PeriodError(tell(NO_AS_OF))
    return read(args, zone, now=now)


def last_days(days: int, zone: ZoneInfo, *, now: int) -> tuple[str, str]:
    """The first and the last of the last `days` days, today included."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    return (today - timedelta(days=days - 1)).isoformat(), today.isoformat()


def _beside(args: Mapping[str, str], start: str, through: str) -> Beside | None:
    """The period to compare with; none where nothing is asked, or the days cannot be read."""
    how = args.get("beside", "")
    if how not in BESIDE:
        return None
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(through)
        before = first - timedelta(days=1)
        days = (before - (last - first), before) if how != "year" else (_a_year_ago(first), _a_year_ago(last))
    except (ValueError, OverflowError):
        return None
    start, through = (day.isoformat() for day in days)
    if how == "own":
        start, through = args.get("beside_from") or start, args.get("beside_through") or through
    return Beside(how, start, through)


def _a_year_ago(day: date) -> date:
    """The same day of the year before; 28 February for the 29th."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _next_day(day: str) -> str:
    """The day after; text that is no day stays, to be refused by name."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day
