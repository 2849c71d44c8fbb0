"""Asks several questions at once: a page then takes about as long as its slowest one, not as long as all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from store.words import carried

T = TypeVar("T")
MOST = 3  # of one answer at the same time: others want answers too


def at_once(asks: Iterable[Callable[[], T]]) -> list[T]:
    """What each of these answers, in their order; raises what the first of them raises that fails."""
    waiting = [carried(ask) for ask in asks]
    if len(waiting) < 2:
        return [ask() for ask in waiting]
    with ThreadPoolExecutor(min(MOST, len(waiting)), thread_name_prefix="question") as pool:
        return list(pool.map(lambda ask: ask(), waiting))
