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
        (1_704_067_200_123_456, NEW_YEAR + 123),
        (1_704_067_200_123_456_789, NEW_YEAR + 123),
        ("1704067200123456789", NEW_YEAR + 123),
        ("2024-01-01 00:00:00 UTC", NEW_YEAR),
        ("2024-01-01 01:00:00.5 +0100 CET", NEW_YEAR + 500),
        ("2024-01-01T01:00:00+01:00[Europe/Berlin]", NEW_YEAR),
        ("2024/01/01 00:00:00", NEW_YEAR),
        ("Mon, 01 Jan 2024 00:00:00 GMT", NEW_YEAR),
        ("Monday, 01-Jan-24 00:00:00 GMT", NEW_YEAR),
        ("Mon Jan 01 2024 01:00:00 GMT+0100 (CET)", NEW_YEAR),
        ("Mon Jan  1 00:00:00 UTC 2024", NEW_YEAR),
    ],
)
def test_a_moment_is_read_in_every_usual_form(written: Any, milliseconds: int) -> None:
    assert moment(written) == milliseconds


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "2024-13-01", "2024-01-01T25:00:00Z", "nan", "inf", "9" * 400, "²" * 9),
        *("Jan 1, 2024 10:00:00 PM", "1/2/2024", "Mon Jan  1 00:00:00 CET 2024", "Mon ", "Mon, x"),
        *(None, True, [], {}, float("nan"), float("inf"), 1e300, 10**400),
    ],
)
def test_what_is_no_moment_is_a_value_error(written: Any) -> None:
    with pytest.raises(ValueError):
        moment(written)
