"""Events, drops and health over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from admin.api.endpoint import Call, Endpoint, Refused
from admin.refusals import as_json
from journeys.period import iso
from journeys.routes import confirmed
from journeys.timeline import latest, recent
from store.drops import Chosen, ReplayWaits, drops_by_code, recent_drops
from store.inbox import waiting

LAST_ID = 2**63 - 1  # what a column of the relational store can hold
IS_ID = validate.Range(1, LAST_ID)


class Most(Schema):
    """How many to answer at most."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    most = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class DropsAsked(Most):
    """What the list of drops reads."""

    code = fields.String(metadata={"description": "only drops with this reason"})
    place = fields.String(metadata={"description": "only those of door, pipeline, worker or import"})
    below = fields.Integer(
        validate=IS_ID, metadata={"description": "go on below this number: `next` of the page before"}
    )


class ReplayAsked(Schema):
    """Which drops are run again; all of the project's where nothing is said."""

    code = fields.String(metadata={"description": "only drops with this reason"})
    place = fields.String(metadata={"description": "only those of door, pipeline, worker or import"})
    ids = fields.List(fields.Integer(validate=IS_ID), validate=validate.Length(max=1000))
    above = fields.Integer(
        load_default=0,
        validate=validate.Range(0, LAST_ID),
        metadata={"description": "go on: `next` of the call before"},
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would pass"})


def recent_events(call: Call) -> dict[str, Any]:
    """The events that arrived last, the newest first."""
    given, project, most = call.services, call.project.id, call.query["most"]
    events = recent(given.events, project, now=call.now, most=most, routes=confirmed(given.engine, project))
    return {"events": events}


def list_drops(call: Call) -> dict[str, Any]:
    """Events that were refused, with their reason and the original, the newest first."""
    engine, query, most = call.services.engine, call.query, call.query["most"]
    chosen = Chosen(code=query.get("code"), place=query.get("place"))
    rows = recent_drops(engine, call.project.id, chosen, below=query.get("below"), limit=most + 1)
    return {
        "by_code": drops_by_code(engine, call.project.id),
        "drops": [as_json(row) for row in rows[:most]],
        "next": rows[most - 1]["id"] if len(rows) > most else None,
    }


def replay_drops(call: Call) -> dict[str, Any]:
    """Run refused events again, some thousand at a time: those that pass now are counted, each once."""
    body = call.body
    ids = tuple(body["ids"]) if "ids" in body else None
    chosen = Chosen(code=body.get("code"), place=body.get("place"), ids=ids, above=body["above"])
    try:
        report = call.services.replay(call.project.id, chosen, body["dry_run"])
    except ReplayWaits as error:
        raise Refused(503, "inbox_busy", str(error)) from None
    return {
        "replayed": report.replayed,
        "still_refused": report.still_refused,
        "reasons": [one._asdict() for one in report.reasons],
        "left": report.left,
        "next": report.reached if report.left else None,
        "dry_run": body["dry_run"],
    }


def read_health(call: Call) -> dict[str, Any]:
    """How many events are stored, when the last one came, and how many envelopes wait."""
    return {
        "status": "ok",
        "events": latest(call.services.events, call.project.id),
        "inbox": waiting(call.services.engine),
        "as_of": iso(call.now),
    }


ENDPOINTS = [
    Endpoint("GET", "/events/recent", recent_events, query=Most),
    Endpoint("GET", "/drops", list_drops, query=DropsAsked),
    Endpoint("POST", "/drops/replay", replay_drops, body=ReplayAsked, role="editor"),
    Endpoint("GET", "/health", read_health),
]
