"""Sessions over the API: their facts, numbers about them, and counting them anew."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from admin import exports
from admin.api.endpoint import Call, Endpoint
from admin.api.periods import PeriodAsked, period_of
from admin.data_rules import CAP_HOURS, IDLE_MINUTES
from admin.exports import csv_file
from journeys.generations import kept
from journeys.metrics import MEANINGS
from journeys.recount import planned
from journeys.routes import confirmed
from journeys.session_numbers import ATTRIBUTES, Chosen, every, listed, summary

FLAGS = ("bounced", "engaged")


class Asked(PeriodAsked):
    """What every question about sessions reads: the period in which they began, and which of them."""

    channel = fields.String(metadata={"description": "of this channel; `(none)` for sessions without one"})
    source = fields.String(metadata={"description": "of this source; `(none)` for sessions without one"})
    campaign = fields.String(metadata={"description": "of this campaign; `(none)` for sessions without one"})
    device = fields.String(metadata={"description": "of this kind of device; `(none)` where unknown"})
    country = fields.String(metadata={"description": "from this country; `(none)` where unknown"})
    bounced = fields.Boolean(metadata={"description": MEANINGS["bounced"]})
    engaged = fields.Boolean(metadata={"description": MEANINGS["engaged"]})
    customer = fields.Integer(
        validate=validate.Range(0, 2**63 - 1), metadata={"description": "of this customer alone"}
    )


class ListAsked(Asked):
    """What the list of sessions reads."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class RebuildAsked(Schema):
    """By which limits sessions are to be counted anew; those of the rules where nothing is said."""

    start = fields.String(data_key="from", metadata={"description": "from when on the limits hold; always"})
    end = fields.String(data_key="to", metadata={"description": "until when the limits hold; for ever"})
    idle_minutes = fields.Integer(validate=IDLE_MINUTES)
    cap_hours = fields.Integer(validate=CAP_HOURS)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would change"})


def list_sessions(call: Call) -> dict[str, Any]:
    """The sessions that began in the period, the newest first, each with all its facts."""
    cursor, most = call.query.get("cursor"), call.query["most"]
    frame = call.services.events, call.project.id, period_of(call)
    routes = confirmed(call.services.engine, call.project.id)
    return listed(*frame, chosen=_chosen(call), cursor=cursor, most=most, routes=routes)


def list_sessions_csv(call: Call) -> Response:
    """All sessions that began in the period, as a CSV file."""
    frame = call.services.events, call.project.id, period_of(call)
    rows = every(*frame, chosen=_chosen(call), routes=confirmed(call.services.engine, call.project.id))
    return csv_file("sessions", exports.sessions(rows))


def summarise_sessions(call: Call) -> dict[str, Any]:
    """How many sessions, bounce rate and engaged rate with their interval, median and p90 of the duration."""
    found = summary(call.services.events, call.project.id, period_of(call), chosen=_chosen(call))
    return {**found, "meanings": MEANINGS}


def rebuild_sessions(call: Call) -> dict[str, Any]:
    """Count all sessions anew, with other limits in a period where they are given, or say what would change.

    The old sessions answer until the new ones are complete.
    """
    body, events = call.body, call.services.events
    recount = planned(
        events,
        call.services.engine,
        call.project,
        start=body.get("start"),
        end=body.get("end"),
        idle_minutes=body.get("idle_minutes"),
        cap_hours=body.get("cap_hours"),
    )
    answer = {"dry_run": body["dry_run"], **recount.changes(events)}
    if not body["dry_run"]:
        recount.begin(events)
        call.services.refill()
    return answer


def read_progress(call: Call) -> dict[str, Any]:
    """How far the counting of sessions is, whether stored ones answer, and whose cannot be counted."""
    found = kept(call.services.events, call.project.id)
    newest = found[-1] if found else None
    return {
        "answers": bool(found) and found[0].state == "live",
        "counting": newest is None or newest.state == "filling",
        "done": newest.chunks_done if newest else 0,
        "total": newest.chunks_total if newest else 0,
        "failed": [
            {"customer": str(one.customer), "tries": one.tries, "problem": one.problem}
            for one in call.services.ledger.failed(call.project.id)
        ],
    }


def _chosen(call: Call) -> Chosen:
    given = {name: call.query[name] for name in (*ATTRIBUTES, *FLAGS, "customer") if name in call.query}
    if "customer" in given:
        given["identities"] = call.services.ledger.identities_of(call.project.id, [given["customer"]])
    return Chosen(**given)


ENDPOINTS = [
    Endpoint("GET", "/sessions", list_sessions, query=ListAsked),
    Endpoint("GET", "/sessions.csv", list_sessions_csv, query=Asked),
    Endpoint("GET", "/sessions/summary", summarise_sessions, query=Asked),
    Endpoint("GET", "/sessions/rebuild", read_progress),
    Endpoint("POST", "/sessions/rebuild", rebuild_sessions, body=RebuildAsked, role="admin"),
]
