"""Answers that are made while they are sent: the request itself is over by then, its context is not."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from ._context import Scope


class Within:
    """These parts, each of them made inside the scope."""

    def __init__(self, scope: Scope, parts: Iterable[Any]) -> None:
        self._scope = scope
        self._parts = parts
        self._iterator = iter(parts)

    def __iter__(self) -> Within:
        return self

    def __next__(self) -> Any:
        with self._scope:
            return next(self._iterator)

    def close(self) -> None:
        """Close what makes the parts."""
        for each in (self._iterator, self._parts):
            if hasattr(each, "close"):
                with self._scope:
                    each.close()


class WithinAsync:
    """The same for parts that are made asynchronously."""

    def __init__(self, scope: Scope, parts: AsyncIterable[Any]) -> None:
        self._scope = scope
        self._iterator = parts.__aiter__()

    def __aiter__(self) -> WithinAsync:
        return self

    async def __anext__(self) -> Any:
        with self._scope:
            return await self._iterator.__anext__()
