"""Finds customers by any id or trait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from journeys.cursors import Number, Time, read, written
from journeys.period import iso
from journeys.questions import question
from journeys.report import Table
from store.event import identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.identity.identifiers import normal

DAY_MS = 86_400_000
RECENT_MS = 7 * DAY_MS
TRAITS_MS = 400 * DAY_MS  # how long ago a trait may have been told to be searched
CARRIED = ("user", "anonymous")  # the kinds of identities that events carry themselves
TYPED = ("email", "phone")
AT_ONCE = 500  # customers that are described at once
MOST_MATCHES = 1_000  # identities among which customers are looked for


class Place(NamedTuple):
    """Where a list of customers goes on: after this one."""

    last_match: Time
    customer: Number


NEWEST = Place(2**62, 2**63)


def search(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    text: str,
    *,
    now: int,
    cursor: str | None = None,
    most: int = 50,
) -> dict[str, Any]:
    """Customers with this id (or its start, where the ledger knows it) or a trait that contains it.

    Without a text: those of the last seven days. The latest match comes first; `n` counts all events of each,
    `known_by` its ids, of which five are given. `next` leads to further ones. Traits are those of the last
    400 days, and of all that match a thousand identities are looked at, those of the latest match first.
    Raises ListError.
    """
    text = text.strip()
    values = {"project": project_id, "text": text, "since": now - (TRAITS_MS if text else RECENT_MS)}
    named, owners = _known(ledger, project_id, text) if text else ([], [])
    sql = question("customers.told") if text else question("customers.active")
    rows = events.query(sql, {**values, "most": MOST_MATCHES})
    identities = [*named, *ledger.identities_of(project_id, owners), *(row["identity"] for row in rows)]
    whose = {"named": named, "owners": owners, "identities": sorted(set(identities))}
    after = read(cursor, Place) if cursor else NEWEST
    place = {"after_match": after.last_match, "after_customer": after.customer, "most": most + 1}
    found = events.query(question("customers.search"), {**values, **whose, **place})
    last = Place(found[most - 1]["last_match"], found[most - 1]["customer"]) if len(found) > most else None
    return {
        "customers": described(events, ledger, project_id, [row["customer"] for row in found[:most]]),
        "next": written(last) if last else None,
    }


def of_id(events: EventStore, ledger: Ledger, project_id: int, text: str) -> dict[str, Any] | None:
    """The customer who has exactly this id, that of a user before others; None where none has it alone."""
    text = text.strip()
    known = {row["identity"]: row for row in ledger.find(project_id, text)}
    alike = [identity_hash(kind, normal(kind, text)) for kind in (*CARRIED, *TYPED)]
    whose = [
        known[one]["customer"] if one in known else one
        for one in alike
        if not (one in known and known[one]["contested"])
    ]
    return next(iter(described(events, ledger, project_id, list(dict.fromkeys(whose)))), None)


def every_found(
    events: EventStore, ledger: Ledger, project_id: int, text: str, *, now: int
) -> Iterator[dict[str, Any]]:
    """All that the search finds, page by page."""
    cursor: str | None = None
    while True:
        page = search(events, ledger, project_id, text, now=now, cursor=cursor, most=AT_ONCE)
        yield from page["customers"]
        cursor = page["next"]
        if cursor is None:
            return


def _known(ledger: Ledger, project_id: int, text: str) -> tuple[list[int], list[int]]:
    """Identities of this name, or one that begins so, and who has other identifiers, as e-mails are."""
    named, owners = [identity_hash(kind, text) for kind in CARRIED], set[int]()
    for row in ledger.find(project_id, text):
        if row["kind"] in CARRIED:
            named.append(row["identity"])
        else:
            owners.add(row["customer"])
    return named, sorted(owners)


def described(
    events: EventStore, ledger: Ledger, project_id: int, customers: Sequence[int]
) -> list[dict[str, Any]]:
    """Each customer, in this order, with the ids it is known by (user ids first), and what it did in all."""
    identities = ledger.identities_of(project_id, customers)
    values = {"project": project_id, "identities": identities, "customers": list(customers)}
    found: dict[int, dict[str, Any]] = {customer: {} for customer in customers}
    for row in events.query(question("customers.names"), values) if customers else []:
        one = found[row["customer"]]
        if not one:
            one |= {
                "customer": str(row["customer"]),
                "n": row["n"],
                "last_seen": iso(row["last_seen"]),
                "known_by": row["known_by"],
                "identities": [],
            }
        one["identities"].append({"kind": row["kind"], "value": row["value"]})
    return [one for one in found.values() if one]


def table(rows: Iterable[Mapping[str, Any]], *more: str) -> Table:
    """A row a customer, with further numbers of each by their names."""
    return ("customer", *more, "events", "last_seen", "known_by", "identities"), (
        (
            *(one[name] for name in ("customer", *more, "n", "last_seen", "known_by")),
            " ".join(identity["value"] for identity in one["identities"]),
        )
        for one in rows
    )
