"""What became of everything that was sent, losses and robots, over the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from admin.api.endpoint import Call, Endpoint
from admin.api.periods import PeriodAsked, period_of
from journeys.arrivals import loss, robots
from journeys.client_loss import client_loss
from journeys.intake import intake
from store import disk
from store.vitals import inbox_state


def read_ingestion(call: Call) -> dict[str, Any]:
    """Events accepted, refused, late and doubled by hour, reason and library; how inbox and disk stand."""
    services, project = call.services, call.project
    room = disk.room(services.settings)
    return {
        **intake(services.engine, project.id, period_of(call), project.zone, now=call.now),
        "inbox": asdict(inbox_state(services.engine, services.settings, now=call.now)),
        "disk": asdict(room) if room else None,
    }


def read_loss(call: Call) -> dict[str, Any]:
    """Events that clients numbered and that never came, by library, page host and browser."""
    return loss(call.services.events, call.services.engine, call.project.id, period_of(call), now=call.now)


def read_services(call: Call) -> dict[str, Any]:
    """Messages that services queued, sent, spooled and lost, by reason, as their clients count them."""
    return client_loss(call.services.engine, call.project.id, period_of(call), now=call.now)


def list_robots(call: Call) -> dict[str, Any]:
    """Events that were marked as a robot's, by the reason, with examples."""
    return robots(call.services.events, call.project.id, period_of(call), now=call.now)


ENDPOINTS = [
    Endpoint("GET", "/ingestion", read_ingestion, query=PeriodAsked),
    Endpoint("GET", "/ingestion/loss", read_loss, query=PeriodAsked),
    Endpoint("GET", "/ingestion/services", read_services, query=PeriodAsked),
    Endpoint("GET", "/robots", list_robots, query=PeriodAsked),
]
