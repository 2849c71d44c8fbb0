"""An erased person's ids are found in every field that can name them, and in damaged messages."""

from __future__ import annotations

from typing import Any

import pytest

from collector.pipeline.naming import named_by
from store.event import identity_hash

USER = identity_hash("user", "ada")
BROWSER = identity_hash("anonymous", "b1")
EMAIL = identity_hash("email", "ada@acme.net")
TYPED = [{"type": "email", "id": "Ada@acme.net"}]


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"userId": "ada"}, {USER}),
        ({"anonymousId": "b1", "userId": "ada"}, {USER, BROWSER}),
        ({"previousId": "b1"}, {BROWSER, identity_hash("user", "b1")}),
        ({"context": {"externalIds": TYPED}}, {EMAIL}),
        ({"context": {"externalId": TYPED}}, {EMAIL}),
        ({"context": {"externalIds": "ada"}}, set()),
        ({"userId": "null"}, set()),
        ('{"userId": "ada", …', set()),
        ([{"userId": "ada"}], {USER}),
    ],
)
def test_every_id_of_a_message_is_found(message: Any, named: set[int]) -> None:
    assert named_by(message) == named
