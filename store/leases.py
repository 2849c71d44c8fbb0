"""Until when something is held or put off, by a clock that may have been put back since."""

from __future__ import annotations

from typing import Any, overload

from sqlalchemy import ColumnElement


@overload
def is_over(until: int, now: int, longest: int) -> bool: ...


@overload
def is_over(until: ColumnElement[int], now: int, longest: int) -> ColumnElement[bool]: ...


def is_over(until: Any, now: int, longest: int) -> Any:
    """Whether what is held until then, for so long at most, is held no longer; of a number or of a column.

    What would be held for twice as long was noted by a clock that was put back since, and who held it then is
    not to be waited for as long as that.
    """
    return (until <= now) | (until > now + 2 * longest)
