"""What a project decides about its events, over the API."""

from __future__ import annotations

from typing import Any

from admin import data_rules
from admin.api.endpoint import Call, Endpoint, Refused
from admin.data_rules import RulesSchema
from journeys.saving import RulesRefused, change_rules
from store.rules import rules_of


def read_rules(call: Call) -> dict[str, Any]:
    """Cookieless mode, what becomes of events that break the plan, own channels, kept query parameters."""
    return data_rules.shown(rules_of(call.services.engine, call.project.id))


def write_rules(call: Call) -> dict[str, Any]:
    """Put rules in place of the present ones; they hold for events that arrive afterwards."""
    rules = data_rules.to_rules(call.body, rules_of(call.services.engine, call.project.id))
    try:
        change_rules(call.services.engine, call.project.id, rules, now=call.now)
    except RulesRefused as error:
        raise Refused(409, "journeys_too_long", str(error), "cookieless") from None
    return data_rules.shown(rules)


ENDPOINTS = [
    Endpoint("GET", "/rules", read_rules),
    Endpoint("PUT", "/rules", write_rules, body=RulesSchema, role="admin"),
]
