"""Lets a thread that many wait for, such as an event loop's, do only what needs no wait for a store.

Inside `in_a_hurry()` whatever takes time raises TakesTime instead, before it has changed anything; the caller
then leaves the work to a thread that may wait. The pools of `store.db` take time by themselves, so no query
can be forgotten; `take_time()` stands where locks are held during a query, or where there is much to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class TakesTime(BaseException):
    """What was asked for in a hurry takes time. No mistake, so that nobody who handles mistakes hides it."""


_is_hurried: ContextVar[bool] = ContextVar("is_hurried", default=False)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Inside, what takes time raises TakesTime."""
    token = _is_hurried.set(True)
    try:
        yield
    finally:
        _is_hurried.reset(token)


def take_time() -> None:
    """Say that what follows takes time; raises TakesTime in a hurry."""
    if _is_hurried.get():
        raise TakesTime
