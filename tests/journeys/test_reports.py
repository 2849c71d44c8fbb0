"""All reports count the same runs: sums hold, lists match their numbers, paths conserve their flow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import OUTCOMES, funnel
from journeys.lists import AT_STEP, WHOLE, listed
from journeys.paths import paths
from journeys.period import Period
from journeys.preview import preview
from journeys.scope import Scope, drafted
from journeys.segments import choices
from journeys.timing import timing
from journeys.variants import VARIANTS, other_ways, variants
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project

NAMES = ["Look", "Try", "Ask", "Buy", "Leave", "Wander", "Rest"]
# An event, a page and a screen of one name; which one it is, by the number of the event.
SAME = {
    ("Wander", 1): ("page", "", "Wander"),
    ("Wander", 2): ("screen", "Wander", ""),
    ("Rest", 0): ("track", "/rest", ""),
    ("Rest", 1): ("page", "", "/rest"),
}
START = 1_760_000_000_000
NOW = START + 400_000
PROJECT = Project(1, "p", "P", "UTC")
PERIOD = Period(START, START + 1_000_000)
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}], "within": "60s"},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "fail_on": [{"event": "Leave"}],
        "idle_timeout": "90s",
        "window": "5m",
    }
)


def history() -> list[Event]:
    dice = random.Random(5)
    rows = []
    for customer in range(300):
        at = START + dice.randrange(300_000)
        for _ in range(dice.randrange(1, 25)):
            at += dice.choice([0, 500, 5_000, 20_000, 100_000])
            number = len(rows)
            kind, name, path = SAME.get((said := dice.choice(NAMES), number % 3), ("track", said, ""))
            rows.append(
                Event(
                    project=1,
                    event_id=event_id(str(number)),
                    message_id=str(number),
                    type=kind,
                    event=name,
                    path=path,
                    timestamp=at,
                    received_at=at,
                    sequence=number,
                    user_id=str(customer),
                    identity=identity_hash("user", str(customer)),
                    device=("mobile", "desktop")[customer % 2],
                    country=("DE", "FR", "")[customer % 3],
                )
            )
    return rows + [member(customer, f"a{account}") for customer in range(300) for account in of(customer)]


def of(customer: int) -> set[int]:
    """The accounts of a customer: up to three customers share one, some have two, some none."""
    return set() if customer % 10 == 0 else {customer // 3, customer // 3 + (customer % 7 == 0)}


def member(customer: int, account: str) -> Event:
    return Event(
        project=1,
        event_id=event_id(f"{customer}-{account}"),
        message_id=f"{customer}-{account}",
        type="group",
        timestamp=START,
        received_at=START,
        user_id=str(customer),
        identity=identity_hash("user", str(customer)),
        group_id=account,
    )


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    """A journey of 300 customers, some of whom are still under way."""
    events = shared_events.sibling("t_reports")
    migrate_events(events)
    events.insert(history(), token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    yield Scope(events, PROJECT, version, DEFINITION, PERIOD, {}, NOW)
    events.command("drop database t_reports")
    events.close()


@pytest.fixture(params=["runs", "customers", "accounts"])
def unit(request: pytest.FixtureRequest) -> str:
    return request.param


def test_sums_hold_by_construction(scope: Scope, unit: str) -> None:
    found = funnel(scope, unit=unit)
    assert found["entered"] == sum(found["outcomes"].values())
    assert all(found["outcomes"][how] > 0 for how in OUTCOMES), "the data must show every outcome"
    steps = found["steps"]
    assert steps[0]["progressed"] == found["entered"]
    assert steps[-1]["progressed"] == found["outcomes"]["succeeded"]
    for step, following in pairwise(steps):
        ended = step["dropped_here"] + step["failed_here"] + step["in_time_here"]
        assert step["progressed"] - following["progressed"] == ended
        assert step["visited"] + step["missed"] == step["progressed"]


def test_the_list_behind_every_number_has_exactly_that_many_runs(scope: Scope, unit: str) -> None:
    found = funnel(scope, unit=unit)
    wanted = {(number, None): found["outcomes"].get(number, found["entered"]) for number in WHOLE}
    for s in found["steps"]:
        s["left_here"] = s["dropped_here"] + s["failed_here"]
        s["may_come"] = s["rate_from_start"]["in_time"]
        wanted |= {(number, s["key"]): s[number] for number in AT_STEP}
    for (number, step), n in wanted.items():
        answer = listed(scope, number=number, step=step, unit=unit, most=10_000)
        assert answer["total"] == len(answer["runs"]) == n, (number, step)


def test_unit_customers_counts_each_customer_once(scope: Scope) -> None:
    runs = listed(scope, most=10_000)["runs"]
    customers = listed(scope, unit="customers", most=10_000)["runs"]
    assert (
        len({one["customer"] for one in runs}) == len(customers) == funnel(scope, unit="customers")["entered"]
    )
    keys = [step.key for step in DEFINITION.steps]
    furthest = Counter[str]()
    for run in runs:
        furthest[run["customer"]] = max(furthest[run["customer"]], keys.index(run["furthest"]))
    assert {one["customer"]: keys.index(one["furthest"]) for one in customers} == furthest


def test_segments_part_the_runs(scope: Scope) -> None:
    whole = funnel(scope)["entered"]
    for attribute in ("device", "country"):
        values = choices(scope)[attribute]
        assert sum(one["n"] for one in values) == whole
        for one in values:
            part = Scope(**{**vars(scope), "segment": {attribute: one["value"]}})
            assert funnel(part)["entered"] == one["n"]


def test_a_funnel_is_one_question_so_that_all_its_numbers_are_of_the_same_runs(
    scope: Scope, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, query = [], scope.events.query
    monkeypatch.setattr(scope.events, "query", lambda *args: asked.append(args) or query(*args))
    funnel(scope, unit=unit)
    assert len(asked) == 1
    snapshot = "select value from system.settings where name = 'enable_shared_storage_snapshot_in_query'"
    assert query(snapshot) == [{"value": "1"}]  # so that all of one question reads the same rows


def test_a_rate_says_between_what_it_ends_when_all_are_decided(scope: Scope, unit: str) -> None:
    found = funnel(scope, unit=unit)
    begun = Period(scope.period.start, NOW + 1)  # no run begins in between
    later = Scope(**{**vars(scope), "now": NOW * 2, "period": begun})
    entered, decided = found["entered"], funnel(later, unit=unit)
    success = found["success_rate"]
    assert success["in_time"] == found["outcomes"]["in_time"] > 0
    assert success["at_least"] == success["value"] == decided["success_rate"]["at_most"]
    assert success["at_most"] == round((found["outcomes"]["succeeded"] + success["in_time"]) / entered, 6)
    assert decided["success_rate"]["in_time"] == 0
    still = 0
    for before, step in pairwise(found["steps"]):
        still += before["in_time_here"]
        assert step["rate_from_start"]["in_time"] == still
        assert step["rate_from_start"]["at_most"] == round((step["progressed"] + still) / entered, 6)
        assert step["rate_from_previous"]["in_time"] == before["in_time_here"]
        most = (step["progressed"] + before["in_time_here"]) / before["progressed"]
        assert step["rate_from_previous"]["at_most"] == round(most, 6)


def test_a_rate_says_how_many_customers_are_behind_it(scope: Scope, unit: str) -> None:
    found = funnel(scope, unit=unit)
    for before, step in pairwise(found["steps"]):
        rows = listed(scope, number="progressed", step=before["key"], unit=unit, most=10_000)["runs"]
        theirs = Counter(row["customer"] for row in rows)
        said = step["rate_from_previous"]
        assert said["customers"] == len(theirs)
        assert sum(n for _, n in theirs.most_common(said["half_by"])) * 2 >= len(rows)
        assert sum(n for _, n in theirs.most_common(said["half_by"] - 1)) * 2 < len(rows)
        assert not said["few"]


def test_variants_cover_all_runs(scope: Scope, unit: str) -> None:
    found, counted = variants(scope, unit=unit, most=1000), funnel(scope, unit=unit)
    assert sum(one["n"] for one in found["variants"]) == found["runs"] == counted["entered"]
    assert found["variants"][-1]["cumulative"]["value"] == pytest.approx(1)
    rates = [(one["success_rate"], one["n"]) for one in found["variants"]]
    assert sum(round(one["value"] * n) for one, n in rates) == counted["outcomes"]["succeeded"]
    assert sum(one["in_time"] for one, _ in rates) == counted["outcomes"]["in_time"]


def test_other_is_of_the_ways_that_are_not_shown(scope: Scope, unit: str) -> None:
    every = variants(scope, unit=unit, most=1000)["variants"]
    other = variants(scope, unit=unit, most=2)["other"]
    together = other_ways(scope, other["cell"], most=1000)
    assert together["total"] == len(together["ways"]) == other["ways"] > 1
    assert together["ways"] == [{name: one[name] for name in ("steps", "n", "cell")} for one in every[2:]]
    assert sum(one["n"] for one in together["ways"]) == other["n"]
    assert VARIANTS.behind
    for one in together["ways"]:
        found = listed(scope, which=VARIANTS.behind(scope, one["cell"]), unit=unit, most=1000)
        assert found["total"] == one["n"]
        assert {
            tuple(step["key"] for step in run["steps"] if step["key"] != "buy") for run in found["runs"]
        } == {tuple(one["steps"])}
    few = other_ways(scope, other["cell"], most=1)
    assert few == {"total": other["ways"], "ways": together["ways"][:1]}


def test_a_variant_is_the_way_before_the_goal_and_says_how_many_of_it_got_there(scope: Scope) -> None:
    runs = listed(scope, most=10_000)["runs"]
    ways, succeeded = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for run in runs:
        way = tuple(step["key"] for step in run["steps"] if step["key"] != "buy")
        ways[way] += 1
        succeeded[way] += run["outcome"] == "succeeded"
    found = variants(scope, most=1000)["variants"]
    assert {tuple(one["steps"]): one["n"] for one in found} == ways
    for one in found:
        way = tuple(one["steps"])
        assert one["success_rate"]["value"] == round(succeeded[way] / ways[way], 6)
    assert any(0 < one["success_rate"]["value"] < 1 for one in found)


def test_timing_counts_those_who_came_there(scope: Scope, unit: str) -> None:
    found, counted = timing(scope, unit=unit), funnel(scope, unit=unit)
    assert found["goal"]["n"] == counted["outcomes"]["succeeded"]
    assert found["goal"]["median"] == counted["seconds_to_goal"]["median"]
    for spread, step in zip(found["steps"], counted["steps"][1:], strict=True):
        assert spread["n"] == step["visited"] == sum(bar["n"] for bar in spread["histogram"])
        assert spread["median"] == step["seconds_from_previous"]["median"]


@pytest.mark.parametrize(
    ("unit", "direction", "anchor", "collapse"),
    [
        ("runs", "after", "look", True),
        ("customers", "after", "try", False),
        ("accounts", "after", "buy", True),
        ("accounts", "before", "look", False),
        ("runs", "before", "try", True),
        ("customers", "before", "buy", False),
    ],
)
def test_paths_of_runs_conserve_their_flow(
    scope: Scope, unit: str, direction: str, anchor: str, collapse: bool
) -> None:
    found = paths(scope, unit=unit, anchor=anchor, direction=direction, depth=4, most=3, collapse=collapse)
    visited = {step["key"]: step["visited"] for step in funnel(scope, unit=unit)["steps"]}
    assert found["runs"] == visited[anchor]
    conserved(found, depth=4)
    assert 0 < found["coverage"] <= 1


def test_paths_follow_the_events_of_the_run(scope: Scope) -> None:
    run = next(r for r in listed(scope, number="succeeded", most=500)["runs"] if len(r["steps"]) == 4)
    found = paths(scope, anchor="look", depth=12, outcome="succeeded", collapse=False, most=50)
    labels = {node["label"] for node in found["nodes"] if node["kind"] == "touchpoint"}
    assert {"Ask", "Try", "Buy"} <= labels, run
    assert {node["label"] for node in found["nodes"] if node["kind"] == "end"} == {"Succeeded"}


def test_a_preview_equals_the_stored_runs(scope: Scope) -> None:
    found = preview(scope.events, PROJECT, DEFINITION, period=PERIOD, now=NOW)
    stored = funnel(scope)
    assert found["sampled"] == 1
    assert {k: v for k, v in found["funnel"].items() if k != "version"} == {
        k: v for k, v in stored.items() if k != "version"
    }
    assert all(one["raw_matches"] > 0 for one in found["zero"])


def test_a_sample_is_a_part_of_the_customers(scope: Scope) -> None:
    whose = "cityHash64(customer) % {chunks:UInt32} = 0"
    part = drafted(scope.events, PROJECT, DEFINITION, PERIOD, whose=whose, now=NOW, chunks=3)
    assert 0 < funnel(part)["entered"] < funnel(scope)["entered"]


def small(events: EventStore, rows: list[tuple[str, str]], definition: dict[str, Any]) -> Scope:
    """A journey over events (type, name) of one customer, all at one moment."""
    written = [
        Event(
            project=1,
            event_id=event_id(str(n)),
            message_id=str(n),
            type=kind,
            event=name,
            timestamp=START,
            received_at=START,
            sequence=n,
            user_id="anna",
            identity=identity_hash("user", "anna"),
        )
        for n, (kind, name) in enumerate(rows)
    ]
    events.insert(written, token="t")
    parsed = parse({"key": "j", "name": "J", **definition})
    version = JourneyVersion(1, 1, 1, 1, dict(parsed.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    return Scope(events, PROJECT, version, parsed, PERIOD, {}, NOW)


def two_steps(first: dict[str, str], last: dict[str, str]) -> dict[str, Any]:
    return {
        "steps": [
            {"key": "first", "name": "First", "match": [first]},
            {"key": "last", "name": "Last", "match": [last]},
        ]
    }


def test_runs_of_one_moment_are_all_listed_and_all_drawn(events: EventStore) -> None:
    rows = [("track", name) for name in "abababab"]
    scope = small(events, rows, two_steps({"event": "a"}, {"event": "b"}))
    assert funnel(scope)["entered"] == paths(scope)["runs"] == 4
    seen, cursor = 0, None
    for _ in range(5):
        page = listed(scope, cursor=cursor, most=1)
        assert page["total"] == 4
        seen += len(page["runs"])
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == 4


def test_paths_begin_after_a_step_that_is_no_touchpoint_itself(events: EventStore) -> None:
    rows = [("track", "before"), ("identify", ""), ("page", ""), ("track", "Bought")]
    scope = small(events, rows, two_steps({"type": "identify"}, {"event": "Bought"}))
    found = paths(scope)
    assert found["runs"] == 1
    assert [node["label"] for node in found["nodes"]] == ["First", "page:", "Bought", "Succeeded"]


def conserved(found: dict[str, Any], *, depth: int) -> None:
    inflow, outflow = Counter[str](), Counter[str]()
    for link in found["links"]:
        outflow[link["source"]] += link["n"]
        inflow[link["target"]] += link["n"]
    for node in found["nodes"]:
        if node["kind"] == "anchor":
            assert node["n"] == found["runs"]
        else:
            assert inflow[node["id"]] == node["n"]
        if node["kind"] != "end" and node["position"] < depth:
            assert outflow[node["id"]] == node["n"]
        assert outflow[node["id"]] <= node["n"]
