"""What became of everything that was sent, losses and robots, over the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from admin import exports
from admin.api.endpoint import Call, Endpoint
from admin.api.periods import PeriodAsked, period_of
from admin.exports import csv_file
from journeys.arrivals import loss, robots
from journeys.client_loss import client_loss
from journeys.intake import intake
from store import disk
from store.vitals import inbox_state


def read_ingestion(call: Call) -> dict[str, Any]:
    """Events accepted, refused, late and doubled by hour, reason and library; how inbox and disk stand."""
    services = call.services
    room = disk.room(services.settings)
    return {
        **_intake(call),
        "inbox": asdict(inbox_state(services.engine, services.settings, now=call.now)),
        "disk": asdict(room) if room else None,
    }


def read_times_csv(call: Call) -> Response:
    """Events accepted, refused, late and doubled by hour or day, as a CSV file."""
    return csv_file("times", exports.intake(_intake(call), "times"))


def read_libraries_csv(call: Call) -> Response:
    """The same by library, as a CSV file."""
    return csv_file("libraries", exports.intake(_intake(call), "libraries"))


def read_reasons_csv(call: Call) -> Response:
    """Why events were refused, or are remarkable, as a CSV file."""
    return csv_file("reasons", exports.intake(_intake(call), "reasons"))


def read_loss(call: Call) -> dict[str, Any]:
    """Events that clients numbered and that never came, by library, page host and browser."""
    return loss(call.services.events, call.services.engine, call.project.id, period_of(call), now=call.now)


def read_loss_csv(call: Call) -> Response:
    """Events that clients numbered and that never came, as a CSV file."""
    return csv_file("loss", exports.loss(read_loss(call)))


def read_services(call: Call) -> dict[str, Any]:
    """Messages that services queued, sent, spooled and lost, by reason, as their clients count them."""
    return client_loss(call.services.engine, call.project.id, period_of(call), now=call.now)


def read_services_csv(call: Call) -> Response:
    """Messages that services queued, sent, spooled and lost, as a CSV file."""
    return csv_file("services", exports.client_loss(read_services(call)))


def list_robots(call: Call) -> dict[str, Any]:
    """Events that were marked as a robot's, by the reason, with examples."""
    return robots(call.services.events, call.project.id, period_of(call), now=call.now)


def list_robots_csv(call: Call) -> Response:
    """Events that were marked as a robot's, by the reason, as a CSV file."""
    return csv_file("robots", exports.robots(list_robots(call)))


def _intake(call: Call) -> dict[str, Any]:
    project = call.project
    return intake(call.services.engine, project.id, period_of(call), project.zone, now=call.now)


ENDPOINTS = [
    Endpoint("GET", "/ingestion", read_ingestion, query=PeriodAsked),
    Endpoint("GET", "/ingestion/times.csv", read_times_csv, query=PeriodAsked),
    Endpoint("GET", "/ingestion/libraries.csv", read_libraries_csv, query=PeriodAsked),
    Endpoint("GET", "/ingestion/reasons.csv", read_reasons_csv, query=PeriodAsked),
    Endpoint("GET", "/ingestion/loss", read_loss, query=PeriodAsked),
    Endpoint("GET", "/ingestion/loss.csv", read_loss_csv, query=PeriodAsked),
    Endpoint("GET", "/ingestion/services", read_services, query=PeriodAsked),
    Endpoint("GET", "/ingestion/services.csv", read_services_csv, query=PeriodAsked),
    Endpoint("GET", "/robots", list_robots, query=PeriodAsked),
    Endpoint("GET", "/robots.csv", list_robots_csv, query=PeriodAsked),
]
