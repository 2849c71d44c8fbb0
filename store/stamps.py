"""Numbers the computations of runs and sessions: of two results the one stays that was begun later."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine, select, update

from store import kept as values
from store.db import writing
from store.tables import kept

NAME = "last_computation"

Stamp = Callable[[], int]


def by_clock() -> int:
    """Microseconds since 1970: enough where nothing else computes."""
    return time.time_ns() // 1000


def next_stamp(engine: Engine) -> int:
    """The next number, by the clock; it grows also between processes, and after the clock was put back.

    It is to be taken before anything is read that is computed from.
    """
    values.value(engine, NAME, first="0")
    with writing(engine) as connection:
        held = select(kept.c.value).where(kept.c.name == NAME).with_for_update()
        stamp = max(by_clock(), int(connection.execute(held).scalar_one()) + 1)
        connection.execute(update(kept).where(kept.c.name == NAME).values(value=str(stamp)))
    return stamp
