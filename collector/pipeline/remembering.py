"""Remembers the answers to questions that come again and again, within bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

LONGEST = 300  # characters; longer texts are rare, seldom come twice, and would fill the memory


def remembered(entries: int, longest: int = LONGEST) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """An `lru_cache` for functions of a text, which does not keep long texts."""

    def wrap(function: Callable[[str], T]) -> Callable[[str], T]:
        known = lru_cache(entries)(function)

        def ask(text: str) -> T:
            return known(text) if len(text) <= longest else function(text)

        return ask

    return wrap


def remembered_of_two(entries: int) -> Callable[[Callable[[str, H], T]], Callable[[str, H], T]]:
    """The same for functions of a text and something else that is short."""

    def wrap(function: Callable[[str, H], T]) -> Callable[[str, H], T]:
        known = lru_cache(entries)(function)

        def ask(text: str, other: H) -> T:
            return known(text, other) if len(text) <= LONGEST else function(text, other)

        return ask

    return wrap
