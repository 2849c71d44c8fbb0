"""What became of everything that was sent, losses and robots, over the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from admin.api.endpoint import Call, Endpoint
from journeys.arrivals import loss, robots
from journeys.intake import intake
from journeys.period import Period, parse_period
from store import disk
from store.vitals import inbox_state


class PeriodAsked(Schema):
    """The period, by the time of receipt."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    start = fields.String(
        data_key="from", metadata={"description": "date or time, inclusive; 30 days before `to` where absent"}
    )
    end = fields.String(
        data_key="to", metadata={"description": "date or time, exclusive; the end of today where absent"}
    )


def read_ingestion(call: Call) -> dict[str, Any]:
    """Events accepted, refused, late and doubled by hour, reason and library; how inbox and disk stand."""
    services, project = call.services, call.project
    room = disk.room(services.settings)
    return {
        **intake(services.engine, project.id, _period(call), project.zone, now=call.now),
        "inbox": asdict(inbox_state(services.engine, services.settings, now=call.now)),
        "disk": asdict(room) if room else None,
    }


def read_loss(call: Call) -> dict[str, Any]:
    """Events that clients numbered and that never came, by library, page host and browser."""
    return loss(call.services.events, call.services.engine, call.project.id, _period(call), now=call.now)


def list_robots(call: Call) -> dict[str, Any]:
    """Events that were marked as a robot's, by the reason, with examples."""
    return robots(call.services.events, call.project.id, _period(call), now=call.now)


def _period(call: Call) -> Period:
    return parse_period(call.query.get("start"), call.query.get("end"), call.project.zone, now=call.now)


ENDPOINTS = [
    Endpoint("GET", "/ingestion", read_ingestion, query=PeriodAsked),
    Endpoint("GET", "/ingestion/loss", read_loss, query=PeriodAsked),
    Endpoint("GET", "/robots", list_robots, query=PeriodAsked),
]
