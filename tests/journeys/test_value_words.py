"""No value is called like the runs without one, or like all others together."""

from __future__ import annotations

import pytest

from journeys.value_words import called


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Email", "Email"),
        ("none", "none"),
        ("Other", "Other"),
        ("(none)", "“(none)”"),
        ("no value", "“no value”"),
        ("(did not get there)", "“(did not get there)”"),
        ("Other (3 values)", "“Other (3 values)”"),
        ("“(none)”", "““(none)””"),
    ],
)
def test_a_value_that_is_called_like_a_group_stands_in_quotation_marks(value: str, said: str) -> None:
    assert called(value) == said
