"""Privacy over the API: a customer's export, erasing one, receipts, suppressions, and retention."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin import privacy
from admin.api.endpoint import Call, Endpoint, Refused
from journeys.export import is_known
from journeys.period import iso
from store.privacy.erasure import Erasure, NotErasable, Whom, erasure_of, erasures_of, find_whom
from store.privacy.retention import Report, reports_of
from store.privacy.suppression import NotLifted
from store.rules import rules_of


class ErasureAsked(Schema):
    """How a customer is to be erased."""

    class Meta:
        """Arguments that it does not know do no harm."""

        unknown = EXCLUDE

    rewrite = fields.Boolean(
        load_default=False,
        metadata={"description": "write the event store's files anew at the end, so that no byte is left"},
    )


class Lifted(Schema):
    """One id of the person who may come back; all that were erased with it come back too."""

    kind = fields.String(load_default="user", metadata={"description": "user, anonymous, or a type"})
    value = fields.String(required=True, validate=validate.Length(1, 2048))


class RetentionAsked(Schema):
    """With other days than the project's, the answer says what they would delete."""

    class Meta:
        """Arguments that it does not know do no harm."""

        unknown = EXCLUDE

    days = fields.Integer(load_default=0, validate=validate.Range(0, privacy.MOST_DAYS))


class Retention(Schema):
    """For how many days the project keeps its events."""

    days = fields.Integer(
        required=True,
        validate=validate.Range(0, privacy.MOST_DAYS),
        metadata={"description": "after they happened; 0: as the installation says"},
    )


def export_customer(call: Call, customer: int) -> Response:
    """Everything that is kept of a customer, as one JSON document."""
    whom = _known_number(customer)
    if not is_known(call.services.events, call.services.ledger, call.project.id, whom):
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return privacy.download(call.services, call.project, whom)


def preview_erasure(call: Call, customer: int) -> dict[str, Any]:
    """What erasing this customer would delete; changes nothing."""
    whom = _whom(call, customer)
    return {
        "customer": str(whom.customer),
        "identities": [{"kind": one.kind, "value": one.value} for one in whom.own],
        "shared_identities": len(whom.shared),
        "neighbours": [str(one) for one in whom.neighbours],
        "counts": call.services.count_customer(call.project.id, whom),
    }


def erase_customer(call: Call, customer: int) -> dict[str, Any]:
    """Erase a customer for good; ask for the erasure's receipt until it is there."""
    whom = _whom(call, customer)
    job = privacy.erase(call.services, call.project, whom, by=call.caller, rewrite=call.query["rewrite"])
    return _erasure(job)


def list_erasures(call: Call) -> dict[str, Any]:
    """The newest fifty erasures, with their receipts."""
    return {"erasures": [_erasure(one) for one in erasures_of(call.services.engine, call.project.id)]}


def read_erasure(call: Call, erasure: int) -> dict[str, Any]:
    """How far an erasure is; its receipt when it is done."""
    found = erasure_of(call.services.engine, call.project.id, erasure) if erasure < 2**63 else None
    if found is None:
        raise Refused(404, "not_found", f"there is no erasure {erasure}")
    return _erasure(found)


def lift_suppression(call: Call) -> dict[str, Any]:
    """Let somebody who was erased come back: from now on their events are counted."""
    kind, value = call.body["kind"], call.body["value"]
    try:
        lifted = privacy.lift_by_id(call.services, call.project, kind, value, by=call.caller)
    except NotLifted as error:
        raise Refused(409, "being_erased", str(error), "value") from None
    if not lifted:
        raise Refused(404, "not_found", "no such id is suppressed; write it as it was sent", "value")
    return {"lifted": lifted}


def read_retention(call: Call) -> dict[str, Any]:
    """How long events are kept, what would be deleted now, and what was deleted."""
    days = call.query["days"]
    kept = reports_of(call.services.engine, call.project.id)
    return {
        "days": rules_of(call.services.engine, call.project.id).retention_days,
        "installation_days": call.services.settings.retention_days,
        "would_delete": _report(privacy.would_delete_now(call.services, call.project, days)),
        "reports": [{"at": iso(at), **_report(report)} for at, report in kept],
    }


def write_retention(call: Call) -> dict[str, Any]:
    """Set how long the project keeps its events; the next daily run deletes what is older."""
    privacy.keep_for(call.services, call.project, call.body["days"], by=call.caller)
    return {"days": call.body["days"]}


def _known_number(customer: int) -> int:
    if customer >= 2**63:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return customer


def _whom(call: Call, customer: int) -> Whom:
    try:
        whom = find_whom(call.services.events, call.services.ledger, call.project.id, _known_number(customer))
    except NotErasable as error:
        raise Refused(409, "shared", str(error)) from None
    if whom is None:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return whom


def _erasure(job: Erasure) -> dict[str, Any]:
    return {
        "erasure": job.id,
        "asked_by": job.asked_by,
        "asked_at": iso(job.asked_at),
        "is_done": job.is_done,
        "stage": job.stage,
        "problem": job.problem,
        "counts": job.sums,
        "receipt": job.receipt,
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "days": report.days,
        "before": iso(report.before),
        "counted_from": "receipt" if report.by_receipt else "event",
        "events": report.total,
        "events_by_month": report.events,
        "runs": report.runs,
        "sessions": report.sessions,
        "drops": report.drops,
        "customers": report.customers,
        "identities": report.identities,
    }


ENDPOINTS = [
    Endpoint("GET", "/customers/<int:customer>/export", export_customer, role="editor"),
    Endpoint("GET", "/customers/<int:customer>/erasure", preview_erasure, role="admin"),
    Endpoint(
        "DELETE",
        "/customers/<int:customer>",
        erase_customer,
        query=ErasureAsked,
        role="admin",
        status=202,
    ),
    Endpoint("GET", "/erasures", list_erasures, role="admin"),
    Endpoint("GET", "/erasures/<int:erasure>", read_erasure, role="admin"),
    Endpoint("POST", "/suppressions/lift", lift_suppression, body=Lifted, role="admin"),
    Endpoint("GET", "/retention", read_retention, query=RetentionAsked, role="admin"),
    Endpoint("PUT", "/retention", write_retention, body=Retention, role="admin"),
]
