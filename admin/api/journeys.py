"""Journeys over the API: definitions and the reports that read their runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin.api.endpoint import Call, Endpoint, Refused
from admin.exports import csv_file, named, runs
from admin.seen import Check, DefinitionChanged, only_first, only_over, version_of
from journeys import breakdown, change_lists, paths_lists, variants, zero_lists
from journeys.cursors import ListError
from journeys.definitions import Definition, DefinitionSchema, lean, parse
from journeys.dropoffs import other_labels
from journeys.funnel import OUTCOMES, UNITS
from journeys.lists import NUMBERS, counted, everyone, listed
from journeys.period import asked_at, iso, parse_period
from journeys.preview import check_patterns, preview
from journeys.report import Report, Which
from journeys.reports import BY_NAME, REPORTS
from journeys.saving import save_journey
from journeys.scope import Scope, open_scope
from journeys.segments import read as read_segment
from store.journeys import (
    JourneyVersion,
    delete_journey,
    live_journey,
    live_journeys,
    versions_of,
)

THEN = (
    "Customers are those that the identity ledger knew at ledger_as_of. All else is as it is now: late "
    "events count, and runs that were under way then may have ended."
)


class Asked(Schema):
    """What every report reads: the period by start of the runs, and the segment."""

    class Meta:
        """Arguments that a report does not know are left to others, such as cache breakers."""

        unknown = EXCLUDE

    start = fields.String(
        data_key="from", metadata={"description": "date or time, inclusive; 30 days before `to` where absent"}
    )
    end = fields.String(
        data_key="to", metadata={"description": "date or time, exclusive; the end of today where absent"}
    )
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


class RunsAsked(ReportAsked):
    """Of which number the runs are."""

    report = fields.String(
        validate=validate.OneOf([one.name for one in REPORTS if one.behind]),
        metadata={
            "description": "the report whose number the list explains, with its `cell`; else the funnel"
        },
    )
    cell = fields.String(metadata={"description": "the `cell` that stands beside the number"})
    number = fields.String(
        validate=validate.OneOf(NUMBERS),
        metadata={"description": "of the funnel; entered where neither it, an outcome nor a step is given"},
    )
    outcome = fields.String(
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "with a step those who ended there; not beside number"},
    )
    step = fields.String(
        metadata={"description": "key of a step; alone it means those who came there or beyond"}
    )


class RunsPageAsked(RunsAsked):
    """The same, a page at a time."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class CellAsked(ReportAsked):
    """Which number is asked for by its customers."""

    cell = fields.String(
        required=True, metadata={"description": "what `of_customers` says of the number, in an answer"}
    )


class LabelsAsked(ReportAsked):
    """Which place of paths is asked for by its labels."""

    cell = fields.String(
        required=True, metadata={"description": "the `cell` of the runs in a node of the kind other"}
    )
    most = fields.Integer(load_default=50, validate=validate.Range(1, 1_000))


class OtherAsked(ReportAsked):
    """Which number of Other is asked for by what is together in it."""

    cell = fields.String(required=True, metadata={"description": "the `cell` of the number, in an answer"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 1_000))


class VersionSeen(Schema):
    """Which version is to be followed by the next one."""

    version = fields.Integer(
        metadata={"description": "`version` of the newest that you read: no other is followed (409)"}
    )


class CustomersAsked(CellAsked):
    """What the list of these customers reads."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


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


def read_runs(call: Call, key: str) -> dict[str, Any]:
    """The runs behind a number of the funnel, the newest first."""
    query, scope = call.query, _scope(call, key)
    paging = {"cursor": query.get("cursor"), "most": query["most"]}
    return _dated(scope, listed(scope, which=_which(scope, query), unit=query["unit"], **paging))


def read_runs_csv(call: Call, key: str) -> Response:
    """All the runs behind a number of the funnel, the newest first, as a CSV file."""
    query, scope = call.query, _scope(call, key)
    rows = everyone(scope, _which(scope, query), unit=query["unit"])
    return csv_file(named(key, "runs", scope), runs(rows))


def _which(scope: Scope, query: Mapping[str, Any]) -> Which:
    """The runs that are meant; raises ListError."""
    report = BY_NAME.get(query.get("report", ""))
    if report and report.behind:
        return report.behind(scope, query.get("cell", ""))
    return counted(scope, _number(query), query.get("step"))


def list_customers_of_zero(call: Call, key: str) -> dict[str, Any]:
    """The customers behind a number of the report on why a step is empty."""
    query, scope = call.query, _scope(call, key)
    answer = zero_lists.listed(
        scope, call.services.ledger, query["cell"], cursor=query.get("cursor"), most=query["most"]
    )
    return _dated(scope, answer)


def list_labels_of_paths(call: Call, key: str) -> dict[str, Any]:
    """The labels that are together in Other of paths, each with how many runs it has, the most first."""
    query, scope = call.query, _scope(call, key)
    return _dated(scope, paths_lists.labels(scope, query["cell"], most=query["most"]))


def list_other_variants(call: Call, key: str) -> dict[str, Any]:
    """The ways that are together in Other of variants, each with how many runs it has, the most first."""
    query, scope = call.query, _scope(call, key)
    return _dated(scope, variants.other_ways(scope, query["cell"], most=query["most"]))


def list_other_dropoffs(call: Call, key: str) -> dict[str, Any]:
    """The labels that are together in Other of drop-offs, each with how many runs it has, the most first."""
    query, scope = call.query, _scope(call, key)
    return _dated(scope, other_labels(scope, query["cell"], unit=query["unit"], most=query["most"]))


def list_other_values(call: Call, key: str) -> dict[str, Any]:
    """The values that are together in Other of a breakdown, each with how many it has, the most first."""
    query, scope = call.query, _scope(call, key)
    return _dated(scope, breakdown.other_values(scope, query["cell"], unit=query["unit"], most=query["most"]))


def list_other_values_of_change(call: Call, key: str) -> dict[str, Any]:
    """The values that are together in Other of a change, each with how many runs it has, the most first."""
    query, scope = call.query, _scope(call, key)
    return _dated(scope, change_lists.other_values(scope, query["cell"], most=query["most"]))


def read_customers_of_zero_csv(call: Call, key: str) -> Response:
    """The customers behind a number of the report on why a step is empty. As a CSV file."""
    scope = _scope(call, key)
    cell = call.query["cell"]
    rows = zero_lists.everyone(scope, call.services.ledger, cell)
    return csv_file(named(key, "customers", scope), zero_lists.table(scope, cell, rows))


def _number(query: Mapping[str, Any]) -> str:
    """Which number's list is wanted; raises ListError."""
    number, outcome, step = (query.get(name) for name in ("number", "outcome", "step"))
    if number and outcome:
        raise ListError("give a number or an outcome, not both")
    if outcome:
        return f"{outcome}_here" if step else str(outcome)
    return number or ("progressed" if step else "entered")


def _endpoints(report: Report) -> Iterator[Endpoint]:
    """A report as JSON, and as a CSV file."""
    known = validate.OneOf(report.units, error="this report counts by {choices}; docs/metrics.md says why")
    unit = fields.String(load_default=report.units[0], validate=known)
    asked = type(f"{report.name.title()}Asked", (report.asked, ReportAsked), {"unit": unit})

    def read(call: Call, key: str) -> tuple[Scope, dict[str, Any]]:
        scope = _scope(call, key)
        own = {name: value for name, value in call.query.items() if name in report.asked().fields}
        return scope, report.ask(scope, own, unit=call.query.get("unit", "runs"))

    def as_json(call: Call, key: str) -> dict[str, Any]:
        scope, answer = read(call, key)
        return _dated(scope, {**answer, "meanings": report.meanings})

    def as_csv(call: Call, key: str) -> Response:
        scope, answer = read(call, key)
        return csv_file(named(key, report.name, scope), report.table(answer))

    for answer, ending, says in (
        (as_json, "", report.says),
        (as_csv, ".csv", f"{report.says} As a CSV file."),
    ):
        answer.__name__ = f"read_journey_{report.name}{ending.replace('.', '_')}"
        answer.__doc__ = says
        yield Endpoint("GET", f"/journeys/<key>/{report.name}{ending}", answer, query=asked)


def _scope(call: Call, key: str) -> Scope:
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


def _dated(scope: Scope, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its moment, and notes where not all runs are counted yet, or where its customers are
    those of a moment that is past."""
    answer = answer | {"as_of": iso(scope.now), "complete": scope.is_complete}
    if not scope.is_complete:
        answer["progress"] = _progress(scope.version)
    if scope.as_of is None:
        return answer
    return answer | {"ledger_as_of": iso(scope.as_of), "note": THEN}


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


def _progress(one: JourneyVersion) -> dict[str, int]:
    return {"done": one.chunks_done, "total": one.chunks_total}


def _described(one: JourneyVersion) -> dict[str, Any]:
    return {
        "key": one.definition["key"],
        "version": one.version,
        "status": one.status,
        "progress": _progress(one),
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
    Endpoint("GET", "/journeys/<key>/runs", read_runs, query=RunsPageAsked),
    Endpoint("GET", "/journeys/<key>/runs.csv", read_runs_csv, query=RunsAsked),
    Endpoint("GET", "/journeys/<key>/paths/labels", list_labels_of_paths, query=LabelsAsked),
    Endpoint("GET", "/journeys/<key>/breakdown/other", list_other_values, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/change/other", list_other_values_of_change, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/dropoffs/other", list_other_dropoffs, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/variants/other", list_other_variants, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/zero/customers", list_customers_of_zero, query=CustomersAsked),
    Endpoint("GET", "/journeys/<key>/zero/customers.csv", read_customers_of_zero_csv, query=CellAsked),
    *(endpoint for report in REPORTS for endpoint in _endpoints(report)),
]
