"""Cohorts are followed as a plain program follows them; what is not over is never lost; sums hold."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.lifecycle import STATES, first_seen, lifecycle, lifecycle_table, open_life, retention_table
from journeys.lifecycle import listed as listed_customers
from journeys.lists import listed, total
from journeys.period import Period, PeriodError, iso
from journeys.rates import rate
from journeys.retention import behind, retention, table
from journeys.scope import Scope
from store.event import Event
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.happenings import happening

ZONE = ZoneInfo("Europe/Berlin")
PROJECT = Project(1, "p", "P", "Europe/Berlin")
HOUR, DAY = 3_600_000, 86_400_000
MARCH, NOW = (int(datetime(2026, *day, 13, tzinfo=ZONE).timestamp() * 1000) for day in ((3, 4), (4, 22)))
PERIOD = Period(MARCH, NOW - 2 * DAY)  # over the night of 29 March, which has 23 hours
BUY = {
    "key": "j",
    "name": "J",
    "steps": [
        {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
        {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
    ],
    "idle_timeout": "20d",
}


def history() -> list[Event]:
    """Customers who come back now and then; robots and reports of engagement are no activity."""
    dice = random.Random(11)
    rows: list[Event] = []
    for customer in range(60):
        at = MARCH - 20 * DAY + dice.randrange(60 * DAY)
        for _ in range(dice.randrange(1, 12)):
            name = dice.choice(["Look", "Try", "Try", "Buy", "Page Engaged", "Robot"])
            rows.append(
                happening(
                    len(rows),
                    customer,
                    at,
                    name,
                    is_bot=name == "Robot",
                    country=("DE", "FR")[customer % 2],
                )
            )
            at += dice.choice([HOUR, DAY, 3 * DAY, 9 * DAY])
            if at > NOW:
                break
    return rows


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    events = shared_events.sibling("t_cohorts")
    migrate_events(events)
    events.insert(history(), token="t")
    definition = parse(BUY)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    yield Scope(events, PROJECT, version, definition, PERIOD, {}, NOW)
    events.command("drop database t_cohorts")
    events.close()


def part_of(at: int, by: str) -> date:
    """The first day of the day, week or month in which a moment lies, by the calendar of the zone."""
    day = datetime.fromtimestamp(at / 1000, ZONE).date()
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[by]


def told(day: date) -> str:
    return iso(int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * 1000))


def active(by: str) -> dict[str, set[date]]:
    found = defaultdict(set)
    for one in history():
        if one.event not in ("Robot", "Page Engaged"):
            found[str(one.identity)].add(part_of(one.timestamp, by))
    return found


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def checked(
    followed: dict[str, Any], sizes: Counter[date], counts: Counter[tuple[date, date]], by: str
) -> None:
    """Each cohort, each of its parts, and all together, are as they were counted by hand."""
    now = part_of(NOW, by)
    assert {one["from"]: one["n"] for one in followed["cohorts"] if one["n"]} == {
        told(day): n for day, n in sizes.items()
    }
    seen: Counter[str] = Counter()
    over = defaultdict(Counter[str])
    for cohort in followed["cohorts"]:
        for after, one in enumerate(cohort["periods"]):
            assert one["period"] == after
            seen[cohort["from"], one["from"]] = one["n"]  # type: ignore[index]
            assert one["running"] == (one["from"] == told(now))
            assert one["rate"] == (None if one["running"] else rate(one["n"], cohort["n"]))
            if not one["running"]:
                over[after].update({"n": one["n"], "of": cohort["n"], "cohorts": 1})
        assert cohort["periods"][0]["from"] == cohort["from"]
        assert cohort["periods"][-1]["from"] == told(now)
    assert {pair: n for pair, n in seen.items() if n} == {
        (told(a), told(b)): n for (a, b), n in counts.items() if n
    }
    for one in followed["overall"]:
        sums = over[one["period"]]
        assert one["rate"] == rate(sums["n"], sums["of"])
        assert (one["n"], one["cohorts"]) == (sums["n"], sums["cohorts"])


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize("cohort", ["entered", "succeeded"])
def test_customers_of_a_cohort_are_followed(scope: Scope, by: str, cohort: str) -> None:
    number, moment = {"entered": ("entered", "start"), "succeeded": ("succeeded", "last")}[cohort]
    joined: dict[str, int] = {}
    for run in listed(scope, number=number, most=5_000)["runs"]:
        at = ms(run[moment])
        joined[run["customer"]] = min(at, joined.get(run["customer"], at))
    sizes = Counter(part_of(at, by) for at in joined.values())
    days = active(by)
    counts = Counter(
        (part_of(at, by), day) for who, at in joined.items() for day in days[who] if day >= part_of(at, by)
    )
    assert sum(sizes.values()) > 10
    checked(retention(scope, by=by, cohort=cohort)["kept"], sizes, counts, by)


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_runs_succeed_by_the_time_since_their_start(scope: Scope, by: str) -> None:
    sizes, counts = Counter[date](), Counter[tuple[date, date]]()
    days = {part_of(MARCH + hours * HOUR, by) for hours in range((NOW - MARCH) // HOUR + 1)}
    for run in listed(scope, most=5_000)["runs"]:
        began = part_of(ms(run["start"]), by)
        sizes[began] += 1
        if run["outcome"] == "succeeded":
            counts.update((began, day) for day in days if day >= part_of(ms(run["last"]), by))
    answer = retention(scope, by=by)
    checked(answer["success"], sizes, counts, by)
    whole = funnel(scope)
    assert sum(one["n"] for one in answer["success"]["cohorts"]) == whole["entered"]
    assert (
        sum(one["periods"][-1]["n"] for one in answer["success"]["cohorts"]) == whole["outcomes"]["succeeded"]
    )


@pytest.mark.parametrize("cohort", ["entered", "succeeded"])
@pytest.mark.parametrize("segment", [{}, {"country": "DE"}])
def test_the_list_behind_a_cell_has_as_many_runs(scope: Scope, cohort: str, segment: dict[str, str]) -> None:
    part = replace(scope, segment=segment)
    answer = retention(part, by="month", cohort=cohort)
    for followed in (answer["kept"], answer["success"]):
        assert followed["cohorts"]
        for one in followed["cohorts"]:
            for cell in (one, *one["periods"]):
                assert total(part, behind(part, cell["cell"])) == cell["n"], cell
        assert any(one["n"] for one in followed["overall"])
        for one in followed["overall"]:
            assert total(part, behind(part, one["cell"])) == one["n"], one


def test_a_cohort_that_the_period_cuts_says_so(scope: Scope) -> None:
    cohorts = retention(scope, by="month")["kept"]["cohorts"]
    assert [one["partial"] for one in cohorts] == [True, True]
    whole = replace(scope, period=Period(ms("2026-03-01T00:00:00+01:00"), NOW))
    assert [one["partial"] for one in retention(whole, by="month")["kept"]["cohorts"]] == [False, True]


def test_cohorts_as_of_a_moment_are_those_of_now_where_nothing_was_joined_since(scope: Scope) -> None:
    assert retention(replace(scope, as_of=NOW), by="week") == retention(scope, by="week")


def test_a_period_without_a_run_or_still_to_come_has_no_cohort(scope: Scope) -> None:
    later = replace(scope, period=Period(NOW + DAY, NOW + 2 * DAY))
    assert retention(later)["kept"] == {"cohorts": [], "overall": []}
    empty = retention(replace(scope, period=Period(NOW - 1, NOW)), by="day")
    assert [one["n"] for one in empty["kept"]["cohorts"]] == [0]
    assert list(table(empty)[1])


@pytest.mark.parametrize("by", ["hour", "day"])
def test_time_that_makes_no_table_is_refused(scope: Scope, by: str) -> None:
    with pytest.raises(PeriodError):
        retention(replace(scope, period=Period(NOW - 400 * DAY, NOW)), by=by)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "entered", "entered:week:1:all", "success:year:1:2", "entered:week:x:all", "1 or 1"),
        *("entered:week:all:all", "success:week:all:", "entered:week:all:99", "success:week:all:²"),
    ],
)
def test_a_cell_that_is_none_is_refused(scope: Scope, cell: str) -> None:
    with pytest.raises(ListError):
        behind(scope, cell)


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_the_life_of_customers_adds_up(scope: Scope, by: str) -> None:
    answer = lifecycle(open_life(scope.events, PROJECT, PERIOD, by=by, now=NOW))
    days, parts = active(by), [one["from"] for one in answer["parts"]]
    assert parts[0] == told(part_of(PERIOD.start, by))
    assert parts[-1] == told(part_of(PERIOD.end - 1, by))
    before = part_of(PERIOD.start, by) - timedelta(days=1)
    earlier = {who for who, some in days.items() if part_of_day(before, by) in some}
    for one in answer["parts"]:
        here = {who for who, some in days.items() if one["from"] in map(told, some)}
        new = {who for who in here if told(min(days[who])) == one["from"]}
        assert one["active"] == len(here) == one["new"] + one["returning"] + one["resurrected"]
        assert (one["new"], one["returning"]) == (len(new), len(here & earlier))
        away = one["awaited"] if one["running"] else one["dormant"]
        assert away == len(earlier - here) == one["active_before"] - one["returning"]
        assert (one["dormant"] is None) == one["running"] == (one["from"] == told(part_of(NOW, by)))
        earlier = here
    assert sum(one["resurrected"] for one in answer["parts"]) > 0 or by == "month"
    assert len(list(lifecycle_table(answer)[1])) == len(parts)


def part_of_day(day: date, by: str) -> date:
    return part_of(ms(told(day)), by)


@pytest.mark.parametrize("by", ["week", "month"])
def test_customers_are_followed_from_their_first_touchpoint(scope: Scope, by: str) -> None:
    answer = first_seen(open_life(scope.events, PROJECT, PERIOD, by=by, now=NOW))
    first = part_of(PERIOD.start, by)
    cohorts = {
        who: min(some)
        for who, some in active(by).items()
        if min(some) >= first and told(min(some)) < iso(PERIOD.end)
    }
    counts = Counter((cohorts[who], day) for who in cohorts for day in active(by)[who])
    checked(answer, Counter(cohorts.values()), counts, by)
    assert all(one["periods"][0]["n"] == one["n"] for one in answer["cohorts"])
    assert len(list(retention_table(answer)[1])) > len(answer["cohorts"])


def test_the_list_behind_a_number_of_a_life_has_as_many_customers(scope: Scope, engine: Any) -> None:
    life = open_life(scope.events, PROJECT, PERIOD, by="week", now=NOW)
    ledger = Ledger(engine, scope.events)
    for one in lifecycle(life)["parts"][1:4]:
        for state in STATES:
            cell = f"{state}:week:{one['from']}"
            found, cursor, seen = 0, None, set[str]()
            while True:
                page = listed_customers(life, ledger, cell, cursor=cursor, most=7)
                found += len(page["customers"])
                seen |= {row["customer"] for row in page["customers"]}
                assert not page["customers"] or page["total"] == one[state]
                cursor = page["next"]
                if cursor is None:
                    break
            assert found == len(seen) == one[state], cell
    for cohort in first_seen(life)["cohorts"][:3]:
        for one in (cohort, *cohort["periods"][:3]):
            assert listed_customers(life, ledger, one["cell"], most=500)["total"] == one["n"]
    for one in first_seen(life)["overall"]:
        assert listed_customers(life, ledger, one["cell"], most=500)["total"] == one["n"]


@pytest.mark.parametrize(
    "cell",
    [
        *("", "new:day:2026-03-02T00:00:00.000Z", "new:week:x", "cohort:week:1", "cohort:week:1:2:3"),
        *("cohort:week:all", "cohort:week:all:99", "cohort:week:all:1:2"),
    ],
)
def test_a_cell_of_no_life_is_refused(scope: Scope, engine: Any, cell: str) -> None:
    life = open_life(scope.events, PROJECT, PERIOD, by="week", now=NOW)
    with pytest.raises(ListError):
        listed_customers(life, Ledger(engine, scope.events), cell)


def test_moments_are_read_in_utc() -> None:
    assert ms(iso(NOW)) == NOW == int(datetime(2026, 4, 22, 11, tzinfo=UTC).timestamp() * 1000)
