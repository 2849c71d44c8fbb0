"""What holds for every report: each number has its list, its file says the same, each word has a meaning."""

from __future__ import annotations

import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from journeys.companions import COMPANIONS
from journeys.definitions import parse
from journeys.filling import fill
from journeys.generations import Wanted, ensured
from journeys.lists import listed, total
from journeys.metrics import WORDS
from journeys.period import Period
from journeys.published import FILE, published
from journeys.report import CUSTOMERS, Report, busiest_of
from journeys.reports import BY_NAME, REPORTS
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from store.rules import ProjectRules

START = 1_760_000_000_000
DAY = 86_400_000
NOW = START + 30 * DAY
PROJECT = Project(1, "p", "P", "Europe/Berlin")
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}], "within": "2d"},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "fail_on": [{"event": "Leave"}],
        "idle_timeout": "5d",
        "window": "20d",
    }
)
PEOPLE = 45


def history(seed: int) -> list[Event]:
    """What some people do at random; some of them are members of an account, or of two."""
    dice = random.Random(seed)
    rows = [event for who in range(PEOPLE) for event in life(dice, who)]
    groups = [(who, account) for who in range(PEOPLE) for account in {who // 4, who // 4 + (who % 5 == 0)}]
    return rows + [
        happened(who, "group", "", START, group_id=f"a{account}") for who, account in groups if who % 9
    ]


def life(dice: random.Random, who: int) -> Iterator[Event]:
    at = START + dice.randrange(26 * DAY)
    yield happened(who, "identify", "", at, traits=json.dumps({"plan": dice.choice(["pro", "free"])}))
    wander = ["Look", "Look", "Try", "Try", "Ask", "Buy", "Rest", "JavaScript Error"]
    names = ["Look", "Try", "Buy"] if who % 3 == 0 else []
    names += [dice.choice(wander) if dice.random() < 0.95 else "Leave" for _ in range(dice.randrange(2, 12))]
    for name in names:
        at += dice.choice([0, 4_000, 900_000, DAY // 3, DAY, 3 * DAY])
        kind = "track" if name in names[:3] else dice.choice(["track", "track", "track", "page"])
        worth = {"amount": dice.choice([5, 20, 70]), "currency": dice.choice(["EUR", "USD"])}
        yield happened(
            *(who, kind, name, at),
            path=dice.choice(["/", "/shop", "/help"]) if kind == "page" else "",
            properties=json.dumps(worth if name == "Buy" else {"size": dice.choice("SML")}),
            channel=dice.choice(["Direct", "Paid Search", "Email"]),
            device=dice.choice(["mobile", "desktop", "tablet", ""]),
        )


def happened(who: int, kind: str, name: str, at: int, **more: Any) -> Event:
    written = f"{who} {kind} {name} {at} {sorted(more.items())}"
    return Event(
        project=1,
        event_id=event_id(written),
        message_id=written,
        type=kind,
        event=name if kind == "track" else "",
        timestamp=at,
        received_at=at,
        user_id=str(who),
        identity=identity_hash("user", str(who)),
        **more,
    )


@pytest.fixture(scope="module", params=[4])
def scope(shared_events: EventStore, request: pytest.FixtureRequest) -> Iterator[Scope]:
    """A journey of some people, of whom some are still under way."""
    name = f"t_frame_{request.param}"
    events = shared_events.sibling(name)
    migrate_events(events)
    rows = history(request.param)
    events.insert(rows, token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, PROJECT, version, DEFINITION, Period(START, NOW), {}, NOW)
    events.command(f"drop database {name}")
    events.close()


ASKED = [
    *((one.name, {}) for one in REPORTS if one not in COMPANIONS.values()),
    ("trend", {"by": "week"}),
    ("breakdown", {"by": "property:size", "at": "try", "most": "2"}),
    ("breakdown", {"by": "path", "most": "1"}),
    ("breakdown", {"by": "trait:plan"}),
    ("survival", {"compare": "device", "to_step": "try"}),
    ("paths", {"part": "afterwards"}),
    ("paths", {"against": "device:mobile", "until": "buy"}),  # which is a part of all that are shown
    ("dropoffs", {"step": "look", "value": "amount"}),
    ("attribution", {"value": "amount"}),
    ("attribution", {"contacts": "touchpoints", "most": "2"}),
    ("compare", {"segments": "device:mobile;device:desktop;channel:Email"}),
    ("retention", {"by": "week", "cohort": "succeeded"}),
    *((one.name, {"against": "device:mobile"}) for one in COMPANIONS.values()),
    ("conformance_beside", {"before_from": "2025-10-01", "before_to": "2025-10-09"}),
    ("dropoffs_beside", {"before_from": "2025-10-01", "before_to": "2025-10-09", "age": "6d"}),
]
DEEP = "RUN_EXAMPLES" in os.environ
ALIKE = 2  # lists behind numbers that stand alike, as in the rows of a table; `make test-deep` asks for all
# Two positions of paths have every kind of number that more have, and each of them costs a list.
SHORT = {"paths": {"depth": 2}}
CASES = [
    (BY_NAME[name], SHORT.get(name, {}) | more, unit)
    for name, more in ASKED
    for unit in BY_NAME[name].units
    if not more or unit == "runs"
]


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=lambda one: f"{one[0].name} {one[2]} {' '.join(map(str, one[1].values()))}",
)
def asked(scope: Scope, request: pytest.FixtureRequest) -> tuple[Report, dict[str, Any], str]:
    """A report, its answer, and what it counts."""
    report, more, unit = request.param
    return report, report.ask(scope, report.arguments(more), unit=unit), unit


def cells(answer: Any) -> Iterator[tuple[str, int]]:
    """Every number of an answer that says which list is behind it."""
    yield from ((cell, n) for _, cell, n in placed(answer))


def placed(answer: Any, place: str = "") -> Iterator[tuple[str, str, int]]:
    """The same with where it stands: by names and the kind of its row, whatever rows are before it."""
    if isinstance(answer, list):
        for one in answer:
            yield from placed(one, place)
    if not isinstance(answer, dict):
        return
    here = f"{place} {answer.get('kind', '')}"
    if "cell" in answer:
        yield here, answer["cell"], answer["n"]
    for name, cell in answer.get("cells", {}).items():
        if isinstance(cell, str):
            yield f"{here} {name}", cell, answer[name]
        else:
            yield from ((f"{here} {name} {of}", one, answer[name][of]) for of, one in cell.items())
    for name, one in answer.items():
        if name != "cells":
            yield from placed(one, f"{here} {name}")


def some_of_each_place(answer: Any, dice: random.Random, most: int) -> dict[str, int]:
    """Cells and their numbers: so many at most of those that stand alike, all if RUN_EXAMPLES is set."""
    alike: dict[str, dict[str, int]] = defaultdict(dict)
    for place, cell, n in placed(answer):
        alike[place][cell] = n
    return {
        cell: found[cell]
        for found in alike.values()
        for cell in (found if DEEP else dice.sample(sorted(found), min(len(found), most)))
    }


def test_the_list_behind_every_number_has_exactly_that_many_rows(
    scope: Scope, asked: tuple[Report, dict[str, Any], str]
) -> None:
    report, answer, unit = asked
    found = set(cells(answer))
    assert len({cell for cell, _ in found}) == len(found), "a cell is the name of one number"
    assert found
    assert report.behind
    alike = ALIKE if unit == "runs" else 1  # other units have the same lists, of other runs
    some = some_of_each_place(answer, random.Random(f"{report.name} {unit}"), alike)
    wrong = {cell: n for cell, n in some.items() if total(scope, report.behind(scope, cell), unit=unit) != n}
    assert wrong == {}


def test_the_list_of_customers_has_the_latest_run_of_each(
    scope: Scope, asked: tuple[Report, dict[str, Any], str]
) -> None:
    report, answer, unit = asked
    of_customers = sorted({cell for cell, n in cells(answer) if n and cell.startswith(CUSTOMERS)})
    assert of_customers or report.name not in ("funnel", "trend", "breakdown", "compare", "variants")
    assert report.behind
    for cell in random.Random(report.name).sample(of_customers, min(2, len(of_customers))):
        which, everyone = (report.behind(scope, one) for one in (cell, cell.removeprefix(CUSTOMERS)))
        runs = listed(scope, which=everyone, unit=unit, most=1_000)["runs"]
        made = Counter(one["customer"] for one in runs)
        latest = {one["customer"]: {**one, "stands_for": made[one["customer"]]} for one in reversed(runs)}
        found, cursor = list[Any](), None
        while not found or cursor:
            page = listed(scope, which=which, unit=unit, most=7, cursor=cursor)
            found, cursor = [*found, *page["runs"]], page["next"]
        assert page["total"] == page["rows"] == len(found) == len(latest)
        assert {one["customer"]: one for one in found} == latest
        busiest = busiest_of(cell.removeprefix(CUSTOMERS))
        found = listed(scope, which=report.behind(scope, busiest), unit=unit, most=1_000)["runs"]
        assert all(one == latest[one["customer"]] for one in found)
        chosen = [one["stands_for"] for one in found]
        assert sum(chosen) * 2 >= len(runs) > (sum(chosen) - min(chosen)) * 2, "as few as make half"
        assert sorted(chosen) == sorted(made.values())[-len(chosen) :], "the busiest"


def test_the_file_says_what_the_answer_says(asked: tuple[Report, dict[str, Any], str]) -> None:
    report, answer, _ = asked
    head, rows = report.table(answer)
    table = [tuple(row) for row in rows]
    assert {len(row) for row in table} <= {len(head)}
    assert len(set(head)) == len(head)
    told = set(numbers(answer))
    said = {one for row in table for one in row if is_number(one)}
    assert said - told == set()
    sums = {sum(filter(is_number, column)) for column in zip(*table, strict=True)}
    assert {n for _, n in cells(answer) if n} - said - sums == set()


def numbers(answer: Any) -> Iterator[float]:
    if isinstance(answer, dict):
        answer = [value for name, value in answer.items() if name != "cells"]
    if isinstance(answer, list | tuple):
        for one in answer:
            yield from numbers(one)
    elif is_number(answer):
        yield answer


def is_number(one: Any) -> bool:
    return isinstance(one, int | float) and not isinstance(one, bool)


def words(answer: Any) -> Iterator[str]:
    """The words that an answer uses, without those that are data."""
    if isinstance(answer, list):
        for one in answer:
            yield from words(one)
    elif isinstance(answer, dict):
        for name, one in answer.items():
            yield name
            is_segment = name == "segment" or (name == "against" and "n" not in (one or {}))
            if not is_segment and name != "cells":
                yield from words(one)


def test_every_word_of_an_answer_has_a_meaning(asked: tuple[Report, dict[str, Any], str]) -> None:
    report, answer, _ = asked
    assert set(words(answer)) - report.meanings.keys() - WORDS.keys() == set()


def test_what_reports_mean_is_published() -> None:
    assert FILE.read_text() == published(FILE.read_text()), "run `make metrics`"
