"""Saved segments over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from admin.api.endpoint import Call, Endpoint, Refused
from admin.seen import Check, Versioned, only_first, only_over, version_of
from admin.segment_sizes import runs_of, size_of
from journeys.period import iso
from journeys.segment_definitions import SegmentDefinition, SegmentSchema, parse_segment
from journeys.segment_saving import keep_segment
from store.segments import SavedSegment, delete_segment, saved_segment, saved_segments


class SizeAsked(Schema):
    """Of which journey's runs the size is told."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    journey = fields.String(required=True, metadata={"description": "key of a journey"})
    start = fields.String(
        data_key="from", metadata={"description": "date or time, inclusive; 30 days before `to` where absent"}
    )
    end = fields.String(
        data_key="to", metadata={"description": "date or time, exclusive; the end of today where absent"}
    )


def list_segments(call: Call) -> dict[str, Any]:
    """The saved segments of the project."""
    return {"segments": [_described(one) for one in saved_segments(call.services.engine, call.project.id)]}


def create_segment(call: Call) -> dict[str, Any]:
    """Save a new segment."""
    key = str(call.body["key"])
    there = Refused(409, "exists", f"there is a segment {key!r}; PUT it to change it", "key")
    return _keep(call, parse_segment(call.body), only_first(there))


def read_segment(call: Call, key: str) -> dict[str, Any]:
    """One saved segment."""
    found = saved_segment(call.services.engine, call.project.id, key)
    if found is None:
        raise Refused(404, "not_found", f"there is no segment {key!r}")
    return _described(found)


def read_size(call: Call, key: str) -> dict[str, Any]:
    """How many runs of a journey belong to a segment, and of how many customers."""
    read_segment(call, key)
    query = call.query
    scope = runs_of(
        call.services, call.project, query["journey"], start=query.get("start"), end=query.get("end")
    )
    period = {"from": iso(scope.period.start), "to": iso(scope.period.end), "as_of": iso(scope.now)}
    return {"key": key, "journey": query["journey"], **period, **size_of(scope, key)}


def replace_segment(call: Call, key: str) -> dict[str, Any]:
    """Keep a segment in place of the former one of its key.

    One that was deleted comes back, unless a version is asked for.
    """
    if call.body["key"] != key:
        raise Refused(400, "invalid", "the key in the body must be the one in the address", "key")
    segment = parse_segment(call.body)
    return _keep(call, segment, only_over(segment.source, call.query["version"]))


def remove_segment(call: Call, key: str) -> None:
    """Delete a segment; saving it again brings it back."""
    if not delete_segment(call.services.engine, call.project.id, key, by=call.caller, now=call.now):
        raise Refused(404, "not_found", f"there is no segment {key!r}")


def _keep(call: Call, segment: SegmentDefinition, check: Check) -> dict[str, Any]:
    place = (call.services.engine, call.services.events, call.project.id)
    return _described(keep_segment(*place, segment, by=call.caller, now=call.now, check=check))


def _described(one: SavedSegment) -> dict[str, Any]:
    return {
        "key": one.key,
        "version": version_of(one.definition),
        "created_by": one.created_by,
        "created_at": iso(one.created_at),
        "changed_by": one.changed_by,
        "changed_at": iso(one.changed_at),
        "definition": one.definition,
    }


ENDPOINTS = [
    Endpoint("GET", "/segments", list_segments),
    Endpoint("POST", "/segments", create_segment, body=SegmentSchema, role="editor", status=201),
    Endpoint("GET", "/segments/<key>", read_segment),
    Endpoint("GET", "/segments/<key>/size", read_size, query=SizeAsked),
    Endpoint("PUT", "/segments/<key>", replace_segment, query=Versioned, body=SegmentSchema, role="editor"),
    Endpoint("DELETE", "/segments/<key>", remove_segment, role="editor"),
]
