"""Signals are those that a plain program reads in events up to the landmark; leaks are never among them."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from statistics import median, quantiles
from typing import Any

import numpy as np
import pytest
from scipy import stats

from journeys import signals as room
from journeys.companions import COMPANIONS
from journeys.cursors import ListError
from journeys.definitions import Definition, parse
from journeys.dimensions import DimensionError
from journeys.filling import fill
from journeys.lists import listed, total
from journeys.period import Period
from journeys.scope import Scope
from journeys.signals import LEVELS, signals
from journeys.signals_effect import Carried, effects
from journeys.signals_lists import behind
from journeys.signals_report import SIGNALS
from journeys.statistics import adjusted, difference, p_of_two_rates
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.test_frame import cells

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_760_000_000_000
NOW = START + 30 * DAY
PROJECT = Project(1, "p", "P", "UTC")
PERIOD = Period(START, NOW)
CUSTOMERS, NOISES = 1_500, 200
NOISE = [f"Noise {n}" for n in range(NOISES)]
SOURCE = {
    "key": "j",
    "name": "J",
    "steps": [
        {"key": "visit", "name": "Visits", "match": [{"page": "/"}]},
        {"key": "sign", "name": "Signs up", "match": [{"event": "Sign"}]},
        {"key": "help", "name": "Needs help", "optional": True, "match": [{"event": "Help"}]},
        {
            "key": "buy",
            "name": "Buys",
            "match": [{"event": "Buy", "where": [{"property": "sum", "op": "gt", "value": 0}]}],
        },
    ],
    "fail_on": [{"event": "Leave"}],
    "idle_timeout": "3d",
}
PLAIN = parse(SOURCE)
WINDOW = parse({**SOURCE, "key": "w", "window": "4d"})


class Story:
    """The events of one customer after the other."""

    def __init__(self) -> None:
        self.rows: list[Event] = []

    def add(self, who: int, at: float, label: str, **more: Any) -> None:
        kind = "page" if label.startswith("/") else "identify" if label == "identify" else "track"
        number = str(len(self.rows))
        properties, traits = (json.dumps(more.pop(name, {})) for name in ("properties", "traits"))
        self.rows.append(
            Event(
                project=1,
                event_id=event_id(number),
                message_id=number,
                type=kind,
                event=label if kind == "track" else "",
                path=label if kind == "page" else "",
                timestamp=int(at),
                received_at=int(at),
                sequence=len(self.rows),
                user_id=str(who),
                identity=identity_hash("user", str(who)),
                properties=properties,
                traits=traits,
                **more,
            )
        )


def history() -> list[Event]:
    """Sign-ups that buy more often after a demo and on a desktop; all else is noise, or of buyers alone."""
    dice, story = random.Random(3), Story()
    for who in range(CUSTOMERS):
        at = START + dice.randrange(28 * DAY)
        for attempt in range(dice.choice([1, 1, 1, 2])):
            at += attempt * (4 * DAY + dice.randrange(DAY))
            device = dice.choice(["desktop", "mobile"])
            story.add(who, at, "/", device=device, channel=dice.choice(["Email", "Direct", ""]))
            sign = at + dice.randrange(1, 10 * MINUTE)
            if dice.random() < 0.4:
                story.add(
                    who,
                    at - DAY,
                    "identify",
                    traits={"plan": dice.choice(["a", "b"]), "n": dice.choice([1, 2.5, True])},
                )
            if dice.random() < 0.1:
                story.add(who, sign + MINUTE, "identify", traits={"plan": None, "list": [1]})
            demo = dice.random() < 0.4
            if demo:
                story.add(who, dice.uniform(at, sign), "Watched Demo")
            load = dice.choice([dice.randrange(5_000), dice.random() * 5_000, "12.5", "slow", None])
            story.add(
                who,
                sign,
                "Sign",
                device=device,
                properties={"tag": f"t{dice.randrange(30)}", "by": "mail", "o": {}, "load": load},
            )
            for name in dice.sample(NOISE, 20):
                for _ in range(dice.choice([1, 1, 2, 3])):
                    story.add(who, dice.uniform(at, sign + 30 * MINUTE), name)
            if dice.random() < 0.3:
                story.add(
                    who, sign + dice.randrange(3 * HOUR), "Help", properties={"topic": dice.choice("xy")}
                )
            if dice.random() < 0.05:
                story.add(who, sign + dice.randrange(2 * HOUR), "Leave")
                continue
            buys = dice.random() < 0.2 + 0.25 * demo + 0.2 * (device == "desktop")
            end = sign + (dice.expovariate(1 / (8 * HOUR)) if buys else 30 * HOUR)
            tick = sign + dice.expovariate(1 / (4 * HOUR))
            while tick < end:  # as often for all, but buyers soon stop
                story.add(who, tick, "Tick")
                tick += dice.expovariate(1 / (4 * HOUR))
            if dice.random() < 0.1:
                story.add(who, sign + HOUR / 2, "Buy", properties={"sum": 0})
            if buys:
                for label in ("/checkout", "Buy", "Thanks"):  # all within one moment
                    story.add(who, end, label, **({"properties": {"sum": 5}} if label == "Buy" else {}))
                story.add(who, end - 1_000, "Card Typed")
                story.add(who, end, "identify", traits={"plan": "paid"})
    return [row for row in story.rows if row.timestamp < NOW]


EVENTS = history()
BY_CUSTOMER: dict[str, list[Event]] = defaultdict(list)
for event in sorted(EVENTS, key=lambda row: (row.timestamp, row.sequence)):
    BY_CUSTOMER[str(event.identity)].append(event)


def opened(events: EventStore, definition: Definition, number: int) -> Scope:
    version = JourneyVersion(number, 1, number, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    return Scope(events, PROJECT, version, definition, PERIOD, {}, NOW)


@pytest.fixture(scope="module")
def scopes(shared_events: EventStore) -> Iterator[dict[str, Scope]]:
    events = shared_events.sibling("t_signals")
    migrate_events(events)
    events.insert(EVENTS, token="t")
    yield {"plain": opened(events, PLAIN, 1), "window": opened(events, WINDOW, 2)}
    events.command("drop database t_signals")
    events.close()


@pytest.fixture
def scope(scopes: dict[str, Scope]) -> Scope:
    return scopes["plain"]


def ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def label(event: Event) -> str:
    return event.path if event.type == "page" else event.event


class Run:
    """One run as a plain program sees it at a landmark."""

    def __init__(
        self, scope: Scope, row: dict[str, Any], k: str, after: str, toward: str, landmark: int
    ) -> None:
        keys = [step.key for step in scope.definition.steps]
        self.customer, self.start, self.last = row["customer"], ms(row["start"]), ms(row["last"])
        self.steps = {one["key"]: ms(one["at"]) for one in row["steps"]}
        self.since = self.steps[after]
        self.until = self.since + landmark
        beyond = [at for key, at in self.steps.items() if keys.index(key) >= keys.index(k)]
        goal = [at for key, at in self.steps.items() if keys.index(key) >= keys.index(toward)]
        idle, window = scope.definition.idle_timeout, scope.definition.window
        self.won = bool(goal)
        over = min([self.last + idle, *([self.start + window] if window else [])])
        self.ended = goal[0] if goal else self.last if row["outcome"] == "failed" else over
        young = NOW - self.start <= window if window else NOW - self.since <= idle
        if young:
            self.standing = "young"
        elif beyond and beyond[0] <= self.until:
            self.standing = "there"
        elif not beyond and (
            (row["outcome"] == "failed" and self.last <= self.until)
            or (window and self.start + window < self.until)
        ):
            self.standing = "over"
        elif not self.won and row["outcome"] == "in_time":
            self.standing = "in_time"
        else:
            self.standing = "counted"
        self.before = [
            key for key, at in self.steps.items() if keys.index(key) < keys.index(k) and at <= self.until
        ]

    def signals(self, scope: Scope, k: str) -> dict[tuple[Any, ...], int]:
        """What it carries, as (kind, name, value, at, at least) to the moment since when."""
        steps = scope.definition.steps
        names = {
            one.event or one.page for step in steps[scope.definition.position(k) - 1 :] for one in step.match
        }
        found: dict[tuple[Any, ...], int] = {}
        passed = defaultdict(list)
        known: dict[str, tuple[Any, int]] = {}
        for event in BY_CUSTOMER[self.customer]:
            if event.timestamp > self.until:
                break
            for name, value in json.loads(event.traits).items():
                known[name] = (value, event.timestamp)
            if event.timestamp >= self.start and event.type != "identify" and label(event) not in names:
                passed[label(event)].append(event.timestamp)
        for name, moments in passed.items():
            found |= {
                ("touchpoint", name, None, None, n): moments[n - 1] for n in LEVELS if len(moments) >= n
            }
        for name, (value, at) in known.items():
            if value is not None and not isinstance(value, list):
                text = value if isinstance(value, str) else json.dumps(value)
                found["trait", f"trait:{name}", text, None, None] = max(at, self.start)
        for key in self.before:
            event = next(
                one
                for one in BY_CUSTOMER[self.customer]
                if one.timestamp == self.steps[key]
                and label(one) == {"visit": "/", "sign": "Sign", "help": "Help"}[key]
            )
            told = {
                f"property:{name}": value
                for name, value in json.loads(event.properties).items()
                if value != {}
            }
            told |= {
                name: getattr(event, name) for name in ("channel", "source", "campaign", "device", "country")
            }
            found |= {
                ("property", name, value, key, None): event.timestamp for name, value in told.items() if value
            }
        return found

    def paces(self) -> dict[tuple[str, str], int]:
        return {
            (a, b): self.steps[b] - self.steps[a] for a, b in zip(self.before, self.before[1:], strict=False)
        }


def runs_of(scope: Scope, k: str, after: str, toward: str, landmark: int) -> list[Run]:
    rows = listed(scope, most=10_000)["runs"]
    first: dict[str, dict[str, Any]] = {}
    for row in reversed(rows):  # newest come first
        if any(one["key"] == after for one in row["steps"]):
            first.setdefault(row["customer"], row)
    return [Run(scope, row, k, after, toward, landmark) for row in first.values()]


def the(
    answer: dict[str, Any], kind: str, name: str, value: str | None = None, **more: Any
) -> dict[str, Any]:
    wanted = {"kind": kind, "name": name, "value": value, **more}
    return next(one for one in answer["signals"] if all(one[key] == what for key, what in wanted.items()))


ASKED = [
    ("plain", {"step": "buy", "landmark": "1h"}, "sign"),
    ("plain", {"step": "sign", "toward": "goal", "landmark": "2m"}, "visit"),
    ("plain", {"step": "help", "landmark": "0", "toward": "goal"}, "sign"),
    ("window", {"step": "buy", "landmark": "3d"}, "sign"),
    ("window", {"step": "buy"}, "sign"),
]


@pytest.mark.parametrize(("which", "asked", "after"), ASKED, ids=str)
def test_every_signal_is_what_a_plain_program_counts(
    scopes: dict[str, Scope],
    which: str,
    asked: dict[str, Any],
    after: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "CANDIDATES", 10_000)
    scope = scopes[which]
    answer = signals(scope, most=10_000, **asked)
    assert answer["after"] == after
    toward = "buy" if asked.get("toward") == "goal" else asked["step"]
    runs = runs_of(scope, asked["step"], after, toward, round(answer["landmark"]["seconds"] * 1000))
    for name in room.STANDINGS:
        assert answer["population"][name]["n"] == sum(run.standing == name for run in runs), name
    runs = [run for run in runs if run.standing == "counted"]
    assert answer["population"]["came"]["n"] == len(runs) > 100
    carried = [run.signals(scope, asked["step"]) for run in runs]
    holding, winning, could, could_win = (Counter[Any]() for _ in range(4))
    for run, some in zip(runs, carried, strict=True):
        holding.update(some.keys())
        winning.update(some.keys() if run.won else ())
        could.update([None, *run.before])
        could_win.update([None, *run.before] if run.won else ())
    expected = {}
    for signal, n in holding.items():
        step = signal[3] if signal[0] == "property" else None
        if min(n, could[step] - n) >= room.FEWEST:
            expected[signal] = n, winning[signal], could[step], could_win[step]
    found = [one for one in answer["signals"] if one["kind"] not in room.CUT]
    got = {}
    for one in found:
        key = tuple(one[name] for name in ("kind", "name", "value", "at", "at_least"))
        n, won = one["with"]["n"], round(one["with"]["came"]["value"] * one["with"]["n"])
        rest, rest_won = one["without"]["n"], round(one["without"]["came"]["value"] * one["without"]["n"])
        got[key] = n, won, n + rest, won + rest_won
    assert got == expected
    for one in random.Random(1).sample(found, min(len(found), 25)):
        key = tuple(one[name] for name in ("kind", "name", "value", "at", "at_least"))
        good = one["goes_with"] == "success"
        leads = [
            run.ended - some[key]
            for run, some in zip(runs, carried, strict=True)
            if key in some and run.won == good
        ]
        if leads:
            assert one["lead_seconds"] == pytest.approx(median(leads) / 1000)
        else:
            assert one["lead_seconds"] is None
        assert one["precision"]["value"] == pytest.approx(len(leads) / one["with"]["n"], abs=1e-6)
        others = [run for run in runs if key[0] != "property" or key[3] in run.before]
        assert one["recall"]["value"] == pytest.approx(
            len(leads) / sum(run.won == good for run in others), abs=1e-6
        )


@pytest.mark.parametrize(("which", "asked", "after"), ASKED[:2], ids=str)
def test_speeds_are_cut_at_the_quartiles_of_all(
    scopes: dict[str, Scope], which: str, asked: dict[str, Any], after: str
) -> None:
    scope = scopes[which]
    answer = signals(scope, most=10_000, **asked)
    toward = "buy" if asked.get("toward") == "goal" else asked["step"]
    runs = runs_of(scope, asked["step"], after, toward, round(answer["landmark"]["seconds"] * 1000))
    runs = [run for run in runs if run.standing == "counted"]
    expected = {}
    for pair in {pair for run in runs for pair in run.paces()}:
        took = {run: run.paces()[pair] for run in runs if pair in run.paces()}
        for cut in quantiles(took.values(), n=4, method="inclusive"):
            fast = [run for run, one in took.items() if one <= int(cut)]
            if min(len(fast), len(took) - len(fast)) >= room.FEWEST:
                expected[(*pair, int(cut) / 1000)] = (
                    len(fast),
                    len(took) - len(fast),
                    sum(run.won for run in fast),
                )
    got = {
        (one["name"], one["at"], one["within_seconds"]): (
            one["with"]["n"],
            one["without"]["n"],
            round(one["with"]["came"]["value"] * one["with"]["n"]),
        )
        for one in answer["signals"]
        if one["kind"] == "speed"
    }
    assert got == expected
    assert bool(got) == (after == "sign")


def test_numbers_of_properties_are_cut_at_the_quartiles_of_all(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h", most=10_000)
    runs = [run for run in runs_of(scope, "buy", "sign", "buy", HOUR) if run.standing == "counted"]
    told = {}
    for run in runs:
        sign = next(
            one for one in BY_CUSTOMER[run.customer] if one.timestamp == run.since and one.event == "Sign"
        )
        load = json.loads(sign.properties)["load"]
        if load not in (None, "slow"):
            told[run] = float(load)
    expected = {}
    for cut in quantiles(told.values(), n=4, method="inclusive"):
        high = [run for run, load in told.items() if load >= cut]
        if min(len(high), len(told) - len(high)) >= room.FEWEST:
            expected[cut] = len(high), len(told) - len(high), sum(run.won for run in high)
    found = [one for one in answer["signals"] if one["kind"] == "amount"]
    assert {(one["name"], one["at"]) for one in found} == {("property:load", "sign")}
    got = {
        one["at_least"]: (
            one["with"]["n"],
            one["without"]["n"],
            round(one["with"]["came"]["value"] * one["with"]["n"]),
        )
        for one in found
    }
    assert sorted(got) == pytest.approx(sorted(expected))
    assert [got[cut] for cut in sorted(got)] == [expected[cut] for cut in sorted(expected)]


def test_the_planted_signals_are_found_and_noise_is_not(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h", most=10_000)
    demo, device = (
        the(answer, "touchpoint", "Watched Demo", at_least=1),
        the(answer, "property", "device", "mobile", at="sign"),
    )
    assert (demo["goes_with"], device["goes_with"]) == ("success", "loss")
    assert 0.1 < demo["difference"]["low"] < 0.25 < demo["difference"]["high"]
    assert device["difference"]["high"] < 0
    found = [one for one in answer["signals"] if one["difference"]["p_adjusted"] < 0.05]
    assert len(found) == answer["found"]
    noise = [one for one in found if one["name"] not in ("Watched Demo", "device")]
    assert len([one for one in answer["signals"] if one["name"] in NOISE]) > NOISES
    assert len(noise) <= 1, [one["name"] for one in noise]
    assert {one["name"] for one in answer["signals"][:3]} <= {"Watched Demo", "device"}


def test_noise_alone_gives_as_many_discoveries_as_allowed() -> None:
    """Forty times 200 signals that no outcome knows of: a false discovery in about one family of twenty."""
    dice = np.random.default_rng(8)
    families = 0
    for _ in range(40):
        won = dice.random(600) < 0.4
        rows = []
        for _ in range(200):
            has = dice.random(600) < dice.uniform(0.05, 0.9)
            rows.append(
                Carried(
                    "touchpoint", {"n": int(has.sum()), "won_n": int((has & won).sum())}, 600, int(won.sum())
                )
            )
        families += any(one.p_adjusted < 0.05 for one in effects(rows, 10))
    assert families <= 6


def test_counts_that_do_not_belong_together_are_no_signal() -> None:
    """Runs may be computed anew between two questions; then there are more with a signal than there are."""
    rows = [
        Carried("touchpoint", {"n": 30, "won_n": 20}, 60, 15),
        Carried("touchpoint", {"n": 30, "won_n": 2}, 60, 40),
        Carried("touchpoint", {"n": 30, "won_n": 20}, 60, 30),
    ]
    assert [one.carried for one in effects(rows, 10)] == rows[2:]


def test_what_only_those_do_who_come_is_never_a_signal(scope: Scope) -> None:
    leaks = {"/checkout", "Buy", "Thanks", "Card Typed", "trait:plan paid", "Tick"}
    wanted = [run for run in runs_of(scope, "buy", "sign", "buy", 0) if run.standing == "counted"]
    whole = {
        name: [
            any(label(e) == name and run.start <= e.timestamp <= run.last for e in BY_CUSTOMER[run.customer])
            for run in wanted
        ]
        for name in ("Thanks", "Tick")
    }
    for name, has in whole.items():  # without a landmark both would seem to tell
        table = [
            [
                sum(run.won == won and h == one for run, h in zip(wanted, has, strict=True))
                for won in (True, False)
            ]
            for one in (True, False)
        ]
        assert stats.chi2_contingency(table).pvalue < 1e-6, name
    for landmark in ("", "0", "30m", "1h", "6h"):
        answer = signals(scope, step="buy", landmark=landmark, most=10_000)
        surprising = [
            one
            for one in answer["signals"]
            if one["name"] in leaks or f"{one['name']} {one['value']}" in leaks
        ]
        for one in surprising:
            assert one["name"] in ("Tick", "Card Typed"), one
            assert one["difference"]["p_adjusted"] > 0.05, one
        assert answer["population"]["counted"]["n"] > 300


def test_who_is_still_in_time_is_neither_lost_nor_won(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h")
    rows = listed(scope, which=behind(scope, answer["population"]["counted"]["cell"]), most=5_000)["runs"]
    assert {row["outcome"] for row in rows} == {"succeeded", "failed", "dropped"}
    young = listed(scope, which=behind(scope, answer["population"]["young"]["cell"]), most=5_000)["runs"]
    assert {row["outcome"] for row in young} > {"in_time", "succeeded"}, (
        "the quick ones of them are left out too"
    )
    assert len({row["customer"] for row in rows}) == len(rows), "one run a customer"


def test_the_numbers_are_those_of_the_statistics(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h", most=10_000)
    assert answer["tested"] == len(answer["signals"])
    table = [
        (
            one["with"]["n"],
            round(one["with"]["came"]["value"] * one["with"]["n"]),
            one["without"]["n"],
            round(one["without"]["came"]["value"] * one["without"]["n"]),
        )
        for one in answer["signals"]
    ]
    n, won, rest, rest_won = np.array(table).T
    p = p_of_two_rates(won, n, rest_won, rest)
    assert [one["difference"]["p"] for one in answer["signals"]] == pytest.approx(list(p))
    assert [one["difference"]["p_adjusted"] for one in answer["signals"]] == pytest.approx(list(adjusted(p)))
    assert [one["difference"]["low"] for one in answer["signals"]] == pytest.approx(
        list(difference(won, n, rest_won, rest).low)
    )
    for one, (n1, w1, n2, w2) in zip(answer["signals"], table, strict=True):
        if w1 and w2:
            assert one["ratio"]["value"] == pytest.approx(w1 / n1 / (w2 / n2))
            half = 1.959964 * np.sqrt(1 / w1 - 1 / n1 + 1 / w2 - 1 / n2)
            assert one["ratio"]["high"] == pytest.approx(one["ratio"]["value"] * np.exp(half), rel=1e-5)
    few = signals(scope, step="buy", landmark="1h", most=3)
    assert few["signals"] == answer["signals"][:3], "how many are shown changes no p-value"


def test_every_number_has_its_list(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h", most=10_000)
    by_kind = {(one["kind"], one["goes_with"]): one for one in answer["signals"]}
    assert {kind for kind, _ in by_kind} == set(room.KINDS)
    help_ = the(answer, "property", "property:topic", "x", at="help")
    for cell, n in [*cells([*by_kind.values(), help_]), *cells(answer["population"])]:
        assert total(scope, behind(scope, cell)) == n, cell


def test_precision_and_recall_are_of_runs_that_are_listed(scope: Scope) -> None:
    answer = signals(scope, step="buy", landmark="1h", most=10_000)
    found = {(one["kind"], one["goes_with"]): one for one in answer["signals"]}
    assert {goes_with for _, goes_with in found} == {"success", "loss"}
    for one in found.values():
        hits, runs, ended = (
            {(run["customer"], run["start"]) for run in listed_all(scope, one[name])}
            for name in ("hits", "with", "ended")
        )
        assert hits == runs & ended
        assert one["precision"]["value"] == pytest.approx(len(hits) / len(runs), abs=1e-6)
        assert one["recall"]["value"] == pytest.approx(len(hits) / len(ended), abs=1e-6)


def listed_all(scope: Scope, number: dict[str, Any]) -> list[dict[str, Any]]:
    found = listed(scope, which=behind(scope, number["cell"]), most=5_000)["runs"]
    assert len(found) == number["n"]
    return found


def test_of_very_many_customers_a_part_is_looked_at(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = signals(scope, step="buy", landmark="1h")["population"]
    monkeypatch.setattr(room, "SEEN_MOST", 300)
    answer = signals(scope, step="buy", landmark="1h")
    assert answer["population"]["counted"]["n"] == whole["counted"]["n"]
    assert 150 < answer["population"]["seen"]["n"] < 450
    assert answer["population"]["came"]["n"] == answer["population"]["seen"]["n"]
    for cell, n in cells([answer["population"]["seen"], answer["signals"][0], answer["signals"][-1]]):
        assert total(scope, behind(scope, cell)) == n, cell


def test_without_a_choice_the_worst_step_and_a_quarter_of_who_came(scope: Scope) -> None:
    answer = signals(scope)
    assert (answer["step"], answer["after"], answer["toward"]) == ("buy", "sign", "buy")
    runs = [run for run in runs_of(scope, "buy", "sign", "buy", 0) if run.standing != "young"]
    waits = [run.ended - run.since for run in runs if run.won]
    by = {limit: sum(wait <= limit for wait in waits) / len(waits) for limit in room.LANDMARKS}
    limit = answer["landmark"]["seconds"] * 1000
    following = room.LANDMARKS[room.LANDMARKS.index(limit) + 1]
    assert by[limit] <= 0.25 < by[following]
    assert not answer["landmark"]["given"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"step": "visit"}, "nothing leads to 'visit'"),
        ({"step": "nowhere"}, "nothing leads to 'nowhere'"),
        ({"landmark": "4d"}, "too late a landmark"),
        ({"landmark": "soon"}, "is no landmark"),
    ],
)
def test_what_cannot_be_asked_is_said(scope: Scope, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(DimensionError, match=words):
        signals(scope, **asked)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "1", "[]", '["counted", 4, 2, 4, 0]', '["with", 4, 2, 4, 0, 1]', '["counted", 1, 2, 4, 0, 1]'),
        *('["won\' or 1", 4, 2, 4, 0, 1]', '["with", 4, 2, 4, 0, 1, "pace", 2, "x", "", 1]'),
        *(
            '["with", 4, 2, 4, 0, 1, "touchpoint", 2, 3, "", 1]',
            '["with", 4, 2, 9, 0, 1, "trait", 0, "a", "b", 1]',
        ),
    ],
)
def test_a_cell_that_is_none_is_refused(scope: Scope, cell: str) -> None:
    with pytest.raises(ListError, match="no cell of signals"):
        behind(scope, cell)


def test_nobody_and_few(scope: Scope) -> None:
    nobody = replace(scope, segment={"device": "none"})
    answer = signals(nobody)
    assert (answer["tested"], answer["signals"], answer["population"]["came"]["n"]) == (0, [], 0)
    recent = replace(scope, period=Period(NOW - DAY, NOW))
    assert signals(recent)["population"]["counted"]["n"] == 0


def test_the_file_has_a_line_for_each_signal(scope: Scope) -> None:
    answer = signals(scope, step="buy", most=20)
    head, rows = SIGNALS.table(answer)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    runs = {row["name"]: row["with"] for row in table if row["kind"] == "runs"}
    assert runs == {name: one["n"] for name, one in answer["population"].items()}
    assert [row["difference"] for row in table if row["kind"] != "runs"] == [
        one["difference"]["value"] for one in answer["signals"]
    ]


def test_signals_of_two_segments_are_those_of_each_alone_and_their_effects_are_tested(scope: Scope) -> None:
    own = replace(scope, segment={"device": "desktop"})
    asked = {"step": "buy", "landmark": "1h", "against": "device:mobile", "most": 5}
    found = COMPANIONS["signals"].ask(own, asked)
    assert found["rows"]
    sides = [own, replace(scope, segment={"device": "mobile"})]
    for side, alone in zip(("first", "second"), sides, strict=True):
        answer = signals(alone, step="buy", landmark="1h", most=10_000)
        effects_of = {one["with"]["n"]: {} for one in answer["signals"]}
        for one in answer["signals"]:
            told = tuple(one["difference"][end] for end in ("value", "low", "high"))
            effects_of[one["with"]["n"]][told] = one
        for row in (row[side] for row in found["rows"] if row[side]["n"] is not None):
            assert tuple(row["effect"].values()) in effects_of[row["n"]]
    known = [row for row in found["rows"] if row["difference"]["value"] is not None]
    assert known
    for row in known:
        apart = row["first"]["effect"]["value"] - row["second"]["effect"]["value"]
        assert row["difference"]["value"] == pytest.approx(apart)
        assert row["difference"]["p"] <= row["difference"]["p_adjusted"], "of all that either group tells"
    cell, n = next((row["first"]["cell"], row["first"]["n"]) for row in known)
    report = COMPANIONS["signals"]
    assert report.behind
    assert total(scope, report.behind(scope, cell)) == n
