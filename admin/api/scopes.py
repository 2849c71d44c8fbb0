"""What every question about a journey's runs reads, and what every answer to it says."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from admin.api.endpoint import Call
from admin.api.periods import DaysAsked
from journeys.funnel import UNITS
from journeys.period import asked_at, iso
from journeys.scope import Scope, open_scope
from journeys.segments import read as read_segment
from store.journeys import JourneyVersion

THEN = (
    "Customers are those that the identity ledger knew at ledger_as_of. All else is as it is now: late "
    "events count, and runs that were under way then may have ended."
)


class Asked(DaysAsked):
    """What every report reads: the period by start of the runs, and the segment."""

    unit = fields.String(
        load_default="runs",
        validate=validate.OneOf(UNITS),
        metadata={"description": "what is counted; customers and accounts with their furthest run"},
    )
    segment = fields.String(
        load_default="",
        metadata={
            "description": "attribute:value, several with commas, such as device:mobile,country:DE; "
            "name:KEY for a saved segment, not:KEY for the runs outside of it. A value with a comma stands "
            "in quotation marks, those in it doubled"
        },
    )


class ReportAsked(Asked):
    """What every report over stored runs reads beside: how the ledger stood."""

    as_of = fields.String(
        metadata={
            "description": "date (its beginning) or time: with the customers that the identity ledger knew "
            "then; all else as it is now, late events included"
        }
    )
    now = fields.String(
        metadata={
            "description": "`as_of` of an answer: what was in time then counts as in time, so that a list "
            "has the rows of its number"
        }
    )


def scope_of(call: Call, key: str) -> Scope:
    then = call.query.get("now")
    return open_scope(
        call.services.engine,
        call.services.events.asked_for(call.services.work()),
        call.project,
        key,
        start=call.query.get("start"),
        end=call.query.get("end"),
        segment=read_segment(call.query["segment"]),
        as_of=call.query.get("as_of"),
        now=asked_at(then, call.project.zone, now=call.now)
        if then
        else call.services.moment(call.project.id),
        answers=call.services.answers,
    )


def dated(scope: Scope, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its moment, and notes where not all runs are counted yet, or where its customers are
    those of a moment that is past."""
    answer = answer | {"as_of": iso(scope.now), "complete": scope.is_complete}
    if not scope.is_complete:
        answer["progress"] = progress(scope.version)
    if scope.as_of is None:
        return answer
    return answer | {"ledger_as_of": iso(scope.as_of), "note": THEN}


def progress(one: JourneyVersion) -> dict[str, int]:
    return {"done": one.chunks_done, "total": one.chunks_total}
