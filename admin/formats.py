"""How numbers, rates, durations and moments are written on pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import user_agents
from flask import Flask

from admin.locales import day, decimal, medium
from admin.locales import share as written_share
from journeys.breakdown import MOMENTS
from journeys.change_words import points as written_points
from journeys.change_words import told
from journeys.members import MEANINGS as MEMBERS
from journeys.metrics import MEANINGS, STANDING, WORDS
from journeys.rates import rate
from journeys.segments import written
from journeys.statistics import is_small
from journeys.zero import why
from store.retelling import Retold
from store.words import Spoken, marked, tell

OUTCOMES = Spoken({"succeeded": "Succeeded", "failed": "Failed", "dropped": "Dropped", "in_time": "In time"})
EXPLAINED = Spoken({**MEANINGS, **STANDING, **{name: WORDS[name] for name in (*OUTCOMES, "looks_inside")}})
MANY = 0.1
# Up to how many seconds a unit of how many is used, and how it is written.
UNITS = (
    (90, 1, marked("%(n)s s")),
    (5400, 60, marked("%(n)s min")),
    (129_600, 3600, marked("%(n)s h")),
    (None, 86_400, marked("%(n)s days")),
)
ICONS = {"desktop": "device-desktop", "mobile": "device-mobile", "tablet": "device-tablet", "tv": "device-tv"}


def register(app: Flask) -> None:
    """Give templates these filters."""
    for function in (
        browser,
        bytes,
        count,
        money,
        percent,
        interval,
        points,
        chance,
        fixed,
        small,
        duration,
        iso,
        day_in,
        written_day,
        part_in,
        heat,
        hottest,
    ):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.filters["segment_text"] = written
    app.jinja_env.filters["moment_said"] = Retold(MOMENTS.values())
    app.jinja_env.tests["undecided"] = undecided
    app.jinja_env.globals["rate_of"] = rate
    app.jinja_env.globals["OUTCOMES"] = OUTCOMES
    app.jinja_env.globals["told_change"] = told
    app.jinja_env.globals["why_zero"] = why
    app.jinja_env.globals["MEANINGS"] = EXPLAINED
    app.jinja_env.globals["MEMBERS"] = Spoken(MEMBERS)
    app.jinja_env.globals["DEVICE_ICONS"] = ICONS


def browser(agent: str) -> str:
    """A user agent in three words: Chrome 156 on Linux."""
    parsed = user_agents.parse(agent)
    if parsed.browser.family == "Other":
        return agent[:60] or "unknown"
    return f"{parsed.browser.family} {parsed.browser.version_string.partition('.')[0]} on {parsed.os.family}"


def count(n: int | None) -> str:
    """1234567 as 1,234,567."""
    return "–" if n is None else decimal(n)


def money(amount: float | None) -> str:
    """1234.5 as 1,234.50, and 1234.0 as 1,234."""
    return "–" if amount is None else decimal(amount, 0 if f"{amount:.2f}".endswith(".00") else 2)


def bytes(n: int) -> str:
    """1610612736 as 1.5 GiB."""
    size, units = float(n), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{decimal(size, 0 if size >= 100 or units[0] == 'B' else 1)} {units[0]}"


def sentence(said: Exception | str) -> str:
    """What an error says, as a sentence."""
    text = str(said)
    return f"{text[:1].upper()}{text[1:]}."


def percent(share: float | None) -> str:
    """0.314 as 31%, 0.0243 as 2.4%: two digits that tell something; nothing and all are shown plainly.

    What is neither is written as neither. Scripts write the same, see numbers.js.
    """
    if share is None:
        return "–"
    if 0 < share <= 0.0005:
        return f"<{written_share(0.001, 1)}"
    if 0.9995 <= share < 1:
        return f">{written_share(0.999, 1)}"
    return written_share(share, 0 if share in (0, 1) or 0.0995 <= share <= 0.9 else 1)


def interval(rate: Mapping[str, Any]) -> str:
    """The 95 % interval of a rate, such as 28–34%."""
    if rate.get("low") is None:
        return ""
    low, high = rate["low"], rate["high"]
    digits = 1 if high - low < 0.03 else 0
    return f"{decimal(low * 100, digits)}–{written_share(high, digits)}"


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points: 0.024 as +2.4."""
    return "–" if difference is None else written_points(difference, decimal)


def chance(p: float) -> str:
    """A p-value to three digits."""
    return f"< {decimal(0.001, 3)}" if p < 0.001 else decimal(p, 3)


def fixed(value: float, digits: int | None = None) -> str:
    """With so many digits after the point; without a word about it as many as it has, six at most."""
    return decimal(value, 6, is_fixed=False) if digits is None else decimal(value, digits)


def undecided(rate: Mapping[str, Any]) -> bool:
    """Whether so many are still in time that a rate over runs may change much."""
    return bool(rate["n"]) and rate.get("in_time", 0) >= MANY * rate["n"]


def small(rate: Mapping[str, Any]) -> bool:
    """Whether a rate is of too small a sample to rely on; one of nobody says nothing at all."""
    return bool(rate["n"] and is_small(rate["n"], rate["low"], rate["high"]))


def duration(seconds: float | None) -> str:
    """Seconds in the unit that a person would use."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return tell("%(n)s s", n=0)
    for limit, size, unit in UNITS:
        if limit is None or seconds < limit:
            value = seconds / size
            text = decimal(value, 0 if value >= 10 or size == 1 else 1, is_fixed=False)
            return tell(unit, n=text) if text != "1" or limit else tell("1 day")
    return ""


def iso(moment: int | str | datetime) -> str:
    """A moment, whatever its kind, as ISO text in UTC."""
    if isinstance(moment, str):
        return moment
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment / 1000, UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_in(moment: str, zone: ZoneInfo) -> str:
    """The day of a moment (ISO) in a time zone, such as 2026-03-01."""
    return datetime.fromisoformat(moment).astimezone(zone).date().isoformat()


def written_day(day: str) -> str:
    """A day such as 2026-03-01 as the reader writes it: Mar 1, 2026, as scripts write it too."""
    try:
        return medium(date.fromisoformat(day))
    except ValueError:  # an address may ask for any time
        return day


def part_in(moment: str, zone: ZoneInfo, by: str) -> str:
    """The beginning of a day, week or month (ISO) by its name in a time zone, such as 2 Mar or Mar 2026."""
    at = datetime.fromisoformat(moment).astimezone(zone)
    return day(at, "MMM y" if by == "month" else "d MMM")


def heat(share: float | None, most: float = 1.0) -> str:
    """The class that shades a cell by a share, from none to ten tenths of the most."""
    return f"is-heat is-heat-{min(10, round(share / most * 10))}" if share else "is-heat"


def hottest(cohorts: Iterable[Mapping[str, Any]]) -> float:
    """The greatest share of any cohort in a part of time after its own; 1 where there is none."""
    shares = [one["rate"]["value"] for each in cohorts for one in each["periods"][1:] if one["rate"]]
    return max((share for share in shares if share), default=1.0)
