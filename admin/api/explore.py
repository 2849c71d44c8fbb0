"""Explore over the API: what customers do after any touchpoint, or did before it."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from admin.api.discovery import TOUCHPOINT, events_of
from admin.api.endpoint import Call, Endpoint
from admin.api.others import asked_of_other
from admin.api.periods import MembersAsked
from admin.exports import csv_file
from journeys import explored, explored_lists
from journeys.explored import DIRECTIONS, GAPS, MOST_NODES, UNITS
from journeys.explored_cells import DEEPEST
from journeys.explored_lists import MOST_IN_LIST
from journeys.touchpoints import Touchpoint, read


class Asked(MembersAsked):
    """Where paths start, and how they are counted."""

    begin = fields.String(
        data_key="start", required=True, metadata={"description": f"where paths start: {TOUCHPOINT}"}
    )
    direction = fields.String(
        load_default=DIRECTIONS[0],
        validate=validate.OneOf(DIRECTIONS),
        metadata={"description": "what came after it, or before it"},
    )
    unit = fields.String(load_default=UNITS[0], validate=validate.OneOf(UNITS))
    gap = fields.String(
        load_default=GAPS[0],
        validate=validate.OneOf(GAPS),
        metadata={"description": "a visit ends when its customer does nothing for so long"},
    )
    depth = fields.Integer(
        load_default=5,
        validate=validate.Range(1, DEEPEST),
        metadata={"description": "how many touchpoints after it, or before it"},
    )
    most = fields.Integer(
        load_default=8,
        validate=validate.Range(1, MOST_NODES),
        metadata={"description": "touchpoints with a place of their own at each position"},
    )


class FileAsked(Asked):
    """Which visits are listed."""

    cell = fields.String(
        required=True,
        metadata={"description": "what stands beside a number in an answer to the same question"},
    )
    now = fields.String(metadata={"description": "`as_of` of that answer; who is still going depends on it"})


class ListAsked(FileAsked):
    """The same, a page at a time."""

    skipped = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 1_000_000),
        metadata={"description": "`next` of the answer before"},
    )
    at_once = fields.Integer(load_default=MOST_IN_LIST, validate=validate.Range(1, 500))


def read_paths(call: Call) -> dict[str, Any]:
    """What customers do after a touchpoint, or did before it, within the same visit."""
    found = events_of(call).paths(_start(call), _asked(call))
    return {**found, "meanings": explored.MEANINGS}


def read_paths_csv(call: Call) -> Response:
    """The same as a CSV file: a row a link."""
    return csv_file("explore-paths", explored.table(read_paths(call)))


def list_visits(call: Call) -> dict[str, Any]:
    """The visits behind a number of the paths."""
    query = call.query
    return events_of(call).visits(
        _start(call), _asked(call), query["cell"], skipped=query["skipped"], most=query["at_once"]
    )


def list_labels(call: Call) -> dict[str, Any]:
    """The labels that are together in Other, each with how many visits have it there, the most first."""
    query = call.query
    return events_of(call).labels(_start(call), _asked(call), query["cell"], most=query["at_once"])


def list_visits_csv(call: Call) -> Response:
    """All visits behind a number of the paths, as a CSV file."""
    rows = events_of(call).every_visit(_start(call), _asked(call), call.query["cell"])
    return csv_file("explore-visits", explored_lists.visits_table(rows))


def _start(call: Call) -> Touchpoint:
    return read(call.query["begin"])


def _asked(call: Call) -> explored.Asked:
    names = ("direction", "unit", "gap", "depth", "most")
    return explored.Asked(call.query["begin"], **{name: call.query[name] for name in names})


ENDPOINTS = [
    Endpoint("GET", "/explore/paths", read_paths, query=Asked),
    Endpoint("GET", "/explore/paths.csv", read_paths_csv, query=Asked),
    Endpoint("GET", "/explore/labels", list_labels, query=asked_of_other(FileAsked, most="at_once")),
    Endpoint("GET", "/explore/visits", list_visits, query=ListAsked),
    Endpoint("GET", "/explore/visits.csv", list_visits_csv, query=FileAsked),
]
