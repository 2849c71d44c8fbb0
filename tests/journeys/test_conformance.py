"""Conformance counts what a plain program reads from the runs, and compares each customer once."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from journeys.conformance import conformance
from journeys.conformance_report import CONFORMANCE
from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import UNITS
from journeys.lists import total
from journeys.period import Period
from journeys.rates import rate
from journeys.scope import Scope
from journeys.statistics import Z, difference
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from tests.journeys.test_frame import NOW, PROJECT, START, happened

MINUTE = 60_000
KEYS = ["look", "ask", "try", "pay", "buy"]
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}], "within": "10m"},
            {"key": "pay", "name": "Pays", "match": [{"event": "Pay"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}], "within": "30m"},
        ],
        "idle_timeout": "2h",
    }
)
REQUIRED = {"look", "try", "pay"}
Run = dict[str, Any]


def history() -> list[Event]:
    dice = random.Random(2)
    rows = []
    for who in range(250):
        at = START + dice.randrange(100) * MINUTE
        for _ in range(dice.randrange(3, 16)):
            at += dice.choice([0, 1, 4, 15, 40, 200]) * MINUTE
            rows.append(
                happened(who, "track", dice.choice(["Look", "Look", "Ask", "Try", "Try", "Pay", "Buy"]), at)
            )
    return rows


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    """A journey that people go through at random, several times."""
    events = shared_events.sibling("t_conformance")
    migrate_events(events)
    events.insert(history(), token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    yield Scope(events, PROJECT, version, DEFINITION, Period(START, NOW), {}, NOW)
    events.command("drop database t_conformance")
    events.close()


def runs(scope: Scope, unit: str) -> list[Run]:
    sql, values = scope.ask("runs.count", unit=unit)
    wanted = "select customer, number, start, last, outcome, steps, strays, shortcut"
    rows = scope.events.query(sql.replace("select count() as n", wanted), values)
    rows.sort(key=lambda row: (row["customer"], row["start"], row["number"]))
    for row, before in zip(rows, [None, *rows], strict=False):
        row["is_first"] = before is None or before["customer"] != row["customer"]
        row["took"] = [KEYS[k - 1] for k in row["steps"]]
        row["kinds"] = kinds(row)
    return rows


def kinds(run: Run) -> set[tuple[str, str | None]]:
    """All ways in which a run deviates."""
    furthest = run["steps"][-1]
    found: set[tuple[str, str | None]] = {("any", None)} if run["strays"] else set()
    for stray in run["strays"]:
        at, step = stray["at"], stray["step"]
        key = KEYS[step - 1]
        if step == at:
            found.add(("repeated", key))
        elif step < at:
            found.add(("back" if key in run["took"] else "extra", key))
        elif REQUIRED & set(KEYS[at : step - 1]):
            found.add(("shortcut", None) if key == "buy" else ("early", key))
        else:
            found.add(("late", key))
    if furthest > 2 and "ask" not in run["took"]:
        found.add(("missing", "ask"))
    return found


def comparable(run: Run, kind: str, step: str | None) -> bool:
    """Whether the run could deviate so."""
    past = step is not None and run["steps"][-1] > KEYS.index(step) + 1
    match kind:
        case "repeated" | "back":
            return step in run["took"]
        case "late":
            return step in run["took"] or (kind, step) in run["kinds"]
        case "missing":
            return past
        case "extra":
            return past and step not in run["took"]
    return True


@pytest.mark.parametrize("unit", UNITS[:2])
def test_every_deviation_is_counted_and_compared(scope: Scope, unit: str) -> None:
    rows = runs(scope, unit)
    answer = conformance(scope, unit=unit)
    found = {(one["kind"], one["step"]): one for one in answer["deviations"]}
    assert found.keys() == set().union(*(run["kinds"] for run in rows))
    assert {kind for kind, _ in found} == CONFORMANCE.meanings.keys() & {kind for kind, _ in found}
    assert len({kind for kind, _ in found}) == 8, "the data must show all"
    assert answer["runs"] == len(rows)
    assert answer["fits"]["n"] == sum(not run["kinds"] for run in rows)
    for (kind, step), one in found.items():
        among = [run for run in rows if comparable(run, kind, step)]
        some = [run for run in among if (kind, step) in run["kinds"]]
        others = [run for run in among if (kind, step) not in run["kinds"]]
        cells = [one[name].pop("cells") for name in ("share", "success_rate_otherwise")]
        assert [cell["n"] for cell in cells] == [
            f"{whose}.{unit}.{one['cell']}" for whose in ("among", "other_all")
        ]
        assert (one["n"], one["share"]) == (len(some), rate(len(some), len(among))), (kind, step)
        assert one["success_rate"] == rate(succeeded(some), len(some))
        assert one["success_rate_otherwise"] == rate(succeeded(others), len(others))
        assert one["median_seconds"] == pytest.approx(median(some))
        assert one["median_seconds_otherwise"] == pytest.approx(median(others))
        compared(one["difference"], some, others)
        longer(one["seconds_more"], some, others)
        assert one["n"] == total(scope, CONFORMANCE.behind(scope, one["cell"]), unit=unit)  # type: ignore[misc]


def compared(told: dict[str, Any], some: list[Run], others: list[Run]) -> None:
    """The difference is of first runs of customers alone."""
    firsts, rest = ([run for run in group if run["is_first"]] for group in (some, others))
    assert (told["customers"], told["customers_otherwise"]) == (len(firsts), len(rest))
    assert len({run["customer"] for run in (*firsts, *rest)}) == len(firsts) + len(rest)
    if not firsts or not rest:
        assert told["value"] is None
        return
    counts = [succeeded(firsts), len(firsts), succeeded(rest), len(rest)]
    wanted = difference(*counts)
    assert [told[name] for name in ("value", "low", "high")] == pytest.approx(
        [float(wanted.value), float(wanted.low), float(wanted.high)]
    )
    a, n, b, m = counts
    if min(n, m) * min(a + b, n + m - a - b) >= 5 * (n + m):
        table = [[a, n - a], [b, m - b]]
        assert told["p"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def longer(told: dict[str, Any], some: list[Run], others: list[Run]) -> None:
    """So is how much longer they took; ends are times of so low a rank that the median hardly is beyond."""
    groups = [sorted(times([run for run in group if run["is_first"]])) for group in (some, others)]
    assert [told["customers"], told["customers_otherwise"]] == [len(group) for group in groups]
    assert told["small"] == (min(map(len, groups)) < 30)
    if not all(groups):
        assert told["value"] is None
        return
    middles = [statistics.median(group) for group in groups]
    assert told["value"] == pytest.approx(middles[0] - middles[1], abs=0.001)
    ranks = [rank(len(group)) for group in groups]
    if min(ranks) < 1:
        assert (told["low"], told["high"]) == (None, None)
        return
    low, high = ([group[at(k)] for group, k in zip(groups, ranks, strict=True)] for at in (first, last))
    below = math.hypot(middles[0] - low[0], high[1] - middles[1])
    above = math.hypot(high[0] - middles[0], middles[1] - low[1])
    assert told["value"] - told["low"] == pytest.approx(below, abs=0.002)
    assert told["high"] - told["value"] == pytest.approx(above, abs=0.002)


def rank(n: int) -> int:
    return math.floor((n + 1 - Z * math.sqrt(n)) / 2)


def first(k: int) -> int:
    return k - 1


def last(k: int) -> int:
    return -k


def test_a_median_is_between_the_times_of_the_ranks_with_at_least_95_percent() -> None:
    n = np.array([*range(6, 3_000), 33_333, 99_999, 1_000_000])
    ranks = np.array([rank(int(one)) for one in n])
    exact = stats.binom.ppf(0.025, n, 0.5)
    assert (1 - 2 * stats.binom.cdf(ranks - 1, n, 0.5) >= 0.95).all()
    assert set(exact - ranks) == {0, 1}
    assert np.mean(exact == ranks) > 0.98
    assert {rank(one) for one in range(1, 6)} <= {-1, 0}


def succeeded(group: list[Run]) -> int:
    return sum(run["outcome"] == "succeeded" for run in group)


def median(group: list[Run]) -> float | None:
    took = times(group)
    return statistics.median(took) if took else None


def times(group: list[Run]) -> list[float]:
    return [(run["last"] - run["start"]) / 1000 for run in group if run["outcome"] == "succeeded"]


@pytest.mark.parametrize("cell", ["", "missing", "missing:nowhere", "fits:ask", "late:", "1 or 1"])
def test_a_cell_that_is_none_is_refused(scope: Scope, cell: str) -> None:
    with pytest.raises(ListError, match="no cell of conformance"):
        CONFORMANCE.behind(scope, cell)  # type: ignore[misc]
