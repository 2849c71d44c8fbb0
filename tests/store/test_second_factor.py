"""A code is good once, also for several who give it at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pyotp
import pytest
from sqlalchemy import Engine, update

from store import second_factor
from store.db import writing
from store.tables import users
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
        with ThreadPoolExecutor(4) as many:
            with writing(engine) as held:  # so that all of them have begun before the first can spend it
                held.execute(update(users).values(name="Ada"))
                tries = [
                    many.submit(second_factor.passes, engine, user.id, code, now=later) for _ in range(4)
                ]
                assert not wait(tries, timeout=0.5).done
            passed = [one.result() for one in tries]
        assert passed.count(True) == 1, code
