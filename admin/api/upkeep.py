"""Upkeep of stored runs over the API: a filling that waits or goes on, and checks of a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, validate

from admin import upkeep
from admin.api.endpoint import Call, Endpoint, Refused
from admin.services import Services
from journeys.period import iso
from store.checks import SAMPLE, Check, ask_for, check_of, of_version
from store.journeys import ANSWERING, JourneyVersion, live_journey


class CheckAsked(Schema):
    """How many are checked, and which."""

    most = fields.Integer(
        load_default=SAMPLE,
        validate=validate.Range(1, 100_000),
        metadata={"description": "how many customers, or accounts"},
    )
    seed = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 2**63 - 1),
        metadata={"description": "which ones; others each time if left out"},
    )


def pause_filling(call: Call, key: str) -> dict[str, Any]:
    """Let the filling of a journey wait behind the part in hand."""
    return _turned(call, key, upkeep.pause_filling, "not_filling", "being counted")


def resume_filling(call: Call, key: str) -> dict[str, Any]:
    """Let a paused filling go on where it was."""
    return _turned(call, key, upkeep.resume_filling, "not_paused", "paused")


def ask_for_check(call: Call, key: str) -> dict[str, Any]:
    """Have the runs of some customers counted anew and compared with the stored ones, in the background."""
    version = _known(call, key)
    if version.status not in ANSWERING:
        raise Refused(409, "not_counted", f"the runs of {key!r} are not all counted yet")
    asked = {"most": call.body["most"], "seed": call.body["seed"]}
    check = of_version(version, by=f"API token {call.caller}", now=call.now, **asked)
    ask_for(call.services.engine, check)
    return _told(version, check)


def read_check(call: Call, key: str) -> dict[str, Any]:
    """The last check of the stored runs: one is made every day, and when it is asked for."""
    version = _known(call, key)
    check = check_of(call.services.engine, version.id)
    if check is None:
        raise Refused(404, "not_found", f"the runs of {key!r} have not been checked yet")
    return _told(version, check)


def _known(call: Call, key: str) -> JourneyVersion:
    version = live_journey(call.services.engine, call.project.id, key)
    if version is None:
        raise Refused(404, "not_found", f"there is no journey {key!r}")
    return version


def _turned(
    call: Call, key: str, turn: Callable[[Services, int, str], list[JourneyVersion]], code: str, state: str
) -> dict[str, Any]:
    """Turn the versions of a journey that are in this state; refused with `code` where none is."""
    _known(call, key)
    turned = turn(call.services, call.project.id, key)
    if not turned:
        raise Refused(409, code, f"no version of {key!r} is {state}")
    return {
        "versions": [
            {"version": one.version, "progress": {"done": one.chunks_done, "total": one.chunks_total}}
            for one in turned
        ]
    }


def _told(version: JourneyVersion, check: Check) -> dict[str, Any]:
    return {
        "journey": version.definition["key"],
        "version": version.version,
        "state": check.state,
        "most": check.most,
        "seed": str(check.seed),
        "asked_at": iso(check.asked_at),
        "asked_by": check.by,
        "ended_at": iso(check.ended_at) if check.ended_at else None,
        "checked": check.checked,
        "differing": check.differing,
        "found": [{"customer": str(one)} for one in check.customers],
        "problem": check.problem or None,
        "says": check.says,
    }


ENDPOINTS = [
    Endpoint("POST", "/journeys/<key>/filling/pause", pause_filling, role="editor"),
    Endpoint("POST", "/journeys/<key>/filling/resume", resume_filling, role="editor"),
    Endpoint("GET", "/journeys/<key>/check", read_check),
    Endpoint("POST", "/journeys/<key>/check", ask_for_check, body=CheckAsked, role="admin", status=202),
]
