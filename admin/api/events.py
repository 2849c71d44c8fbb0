"""Events, drops and health over the API."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from admin.api.endpoint import Call, Endpoint
from journeys.period import iso
from journeys.timeline import latest, recent
from store.drops import drops_by_code, recent_drops
from store.inbox import waiting


class Most(Schema):
    """How many to answer at most."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    most = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class DropsAsked(Most):
    """What the list of drops reads."""

    code = fields.String(metadata={"description": "only drops with this reason"})


def recent_events(call: Call) -> dict[str, Any]:
    """The events that arrived last, the newest first."""
    events = recent(call.services.events, call.project.id, now=call.now, most=call.query["most"])
    return {"events": events}


def list_drops(call: Call) -> dict[str, Any]:
    """Events that were refused, with their reason and the original, the newest first."""
    engine = call.services.engine
    rows = recent_drops(engine, call.project.id, code=call.query.get("code"), limit=call.query["most"])
    return {
        "by_code": drops_by_code(engine, call.project.id),
        "drops": [
            {
                "id": row["id"],
                "at": iso(row["received_at"]),
                "place": row["place"],
                "code": row["code"],
                "field": row["field"],
                "message": row["message"],
                "original": json.loads(row["original"]),
            }
            for row in rows
        ],
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
    Endpoint("GET", "/health", read_health),
]
