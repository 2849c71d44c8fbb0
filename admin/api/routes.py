"""Route templates over the API: the list that counts, its history, proposals, what a list would change."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from admin import path_cleaning
from admin.api.endpoint import Call, Endpoint, Refused
from admin.path_cleaning import LARGEST_LEAST, RoutesSchema
from journeys.period import Period, parse_period
from journeys.route_proposals import LEAST
from store.routes import RoutesChanged, route_lists_of, routes_of


class ListSeen(Schema):
    """Which list is to be replaced."""

    version = fields.Integer(
        metadata={"description": "`version` of the list that you read: no other is replaced (409)"}
    )


class PathsAsked(Schema):
    """Of which time paths are looked at."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    start = fields.String(
        data_key="from", metadata={"description": "date or time, inclusive; 30 days ago where absent"}
    )
    end = fields.String(
        data_key="to", metadata={"description": "date or time, exclusive; the end of today where absent"}
    )


class ProposalsAsked(PathsAsked):
    """Which proposals are made."""

    least = fields.Integer(
        load_default=LEAST,
        validate=validate.Range(2, LARGEST_LEAST),
        metadata={"description": "so many different texts below one prefix become `:slug`"},
    )


def read_routes(call: Call) -> dict[str, Any]:
    """The route templates that count, in the order in which they are tried."""
    return path_cleaning.shown(routes_of(call.services.engine, call.project.id))


def write_routes(call: Call) -> dict[str, Any]:
    """Put route templates in place of the present ones, as a new version; they count for the past, too."""
    given, seen = call.services, call.query.get("version")
    try:
        kept = path_cleaning.keep(given, call.project, call.body["templates"], by=call.caller, seen=seen)
    except RoutesChanged as error:
        raise Refused(409, "changed", str(error), "version") from None
    return path_cleaning.shown(kept)


def list_versions(call: Call) -> dict[str, Any]:
    """The last hundred lists of route templates, the newest first."""
    found = route_lists_of(call.services.engine, call.project.id)
    return {"versions": [path_cleaning.shown(one) for one in found]}


def read_proposals(call: Call) -> dict[str, Any]:
    """Templates for the paths that none stands for: how many views of how many paths, and which most."""
    return path_cleaning.proposed(call.services, call.project, _period(call), least=call.query["least"])


def preview_routes(call: Call) -> dict[str, Any]:
    """What route templates would change: how many views, and which names of pages go into which."""
    return path_cleaning.previewed(call.services, call.project, _period(call), call.body["templates"])


def _period(call: Call) -> Period:
    start, end = call.query.get("start"), call.query.get("end")
    if start is None and end is None:
        return path_cleaning.lately(call.services, call.project)
    return parse_period(start, end, call.project.zone, now=call.now)


ENDPOINTS = [
    Endpoint("GET", "/routes", read_routes),
    Endpoint("PUT", "/routes", write_routes, query=ListSeen, body=RoutesSchema, role="editor"),
    Endpoint("GET", "/routes/versions", list_versions),
    Endpoint("GET", "/routes/proposals", read_proposals, query=ProposalsAsked),
    Endpoint("POST", "/routes/preview", preview_routes, query=PathsAsked, body=RoutesSchema),
]
