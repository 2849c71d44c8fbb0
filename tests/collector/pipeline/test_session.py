"""The session key is the client's word, where it says anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.collector.pipeline.conftest import Pipeline


@pytest.mark.parametrize("side", ["browser", "server"])
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("s1", "s1"),
        (" s1 ", "s1"),
        (1760000000000, "1760000000000"),
        ("x" * 200, "x" * 128),
        *((nothing, "") for nothing in (None, "", " ", "null", "undefined", 0, [], {"id": "s1"}, True)),
    ],
)
def test_a_session_key_is_kept_where_it_names_a_session(
    pipeline: Pipeline, side: str, given: Any, kept: str
) -> None:
    assert pipeline.event({"context": {"sessionId": given}}, side=side).session == kept
