"""Everything that is kept of one customer, as one JSON document that is written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from sqlalchemy import Engine, RowMapping

from journeys import filters
from journeys.accounts import joined
from journeys.definitions import parsed
from journeys.generations import wanted_of
from journeys.period import iso
from journeys.questions import question
from journeys.sessions import THESE, source
from journeys.traits import history
from store.events import EventStore
from store.identity import Ledger
from store.journeys import live_journeys
from store.projects import Project

FORMAT = "waywiser customer 1"
AT_ONCE = 2_000
MOST = 2**31
TIMES = ("timestamp", "received_at")
OBJECTS = ("properties", "traits", "context")
EDGE_TIMES = ("at", "entered_at", "retracted_at")


def export(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    project: Project,
    customer: int,
    *,
    refused: Iterable[RowMapping],
    now: int,
) -> Iterator[str]:
    """The pieces of the document; `docs/privacy.md` says what stands in it. Times are ISO 8601 in UTC.

    `refused` are the drops that name the customer.
    """
    nodes, edges = ledger.describe(project.id, customer)
    identities = ledger.identities_of(project.id, [customer])
    values = {"project": project.id, "customer": customer, "identities": identities}
    parts = {
        "format": FORMAT,
        "exported_at": iso(now),
        "project": project.key,
        "customer": str(customer),
        "identities": [_identity(node) for node in nodes],
        "edges": [_edge(edge) for edge in edges],
        "traits": history(events, ledger, project.id, customer),
        "groups": [_group(row) for row in joined(events, ledger, project.id, customer, most=MOST)],
        "sessions": [_timed(row, "start", "last") for row in _sessions(engine, events, values)],
        "runs": list(_runs(engine, events, project.id, values)),
    }
    yield "{\n" + "".join(f"{json.dumps(name)}: {_json(part)},\n" for name, part in parts.items())
    yield from _listed("refused", map(_refused, refused))
    yield ",\n"
    yield from _listed("events", map(_event, _events(events, values)))
    yield "\n}\n"


def is_known(events: EventStore, ledger: Ledger, project_id: int, customer: int) -> bool:
    """Whether anything is kept of a customer of this number."""
    nodes, _ = ledger.describe(project_id, customer)
    identities = ledger.identities_of(project_id, [customer])
    values = {"project": project_id, "customer": customer, "identities": identities}
    return bool(nodes or next(_events(events, values), None))


def _listed(name: str, rows: Iterable[Any]) -> Iterator[str]:
    yield f"{json.dumps(name)}: ["
    before = "\n"
    for row in rows:
        yield before + _json(row)
        before = ",\n"
    yield "\n]"


def _sessions(engine: Engine, events: EventStore, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stored sessions; counted from the events while the first ones are not complete yet."""
    params = filters.Params(**values, customers=[values["customer"]])
    key_events = wanted_of(engine, values["project"]).key_events
    counted = source(events, params, whose=THESE, key_events=key_events)
    return events.query(question("export.sessions", sessions=counted), params.values)


def _events(events: EventStore, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    place: dict[str, Any] = {"after": -(2**62), "after_sequence": 0, "after_id": "", "most": AT_ONCE}
    while rows := events.query(question("export.events"), {**values, **place}):
        yield from rows
        last = rows[-1]
        place |= {
            "after": last["timestamp"],
            "after_sequence": last["sequence"],
            "after_id": last["event_id"],
        }


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: iso(row[name]) for name in TIMES}
    return {**row, **times, **{name: json.loads(row[name]) for name in OBJECTS}}


def _runs(
    engine: Engine, events: EventStore, project_id: int, values: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    versions = {one.id: one for one in live_journeys(engine, project_id)}
    for row in events.query(question("export.runs"), {**values, "versions": sorted(versions)}):
        definition = parsed(versions[row.pop("journey_version")].definition)
        steps = [step.key for step in definition.steps]
        reached = zip_longest(row.pop("steps"), row.pop("times"), row.pop("event_ids"))
        strays = row.pop("strays")
        yield {
            "journey": definition.key,
            **_timed(row, "start", "last"),
            "furthest": definition.drawn.steps[row["furthest"] - 1].key,
            "steps": [
                {"step": steps[number - 1], "at": iso(at), "event_id": event_id}
                for number, at, event_id in reached
            ],
            "strays": [{name: steps[one[name] - 1] for name in ("at", "step")} for one in strays],
        }


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"group_id": row["account"], "first": iso(row["since"]), "last": iso(row["last"])}


def _refused(row: RowMapping) -> dict[str, Any]:
    """A refused event; a request that could not be read is not told, as it may speak of others too."""
    try:
        message = json.loads(bytes(row["original"])).get("message")
    except (ValueError, AttributeError):
        message = None
    return {
        "received_at": iso(row["received_at"]),
        **{name: row[name] for name in ("code", "field", "message")},
        "original": message if isinstance(message, dict) else None,
    }


def _identity(node: RowMapping) -> dict[str, Any]:
    return {
        "identity": str(node["identity"]),
        "kind": node["kind"],
        "value": node["value"],
        "contested": node["contested"],
    }


def _edge(edge: RowMapping) -> dict[str, Any]:
    """An edge with all that the ledger says of it, those that were taken back included."""
    ends = {end: {"kind": edge[f"{end}_kind"], "value": edge[f"{end}_value"]} for end in ("a", "b")}
    said = {name: edge[name] for name in ("rule", "evidence", "refused") if name in edge}
    times = {name: iso(edge[name]) if edge[name] else None for name in EDGE_TIMES if name in edge}
    return {**ends, **said, **times}


def _timed(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: iso(row[name]) for name in names}}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
