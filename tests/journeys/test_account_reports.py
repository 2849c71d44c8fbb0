"""Reports of runs of accounts: with one member each, they say what reports of those members say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from journeys.account_events import FIRST
from journeys.companions import COMPANIONS
from journeys.definitions import parse
from journeys.filling import fill
from journeys.lists import listed
from journeys.membership import Saved
from journeys.period import Period
from journeys.report import Report
from journeys.reports import BY_NAME, REPORTS
from journeys.scope import NO_CUSTOMERS, Scope, UnitError, drafted
from journeys.segments import SegmentError
from store.event import Event, event_id
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from tests.journeys.months import DAY, DEFINITION, NOW, PROJECT, START, history

PERIOD = Period(START - 3 * DAY, NOW)
OF_ACCOUNTS = parse({**DEFINITION.source, "key": "of-accounts", "runs_of": "accounts"})
SEGMENT = {
    "key": "s",
    "name": "S",
    "all": [
        {"trait": "plan", "op": "in", "value": ["pro", "team", "free"]},
        {"did": {"event": "Look"}, "during": "run"},
    ],
}


def versions() -> tuple[JourneyVersion, JourneyVersion]:
    made = [
        JourneyVersion(n, 1, n, 1, dict(one.source), "live", 0, 0, "", 0)
        for n, one in enumerate((DEFINITION, OF_ACCOUNTS), 1)
    ]
    return made[0], made[1]


@pytest.fixture(scope="module")
def both(shared_events: EventStore) -> Iterator[tuple[Scope, Scope]]:
    """The journey of customers, and of accounts of which each has one of them."""
    events = shared_events.sibling("t_account_reports")
    migrate_events(events)
    rows = [row for row in history() if row.type != "group"]
    first = {row.identity: row for row in reversed(rows)}
    rows += map(group, first.values())
    events.insert(rows, token="t")
    saved = Saved({"s": SEGMENT}, {one.definition["key"]: one for one in versions()})
    scopes = []
    for version, rule in zip(versions(), (DEFINITION, OF_ACCOUNTS), strict=True):
        fill(events, version, progress=lambda done, total: None)
        scopes.append(Scope(events, PROJECT, version, rule, PERIOD, {}, NOW, saved=saved))
    yield scopes[0], scopes[1]
    events.command("drop database t_account_reports")
    events.close()


def group(row: Event) -> Event:
    """Tells of the account that this customer alone belongs to."""
    named = {"group_id": f"firm of {row.user_id}", "event_id": event_id(f"group {row.user_id}")}
    return replaced(row, type="group", event="", traits="{}", properties="{}", **named)


def plain(answer: Any) -> Any:
    """The answer without the names by which the two journeys, and their units, differ."""
    if isinstance(answer, dict):
        return {name: plain(one) for name, one in answer.items() if name not in ("runs_of", "cell", "cells")}
    if isinstance(answer, list | tuple):
        return [plain(one) for one in answer]
    return answer.replace("of-accounts", "j") if isinstance(answer, str) else answer


@pytest.mark.parametrize("segment", [{}, {"device": "mobile", "name": "s"}], ids=str)
@pytest.mark.parametrize(
    "report", [one for one in REPORTS if one not in COMPANIONS.values()], ids=lambda one: one.name
)
def test_every_report_says_of_accounts_what_it_says_of_their_only_members(
    both: tuple[Scope, Scope], report: Report, segment: dict[str, str]
) -> None:
    of_customers, of_accounts = (replace(scope, segment=segment) for scope in both)
    units = (
        [("runs", "runs"), ("customers", "accounts")] if "accounts" in report.units else [("runs", "runs")]
    )
    for unit, same in [units[len(report.name) % len(units)]] if segment else units:
        expected = report.ask(of_customers, report.arguments({}), unit=unit)
        found = report.ask(of_accounts, report.arguments({}), unit=same)
        assert plain({**found, "unit": ""}) == plain({**expected, "unit": ""})
        assert len(str(plain(expected))) > 100


@pytest.mark.parametrize("unit", ["runs", "accounts"])
def test_lists_name_accounts_and_no_customers(both: tuple[Scope, Scope], unit: str) -> None:
    of_customers, of_accounts = both
    expected = listed(of_customers, unit="runs" if unit == "runs" else "customers", most=10_000)
    found = listed(of_accounts, unit=unit, most=10_000)
    assert found["total"] == expected["total"] == len(found["runs"])
    assert {run["customer"] for run in found["runs"]} == {""}
    assert {run["account"].split(" ")[0] for run in found["runs"]} == {"firm"}
    when = sorted((run["start"], run["last"], run["outcome"]) for run in expected["runs"])
    assert sorted((run["start"], run["last"], run["outcome"]) for run in found["runs"]) == when


def test_a_list_goes_on_page_by_page(both: tuple[Scope, Scope]) -> None:
    whole = listed(both[1], most=10_000)["runs"]
    pages, cursor = [], None
    while True:
        page = listed(both[1], cursor=cursor, most=100)
        pages += page["runs"]
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == whole


def test_a_draft_says_what_the_saved_journey_says(both: tuple[Scope, Scope]) -> None:
    scope = both[1]
    draft = drafted(scope.events, PROJECT, OF_ACCOUNTS, PERIOD, whose="1", now=NOW)
    funnel = BY_NAME["funnel"]
    assert plain(funnel.ask(draft, {})["steps"]) == plain(funnel.ask(scope, {})["steps"])


def test_what_has_no_meaning_for_accounts_is_refused_in_a_sentence(both: tuple[Scope, Scope]) -> None:
    of_customers, of_accounts = both
    with pytest.raises(UnitError, match=re.escape(NO_CUSTOMERS)):
        BY_NAME["funnel"].ask(of_accounts, {}, unit="customers")
    for scope, other in ((of_customers, "of-accounts"), (of_accounts, "j")):
        asked = {"key": "s", "name": "S", "all": [{"journey": other, "state": "never_entered"}]}
        mixed = replace(scope, segment={"name": "s"}, saved=replace(scope.saved, segments={"s": asked}))
        with pytest.raises(SegmentError, match="whose runs are those of"):
            BY_NAME["funnel"].ask(mixed, {})


def test_accounts_are_never_taken_for_persons(both: tuple[Scope, Scope]) -> None:
    rows = both[1].events.query("select journey_version, customer from journey_runs final")
    assert {(row["journey_version"] == 2) == (row["customer"] >= FIRST) for row in rows} == {True}
