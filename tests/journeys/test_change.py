"""A change is explained by what a plain program counts; parts add up, and no more is claimed than is sure."""

from __future__ import annotations

import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.change import change
from journeys.change_lists import behind, other_values
from journeys.change_parts import p_of_changes_apart, parts_of, step_weights
from journeys.change_report import CHANGE
from journeys.change_words import _both, fraction, sentence
from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.dimensions import OF_RUN, DimensionError
from journeys.filling import fill
from journeys.lists import listed, total
from journeys.membership import Saved
from journeys.period import Period, PeriodError, preceding
from journeys.rates import rate
from journeys.scope import Scope
from journeys.statistics import adjusted, difference, p_of_two_rates
from journeys.two_periods import AGES
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.test_frame import cells

HOUR, DAY = 3_600_000, 86_400_000
START = 1_759_968_000_000  # a midnight
PERIOD = Period(START + 20 * DAY, START + 40 * DAY)
NOW = START + 40 * DAY
PROJECT = Project(1, "p", "P", "UTC")
DEFINITION = parse(
    {
        "key": "j",
        "name": "Trial to paid",
        "steps": [
            {"key": "visit", "name": "Visits", "match": [{"event": "Visit"}]},
            {"key": "look", "name": "Looks around", "optional": True, "match": [{"event": "Look"}]},
            {"key": "project", "name": "First project", "match": [{"event": "Project"}]},
            {"key": "paid", "name": "Pays", "match": [{"event": "Paid"}]},
        ],
        "idle_timeout": "10d",
    }
)


def history(*, phones_now: float, mobile_now: float = 0.5, lost: str = "") -> list[Event]:
    """Forty days of visits; from the middle on phones reach the first project with another chance."""
    dice, rows = random.Random(4), list[Event]()

    def add(who: int, at: float, name: str, **more: Any) -> None:
        number = str(len(rows))
        rows.append(
            Event(
                project=1,
                event_id=event_id(number),
                message_id=number,
                event=name,
                timestamp=int(at),
                received_at=int(at),
                sequence=len(rows),
                user_id=str(who),
                identity=identity_hash("user", str(who)),
                **{"type": "track", **more},
            )
        )

    for who in range(6_000):
        at: float = START + dice.randrange(40 * DAY)
        is_now = at >= PERIOD.start
        phone = dice.random() < (mobile_now if is_now else 0.5)
        told = {"plan": "phone" if phone else "desk"} if who % 10 else {"other": 1}
        add(who, at - 1, "", type="identify", traits=json.dumps(told))
        country = f"C{min(dice.randrange(20), dice.randrange(20))}"
        add(
            who,
            at,
            "Visit",
            device="mobile" if phone else "desktop",
            channel=dice.choice(["Email", "Direct", "Ads", ""]),
            country=country,
            campaign=dice.choice(["", "", "spring"]),
            medium="phone" if phone else "desk",
            properties=json.dumps({"size": "phone" if phone else "desk"}) if who % 10 else "{}",
        )
        if dice.random() < 0.3:
            add(who, at + HOUR * dice.random(), "Look")
        at += HOUR + dice.expovariate(1 / (12 * HOUR))
        if is_now and country == lost:
            continue
        if dice.random() > (phones_now if is_now and phone else 0.6 if phone else 0.7):
            continue
        add(who, at, "Project")
        at += dice.expovariate(1 / (24 * HOUR))
        if dice.random() < 0.5:
            add(who, at, "Paid")
    return [row for row in rows if row.timestamp < NOW]


ON_PHONE = {"field": "device", "op": "eq", "value": "mobile"}


def opened(events: EventStore, rows: list[Event]) -> Scope:
    migrate_events(events)
    events.insert(rows, token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    saved = Saved({"phones": {"key": "phones", "name": "Phones", "all": [ON_PHONE]}}, {})
    return Scope(events, PROJECT, version, DEFINITION, PERIOD, {}, NOW, saved=saved)


@pytest.fixture(scope="module")
def scopes(shared_events: EventStore) -> Iterator[dict[str, Scope]]:
    stories = {
        "broken": history(phones_now=0.15),
        "same": history(phones_now=0.6),
        "mixed": history(phones_now=0.6, mobile_now=1.0),
        "country": history(phones_now=0.6, lost="C15"),
    }
    found = {name: opened(shared_events.sibling(f"t_change_{name}"), rows) for name, rows in stories.items()}
    yield found
    for scope in found.values():
        scope.events.command(f"drop database {scope.events.database}")
        scope.events.close()


@pytest.fixture
def scope(scopes: dict[str, Scope]) -> Scope:
    return scopes["broken"]


def ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def reached(scope: Scope, period: Period, age: int) -> list[tuple[dict[str, Any], int]]:
    """The runs of a period that are old enough, and how far each was at that age."""
    keys = [step.key for step in scope.definition.steps]
    rows = listed(replace(scope, period=period), most=10_000)["runs"]
    return [
        (row, max(keys.index(one["key"]) for one in row["steps"] if ms(one["at"]) - ms(row["start"]) <= age))
        for row in rows
        if NOW - ms(row["start"]) >= age
    ]


ASKED = [{}, {"age": "2d", "most": 3}, {"age": "1h"}, {"target": "project"}, {"target": "look", "age": "30m"}]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_every_count_is_what_a_plain_program_finds(scope: Scope, asked: dict[str, Any]) -> None:
    answer = change(scope, **asked)
    age = round(answer["age"]["seconds"] * 1000)
    sides = {"before": Period(START, PERIOD.start), "now": PERIOD}
    runs = {side: reached(scope, period, age) for side, period in sides.items()}
    both = [row for rows in runs.values() for row, _ in rows]
    keys = [step.key for step in scope.definition.steps]
    goal = keys.index(asked.get("target", "paid"))
    pairs = {3: [(2, 0), (3, 2)], 2: [(2, 0)], 1: [(1, 0)]}[goal]
    for side, rows in runs.items():
        assert answer[side]["entered"]["n"] == len(rows)
        assert answer[side]["succeeded"]["n"] == sum(at >= goal for _, at in rows)
        everyone = listed(replace(scope, period=sides[side]))["total"]
        assert answer[side]["young"]["n"] == everyone - len(rows)
        for step, (k, before) in zip(answer["steps"], pairs, strict=True):
            came = [sum(at >= one for _, at in rows) for one in (k, before)]
            assert step[side] == rate(*came)
        for dimension in answer["dimensions"]:
            name = dimension["dimension"]
            values = {one["value"] for one in dimension["groups"] if one["kind"] == "value"}
            counted = Counter(row[name] for row in both if row[name])
            assert len(values) == min(asked.get("most", 8), len(counted))
            for one in dimension["groups"]:
                mine = [
                    at
                    for row, at in rows
                    if (one["kind"] == "value" and row[name] == one["value"])
                    or (one["kind"] == "none" and not row[name])
                    or (one["kind"] == "other" and row[name] and row[name] not in values)
                ]
                assert one[side]["rate"] == rate(sum(at >= goal for at in mine), len(mine)), one
                assert one[side]["share"] == pytest.approx(len(mine) / len(rows))
                if one["kind"] == "other":
                    assert one["different"] == len(set(counted) - values)
    assert {one["dimension"] for one in answer["dimensions"]} == set(OF_RUN)


@pytest.mark.parametrize("name", ["broken", "same", "mixed"])
def test_parts_add_up_in_every_way(scopes: dict[str, Scope], name: str) -> None:
    answer = change(scopes[name], most=4)
    total = answer["now"]["succeeded"]["n"] / answer["now"]["entered"]["n"]
    total -= answer["before"]["succeeded"]["n"] / answer["before"]["entered"]["n"]
    assert answer["change"]["value"] == pytest.approx(total, abs=1e-12)
    assert sum(one["part"]["value"] for one in answer["steps"]) == pytest.approx(total, abs=1e-12)
    for dimension in answer["dimensions"]:
        groups = dimension["groups"]
        assert dimension["mix"] + dimension["rate"] == pytest.approx(total, abs=1e-12)
        assert sum(one["part"] for one in groups) == pytest.approx(total, abs=1e-12)
        for one in groups:
            assert one["part"] == pytest.approx(one["mix"] + sum(one["by_step"].values()), abs=1e-12)


counts = st.lists(
    st.tuples(*(st.lists(st.integers(0, 40), min_size=3, max_size=3) for _ in range(2))),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(counts)
def test_parts_of_any_counts_add_up(given_counts: list[tuple[list[int], list[int]]]) -> None:
    """Also where groups, or whole steps, are there in one period only."""
    before, now = (
        np.array([sorted(sides[side], reverse=True) for sides in given_counts], float) for side in (0, 1)
    )
    if not (before[:, 0].sum() and now[:, 0].sum()):
        return
    parts = parts_of(before[:, -1], before[:, 0], now[:, -1], now[:, 0])
    total = now[:, -1].sum() / now[:, 0].sum() - before[:, -1].sum() / before[:, 0].sum()
    assert (parts.mix + parts.rate).sum() == pytest.approx(total, abs=1e-12)
    for at, (one, other) in enumerate(zip(before, now, strict=True)):
        delta, worth = step_weights(one, other)
        assert (delta * worth).sum() * parts.mean_share[at] == pytest.approx(parts.rate[at], abs=1e-12)
    delta, worth = step_weights(before.sum(axis=0), now.sum(axis=0))
    assert (delta * worth).sum() == pytest.approx(total, abs=1e-12)
    p = p_of_changes_apart(before[:, -1], before[:, 0], now[:, -1], now[:, 0])
    assert all(np.isnan(one) or 0 <= one <= 1 for one in p)


def test_a_change_of_rates_alone_has_no_mix_and_the_other_way_round() -> None:
    parts = parts_of([10, 40], [100, 100], [5, 40], [100, 100])
    assert parts.mix == pytest.approx([0, 0])
    assert parts.rate == pytest.approx([-0.025, 0])
    parts = parts_of([10, 40], [100, 100], [15, 20], [150, 50])
    assert parts.rate == pytest.approx([0, 0])
    assert parts.mix.sum() == pytest.approx(-0.075)


def test_a_group_stands_out_about_as_often_as_the_test_allows() -> None:
    dice, below = np.random.default_rng(2), 0
    for _ in range(300):
        n0, n1 = dice.integers(50, 400, (2, 4))
        p = p_of_changes_apart(dice.binomial(n0, 0.3), n0, dice.binomial(n1, 0.2), n1)
        below += int((p < 0.05).sum())
    assert 0.02 < below / 1200 < 0.08


def test_the_planted_cause_is_named_with_its_step(scope: Scope) -> None:
    answer = change(scope)
    assert answer["change"]["high"] < 0
    groups = {
        one["value"]: one
        for each in answer["dimensions"]
        if each["dimension"] == "device"
        for one in each["groups"]
    }
    phones = groups["mobile"]
    assert phones["by_rate"]["high"] < 0
    assert phones["part"] / answer["change"]["value"] > 0.8
    assert phones["by_step"]["project"] / phones["part"] > 0.9
    assert phones["p_rate"] < 0.001
    explained = {one["dimension"]: one["explains"] for one in answer["dimensions"]}
    assert max(explained, key=lambda name: explained[name]) == "device"
    before, now = (answer[side]["rate"]["value"] for side in ("before", "now"))
    part = phones["by_step"]["project"] / answer["change"]["value"]
    assert answer["sentence"] == (
        f"Trial to paid fell from {before * 100:.0f}% to {now * 100:.0f}%; {fraction(part)} of the fall is "
        "device mobile at “First project”."
    )


def test_a_value_called_none_is_told_from_no_value(scope: Scope) -> None:
    answer = json.loads(json.dumps(change(scope)).replace('"mobile"', '"(none)"'))
    assert "of the fall is device “(none)” at “First project”." in sentence(answer, "Trial to paid")
    group = next(one for each in answer["dimensions"] for one in each["groups"] if one["value"] == "(none)")
    cell = urlsafe_b64decode(group["now"]["entered"]["cell"]).replace(b'"mobile"', b'"(none)"')
    assert "device “(none)”" in behind(scope, urlsafe_b64encode(cell).decode()).title


def test_what_may_be_chance_is_not_explained(scopes: dict[str, Scope]) -> None:
    answer = change(scopes["same"])
    assert answer["change"]["low"] < 0 < answer["change"]["high"]
    assert "may be chance" in answer["sentence"]
    assert "nothing to explain" in answer["sentence"]
    assert not [
        one
        for each in answer["dimensions"]
        for one in each["groups"]
        if min(one["p_rate"] or 1, one["p_share"] or 1) < 0.05
    ]


def test_a_group_that_is_lost_is_named_though_the_whole_may_be_chance(scopes: dict[str, Scope]) -> None:
    answer = change(scopes["country"], most=20)
    assert answer["change"]["low"] < 0 < answer["change"]["high"]
    said = "which may be chance; yet country C15 went from "
    assert said in answer["sentence"]
    assert answer["sentence"].endswith("% to 0%, otherwise than all others.")


def test_a_change_of_who_came_is_said_so(scopes: dict[str, Scope]) -> None:
    answer = change(scopes["mixed"])
    device = next(one for one in answer["dimensions"] if one["dimension"] == "device")
    assert abs(device["rate"]) < abs(device["mix"])
    mobile = next(one for one in device["groups"] if one["value"] == "mobile")
    was = f"device mobile was {mobile['before']['share'] * 100:.0f}% of the runs and is 100%"
    assert f"of the fall is a change of who came: {was}." in answer["sentence"]
    desktop = next(one for one in device["groups"] if one["value"] == "desktop")
    assert desktop["by_rate"] == {"value": 0, "low": None, "high": None}, "nobody came by it now"


def test_a_fall_that_all_share_names_no_group(scope: Scope) -> None:
    phones = change(replace(scope, segment={"device": "mobile"}))
    said = phones["sentence"]
    assert "no channel, source, campaign, device or country stands out" in said
    step = next(one["part"]["value"] for one in phones["steps"] if one["key"] == "project")
    part = fraction(step / phones["change"]["value"])
    assert said.endswith(f", and {part} of the fall is at “First project”.")


def test_both_periods_are_looked_at_when_equally_old(scope: Scope) -> None:
    """The funnel's rate of this period is too low yet: its youngest had no time."""
    same = change(replace(scope, period=Period(START + 10 * DAY, PERIOD.start), now=PERIOD.start))
    naive = [
        sum(row["outcome"] == "succeeded" and ms(row["last"]) < PERIOD.start for row in rows) / len(rows)
        for rows in (
            listed(replace(scope, period=Period(START + days * DAY, START + (days + 10) * DAY)), most=10_000)[
                "runs"
            ]
            for days in (0, 10)
        )
    ]
    assert difference(naive[1] * 1500, 1500, naive[0] * 1500, 1500).high < 0, "as if it had fallen"
    assert "may be chance" in same["sentence"]
    assert same["now"]["young"]["n"] > 0 == same["before"]["young"]["n"]


def test_the_age_is_that_of_nine_in_ten_successes(scope: Scope) -> None:
    answer = change(scope)
    took = [
        ms(row["last"]) - ms(row["start"])
        for row in listed(
            replace(scope, period=Period(START, PERIOD.start)), number="succeeded", most=10_000
        )["runs"]
    ]
    p90, age = float(np.quantile(took, 0.9)), round(answer["age"]["seconds"] * 1000)
    assert age in AGES
    assert AGES[AGES.index(age) - 1] < p90 <= age
    early = change(replace(scope, now=PERIOD.start + DAY))
    assert early["age"]["seconds"] * 1000 <= DAY / 2, "half of the time so far is that old"
    assert change(scope, age="3h")["age"] == {"seconds": 10_800.0, "given": True}


def test_the_numbers_are_those_of_the_statistics(scope: Scope) -> None:
    answer = change(scope)
    sides = [(answer[side]["succeeded"]["n"], answer[side]["entered"]["n"]) for side in ("now", "before")]
    expected, p = difference(*sides[0], *sides[1]), p_of_two_rates(*sides[0], *sides[1])[0]
    assert answer["change"] == pytest.approx(
        {"value": expected.value, "low": expected.low, "high": expected.high, "p": p}
    )
    raw, told = [], []
    for dimension in answer["dimensions"]:
        groups = dimension["groups"]
        won0, n0, won1, n1 = (
            [one[side][what]["n"] for one in groups]
            for side in ("before", "now")
            for what in ("succeeded", "entered")
        )
        rates = p_of_changes_apart(won0, n0, won1, n1)
        shares = p_of_two_rates(n1, sum(n1), n0, sum(n0)) if len(groups) > 1 else [np.nan]
        raw += [p for pair in zip(rates, shares, strict=True) for p in pair]
        told += [one[name] for one in groups for name in ("p_rate", "p_share")]
    assert [np.nan if one is None else one for one in told] == pytest.approx(list(adjusted(raw)), nan_ok=True)


def test_every_number_has_its_list(scope: Scope) -> None:
    answer = change(scope, most=3)
    found = list(cells(answer))
    assert len({cell for cell, _ in found}) == len(found)
    for cell, n in random.Random(1).sample(found, 30) + list(cells([answer["before"], answer["now"]])):
        assert total(scope, behind(scope, cell)) == n, cell


@pytest.mark.parametrize("by", ["country", "property:size"])
def test_the_values_that_are_together_are_told_with_a_list_of_each(scope: Scope, by: str) -> None:
    few, all_ = (groups_by(change(scope, by=by, most=most), by) for most in (1, 50))
    (other,) = (group for group in few if group["kind"] == "other")
    there = [group for group in all_ if group["kind"] == "value"][1:]
    for (cell, n), *same in zip(*(list(cells(group)) for group in (other, *there)), strict=True):
        found = other_values(scope, cell)
        assert found["total"] == len(found["labels"]) == other["different"] == len(there)
        assert {one["label"]: (one["cell"], one["n"]) for one in found["labels"]} == {
            group["value"]: number for group, number in zip(there, same, strict=True)
        }
        assert n == sum(one["n"] for one in found["labels"])
        first = other_values(scope, cell, most=1)
        assert (first["total"], first["labels"]) == (len(there), found["labels"][:1])
    assert other_values(scope, few[0]["now"]["entered"]["cell"]) == {"total": 0, "labels": []}


def groups_by(answer: dict[str, Any], by: str) -> list[dict[str, Any]]:
    """The groups of a dimension."""
    return next(one["groups"] for one in answer["dimensions"] if one["dimension"] == by)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "3", "[]", '["now", "entered", 1, 2, 3]'),
        *('["then", "entered", 1, 2, 3, 4, []]', '["now", "lost", 1, 2, 3, 4, []]'),
        *('["now", "entered", 2, 1, 3, 4, []]', '["now", "entered", 1, 2, 3, 5, []]'),
        *(
            '["now", "entered", 1, 2, 3, 4, ["shoe"]]',
            '["now", "entered", 1, 2, 3, 4, ["shoe", "value", "4"]]',
        ),
        *(
            '["now", "entered", 1, 2, 3, 4, ["device", "some", "x"]]',
            '["now", "entered", 1, 2, 3, 4, ["device", "value", 4]]',
        ),
    ],
)
def test_a_cell_that_is_none_is_refused(scope: Scope, cell: str) -> None:
    for name in (cell, urlsafe_b64encode(cell.encode()).decode()):
        with pytest.raises(ListError, match="no cell of this report"):
            behind(scope, name)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"before_from": "2025-01-01"}, PeriodError, "both its beginning and its end"),
        ({"before_from": "2025-02-01", "before_to": "2025-01-01"}, PeriodError, "ends before it begins"),
        ({"before_from": "2025-01-01", "before_to": "2025-11-01"}, PeriodError, "must not overlap"),
        ({"before_from": "yore", "before_to": "2025-11-01"}, PeriodError, "is no date"),
        ({"target": "visit"}, DimensionError, "nothing leads to 'visit'"),
        ({"age": "old"}, DimensionError, "is no age"),
        ({"age": "9999w"}, DimensionError, "too old"),
    ],
)
def test_what_cannot_be_asked_is_said(
    scope: Scope, asked: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        change(scope, **asked)


def test_another_period_and_nobody(scope: Scope) -> None:
    first = datetime.fromtimestamp(START / 1000, ZoneInfo("UTC")).date().isoformat()
    tenth = datetime.fromtimestamp(START / 1000 + 10 * 86_400, ZoneInfo("UTC")).date().isoformat()
    answer = change(scope, before_from=first, before_to=tenth, age="1d")
    assert answer["before"]["entered"]["n"] == len(reached(scope, Period(START, START + 10 * DAY), DAY))
    nobody = change(replace(scope, segment={"device": "none"}))
    assert nobody["sentence"] == "No run of this period is old enough, so nothing can be compared."
    assert nobody["dimensions"] == []
    assert change(replace(scope, period=Period(START, START + DAY)))["sentence"].startswith(
        "No run of the period to"
    )
    json.dumps(nobody, allow_nan=False)
    assert len(list(CHANGE.table(nobody)[1])) == 5


def test_the_period_before_has_as_many_days_also_over_a_change_of_the_clocks() -> None:
    zone = ZoneInfo("Europe/Berlin")

    def at(text: str) -> int:
        return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)

    assert preceding(Period(at("2026-03-29"), at("2026-04-05")), zone) == Period(
        at("2026-03-22"), at("2026-03-29")
    )
    assert preceding(Period(at("2026-04-01"), at("2026-04-05")), zone) == Period(
        at("2026-03-28"), at("2026-04-01")
    )
    hours = Period(at("2026-03-29T12:00"), at("2026-03-29T18:00"))
    assert preceding(hours, zone) == Period(hours.start - 6 * HOUR, hours.start)


@pytest.mark.parametrize(
    ("share", "said"), [(0.79, "four fifths"), (0.34, "a third"), (1.0, "all"), (1.3, "more than all")]
)
def test_shares_are_said_as_people_do(share: float, said: str) -> None:
    assert fraction(share) == said


def test_the_file_adds_up(scope: Scope) -> None:
    head, rows = CHANGE.table(change(scope, most=3))
    table = [dict(zip(head, row, strict=True)) for row in rows]
    total = table[0]["total"]
    for part in {row["part"] for row in table} - {"runs"}:
        assert sum(row["total"] for row in table if row["part"] == part) == pytest.approx(total)


def test_rates_of_a_handful_of_runs_are_not_told_of(scopes: dict[str, Scope]) -> None:
    answer = change(scopes["country"], most=20)
    for dimension in answer["dimensions"]:
        for one in dimension["groups"]:
            one["before"]["rate"] |= {"n": 29}
    assert "nothing to explain" in sentence(answer, "Trial to paid")
    for side in ("before", "now"):
        answer[side]["rate"] |= {"value": 0.0}
    assert "was 0% and is 0%" in sentence(answer, "Trial to paid")


def test_hardly_any_difference_has_no_sign(scope: Scope) -> None:
    answer = change(scope)
    answer["change"] |= {"value": -0.0004, "low": -0.012, "high": 0.0111}
    assert "a difference of 0 points (-1.2 to +1.1), which may be chance" in sentence(answer, "Trial to paid")


FURTHER = {
    "medium": {"mobile": "phone", "desktop": "desk"},
    "property:size": {"mobile": "phone", "desktop": "desk"},
    "trait:plan": {"mobile": "phone", "desktop": "desk"},
    "segment:phones": {"mobile": "in", "desktop": "not in"},
}


@pytest.mark.parametrize("by", FURTHER)
def test_a_further_dimension_counts_and_explains_as_the_others_do(scope: Scope, by: str) -> None:
    """What it tells is the device, of nine in ten where it is told by a property or a trait."""
    answer, plain = change(scope, by=by), change(scope)
    assert answer["by"] == by
    *others, further = answer["dimensions"]
    assert [one["dimension"] for one in others] == [one["dimension"] for one in plain["dimensions"]]
    assert further["dimension"] == by
    whole = answer["change"]["value"]
    assert further["mix"] + further["rate"] == pytest.approx(whole, abs=1e-12)
    device = next(one for one in others if one["dimension"] == "device")
    expected = {FURTHER[by][one["value"]]: one for one in device["groups"]}
    found = {one["value"]: one for one in further["groups"] if one["kind"] == "value"}
    assert found.keys() == expected.keys()
    is_whole = by in ("medium", "segment:phones")
    for value, one in found.items():
        for side in ("before", "now"):
            for what in ("entered", "succeeded"):
                n, of_device = one[side][what]["n"], expected[value][side][what]["n"]
                assert n == of_device if is_whole else 0.8 * of_device < n < of_device
                assert total(scope, behind(scope, one[side][what]["cell"])) == n
    without = [one for one in further["groups"] if one["kind"] == "none"]
    assert len(without) == (not is_whole)
    everyone = sum(one["now"]["entered"]["n"] for one in further["groups"])
    assert everyone == answer["now"]["entered"]["n"]
    tested = sum(len(one["groups"]) for one in answer["dimensions"])
    p = [g[n] for one in answer["dimensions"] for g in one["groups"] for n in ("p_rate", "p_share")]
    assert len(p) == 2 * tested
    worst = min(further["groups"], key=lambda one: one["by_rate"]["value"])
    assert worst["value"] == FURTHER[by]["mobile"]
    assert worst["p_rate"] < 0.001
    if not is_whole:
        return
    named = {"medium": "medium phone", "segment:phones": "runs in segment phones"}[by]
    assert f"of the fall is {named} at “First project”" in answer["sentence"]


def test_rarer_values_of_a_further_dimension_are_together(scope: Scope) -> None:
    answer = change(scope, by="property:size", most=1)
    groups = {one["kind"]: one for one in answer["dimensions"][-1]["groups"]}
    assert groups.keys() == {"value", "other", "none"}
    for one in groups.values():
        for side in ("before", "now"):
            found = listed(scope, which=behind(scope, one[side]["entered"]["cell"]))
            assert found["total"] == one[side]["entered"]["n"]


def test_what_every_answer_has_is_not_parted_twice(scope: Scope) -> None:
    answer = change(scope, by="device")
    assert answer["by"] == ""
    assert len(answer["dimensions"]) == len(OF_RUN)
    with pytest.raises(DimensionError, match="tells no runs apart"):
        change(scope, by="shoe")


def test_a_fall_that_all_share_is_so_by_the_further_dimension_too(scope: Scope) -> None:
    said = change(replace(scope, segment={"device": "mobile"}), by="medium")["sentence"]
    assert "no channel, source, campaign, device, country or medium stands out" in said


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (0.314, 0.261, ("31%", "26%")),
        (0.714, 0.707, ("71.4%", "70.7%")),
        (0.0251, 0.0231, ("2.5%", "2.3%")),
        (0.00214, 0.00206, ("0%", "0%")),
        (0.5, 0.5, ("50%", "50%")),
    ],
)
def test_two_rates_are_written_as_far_apart_as_they_are(
    before: float, now: float, said: tuple[str, str]
) -> None:
    assert _both(before, now) == said
