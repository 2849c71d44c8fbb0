"""Segments are written and read back alike; saved ones say what is wrong in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.definitions import DefinitionError
from journeys.segment_definitions import (
    MOST_CONDITIONS,
    parse_segment,
    parse_segment_yaml,
    segment_yaml,
)
from journeys.segments import ATTRIBUTES, SAVED, SegmentError, checked, read, read_several, written

LEAF = {"field": "device", "op": "eq", "value": "mobile"}
texts = st.text(st.sampled_from('ab ,;:"'), min_size=1, max_size=6)
parts = st.dictionaries(st.sampled_from([*ATTRIBUTES, *SAVED]), texts, max_size=3)


@given(st.lists(parts, min_size=1, max_size=4))
def test_a_segment_is_read_as_it_was_written(some: list[dict[str, str]]) -> None:
    assert [read(written(one)) for one in some] == some
    assert read_several(";".join(map(written, some))) == some


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("", {}),
        ("all", {}),
        ("device:mobile,country:DE", {"device": "mobile", "country": "DE"}),
        ("name:engaged, device : mobile", {"name": "engaged", "device": "mobile"}),
        ('campaign:"spring, sale",device:mobile', {"campaign": "spring, sale", "device": "mobile"}),
        ('campaign:"say ""hi""; now"', {"campaign": 'say "hi"; now'}),
        ("campaign:a:b", {"campaign": "a:b"}),
    ],
)
def test_what_is_written_in_addresses(text: str, segment: dict[str, str]) -> None:
    assert read(text) == segment


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name:a,name:b", "'name' is there twice"),
        ("device:mobile,country:DE,device:desktop", "'device' is there twice"),
        ("device", "'device' has no value"),
        ("device:", "'device' has no value"),
        ('name:""', "'name' has no value"),
        ("country:DE,name: ", "'name' has no value"),
    ],
)
def test_what_would_mean_something_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SegmentError, match=problem):
        read(text)


def test_an_attribute_that_runs_do_not_have_is_named() -> None:
    with pytest.raises(SegmentError, match="'shoe' is no attribute of a run"):
        checked({"shoe": "1"})


@pytest.mark.parametrize(
    ("part", "place", "problem"),
    [
        ({}, "all.0.condition", "exactly one of"),
        ({**LEAF, "trait": "plan"}, "all.0.condition", "exactly one of"),
        ({"field": "shoe", "op": "eq", "value": "1"}, "all.0.field", "Must be one of"),
        ({"field": "device", "value": "1"}, "all.0.op", "how it is compared"),
        ({"field": "device", "op": "gt", "value": "1"}, "all.0.value", "a number"),
        ({"trait": "plan", "op": "matches", "value": "("}, "all.0.value", "regular expression"),
        (
            {"trait": "plan", "op": "eq", "value": "a", "at_least": 1},
            "all.0.at_least",
            "does not go with trait",
        ),
        ({"did": {"event": "A"}}, "all.0.before", "say when"),
        ({"did": {"event": "A"}, "before": "1d", "during": "run"}, "all.0.before", "say when"),
        ({"did": {"event": "A", "page": "/"}, "before": "1d"}, "all.0.did.event", "exactly one of"),
        ({"did": {"event": "A"}, "before": "soon"}, "all.0.before", "write a duration"),
        ({"did": {"event": "A"}, "before": "1d", "within": "1h"}, "all.0.within", "without then"),
        (
            {"did": {"event": "A"}, "before": "1d", "exactly": 1, "at_most": 2},
            "all.0.exactly",
            "stands alone",
        ),
        ({"did": {"event": "A"}, "before": "1d", "at_least": 3, "at_most": 2}, "all.0.at_most", "less than"),
        (
            {"did": {"event": "A"}, "then": {"event": "B"}, "before": "1d", "at_least": 2},
            "all.0.at_least",
            "exactly: 0",
        ),
        ({"journey": "trial"}, "all.0.state", "which state"),
        ({"journey": "trial", "state": "lost"}, "all.0.state", "Must be one of"),
        ({"any": []}, "all.0.any", "Length"),
        ({"any": [{"all": [{"any": [{"all": [LEAF]}]}]}]}, "all", "deep"),
        ({"any": [LEAF] * 600}, "segment", "conditions"),
        ({"any": [LEAF] * MOST_CONDITIONS}, "all", f"{MOST_CONDITIONS} conditions"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(part: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as error:
        parse_segment({"key": "s", "name": "S", "all": [part, LEAF]})
    assert problem in error.value.problems[place], error.value.problems


@pytest.mark.parametrize(
    "data",
    [
        {"key": "s", "name": "S"},
        {"key": "s", "name": "S", "all": [LEAF], "any": [LEAF]},
        {"key": "S!", "name": "S", "all": [LEAF]},
        {"key": "s", "name": "S", "all": [LEAF], "more": 1},
    ],
)
def test_what_is_no_segment_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError):
        parse_segment(data)


def test_a_file_that_grows_when_it_is_read_is_refused() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30))]
    with pytest.raises(DefinitionError):
        parse_segment_yaml("\n".join(lines))
    with pytest.raises(DefinitionError, match="not YAML"):
        parse_segment_yaml("a: [")


def test_yaml_says_the_same() -> None:
    segment = parse_segment(
        {
            "key": "s",
            "name": "S",
            "any": [LEAF, {"all": [{"did": {"event": "A"}, "then": {"event": "B"}, "before": "30d"}]}],
        }
    )
    assert parse_segment_yaml(segment_yaml(segment.source)) == segment
    assert not segment.looks_inside
    inside = parse_segment({"key": "s", "name": "S", "all": [{"did": {"event": "A"}, "during": "run"}]})
    assert inside.looks_inside
