"""Accounts: the firms, teams or households that `group` events name, their members, how far they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from journeys.account_events import number_of
from journeys.cursors import Number, Time, read, written
from journeys.definitions import parse
from journeys.filters import Params
from journeys.period import iso
from journeys.questions import question
from journeys.routes import RAW, Routes
from journeys.traits import account_history, account_traits, customer_values
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion

MOST_MEMBERS = 500
AT_ONCE = 10_000  # accounts of a file that are described at once
HEARD_OF_MS = 400 * 86_400_000  # how long ago an account may have been told of to be listed


class Place(NamedTuple):
    """Where a list of accounts goes on: after this one."""

    last_told: Time
    account: str


class MemberPlace(NamedTuple):
    """Where a list of members goes on: after this one."""

    since: Time
    customer: Number


NEWEST = Place(2**62, "")
NEWEST_MEMBER = MemberPlace(2**62, 2**63)


def accounts(
    events: EventStore,
    project_id: int,
    text: str = "",
    *,
    now: int,
    cursor: str | None = None,
    most: int = 50,
) -> dict[str, Any]:
    """Accounts with this text in their id or in a trait, told of in the last 400 days, the last first.

    `next` leads to further ones. Members are customers, as identities resolve now; whoever was ever grouped
    into an account is a member. Raises ListError.
    """
    after = read(cursor, Place) if cursor else NEWEST
    values = {"project": project_id, "text": text.strip(), "since": now - HEARD_OF_MS, "most": most + 1}
    place = {"after_told": after.last_told, "after_account": after.account}
    rows = events.query(question("accounts.listed"), {**values, **place})
    last = Place(rows[most - 1]["last_told"], rows[most - 1]["account"]) if len(rows) > most else None
    return {
        "accounts": _described(events, project_id, rows[:most]),
        "next": written(last) if last else None,
    }


def every_found(events: EventStore, project_id: int, text: str, *, now: int) -> Iterator[dict[str, Any]]:
    """All such accounts, page by page."""
    cursor: str | None = None
    while True:
        page = accounts(events, project_id, text, now=now, cursor=cursor, most=AT_ONCE)
        yield from page["accounts"]
        cursor = page["next"]
        if cursor is None:
            return


def account(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    key: str,
    *,
    versions: Sequence[JourneyVersion] = (),
    cursor: str | None = None,
    most: int = MOST_MEMBERS,
    routes: Routes = RAW,
) -> dict[str, Any] | None:
    """One account with its traits, its members and how far they came in each journey; None if unknown.

    `members` are at most `most`, who joined last first, and `next` leads to further ones; `n` counts all.
    Raises ListError.
    """
    values = {"project": project_id, "accounts": [key]}
    after = read(cursor, MemberPlace) if cursor else NEWEST_MEMBER
    place = {"after_since": after.since, "after_customer": after.customer, "most": most + 1}
    rows = events.query(question("accounts.members"), {**values, **place})
    if not rows:
        return None
    traits = account_traits(events, project_id, key)
    last = MemberPlace(rows[most - 1]["since"], rows[most - 1]["customer"]) if len(rows) > most else None
    return {
        "account": key,
        "name": _name(traits.get("name"), key),
        "traits": traits,
        "first_told": iso(rows[0]["first_told"]),
        "n": rows[0]["n"],
        "members": _members(events, ledger, project_id, rows[:most], routes),
        "next": written(last) if last else None,
        "journeys": _journeys(events, values, versions),
    }


def every_member(
    events: EventStore, ledger: Ledger, project_id: int, key: str, *, routes: Routes = RAW
) -> Iterator[dict[str, Any]]:
    """All members of an account as `account` tells of them, page by page; none where it is unknown."""
    after: MemberPlace | None = NEWEST_MEMBER
    while after:
        place = {"after_since": after.since, "after_customer": after.customer, "most": AT_ONCE + 1}
        values = {"project": project_id, "accounts": [key], **place}
        rows = events.query(question("accounts.members"), values)
        yield from _members(events, ledger, project_id, rows[:AT_ONCE], routes) if rows else ()
        last = rows[AT_ONCE - 1] if len(rows) > AT_ONCE else None
        after = MemberPlace(last["since"], last["customer"]) if last else None


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
    names = names_of(events, project_id, [row["account"] for row in rows])
    return [
        {"account": row["account"], "name": names[row["account"]], "since": iso(row["since"])} for row in rows
    ]


def names_of(events: EventStore, project_id: int, keys: Sequence[str]) -> dict[str, str]:
    """What these accounts are called, by their keys; an account without a name is called by its key."""
    asked = {"project": project_id, "accounts": [*keys]}
    rows = events.query(question("accounts.names"), asked) if keys else []
    names = {row["account"]: row["name"] for row in rows}
    return {key: _name(names.get(key), key) for key in keys}


def joined(
    events: EventStore, ledger: Ledger, project_id: int, customer: int, *, most: int
) -> list[dict[str, Any]]:
    """The keys of these accounts, with when the first and the `last` event said so, in milliseconds."""
    values = customer_values(ledger, project_id, customer)
    return events.query(question("accounts.joined"), {**values, "most": most})


def _described(events: EventStore, project_id: int, listed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    values = {"project": project_id, "accounts": [row["account"] for row in listed]}
    rows = events.query(question("accounts.described"), values) if listed else []
    known = {row["account"]: row for row in rows}
    return [
        {
            "account": row["account"],
            "name": _name(known[row["account"]]["name"], row["account"]),
            "members": known[row["account"]]["members"],
            "first_told": iso(known[row["account"]]["first_told"]),
            "last_told": iso(row["last_told"]),
        }
        for row in listed
        if row["account"] in known
    ]


def _members(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    members: Sequence[dict[str, Any]],
    routes: Routes,
) -> list[dict[str, Any]]:
    customers = [row["customer"] for row in members]
    identities = ledger.identities_of(project_id, customers)
    params = Params(project=project_id, customers=customers, identities=identities)
    sql = question("accounts.seen", label=routes.label(params))
    seen = {row["customer"]: row for row in events.query(sql, params.values)}
    return [
        {
            "customer": str(row["customer"]),
            "user_id": one["user_id"] or "",
            "email": one["email"],
            "since": iso(row["since"]),
            "n": one["n"],
            "last_seen": iso(one["last_seen"]),
            "last_touchpoint": one["last_touchpoint"],
        }
        for row in members
        if (one := seen.get(row["customer"]))
    ]


def _journeys(
    events: EventStore, values: dict[str, Any], versions: Sequence[JourneyVersion]
) -> list[dict[str, Any]]:
    """What all runs of the members come to, journey by journey; journeys without a run are left out.

    Where the runs are those of accounts, they are the account's own, and `customers` is none.
    """
    known = {version.id: parse(version.definition) for version in versions}
    sql = question("accounts.runs", number=number_of("account"))
    rows = events.query(sql, {**values, "versions": list(known)}) if known else []
    found = []
    for row in rows:
        definition = known[row["journey_version"]]
        found.append(
            {
                "journey": definition.key,
                "name": definition.name,
                "furthest": definition.drawn.steps[row["furthest"] - 1].name,
                "position": row["furthest"],
                "steps": len(definition.steps),
                "runs": row["n"],
                "customers": 0 if definition.of_accounts else row["customers"],
                "succeeded": row["succeeded"],
                "last": iso(row["last_at"]),
            }
        )
    return found


def _name(given: Any, key: str) -> str:
    """The account's name where its traits say one, else its id."""
    return given if isinstance(given, str) and given else key
