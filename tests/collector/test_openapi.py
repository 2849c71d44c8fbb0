"""The published description of the tracking API is true: it is tried out, by what it allows and forbids."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from collector.openapi import description
from tests.collector.conftest import Site

FORM = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    unsupported_method,
]
# A batch with some bad events is taken, and what stands in a pixel's `data` no schema can say.
JUDGED_BY_EVENT = {"batch", "batch_short", "import", "beacon"}

NOTHING_CAN_BE_WRONG = {"metrics", "settings"}
OPERATIONS = [
    (path, method, mode)
    for path, how in description()["paths"].items()
    for method, operation in how.items()
    for mode in GenerationMode
    if mode == GenerationMode.POSITIVE or operation["operationId"] not in NOTHING_CAN_BE_WRONG
]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_the_application_answers_as_described(
    site: Site, path: str, method: str, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_wsgi("/v1/openapi.json", site.app)[path][method]
    name = operation.definition.raw["operationId"]
    checks = list(FORM)
    if "pixel" not in name and name not in JUDGED_BY_EVENT:
        checks.append(negative_data_rejection)
    if "pixel" not in name and name != "settings":
        checks.append(positive_data_acceptance)
    key = {"Authorization": f"Bearer {site.server_key}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers(case: Any) -> None:
        case.call_and_validate(checks=checks, headers=key)

    answers()


def test_every_endpoint_that_takes_or_tells_something_is_described(site: Site) -> None:
    own = {"/health", "/metrics", "/w.js", "/w.<words>.js", "/w.json", "/v1/cookie", "/v1/openapi.json"}
    rules = {
        (rule.rule.replace("<key>", "{key}"), method.lower())
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in own
    }
    paths = description()["paths"]
    assert {(path, method) for path, how in paths.items() for method in how} == rules


def test_the_description_is_open_to_every_page(site: Site) -> None:
    answer = site.app.test_client().get("/v1/openapi.json", headers={"Origin": "https://docs.example"})
    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["https://docs.example"]
