"""What the audit log says people did: it keeps English for all readers, and its page says it in theirs."""

from __future__ import annotations

from functools import cache

from store.retelling import Retold

_deeds: set[str] = set()


def deed(message: str) -> str:
    """Mark a message of the audit log, so that lines made of it are known again."""
    _deeds.add(message)
    return message


def retold(line: str) -> str:
    """A line of the log in the reader's language; one that no message fits, as those of the API, as it is."""
    return _known()(line)


@cache
def _known() -> Retold:
    return Retold(_deeds)
