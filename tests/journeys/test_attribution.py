"""Attribution: every success is shared out whole, as a plain program shares it, and as Snowplow does."""

from __future__ import annotations

import csv
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine

from journeys import attribution_busy, attribution_contacts, attribution_sums
from journeys.attribution import AttributionError, Cell, attribution
from journeys.attribution_contacts import BY_CHANNEL, NONE, TOUCHPOINTS, UNSET, Model, contacts_of
from journeys.attribution_credits import MODELS
from journeys.attribution_lists import behind
from journeys.attribution_sums import plainly
from journeys.cursors import ListError, written
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.generations import Wanted, ensured, kept
from journeys.lists import everyone, listed, total
from journeys.period import Period, iso
from journeys.runs import recompute
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from journeys.sessions import recompute as recompute_sessions
from journeys.sessions import sessions
from store.event import Event
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project, create_project
from store.rules import ProjectRules
from tests.journeys.happenings import happening

PROJECT = Project(1, "p", "P", "UTC")
START = 1_760_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
NOW = START + 60 * DAY
PERIOD = Period(START + 5 * DAY, START + 60 * DAY)
PERIOD_OF_ALL = Period(START, NOW)
BUY = {
    "key": "j",
    "name": "J",
    "steps": [
        {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
        {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
    ],
    "fail_on": [{"event": "Leave"}],
    "idle_timeout": "6d",
}
ORIGINS = [
    ("Direct", ""),
    ("Organic Search", "google"),
    ("Email", "letter"),
    ("Paid Social", "meta"),
    ("", ""),
]


def history() -> list[Event]:
    """Customers who come again and again, from here and there; some goals are told by a server alone."""
    dice = random.Random(7)
    rows: list[Event] = []
    for customer in range(150):
        at = START + dice.randrange(40) * DAY
        for _ in range(dice.randrange(1, 9)):
            at += dice.randrange(2 * HOUR, 5 * DAY)
            channel, source = dice.choice(ORIGINS)
            by_server = dice.random() < 0.2
            for name in dice.sample(["Look", "Try", "Buy", "Leave"], dice.randrange(1, 4)):
                more = {"side": "server"} if by_server else {"channel": channel, "source": source}
                if name == "Buy":
                    told = dice.choice(
                        [{"revenue": dice.randrange(100)}, {"revenue": "12.5"}, {}, {"revenue": "nan"}]
                    )
                    more["properties"] = json.dumps(told)
                rows.append(happening(len(rows), str(customer), at, name, **more))
                at += dice.choice([1_000, 60_000])
    return rows


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    events = shared_events.sibling("t_attribution")
    migrate_events(events)
    events.insert(history(), token="t")
    definition = parse(BUY)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, PROJECT, version, definition, PERIOD, {}, NOW)
    events.command("drop database t_attribution")
    events.close()


ACCOUNTS = {**BUY, "key": "together", "runs_of": "accounts"}


def accounts_of(customer: int) -> set[str]:
    """Three customers are an account, and some are members of the next one, too."""
    return {f"firm {customer // 3}", f"firm {customer // 3 + (customer % 7 == 0)}"}


@pytest.fixture(scope="module")
def of_accounts(shared_events: EventStore) -> Iterator[Scope]:
    """The same people, whose runs are those of the accounts that they are members of."""
    events = shared_events.sibling("t_attribution_accounts")
    migrate_events(events)
    rows = history()
    for customer in range(150):
        for firm in sorted(accounts_of(customer)):
            at, number = START + 50 * DAY, len(rows)
            rows.append(happening(number, customer, at, "", kind="group", group_id=firm, side="server"))
    events.insert(rows, token="t")
    definition = parse(ACCOUNTS)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, PROJECT, version, definition, PERIOD, {}, NOW)
    events.command("drop database t_attribution_accounts")
    events.close()


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def makers(scope: Scope, customer: str) -> list[str]:
    """Whose runs what this customer does belongs to."""
    if not scope.rule.of_accounts:
        return [customer]
    return sorted(accounts_of(int(users()[customer])))


@cache
def users() -> dict[str, str]:
    """The user id of each customer."""
    return {str(one.identity): one.user_id for one in history()}


def contacts(scope: Scope, model: Model = BY_CHANNEL) -> dict[str, list[dict[str, Any]]]:
    """Those of each customer or account in their order, with their labels."""
    found = defaultdict(list)
    if model.contacts == TOUCHPOINTS:
        told = [
            {"start": one.timestamp, "channel": one.channel, "label": one.event, "of": str(one.identity)}
            for one in history()
            if one.event != "Buy"
        ]
    else:
        told = [
            {**one, "label": one[model.dimension] or UNSET, "of": str(one["customer"])}
            for one in sessions(scope.events, 1)
            if one["n"] > one["server_touchpoints"] or one["channel"]
        ]
    for one in sorted(told, key=lambda one: (one["start"], one.get("id", ""))):
        for maker in makers(scope, one["of"]):
            found[maker].append(one)
    return found


def by_hand(scope: Scope, unit: str, model: Model) -> dict[str, dict[str, list[float]]]:
    """Credit and value of each label by each rule, run by run."""
    visits = contacts(scope, model)
    worth = {
        (maker, one.timestamp): float(json.loads(one.properties).get("revenue", 0))
        for one in history()
        if one.event == "Buy"
        for maker in makers(scope, str(one.identity))
    }
    found: dict[str, dict[str, list[float]]] = {m: defaultdict(lambda: [0.0, 0.0]) for m in MODELS[:6]}
    for run in listed(scope, number="succeeded", unit=unit, most=10_000)["runs"]:
        end, maker = ms(run["last"]), run["account"] if scope.rule.of_accounts else run["customer"]
        value = worth[maker, end] if model.value else 0.0
        value = value if value == value else 0.0
        before = [v for v in visits[maker] if end - model.lookback * DAY <= v["start"] <= end]
        labels = [v["label"] for v in before]
        for name, shares in rules(before, end, model).items():
            for label, share in zip(labels or [NONE], shares or [1.0], strict=True):
                found[name][label][0] += share
                found[name][label][1] += share * value
    return found


def rules(before: list[dict[str, Any]], end: int, model: Model) -> dict[str, list[float]]:
    k = len(before)
    if k == 0:
        return {name: [] for name in MODELS[:6]}
    last = [v["channel"] not in ("", "Direct") for v in before]
    chosen = max((i for i in range(k) if last[i]), default=k - 1)
    decay = [0.5 ** ((end - v["start"]) / DAY / model.half_life) for v in before]
    position = {1: [1.0], 2: [0.5, 0.5]}.get(k, [0.4, *([0.2 / max(1, k - 2)] * (k - 2)), 0.4])
    return {
        "first": [1.0] + [0.0] * (k - 1),
        "last": [0.0] * (k - 1) + [1.0],
        "last_not_direct": [float(i == chosen) for i in range(k)],
        "linear": [1 / k] * k,
        "position": position,
        "decay": [weight / sum(decay) for weight in decay],
    }


BY_TOUCHPOINT = Model(value="revenue", contacts=TOUCHPOINTS)
ALL_MODELS = [
    Model(value="revenue"),
    Model("source", 4, 0.5, "revenue"),
    Model("channel", 3650, 30),
    BY_TOUCHPOINT,
    replace(BY_TOUCHPOINT, lookback=2, half_life=0.01),
]


@pytest.mark.parametrize(
    ("whose", "model"),
    [
        *(("runs", model) for model in ALL_MODELS),
        *((whose, ALL_MODELS[1]) for whose in ("customers", "runs of accounts", "accounts")),
        *((whose, BY_TOUCHPOINT) for whose in ("customers", "runs of accounts")),
    ],
)
def test_credits_equal_those_of_a_plain_program(
    scope: Scope, of_accounts: Scope, whose: str, model: Model
) -> None:
    asked, unit = (of_accounts if "accounts" in whose else scope), whose.split()[0]
    answer, expected = attribution(asked, unit=unit, model=model), by_hand(asked, unit, model)
    rows = {row["channel"]: row for row in answer["channels"]}
    assert len(rows) == len(answer["channels"]) > 2
    for name, labels in expected.items():
        assert set(labels) <= set(rows)
        for label, row in rows.items():
            credit, value = labels[label]
            assert row["credits"][name] == pytest.approx(credit, abs=1e-5), (name, label)
            assert row["values"][name] == pytest.approx(value, abs=1e-3), (name, label)


@pytest.fixture
def all_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who has two runs is dealt with as those who have thousands are."""
    monkeypatch.setattr(attribution_busy, "FEW_RUNS", 1)
    monkeypatch.setattr(attribution_busy, "MOST_PAIRS", 0)
    monkeypatch.setattr(attribution_busy, "AT_ONCE", 150)


def bare(answer: Any) -> Any:
    """The answer without what names lists, and numbers to four digits."""
    if isinstance(answer, dict):
        return {name: bare(one) for name, one in answer.items() if name not in ("cell", "cells")}
    if isinstance(answer, list):
        return [bare(one) for one in answer]
    return round(answer, 4) + 0.0 if isinstance(answer, float) else answer


@pytest.mark.parametrize(
    ("model", "longest"),
    [(ALL_MODELS[0], 30), (ALL_MODELS[1], 30), (BY_TOUCHPOINT, 2), (ALL_MODELS[4], 30)],
)
def test_very_busy_customers_are_shared_out_as_all_others_are(
    scope: Scope, model: Model, longest: int, all_are_busy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution_contacts, "LONGEST_WAY", longest)
    found = attribution(scope, model=model, ways=1_000)
    assert len(attribution_busy.busy(scope, contacts_of(scope, model, plainly(scope)[1]))) > 50
    monkeypatch.setattr(attribution_busy, "FEW_RUNS", 1_000)
    assert bare(found) == bare(attribution(scope, model=model, ways=1_000))


def test_what_no_run_of_a_very_busy_customer_looks_back_to_is_no_contact() -> None:
    history = attribution_busy.History(
        at=np.array([0, 90, 95]),
        labels=np.array([1, 2, 3]),
        direct=np.array([False] * 3),
        numbers=[1],
        ends=np.array([100]),
        outcomes=["succeeded"],
        values=np.array([0.0]),
        valued=np.array([0.0]),
    )
    found = attribution_busy.shared(history, lookback=50, half_life=10, longest=30)
    assert {label for (kind, label, *_), _ in found if kind == "step"} == {2, 3}


@pytest.mark.parametrize("model", [Model(), replace(BY_TOUCHPOINT, lookback=3)])
def test_the_lists_of_very_busy_customers_have_their_runs(
    scope: Scope, model: Model, all_are_busy: None
) -> None:
    answer = attribution(scope, model=model, ways=3)
    assert answer["other_ways"]["runs"] > 0
    for place, row in enumerate([*answer["ways"], answer["other_ways"]]):
        name = ("runs", "successes")[place % 2]
        assert total(scope, behind(scope, row["cells"][name])) == row[name], row


def test_the_goal_is_no_contact_and_most_people_make_a_name(scope: Scope) -> None:
    answer = attribution(scope, model=replace(BY_TOUCHPOINT, most=1))
    names = {row["channel"] for row in answer["channels"]}
    people = Counter(name for name, _ in {(one.event, one.identity) for one in history()} if name != "Buy")
    assert names - {NONE} == {people.most_common(1)[0][0], "(other)"}
    assert answer["dimension"] == "touchpoint"
    for model in answer["models"]:
        assert sum(row["credits"][model] for row in answer["channels"]) == pytest.approx(answer["successes"])
        assert sum(row["values"][model] for row in answer["channels"]) == pytest.approx(answer["value"])


@pytest.mark.parametrize(
    ("unit", "dimension", "most"),
    [
        ("runs", "channel", 20),
        ("customers", "source", 1),
        ("runs", "medium", 1),
        ("customers", "campaign", 20),
    ],
)
def test_every_model_shares_out_every_success(scope: Scope, unit: str, dimension: str, most: int) -> None:
    answer = attribution(scope, unit=unit, model=Model(dimension, most=most, value="revenue"))
    counted = funnel(scope, unit=unit)
    assert answer["successes"] == counted["outcomes"]["succeeded"] > 0
    assert answer["in_time"] == counted["outcomes"]["in_time"]
    assert unit == "customers" or answer["in_time"] > 0
    assert answer["unsuccessful"] == counted["outcomes"]["failed"] + counted["outcomes"]["dropped"]
    for model in answer["models"]:
        assert sum(row["credits"][model] for row in answer["channels"]) == pytest.approx(answer["successes"])
        assert sum(row["values"][model] for row in answer["channels"]) == pytest.approx(answer["value"])
    assert answer["channels"][-1]["channel"] == NONE
    assert answer["channels"][-1]["credits"]["markov"] == answer["without_contact"] > 0
    ways, others = answer["ways"], answer["other_ways"]
    assert sum(way["successes"] for way in ways) + others["successes"] == answer["successes"]
    assert sum(way["runs"] for way in ways) + others["runs"] == answer["successes"] + answer["unsuccessful"]
    assert sum(way["value"] for way in ways) + others["value"] == pytest.approx(answer["value"])


def test_a_channel_counts_the_runs_that_it_took_part_in(scope: Scope) -> None:
    answer, visits = attribution(scope), contacts(scope)
    taken = Counter[str]()
    for run in listed(scope, number="succeeded", most=10_000)["runs"]:
        end = ms(run["last"])
        mine = [v for v in visits[run["customer"]] if end - 30 * DAY <= v["start"] <= end]
        taken.update({v["channel"] or UNSET for v in mine} or {NONE})
    assert {row["channel"]: row["succeeded"]["n"] for row in answer["channels"]} == taken


def test_channels_beyond_the_named_ones_are_one_and_nothing_is_lost(scope: Scope) -> None:
    whole, few = attribution(scope), attribution(scope, model=Model(most=1))
    names = [row["channel"] for row in few["channels"]]
    assert len(names) == 4
    assert {"(other)", UNSET, NONE} < set(names)
    for rule in ("first", "last", "linear", "decay"):
        kept = {row["channel"]: row["credits"][rule] for row in whole["channels"]}
        other = next(row["credits"][rule] for row in few["channels"] if row["channel"] == "(other)")
        assert other == pytest.approx(sum(n for name, n in kept.items() if name not in names))


def test_ways_that_are_not_known_singly_are_shared_evenly(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution_sums, "MOST_ROWS", 40)
    answer = attribution(scope, model=Model(value="revenue"), ways=100)
    assert answer["other_ways"]["successes"] > 0
    for number, whole in (("credits", "successes"), ("values", "value")):
        shared = [row[number]["marginal"] for row in answer["channels"]]
        assert sum(shared) == pytest.approx(answer[whole])
        assert min(shared) >= 0


def test_long_ways_are_looked_at_by_their_end(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution_contacts, "LONGEST_WAY", 2)
    answer = attribution(scope, ways=100)
    assert max(len(way["channels"]) for way in answer["ways"]) == 2
    for model in answer["models"]:
        assert sum(row["credits"][model] for row in answer["channels"]) == pytest.approx(answer["successes"])


@pytest.mark.parametrize(
    "model",
    [
        Model("colour"),
        Model(contacts="letters"),
        Model(lookback=0),
        Model(half_life=-1),
        Model(most=51),
        Model(lookback=float("nan")),
    ],
)
def test_what_cannot_be_asked_is_refused(scope: Scope, model: Model) -> None:
    with pytest.raises(AttributionError):
        attribution(scope, model=model)


def test_a_unit_that_there_is_not_is_refused(scope: Scope) -> None:
    with pytest.raises(AttributionError):
        attribution(scope, unit="visits")


@pytest.mark.parametrize(
    "cell",
    [
        *("", "succeeded", "x" * 40),
        written(Cell("lost", "channel", 30, 20, "x")),
        *(written(Cell(what, "channel", 30, 20)) for what in ("contacts", "first")),
        written(Cell("last", "channel", 30, 20, NONE)),
        written(Cell("contacts", "channel", 30, 20, way=["Email"])),
        written(Cell("succeeded", "channel", 30, 20, way=["Email", ""])),
        written(Cell("succeeded", "channel", 30, 20, way=["Email"] * 101)),
    ],
)
def test_a_cell_that_is_none_is_refused(scope: Scope, cell: str) -> None:
    with pytest.raises(ListError, match="no cell of attribution"):
        behind(scope, cell)


@pytest.mark.parametrize(
    "cell",
    [
        Cell("succeeded", "colour", 30, 20, "x"),
        Cell("succeeded", "channel", -1, 20, "x"),
        Cell("succeeded", "channel", 30, 99, way=[]),
        Cell("succeeded", "channel", 30, 20, unit="visits"),
    ],
)
def test_a_cell_that_asks_what_there_is_not_is_refused(scope: Scope, cell: Cell) -> None:
    with pytest.raises(ListError):
        behind(scope, written(cell))


@pytest.mark.parametrize(
    ("unit", "model", "ways"), [("runs", Model(), 3), ("customers", Model("source", 1, most=1), 100)]
)
def test_the_list_behind_a_way_has_its_runs(scope: Scope, unit: str, model: Model, ways: int) -> None:
    answer = attribution(scope, unit=unit, model=model, ways=ways)
    listed_runs: list[tuple[str, str]] = []
    for row in [*answer["ways"], answer["other_ways"]]:
        found = listed(scope, which=behind(scope, row["cells"]["runs"]), unit=unit, most=10_000)
        assert found["total"] == len(found["runs"]) == row["runs"], row
        listed_runs += [(run["customer"], run["start"]) for run in found["runs"]]
    for row in [*answer["ways"][::5], answer["other_ways"]]:
        assert total(scope, behind(scope, row["cells"]["successes"]), unit=unit) == row["successes"], row
    assert len(set(listed_runs)) == len(listed_runs) == answer["successes"] + answer["unsuccessful"]
    assert (answer["other_ways"]["runs"] > 0) == (ways == 3)


def test_the_list_behind_a_long_way_is_found_by_its_end(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution_contacts, "LONGEST_WAY", 2)
    for row in attribution(scope, ways=10)["ways"]:
        assert total(scope, behind(scope, row["cells"]["runs"])) == row["runs"], row


@pytest.mark.parametrize(
    ("unit", "model"),
    [
        ("runs", Model()),
        ("customers", Model("source", 4, most=1)),
        *((unit, replace(BY_TOUCHPOINT, most=1)) for unit in ("runs", "customers")),
    ],
)
def test_the_list_behind_a_channel_has_as_many_runs(scope: Scope, unit: str, model: Model) -> None:
    for row in attribution(scope, unit=unit, model=model)["channels"]:
        for number in (row["took_part"], row["succeeded"]):
            assert total(scope, behind(scope, number["cell"]), unit=unit) == number["n"], number


@pytest.mark.parametrize(
    ("whose", "model"),
    [
        *(("runs", one) for one in (Model(), Model("source", 4, most=1), replace(BY_TOUCHPOINT, most=1))),
        *(("customers", one) for one in (Model("source", 4), BY_TOUCHPOINT)),
        *((whose, Model("source", 4)) for whose in ("runs of accounts", "accounts")),
    ],
)
def test_the_list_behind_contacts_says_how_many_each_run_had(
    scope: Scope, of_accounts: Scope, whose: str, model: Model
) -> None:
    asked, unit = (of_accounts if "accounts" in whose else scope), whose.split()[0]
    visits, expected = contacts(asked, model), defaultdict[str, Counter[tuple[str, str]]](Counter)
    answer = attribution(asked, unit=unit, model=model)
    named = {row["channel"] for row in answer["channels"]}
    for run in listed(asked, unit=unit, most=10_000)["runs"]:
        if run["outcome"] == "in_time":
            continue
        end, maker = ms(run["last"]), run["account"] if asked.rule.of_accounts else run["customer"]
        for one in visits[maker]:
            if end - model.lookback * DAY <= one["start"] <= end:
                label = one["label"] if one["label"] in named else "(other)"
                expected[label][maker, run["start"]] += 1
    rows = [row for row in answer["channels"] if row["channel"] != NONE]
    assert any(one.total() > len(one) for one in expected.values()), "some runs must count several times"
    assert {row["channel"] for row in rows} == set(expected)
    for row in rows:
        found = listed(asked, which=behind(asked, row["cells"]["contacts"]), unit=unit, most=10_000)
        maker = "account" if asked.rule.of_accounts else "customer"
        told = {(run[maker], run["start"]): run["times"] for run in found["runs"]}
        assert told == expected[row["channel"]]
        assert found["total"] == sum(told.values()) == row["contacts"]
        assert found["rows"] == len(told) == len(found["runs"])


@pytest.mark.parametrize(
    ("unit", "model"),
    [
        ("runs", Model()),
        ("customers", Model("source", 4, most=1)),
        ("customers", Model(lookback=2)),
        ("runs", replace(BY_TOUCHPOINT, lookback=3)),
    ],
)
def test_the_list_behind_a_credit_of_one_contact_has_as_many_runs(
    scope: Scope, unit: str, model: Model
) -> None:
    sums = Counter[str]()
    answer = attribution(scope, unit=unit, model=model)
    for row in answer["channels"]:
        for rule, cell in row["cells"]["credits"].items():
            found = listed(scope, which=behind(scope, cell), unit=unit, most=10_000)
            assert {run["outcome"] for run in found["runs"]} <= {"succeeded"}
            assert found["total"] == found["rows"] == row["credits"][rule], (rule, row["channel"])
            sums[rule] += found["total"]
    assert sums == dict.fromkeys(("first", "last", "last_not_direct"), answer["successes"])


def test_a_list_of_several_times_goes_on_and_is_streamed_as_any_other(scope: Scope) -> None:
    row = attribution(scope)["channels"][0]
    which, seen, cursor = behind(scope, row["cells"]["contacts"]), [], None
    pages = 0
    while page := listed(scope, which=which, cursor=cursor, most=30):
        seen, pages = seen + page["runs"], pages + 1
        if not (cursor := page["next"]):
            break
    assert pages > 2
    assert seen == list(everyone(scope, which))
    assert sum(run["times"] for run in seen) == row["contacts"]


def test_a_list_of_several_times_asks_for_its_rows_and_once_for_their_counts_if_they_are_more(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = behind(scope, attribution(scope)["channels"][0]["cells"]["contacts"])
    asked, query = list[str](), scope.events.query
    monkeypatch.setattr(scope.events, "query", lambda *args: asked.append(args[0]) or query(*args))
    page = listed(scope, which=which)
    assert page["total"] > page["rows"] > len(page["runs"])
    assert len(asked) == 2
    whole = listed(scope, which=which, most=page["rows"])
    assert (whole["total"], whole["rows"]) == (page["total"], page["rows"])
    assert len(asked) == 3


def test_as_of_a_moment_sessions_belong_to_the_customers_of_then(scope: Scope) -> None:
    """Nothing was joined since, so the answer is that of now, from events or from what is stored."""
    now, then = attribution(scope), attribution(replace(scope, as_of=NOW))
    assert then == now


def test_a_period_without_runs_has_no_credit(scope: Scope) -> None:
    answer = attribution(replace(scope, period=Period(0, 1_000)))
    assert answer["successes"] == answer["value"] == 0
    assert answer["channels"] == answer["ways"] == []


def test_answers_equal_those_of_snowplow(events: EventStore, shared_data: Path) -> None:
    """Their last touch, their ways, and what they call Shapley."""
    folder = shared_data / "attribution"

    def table(name: str) -> list[dict[str, str]]:
        with (folder / f"snowplow_fractribution_{name}_expected.csv").open() as lines:
            return list(csv.DictReader(lines))

    rows: list[Event] = []
    for visit in table("sessions_by_customer_id"):
        at = int(datetime.fromisoformat(visit["visit_start_tstamp"]).replace(tzinfo=UTC).timestamp() * 1000)
        number = len(rows)
        rows.append(
            happening(
                number, visit["customer_id"], at, "Visit", channel=visit["channel"], session=str(number)
            )
        )
    for sale in table("conversions_by_customer_id"):
        at = int(datetime.fromisoformat(sale["conversion_tstamp"]).replace(tzinfo=UTC).timestamp() * 1000)
        told = json.dumps({"revenue": float(sale["revenue"])})
        rows.append(happening(len(rows), sale["customer_id"], at, "Sale", side="server", properties=told))
    events.insert(rows, token="t")
    definition = parse(
        {
            "key": "sale",
            "name": "Sale",
            "steps": [
                {"key": "visit", "name": "Visits", "match": [{"event": "Visit"}]},
                {"key": "sale", "name": "Buys", "match": [{"event": "Sale"}]},
            ],
            "idle_timeout": "365d",
        }
    )
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    whole = Scope(events, PROJECT, version, definition, Period(0, 1_900_000_000_000), {}, 1_900_000_000_000)
    answer = attribution(whole, unit="customers", model=Model(value="revenue", lookback=30))
    found = {row["channel"]: row for row in answer["channels"]}
    theirs = table("channel_attribution")
    assert set(found) == {row["CHANNEL"] for row in theirs}
    for row in theirs:
        model = {"last_touch": "last", "shapley": "marginal"}[row["ATTRIBUTION_TYPE"]]
        mine = found[row["CHANNEL"]]
        assert mine["credits"][model] == pytest.approx(float(row["CONVERSIONS"]), abs=1e-6)
        assert mine["values"][model] == pytest.approx(float(row["REVENUE"]), abs=1e-6)
    ways = {
        " > ".join(way["channels"]): (way["successes"], way["runs"] - way["successes"], way["value"])
        for way in answer["ways"]
    }
    assert ways == {
        row["transformed_path"]: (
            int(row["conversions"]),
            int(row["non_conversions"]),
            pytest.approx(float(row["revenue"] or 0)),
        )
        for row in table("path_summary")
    }


def test_the_time_of_a_run_is_written_as_it_is_read() -> None:
    assert ms(iso(START)) == START


def test_as_of_a_moment_contacts_are_those_of_the_customer_of_then(
    engine: Engine, events: EventStore
) -> None:
    """A visitor comes by mail, signs in later, and buys; who that was is known only after the join."""
    project, ledger = create_project(engine, key="p", name="P", now=0), Ledger(engine, events)
    browser, user = Identity("anonymous", "b"), Identity("user", "u")
    rows = [
        happening(1, "u", START, "Look", channel="Email"),
        happening(2, "u", START + DAY, "Try", side="server"),
        happening(3, "u", START + DAY, "Buy", side="server"),
        happening(4, "other", START, "Try", channel="Direct"),
    ]
    rows[0] = msgspec.structs.replace(rows[0], user_id="", anonymous_id="b", identity=browser.hash)
    events.insert([msgspec.structs.replace(one, project=project.id) for one in rows], token="t")
    definition = parse(BUY)
    version = JourneyVersion(1, project.id, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    generation = ensured(events, project.id, Wanted(ProjectRules(), ()))[-1]
    count_sessions(events, generation)
    asked = Scope(events, project, version, definition, PERIOD_OF_ALL, {}, NOW)

    def credits(as_of: int | None = None) -> dict[str, float]:
        answer = attribution(replace(asked, as_of=as_of))
        return {
            row["channel"]: row["credits"]["linear"] for row in answer["channels"] if row["succeeded"]["n"]
        }

    def enter(change: Callable[[int], set[int]]) -> int:
        """Change the ledger, count anew whom it touches, and say when that was."""
        now = time.time_ns() // 1_000_000
        touched = sorted(change(now))
        identities = ledger.identities_of(project.id, touched)
        recompute(events, version, touched, identities)
        recompute_sessions(events, kept(events, project.id)[0], touched, identities)
        return now

    before = time.time_ns() // 1_000_000 - 1_000
    assert credits() == credits(before) == {NONE: 1}
    joined = enter(lambda now: ledger.join(project.id, [Link(browser, user, "identify", "e", now)], now=now))
    assert credits() == {"Email": 1}
    assert credits(before) == {NONE: 1}
    while time.time_ns() // 1_000_000 <= joined:
        pass
    enter(lambda now: ledger.unmerge(project.id, browser.hash, user.hash, now=now))
    assert credits() == {NONE: 1}
    assert credits(joined) == {"Email": 1}


def test_a_name_that_says_nothing_is_no_channel_of_its_own(events: EventStore) -> None:
    rows = [
        happening(1, "a", START, "Try", channel="Referral", medium="(none)"),
        happening(2, "a", START + 1, "Buy"),
        happening(3, "b", START, "Try", side="server"),
        happening(4, "b", START + 1, "Buy", side="server"),
        happening(5, "c", START, "Try", channel="Email", medium="e:mail"),
        happening(6, "c", START + 1, "Buy"),
    ]
    events.insert(rows, token="t")
    definition = parse(BUY)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    asked = Scope(events, PROJECT, version, definition, PERIOD_OF_ALL, {}, NOW)
    answer = attribution(asked, model=Model("medium", lookback=1.2345678901))
    assert [row["channel"] for row in answer["channels"]] == [UNSET, "e:mail", NONE]
    for row in answer["channels"]:
        assert total(asked, behind(asked, row["succeeded"]["cell"])) == 1
