"""The REST API: the pages' questions for programs, with bearer tokens and an OpenAPI description."""

from __future__ import annotations

from flask import Blueprint

from admin.api import (
    accounts,
    audit,
    customers,
    discovery,
    docs,
    erasure,
    events,
    explore,
    failures,
    identities,
    ingestion,
    journeys,
    lifecycle,
    lists,
    plan,
    reports,
    routes,
    rules,
    segments,
    sessions,
    upkeep,
)
from admin.api.endpoint import Endpoint

ENDPOINTS: list[Endpoint] = [
    *journeys.ENDPOINTS,
    *lists.ENDPOINTS,
    *reports.ENDPOINTS,
    *upkeep.ENDPOINTS,
    *segments.ENDPOINTS,
    *customers.ENDPOINTS,
    *identities.ENDPOINTS,
    *accounts.ENDPOINTS,
    *events.ENDPOINTS,
    *ingestion.ENDPOINTS,
    *plan.ENDPOINTS,
    *routes.ENDPOINTS,
    *rules.ENDPOINTS,
    *sessions.ENDPOINTS,
    *lifecycle.ENDPOINTS,
    *discovery.ENDPOINTS,
    *explore.ENDPOINTS,
    *erasure.ENDPOINTS,
    *audit.ENDPOINTS,
]


def api_room() -> Blueprint:
    """The blueprint of `/api`; it takes tokens instead of cookies, so it needs no CSRF protection."""
    room = Blueprint("api", __name__, url_prefix="/api", template_folder="templates")
    for endpoint in ENDPOINTS:
        endpoint.add_to(room)
    docs.add_to(room, ENDPOINTS)
    failures.add_to(room)
    return room
