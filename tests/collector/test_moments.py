"""Moments in every form that clients write them."""

from __future__ import annotations

from typing import Any

import pytest

from collector.moments import moment

NEW_YEAR = 1_704_067_200_000


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("2024-01-01T00:00:00Z", NEW_YEAR),
        ("2024-01-01T00:00:00.123Z", NEW_YEAR + 123),
        ("2024-01-01T00:00:00.123456789Z", NEW_YEAR + 123),
        ("2024-01-01T00:00:00,5Z", NEW_YEAR + 500),
        ("2024-01-01T02:00:00+02:00", NEW_YEAR),
        ("2024-01-01T02:00:00+0200", NEW_YEAR),
        ("2024-01-01t00:00:00z", NEW_YEAR),
        ("2024-01-01 00:00:00", NEW_YEAR),
        (" 2024-01-01T00:00:00Z ", NEW_YEAR),
        ("20240101T000000Z", NEW_YEAR),
        ("2024-01-01", NEW_YEAR),
        ("20240101", NEW_YEAR),
        ("1969-12-31T23:59:59Z", -1000),
        (1_704_067_200, NEW_YEAR),
        (1_704_067_200.25, NEW_YEAR + 250),
        (1_704_067_200_000, NEW_YEAR),
        ("1704067200", NEW_YEAR),
        ("1704067200000", NEW_YEAR),
        ("1711121200000", 1_711_121_200_000),
        ("1704067200.5", NEW_YEAR + 500),
        (0, 0),
    ],
)
def test_a_moment_is_read_in_every_usual_form(written: Any, milliseconds: int) -> None:
    assert moment(written) == milliseconds


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "2024-13-01", "2024-01-01T25:00:00Z", "nan", "inf", "9" * 400),
        *(None, True, [], {}, float("nan"), float("inf"), 1e300, 10**400),
    ],
)
def test_what_is_no_moment_is_a_value_error(written: Any) -> None:
    with pytest.raises(ValueError):
        moment(written)
