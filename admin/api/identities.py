"""Identities over the API: refused merges, the answers to them, and a project's identity rules."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin import answers, exports, joining, refused_merges
from admin.answers import Answer
from admin.api.endpoint import Call, Endpoint, Refused
from admin.joining import IdentityRulesSchema
from admin.refused_merges import REASONS, UNANSWERED
from admin.seen import Versioned, version_of
from journeys.period import iso
from store.identity.refusals import refused
from store.identity.regrouping import Regrouping, regrouping_of
from store.rules import rules_of

HASH = validate.Range(0, 2**63 - 1)
DRY_RUN = {"description": "say what it would change, and change nothing"}


class RefusedFileAsked(Schema):
    """Which refused merges are listed."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    reason = fields.String(
        load_default=UNANSWERED,
        validate=validate.OneOf((UNANSWERED, *REASONS)),
        metadata={"description": "which rule refused; `unanswered` leaves out blocked values"},
    )


class RefusedAsked(RefusedFileAsked):
    """The same, a page at a time."""

    cursor = fields.Integer(validate=HASH, metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class OfTwo(Schema):
    """The two identities that an answer is about."""

    a = fields.Integer(required=True, validate=HASH, metadata={"description": "`identity` of one end"})
    b = fields.Integer(required=True, validate=HASH, metadata={"description": "`identity` of the other end"})
    dry_run = fields.Boolean(load_default=False, metadata=DRY_RUN)


class OfOne(Schema):
    """The identity that an answer is about."""

    identity = fields.Integer(required=True, validate=HASH)
    dry_run = fields.Boolean(load_default=False, metadata=DRY_RUN)


def list_refused(call: Call) -> dict[str, Any]:
    """Links that join nothing because a rule refused them, the newest first; a shared browser is one of them.

    Its `a` is the browser, its `others` all ids that it was seen with; `b` is the newest of these.
    """
    most = call.query["most"]
    rows = refused(
        call.services.engine,
        call.project.id,
        most=most + 1,
        after=call.query.get("cursor"),
        reason=call.query["reason"],
        gathered=True,
    )
    shown = refused_merges.waiting(call.services, call.project.id, rows[:most])
    return {
        "refused": [_refused(one) for one in shown],
        "next": str(rows[most - 1].id) if len(rows) > most else None,
    }


def list_refused_csv(call: Call) -> Response:
    """All of them as a CSV file; in it each id that was seen with a shared browser has a row."""
    rows = refused_merges.every(call.services, call.project.id, call.query["reason"])
    return exports.csv_file(f"{call.project.key}-refused-merges", exports.refused(rows))


def merge(call: Call) -> dict[str, Any]:
    """Join two identities by your word; reports change at once."""
    return _of_two(call, "merge", "one of the two was never seen, or they are merged already")


def keep_apart(call: Call) -> dict[str, Any]:
    """Keep two identities apart, whenever they are seen together; reports change at once."""
    return _answered(call, Answer("keep-apart", call.body["a"], call.body["b"]))


def unmerge(call: Call) -> dict[str, Any]:
    """Retract the edge between two identities; reports change at once."""
    return _of_two(call, "unmerge", "there is no edge between these identities that still stands")


def block(call: Call) -> dict[str, Any]:
    """Let an identity join nothing any more; reports change at once."""
    return _of_one(call, "block", "the ledger does not know this identity, or it is blocked already")


def unblock(call: Call) -> dict[str, Any]:
    """Let a blocked identity join again; reports change at once."""
    return _of_one(call, "unblock", "this identity is not blocked")


def read_identity_rules(call: Call) -> dict[str, Any]:
    """Which typed identifiers join and how many, what never joins, and how a change is coming on."""
    engine, project = call.services.engine, call.project.id
    return _rules(joining.shown(rules_of(engine, project)), regrouping_of(engine, project))


def preview_identity_rules(call: Call) -> dict[str, Any]:
    """What these identity rules would change in all that is known; nothing is changed."""
    rules = joining.changed(rules_of(call.services.engine, call.project.id), call.body)
    found = joining.preview(call.services, call.project.id, rules)
    names = ("identity", "before", "after")
    examples = [
        msgspec.to_builtins(one) | {name: str(getattr(one, name)) for name in names} for one in found.examples
    ]
    counts: dict[str, Any] = msgspec.to_builtins(found)
    return counts | {"examples": examples, "says": joining.told(found)}


def write_identity_rules(call: Call) -> dict[str, Any]:
    """Put identity rules in place of the present ones; all that is known is worked out anew by them."""
    rules = joining.changed(rules_of(call.services.engine, call.project.id), call.body)
    by, seen = f"API token {call.caller}", call.query["version"]
    job = joining.apply(call.services, call.project, rules, by=by, seen=seen)
    return _rules(joining.shown(rules), job)


def _of_two(call: Call, do: str, otherwise: str) -> dict[str, Any]:
    return _answered(call, Answer(do, call.body["a"], call.body["b"]), otherwise)


def _of_one(call: Call, do: str, otherwise: str) -> dict[str, Any]:
    return _answered(call, Answer(do, call.body["identity"], call.body["identity"]), otherwise)


def _answered(call: Call, answer: Answer, otherwise: str = "") -> dict[str, Any]:
    """Give an answer, or say what it would change; one that changes nothing is refused with `otherwise`."""
    found = answers.preview(call.services, call.project.id, answer)
    if found is None and otherwise:
        raise Refused(404, "not_found", otherwise)
    if call.body["dry_run"]:
        counts = msgspec.to_builtins(found) if found else None
        return {"dry_run": True, "would_change": counts, "says": answers.told(found, answer)}
    changed = answers.give(call.services, call.project, answer, by=f"API token {call.caller}")
    return {"customers": sorted(str(one) for one in changed)}


def _refused(one: refused_merges.Waiting) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "a": _side(one.a),
        "b": _side(one.b),
        "others": [_side(other) for other in one.others],
        "rule": one.rule,
        "reason": one.reason,
        "says": one.said.meaning,
        "evidence": one.evidence,
        "at": iso(one.at),
        "entered_at": iso(one.entered_at),
    }


def _side(side: refused_merges.Side) -> dict[str, Any]:
    return {
        "identity": str(side.identity),
        "kind": side.kind,
        "value": side.value,
        "customer": str(side.customer),
        "blocked": side.blocked,
        "events": side.n,
        "last_seen": iso(side.last_seen) if side.last_seen is not None else None,
    }


def _rules(shown: dict[str, Any], job: Regrouping | None) -> dict[str, Any]:
    names = ("state", "done", "total", "by", "problem")
    applied = {name: getattr(job, name) for name in names} | {"asked_at": iso(job.asked_at)} if job else None
    return {**shown, "version": version_of(shown), "applied": applied}


ENDPOINTS = [
    Endpoint("GET", "/identities/refused", list_refused, query=RefusedAsked),
    Endpoint("GET", "/identities/refused.csv", list_refused_csv, query=RefusedFileAsked),
    Endpoint("POST", "/identities/merge", merge, body=OfTwo, role="editor"),
    Endpoint("POST", "/identities/keep-apart", keep_apart, body=OfTwo, role="editor"),
    Endpoint("POST", "/identities/unmerge", unmerge, body=OfTwo, role="editor"),
    Endpoint("POST", "/identities/block", block, body=OfOne, role="editor"),
    Endpoint("POST", "/identities/unblock", unblock, body=OfOne, role="editor"),
    Endpoint("GET", "/identities/rules", read_identity_rules),
    Endpoint(
        "PUT",
        "/identities/rules",
        write_identity_rules,
        query=Versioned,
        body=IdentityRulesSchema,
        role="admin",
    ),
    Endpoint(
        "POST", "/identities/rules/preview", preview_identity_rules, body=IdentityRulesSchema, role="admin"
    ),
]
