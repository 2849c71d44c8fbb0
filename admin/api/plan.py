"""The tracking plan and the catalogue of events over the API."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin import plan_files
from admin.api.endpoint import Call, Endpoint, Refused
from admin.plan_files import PlanSchema
from journeys import catalog
from journeys.period import iso
from store.plans import PlanError, plan_of, replace_plan


class PlanAsked(Schema):
    """In which form the plan is answered."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    format = fields.String(load_default="json", validate=validate.OneOf(("json", "yaml")))


class CatalogAsked(Schema):
    """Which events the catalogue answers."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    event = fields.String(metadata={"description": "only the track event of this name, with its properties"})
    most = fields.Integer(load_default=500, validate=validate.Range(1, 1000))


def read_plan(call: Call) -> Any:
    """The planned events, each with a JSON Schema of its properties."""
    plan = plan_of(call.services.engine, call.project.id)
    if call.query["format"] == "yaml":
        return Response(plan_files.as_yaml(plan), content_type="application/yaml; charset=utf-8")
    return plan_files.as_data(plan)


def write_plan(call: Call) -> dict[str, Any]:
    """Put a plan in place of the present one; the body may be JSON or, as application/yaml, YAML."""
    plan = plan_files.from_data(call.body)
    try:
        replace_plan(call.services.engine, call.project.id, plan, now=call.now)
    except PlanError as error:
        raise Refused(400, "invalid", str(error), error.event) from None
    return plan_files.as_data(plan_of(call.services.engine, call.project.id))


def read_catalog(call: Call) -> dict[str, Any]:
    """Every event that was seen, since when and how often lately; with `event` one, and its properties."""
    events, project = call.services.events, call.project.id
    planned = {one.event for one in plan_of(call.services.engine, project)}
    name, now = call.query.get("event"), call.now
    most = 1_000 if name is not None else call.query["most"]
    found = catalog.listed(events, project, planned, now=now, most=most)
    answer: dict[str, Any] = {"as_of": iso(now), "days": catalog.DAYS, "sample": catalog.SAMPLE}
    if name is None:
        return {**answer, "events": found}
    since = now - catalog.DAYS * catalog.DAY_MS
    one = next((row for row in found if (row["type"], row["event"]) == ("track", name)), None)
    if one is None:
        raise Refused(404, "not_found", f"no event {name!r} was seen", "event")
    properties = catalog.properties(events, project, name, since_ms=since)
    broken = catalog.violations(events, project, name, now=now)
    return {**answer, "events": [{**one, "properties": properties, "broken": broken}]}


ENDPOINTS = [
    Endpoint("GET", "/plan", read_plan, query=PlanAsked),
    Endpoint("PUT", "/plan", write_plan, body=PlanSchema, role="editor"),
    Endpoint("GET", "/events/catalog", read_catalog, query=CatalogAsked),
]
