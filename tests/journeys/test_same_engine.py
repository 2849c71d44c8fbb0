"""The same engine on a server and on a cluster: every question has the answer that the embedded one gives."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from journeys import checking, filling, runs
from journeys.breakdown import breakdown
from journeys.conformance import conformance
from journeys.funnel import funnel
from journeys.lists import AT_STEP, listed
from journeys.scope import Scope
from journeys.trend import trend
from journeys.variants import variants
from store.db import open_db
from store.events import EventStore
from store.migrate import migrate_events
from store.privacy.deletion import delete_versions
from tests.journeys.world import World, made, others, reports, together
from tests.journeys.world_lists import lists, of_all_events
from tests.served import served

# Two shards are put together; more of them, one, and every list are a matter of `make test-deep`.
DEEP = "RUN_EXAMPLES" in os.environ
ELSEWHERE = {"a server": 0, "two shards": 2}
if DEEP:
    ELSEWHERE |= {"one shard": 1, "eight shards": 8}
SOME = None if DEEP else 1
# A server without shards is asked as the embedded engine is, by the way that leads to a cluster too.
OF_A_SERVER = 1 if DEEP else 6


def everything(world: World, *, every: int = 1) -> dict[str, Any]:
    """All answers, or one of so many."""
    found: dict[str, Any] = {}
    asked = chain(reports(world, whole=DEEP), others(world), together(world))
    for name, ask in islice(asked, None, None, every):
        assert name not in found, "a name is that of one question"
        found[name] = ask()
    return found


def behind(world: World) -> dict[str, Any]:
    """Lists, which look for customers and numbers within what they ask, and what is asked of all events."""
    return {name: ask() for make in (lists, of_all_events) for name, ask in make(world, some=SOME)}


def told(folder: Path, template: Path, events: EventStore) -> World:
    path = folder / "waywiser.db"
    shutil.copy(template, path)
    return made(open_db(f"sqlite:///{path}", sync="normal"), events)


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, template_db: Path, shared_events: EventStore
) -> Iterator[World]:
    """The company in the embedded engine."""
    events = shared_events.sibling("t_same")
    migrate_events(events)
    world = told(tmp_path_factory.mktemp("embedded"), template_db, events)
    yield world
    world.engine.dispose()
    events.command("drop database t_same")
    events.close()


@pytest.fixture(scope="module")
def embedded(company: World) -> dict[str, Any]:
    """All answers of the embedded engine."""
    return everything(company) | behind(company)


@pytest.fixture(scope="module", params=ELSEWHERE.values(), ids=ELSEWHERE.keys())
def elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template_db: Path
) -> Iterator[World]:
    """The same company behind the HTTP client: on a server, and on clusters."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with served(folder, request.param) as events:
        world = told(folder, template_db, events)
        yield world
        world.engine.dispose()
    shutil.rmtree(folder)


def test_every_answer_is_the_same(embedded: dict[str, Any], elsewhere: World) -> None:
    assert elsewhere.events.embedded is False
    is_whole = DEEP or elsewhere.events.cluster  # one server has everything beside each other
    found = everything(elsewhere, every=1 if is_whole else OF_A_SERVER)
    found |= behind(elsewhere) if is_whole else {}
    assert [name for name in found if found[name] != embedded[name]] == []
    assert found.keys() == embedded.keys() or not is_whole


def test_runs_that_are_computed_in_shares_or_for_thousands_are_the_same(
    elsewhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, events, ledger = elsewhere.scope, elsewhere.events, elsewhere.ledger
    before, counted = listed(scope, most=1_000), checksum(events)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(filling, "EVENTS_PER_CHUNK", 120)
    filling.fill(events, scope.version, progress=lambda *so_far: told.append(so_far))
    assert told[-1][1] > 2
    assert (listed(scope, most=1_000), checksum(events)) == (before, counted)
    known = [int(run["customer"]) for run in before["runs"]]
    many = sorted({*known, *range(12_000)})
    runs.recompute(events, scope.version, many, [*many, *ledger.identities_of(scope.project.id, known)])
    assert (listed(scope, most=1_000), checksum(events)) == (before, counted)


def test_versions_are_filled_together_checked_share_by_share_and_deleted_again(
    elsewhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, events = elsewhere.scope, elsewhere.events
    before = checksum(events)
    twin = replace(scope.version, id=9_001)
    for share in range(2):
        filling.fill_part(events, [scope.version, twin], share, 2)
    monkeypatch.setattr(checking, "ROOM", 1)
    samples = [checking.some_customers(events, twin, 40, seed=seed) for seed in range(2)]
    assert all(samples)
    assert [checking.differing(events, twin, some) for some in samples] == [[], []]
    assert delete_versions(events, scope.project.id, [twin.id], before=2**63) == [twin.id]
    assert checksum(events) == before


def checksum(events: EventStore) -> Any:
    """Of all runs as they are stored, but not of when that was done."""
    hashes = "cityHash64(journey_version, customer, runs)"
    return events.query(f"select sum({hashes}) as n from journey_runs final where notEmpty(runs)")


def part(scope: Scope, shard: int, shards: int) -> Scope:
    """The runs of one shard alone."""
    source = f"select * from ({runs.stored()}) where cityHash64(customer) % {shards} = {shard}"
    values = {"project": scope.project.id, "journey_version": scope.version.id}
    return replace(scope, source=source, values=values)


def numbers(scope: Scope) -> Counter[Any]:
    """What is counted of runs and of customers, each of whom lies on one shard."""
    found = Counter[Any]()
    for unit in ("runs", "customers"):
        for step in funnel(scope, unit=unit)["steps"]:
            found.update({(unit, step["key"], name): step[name] for name in AT_STEP if name in step})
    for one in trend(scope, by="week")["parts"]:
        found.update({("trend", one["from"], outcome): n for outcome, n in one["outcomes"].items()})
    for one in variants(scope, most=1_000)["variants"]:
        found["variant", *one["steps"]] += one["n"]
    for one in conformance(scope, unit="runs")["deviations"]:
        found[one["kind"], one["step"]] += one["n"]
    for one in breakdown(scope, "device", most=50)["groups"]:
        found["device", one["kind"], one["value"]] += one["entered"]
    return +found


@pytest.mark.parametrize("shards", [2, 8])
def test_the_numbers_of_all_shards_add_up(company: World, shards: int) -> None:
    parts = [numbers(part(company.scope, shard, shards)) for shard in range(shards)]
    assert min(map(len, parts)) > 5
    assert sum(parts, Counter()) == numbers(company.scope)


def test_rows_lie_on_every_shard(elsewhere: World) -> None:
    if not elsewhere.events.cluster:
        pytest.skip("a server has no shards")
    shards = elsewhere.events.query("select count() as n from system.clusters where cluster = 'shards'")[0][
        "n"
    ]
    for table in (
        "events",
        "customer_events",
        "journey_runs",
        "customer_sessions",
        "sessions",
        "message_ids",
    ):
        rows = elsewhere.events.query(f"select shardNum() as shard, count() as n from {table} group by shard")
        assert {row["shard"] for row in rows if row["n"]} == set(range(1, shards + 1)), table
