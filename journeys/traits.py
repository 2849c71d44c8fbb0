"""Traits: what customers and accounts are said to be, now, at any moment before, and how that changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from journeys.period import END_OF_TIME, iso
from journeys.questions import question
from store.events import EventStore
from store.identity import Ledger

MOST_FORMER = 50  # values of one trait
MOST_VALUES = 10_000  # of all traits; those of now come before all former ones
# A group event's traits are those of the account.
OF_CUSTOMER = "identity in {identities:Array(UInt64)} and customer = {customer:UInt64} and type != 'group' "
OF_ACCOUNT = "type = 'group' and group_id = {account:String} and not is_bot"


def traits(
    events: EventStore, ledger: Ledger, project_id: int, customer: int, at: int | None = None
) -> dict[str, Any]:
    """The value of each trait of a customer now, or as it was at a moment in milliseconds.

    The latest by event time counts, of all identities; ties go by sequence, then by event id. A trait whose
    latest value is null is not there. Of more than 10,000 traits those told last are.
    """
    return _values(events, OF_CUSTOMER, customer_values(ledger, project_id, customer), at)


def history(events: EventStore, ledger: Ledger, project_id: int, customer: int) -> list[dict[str, Any]]:
    """Every trait of a customer by name: its value, since when and by which event, and the former values.

    `former` holds at most 50, the latest first, each with `at`, `until` and its event; of all traits together
    there are at most 10,000 values, and the oldest former ones are left out before any value of now.
    `changes` counts all values that the trait has had. A value of None was sent as null: it was taken away.
    """
    return _history(events, OF_CUSTOMER, customer_values(ledger, project_id, customer))


def account_traits(
    events: EventStore, project_id: int, account: str, at: int | None = None
) -> dict[str, Any]:
    """The value of each trait of an account, now or at a moment in milliseconds."""
    return _values(events, OF_ACCOUNT, {"project": project_id, "account": account}, at)


def account_history(events: EventStore, project_id: int, account: str) -> list[dict[str, Any]]:
    """Every trait of an account with its former values, as `history` gives those of a customer."""
    return _history(events, OF_ACCOUNT, {"project": project_id, "account": account})


def customer_values(ledger: Ledger, project_id: int, customer: int) -> dict[str, Any]:
    """What a question about one customer binds: the project, its number and all identities it may have."""
    identities = ledger.identities_of(project_id, [customer])
    return {"project": project_id, "customer": customer, "identities": identities}


def _values(events: EventStore, whose: str, values: Mapping[str, Any], at: int | None) -> dict[str, Any]:
    until = END_OF_TIME if at is None else at
    rows = events.query(
        question("traits.values", whose=whose), {**values, "until": until, "most": MOST_VALUES}
    )
    found = {row["name"]: json.loads(row["value"]) for row in rows}
    return {name: found[name] for name in sorted(found) if found[name] is not None}


def _history(events: EventStore, whose: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    limits = {"most": MOST_FORMER + 1, "rows": MOST_VALUES}
    rows = events.query(question("traits.changes", whose=whose), {**values, **limits})
    rows.sort(key=itemgetter("name"))  # within a trait they stay newest first
    return [_trait(name, list(changes)) for name, changes in groupby(rows, key=itemgetter("name"))]


def _trait(name: str, changes: list[dict[str, Any]]) -> dict[str, Any]:
    now, *former = changes
    return {
        "name": name,
        **_change(now),
        "changes": now["changes"],
        "former": [
            {**_change(one), "until": iso(after["at"])} for one, after in zip(former, changes, strict=False)
        ],
    }


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "value": json.loads(row["value"]),
        "at": iso(row["at"]),
        "event": {"id": row["id"], "label": row["label"]},
    }
