"""A code is good once, also for several who give it at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from sqlalchemy import Engine

from store import second_factor
from store.users import create_user

NOW = 1_772_366_400_000


@pytest.mark.parametrize("kind", ["engine", "pg_engine"])
def test_of_several_at_once_one_passes(request: pytest.FixtureRequest, kind: str) -> None:
    engine: Engine = request.getfixturevalue(kind)
    user = create_user(engine, email="a@shop.example", name="", password="long enough for this", now=NOW)
    secret = second_factor.new_secret()
    clock = pyotp.TOTP(secret)
    recovery = second_factor.turn_on(engine, user.id, secret, clock.at(NOW // 1000), now=NOW)
    assert recovery
    later = NOW + 60_000
    for code in (recovery[0], clock.at(later // 1000)):
        with ThreadPoolExecutor(8) as many:
            passed = list(
                many.map(
                    lambda _, code=code: second_factor.passes(engine, user.id, code, now=later), range(8)
                )
            )
        assert passed.count(True) == 1, code
