"""Dates in files of journeys and segments are text, as JSON has them; what JSON cannot say is refused."""

from __future__ import annotations

import json

import pytest

from journeys.definitions import DefinitionError, parse_yaml, to_yaml
from journeys.plain_yaml import read
from journeys.segment_definitions import parse_segment_yaml, segment_yaml

JOURNEY = """key: j
name: J
steps:
  - key: a
    name: 2024-01-01
    match: [{{event: A, where: [{{property: since, op: {op}, value: {value}}}]}}]
  - {{key: b, name: B, match: [{{event: B}}]}}
"""
SEGMENT = """key: s
name: S
all:
  - {{trait: since, op: {op}, value: {value}}}
"""


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", "2024-01-01", "2024-01-01"),
        ("eq", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("eq", "2024-13-45", "2024-13-45"),
        ("in", "[2024-01-01, 2024-02-01]", ["2024-01-01", "2024-02-01"]),
    ],
)
def test_a_date_is_the_text_that_was_written(op: str, value: str, expected: object) -> None:
    journey = parse_yaml(JOURNEY.format(op=op, value=value))
    segment = parse_segment_yaml(SEGMENT.format(op=op, value=value))
    assert journey.steps[0].match[0].where[0].value == expected
    assert journey.steps[0].name == "2024-01-01"
    assert segment.source["all"][0]["value"] == expected
    json.dumps([journey.source, segment.source])
    assert parse_yaml(to_yaml(journey)) == journey
    assert parse_segment_yaml(segment_yaml(segment.source)) == segment


@pytest.mark.parametrize("value", ["!!timestamp 2024-01-01", "!!binary aGk=", "!!set {a, b}", "!!int a"])
def test_what_json_cannot_say_is_refused(value: str) -> None:
    for text in (JOURNEY, SEGMENT):
        with pytest.raises(DefinitionError):
            (parse_yaml if text == JOURNEY else parse_segment_yaml)(text.format(op="eq", value=value))


def test_all_else_is_read_as_ever() -> None:
    assert read("{a: 1, b: 1.5, c: yes, d: null, e: [x, 'y']}") == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": ["x", "y"],
    }
