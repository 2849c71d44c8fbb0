"""Says texts again that were made in English and kept, or that a library made: known by their messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from store.words import PLACE, is_english, tell

LONGEST = 2_000  # letters of a text that is looked at: a longer one may hold anything, many times over


class Retold:
    """Messages by which texts are known again; of several that fit, by that which has most words itself."""

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages = sorted(set(messages), key=lambda one: (-len(PLACE.sub("", one)), one))
        self._fitting = lru_cache(1024)(self._fit)

    def __call__(self, text: str) -> str:
        """The text in the reader's language; one that no message fits stays as it is."""
        if is_english() or len(text) > LONGEST:
            return text
        found = self._fitting(text)
        return tell(found[0], **found[1]) if found else text

    def _fit(self, text: str) -> tuple[str, dict[str, str]] | None:
        for message in self.messages:
            if fits := _pattern(message).fullmatch(text):
                return message, fits.groupdict()
        return None


@lru_cache(1024)
def _pattern(message: str) -> re.Pattern[str]:
    """What texts of a message look like: its words, with something in the place of each value."""
    parts, at, named = [], 0, set[str]()
    for found in PLACE.finditer(message):
        name = found[1]
        parts.append(re.escape(message[at : found.start()]))
        parts.append("%" if not name else f"(?P={name})" if name in named else f"(?P<{name}>.*?)")
        named |= {name} if name else set()
        at = found.end()
    return re.compile("".join(parts) + re.escape(message[at:]), re.DOTALL)
