"""Discovery over the API: journeys worth managing, and ways and steps between two touchpoints."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from admin.all_events import AllEvents, Ends, all_events
from admin.api.endpoint import Call, Endpoint
from admin.api.others import asked_of_other
from admin.api.periods import MembersAsked, members_of_call, period_of
from admin.exports import csv_file
from journeys import discovery, discovery_journeys, discovery_lists, discovery_steps
from journeys.discovery import LEAST_SHARE, LONGEST, MOST_LONGEST, UNITS, WITHIN
from journeys.period import asked_at
from journeys.touchpoints import read

TOUCHPOINT = "event:NAME, page:/PATH with * for any text, or screen:NAME"


class Asked(MembersAsked):
    """Of which time, and how long the way may take."""

    within = fields.String(
        load_default=WITHIN,
        metadata={"description": "time from start to goal, such as 12h or 7d; at most 366d"},
    )


class PairsAsked(Asked):
    """What the journeys worth managing are asked."""

    value = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={
            "description": "property of goals that is money; the score is of money where they carry it"
        },
    )
    most = fields.Integer(load_default=discovery_journeys.MOST_FOUND, validate=validate.Range(1, 50))


class BetweenAsked(Asked):
    """From where to where."""

    begin = fields.String(
        data_key="start",
        required=True,
        metadata={"description": f"where attempts begin: {TOUCHPOINT}"},
    )
    goal = fields.String(required=True, metadata={"description": f"what they try to reach: {TOUCHPOINT}"})
    unit = fields.String(load_default="runs", validate=validate.OneOf(UNITS))
    sampled = fields.Float(
        validate=validate.Range(LEAST_SHARE, 1),
        metadata={"description": "`sampled` of another answer, to look at the same customers as it did"},
    )


class FileAsked(BetweenAsked):
    """Which attempts are listed."""

    cell = fields.String(
        required=True,
        metadata={
            "description": "attempts, reached, not_reached, under_way, or what stands beside a number in an "
            "answer to the same question"
        },
    )
    now = fields.String(metadata={"description": "`as_of` of that answer; what is in time depends on it"})


class ListAsked(FileAsked):
    """The same, a page at a time."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class WaysAsked(BetweenAsked):
    """How many ways are told, and how long each may be."""

    longest = fields.Integer(load_default=LONGEST, validate=validate.Range(1, MOST_LONGEST))
    least = fields.Float(
        load_default=0.0,
        validate=validate.Range(0, 1),
        metadata={"description": "touchpoints that a smaller share of them passed are left out; 0 for none"},
    )
    most = fields.Integer(load_default=20, validate=validate.Range(1, 500))


class StepsAsked(BetweenAsked):
    """What is suggested as a step."""

    least = fields.Float(
        load_default=discovery_steps.SUGGESTED,
        validate=validate.Range(0.05, 1),
        metadata={"description": "share of the attempts that reached the goal which pass a suggested step"},
    )


def read_journeys(call: Call) -> dict[str, Any]:
    """Journeys worth managing: pairs of a start and a goal that are found in what customers did."""
    query = call.query
    return events_of(call).journeys(query["within"], query["value"], most=query["most"])


def read_journeys_csv(call: Call) -> Response:
    """Journeys worth managing as a CSV file."""
    return csv_file("discovery-journeys", discovery_journeys.table(read_journeys(call)))


def read_ways(call: Call) -> dict[str, Any]:
    """The most frequent ways between two touchpoints."""
    asked = {name: call.query[name] for name in ("longest", "least", "most")}
    return events_of(call).ways(_ends(call), **asked)


def read_ways_csv(call: Call) -> Response:
    """The ways between two touchpoints as a CSV file."""
    return csv_file("discovery-ways", discovery.table(read_ways(call)))


def read_steps(call: Call) -> dict[str, Any]:
    """What most attempts pass between two touchpoints, and the draft of a journey."""
    return events_of(call).steps(_ends(call), least=call.query["least"])


def read_steps_csv(call: Call) -> Response:
    """What attempts pass between two touchpoints as a CSV file."""
    return csv_file("discovery-steps", discovery_steps.table(read_steps(call)))


def list_other_ways(call: Call) -> dict[str, Any]:
    """The ways that are together in `other` of the ways, each with its attempts, the most first."""
    query = call.query
    return events_of(call).other_ways(_ends(call), query["cell"], most=query["most"])


def list_attempts(call: Call) -> dict[str, Any]:
    """The attempts behind a number of the ways or steps."""
    query = call.query
    asked = {"cursor": query.get("cursor"), "most": query["most"]}
    return events_of(call).attempts(_ends(call), query["cell"], **asked)


def list_attempts_csv(call: Call) -> Response:
    """All attempts behind a number of the ways or steps, as a CSV file."""
    rows = events_of(call).every_attempt(_ends(call), call.query["cell"])
    return csv_file("discovery-attempts", discovery_lists.table(rows))


def events_of(call: Call) -> AllEvents:
    """The events of the period that is asked for, as of the moment of an answer before, or now."""
    given, then = call.services, call.query.get("now")
    now = asked_at(then, call.project.zone, now=call.now) if then else given.moment(call.project.id)
    return all_events(given, call.project, period_of(call), now=now, members=members_of_call(call, now))


def _ends(call: Call) -> Ends:
    query = call.query
    return Ends(
        read(query["begin"]), read(query["goal"]), query["within"], query["unit"], query.get("sampled")
    )


ENDPOINTS = [
    Endpoint("GET", "/discovery/journeys", read_journeys, query=PairsAsked),
    Endpoint("GET", "/discovery/journeys.csv", read_journeys_csv, query=PairsAsked),
    Endpoint("GET", "/discovery/ways", read_ways, query=WaysAsked),
    Endpoint("GET", "/discovery/ways.csv", read_ways_csv, query=WaysAsked),
    Endpoint("GET", "/discovery/ways/other", list_other_ways, query=asked_of_other(FileAsked)),
    Endpoint("GET", "/discovery/attempts", list_attempts, query=ListAsked),
    Endpoint("GET", "/discovery/attempts.csv", list_attempts_csv, query=FileAsked),
    Endpoint("GET", "/discovery/steps", read_steps, query=StepsAsked),
    Endpoint("GET", "/discovery/steps.csv", read_steps_csv, query=StepsAsked),
]
