"""Accounts: the firms, teams or households that `group` events name, their members, how far they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeys.definitions import parse
from journeys.period import iso
from journeys.questions import question
from journeys.traits import account_history, account_traits, customer_values
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion

MOST_MEMBERS = 500


def accounts(
    events: EventStore, project_id: int, text: str = "", *, most: int = 50, skipped: int = 0
) -> dict[str, Any]:
    """Accounts with this text in their id or in a trait, those told of last first.

    `next` is how many to skip for the following ones, or None. Members are customers, as identities resolve
    now; whoever was ever grouped into an account is a member.
    """
    limits = {"most": most + 1, "skipped": skipped}
    rows = events.query(question("accounts.listed"), {"project": project_id, "text": text.strip(), **limits})
    return {
        "accounts": [_listed(row) for row in rows[:most]],
        "next": skipped + most if len(rows) > most else None,
    }


def account(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    key: str,
    *,
    versions: Sequence[JourneyVersion] = (),
    most: int = MOST_MEMBERS,
) -> dict[str, Any] | None:
    """One account with its traits, its members and how far they came in each journey; None if unknown.

    Members are those seen last first; `n` counts them all, while at most `most` are listed.
    """
    values = {"project": project_id, "accounts": [key]}
    members = events.query(question("accounts.members"), {**values, "most": 2**31})
    if not members:
        return None
    traits = account_traits(events, project_id, key)
    return {
        "account": key,
        "name": _name(traits.get("name"), key),
        "traits": traits,
        "first_told": iso(min(row["since"] for row in members)),
        "n": len(members),
        "members": _members(events, ledger, project_id, members, most),
        "journeys": _journeys(events, values, versions),
    }


def history(events: EventStore, project_id: int, key: str) -> list[dict[str, Any]]:
    """Every trait of an account with its former values."""
    return account_history(events, project_id, key)


def accounts_of(
    events: EventStore, ledger: Ledger, project_id: int, customer: int, *, most: int = 50
) -> list[dict[str, Any]]:
    """The accounts that a customer is a member of, the first joined first."""
    rows = joined(events, ledger, project_id, customer, most=most)
    if not rows:
        return []
    asked = {"project": project_id, "accounts": [row["account"] for row in rows]}
    names = {row["account"]: row["name"] for row in events.query(question("accounts.names"), asked)}
    return [
        {
            "account": row["account"],
            "name": _name(names.get(row["account"]), row["account"]),
            "since": iso(row["since"]),
        }
        for row in rows
    ]


def joined(
    events: EventStore, ledger: Ledger, project_id: int, customer: int, *, most: int
) -> list[dict[str, Any]]:
    """The keys of these accounts, with when the first and the `last` event said so, in milliseconds."""
    values = customer_values(ledger, project_id, customer)
    return events.query(question("accounts.joined"), {**values, "most": most})


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "account": row["account"],
        "name": _name(row["name"], row["account"]),
        "members": row["members"],
        "first_told": iso(row["first_told"]),
        "last_told": iso(row["last_told"]),
    }


def _members(
    events: EventStore, ledger: Ledger, project_id: int, members: list[dict[str, Any]], most: int
) -> list[dict[str, Any]]:
    since = {row["customer"]: row["since"] for row in members[:most]}
    identities = ledger.identities_of(project_id, list(since))
    values = {"project": project_id, "customers": list(since), "identities": identities}
    return [
        {
            "customer": str(row["customer"]),
            "user_id": row["user_id"] or "",
            "email": row["email"],
            "since": iso(since[row["customer"]]),
            "n": row["n"],
            "last_seen": iso(row["last_seen"]),
            "last_touchpoint": row["last_touchpoint"],
        }
        for row in events.query(question("accounts.seen"), values)
    ]


def _journeys(
    events: EventStore, values: dict[str, Any], versions: Sequence[JourneyVersion]
) -> list[dict[str, Any]]:
    """What all runs of the members come to, journey by journey; journeys without a run are left out."""
    known = {version.id: parse(version.definition) for version in versions}
    rows = events.query(question("accounts.runs"), {**values, "versions": list(known)}) if known else []
    found = []
    for row in rows:
        definition = known[row["journey_version"]]
        found.append(
            {
                "journey": definition.key,
                "name": definition.name,
                "furthest": definition.steps[row["furthest"] - 1].name,
                "position": row["furthest"],
                "steps": len(definition.steps),
                "runs": row["n"],
                "customers": row["customers"],
                "succeeded": row["succeeded"],
                "last": iso(row["last_at"]),
            }
        )
    return found


def _name(given: Any, key: str) -> str:
    """The account's name where its traits say one, else its id."""
    return given if isinstance(given, str) and given else key
