"""What a project decides about its events, over the API."""

from __future__ import annotations

from typing import Any

from admin import data_rules
from admin.api.endpoint import Call, Endpoint, Refused
from admin.data_rules import RulesSchema
from admin.seen import Versioned, unless_changed, version_of
from journeys.saving import RulesRefused, change_rules
from store.rules import ProjectRules, rules_of


def read_rules(call: Call) -> dict[str, Any]:
    """Cookieless mode, what becomes of events that break the plan, own channels, kept query parameters."""
    return _answer(rules_of(call.services.engine, call.project.id))


def write_rules(call: Call) -> dict[str, Any]:
    """Put rules in place of the present ones; they hold for events that arrive afterwards."""
    seen = call.query["version"]
    alter = unless_changed(lambda kept: data_rules.to_rules(call.body, kept), data_rules.shown, seen)
    try:
        rules = change_rules(call.services.engine, call.project.id, alter, now=call.now)
    except RulesRefused as error:
        raise Refused(409, "journeys_too_long", str(error), "cookieless") from None
    return _answer(rules)


def _answer(rules: ProjectRules) -> dict[str, Any]:
    shown = data_rules.shown(rules)
    return {**shown, "version": version_of(shown)}


ENDPOINTS = [
    Endpoint("GET", "/rules", read_rules),
    Endpoint("PUT", "/rules", write_rules, query=Versioned, body=RulesSchema, role="admin"),
]
