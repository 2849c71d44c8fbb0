"""Definitions of journeys over the API: read, saved as a new version, hidden, previewed."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from admin.api.endpoint import Call, Endpoint, Refused
from admin.api.scopes import Asked, progress
from admin.seen import Check, DefinitionChanged, only_first, only_over, version_of
from journeys.definition_schema import DefinitionSchema
from journeys.definitions import Definition, lean, parse
from journeys.period import iso, parse_period
from journeys.preview import check_patterns, preview
from journeys.saving import save_journey
from store.journeys import (
    JourneyVersion,
    delete_journey,
    live_journey,
    live_journeys,
    versions_of,
)


class VersionSeen(Schema):
    """Which version is to be followed by the next one."""

    version = fields.Integer(
        metadata={"description": "`version` of the newest that you read: no other is followed (409)"}
    )


def list_journeys(call: Call) -> dict[str, Any]:
    """The journeys of the project."""
    return {"journeys": [_described(one) for one in live_journeys(call.services.engine, call.project.id)]}


def create_journey(call: Call) -> dict[str, Any]:
    """Save a new journey; its runs are computed in the background."""
    key = str(call.body["key"])
    there = Refused(409, "exists", f"there is a journey {key!r}; PUT a new version of it", "key")
    return _save(call, parse(call.body), only_first(there))


def read_journey(call: Call, key: str) -> dict[str, Any]:
    """One journey with all its versions."""
    versions = versions_of(call.services.engine, call.project.id, key)
    if not live_journey(call.services.engine, call.project.id, key):
        raise Refused(404, "not_found", f"there is no journey {key!r}")
    return {"key": key, "versions": [_described(one) for one in versions]}


def replace_journey(call: Call, key: str) -> dict[str, Any]:
    """Save the next version of a journey; the version before answers until its runs are computed."""
    if call.body["key"] != key:
        raise Refused(400, "invalid", "the key in the body must be the one in the address", "key")
    definition = parse(call.body)
    return _save(call, definition, only_over(definition.source, _seen(call, definition)))


def remove_journey(call: Call, key: str) -> None:
    """Hide a journey; saving it again brings it back."""
    if not delete_journey(call.services.engine, call.project.id, key, now=call.now):
        raise Refused(404, "not_found", f"there is no journey {key!r}")


def preview_journey(call: Call) -> dict[str, Any]:
    """The funnel of a definition that is not saved, over a sample of customers."""
    period = parse_period(call.query.get("start"), call.query.get("end"), call.project.zone, now=call.now)
    events = call.services.events
    unit = call.query["unit"]
    return preview(events, call.project, parse(call.body), period=period, now=call.now, unit=unit)


def _seen(call: Call, wanted: Definition) -> str:
    """The mark of the version that the caller has seen, where it says which.

    Raises DefinitionChanged where that is not the newest, unless this is what is wanted: it was sent twice.
    """
    if "version" not in call.query:
        return ""
    versions = versions_of(call.services.engine, call.project.id, wanted.key)
    if not versions or (
        versions[0].version != call.query["version"] and versions[0].definition != wanted.source
    ):
        raise DefinitionChanged
    return version_of(versions[0].definition)


def _save(call: Call, definition: Definition, check: Check) -> dict[str, Any]:
    check_patterns(call.services.events, definition)
    engine = call.services.engine
    saved = save_journey(engine, call.project.id, definition, by=call.caller, now=call.now, check=check)
    call.services.refill()
    return _described(saved)


def _described(one: JourneyVersion) -> dict[str, Any]:
    return {
        "key": one.definition["key"],
        "version": one.version,
        "status": one.status,
        "progress": progress(one),
        "created_at": iso(one.created_at),
        "created_by": one.created_by,
        "definition": lean(one.definition),
    }


ENDPOINTS = [
    Endpoint("GET", "/journeys", list_journeys),
    Endpoint("POST", "/journeys", create_journey, body=DefinitionSchema, role="editor", status=201),
    Endpoint("GET", "/journeys/<key>", read_journey),
    Endpoint(
        "PUT", "/journeys/<key>", replace_journey, query=VersionSeen, body=DefinitionSchema, role="editor"
    ),
    Endpoint("DELETE", "/journeys/<key>", remove_journey, role="editor"),
    Endpoint("POST", "/journeys/preview", preview_journey, query=Asked, body=DefinitionSchema),
]
