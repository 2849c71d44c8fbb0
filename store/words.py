"""The language in which a person is spoken to: English, unless a room that knows the reader says else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from markupsafe import Markup, escape

T = TypeVar("T")
PLACE = re.compile(r"%\((\w+)\)s|%%")


class Language(Protocol):
    """What a catalogue of one language can do, such as those of gettext."""

    def gettext(self, message: str) -> str: ...

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str: ...


class Numbers(Protocol):
    """How numbers are written in the way of one reader."""

    def decimal(self, value: float, digits: int) -> str: ...

    def share(self, value: float, digits: int) -> str: ...


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)
_numbers: ContextVar[Numbers | None] = ContextVar("numbers", default=None)


def speak(language: Language | None, numbers: Numbers | None = None) -> None:
    """From here on speak this language to whom this thread answers; none is English."""
    _spoken.set(language)
    _numbers.set(numbers)


def is_english() -> bool:
    """Whether English is spoken here, where every text stands as it was made."""
    return _spoken.get() is None


@contextmanager
def in_english() -> Iterator[None]:
    """Speak English in here: for what is kept and given to several readers, and to programs."""
    before = _spoken.get(), _numbers.get()
    speak(None)
    try:
        yield
    finally:
        speak(*before)


def carried(function: Callable[[], T]) -> Callable[[], T]:
    """The function, for another thread: there it speaks the language that is spoken here now."""
    now = _spoken.get(), _numbers.get()

    def carry() -> T:
        speak(*now)
        return function()

    return carry


def marked(message: str) -> str:
    """Mark a text that `tell` says later, where its reader is known."""
    return message


class Later(str):
    """A text that a check is given when it is made, and that is said each time the check fails.

    What makes checks, such as marshmallow, formats its messages; there the text is told to who reads it then.
    """

    given: Mapping[str, Any]

    def __new__(cls, message: str, /, **given: Any) -> Later:
        made = super().__new__(cls, message)
        made.given = given
        return made

    def format(self, *_args: object, **values: object) -> str:
        return tell(str(self), **{**values, **self.given})


def tell(message: str, /, **values: Any) -> str:
    """The text in the reader's language, with its values in place; a percent sign is written twice."""
    return filled(translated(message), values)


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """The same of a text that depends on a number, which is `num` in it unless a value says otherwise."""
    language = _spoken.get()
    message = language.ngettext(one, many, n) if language else one if n == 1 else many
    return filled(message, {"num": n} | values)


def translated(message: str) -> str:
    """The text in the reader's language, as the catalogue has it."""
    language = _spoken.get()
    return language.gettext(message) if language else message


def decimal(value: float, digits: int = 0) -> str:
    """A number as its reader writes it."""
    numbers = _numbers.get()
    return numbers.decimal(value, digits) if numbers else f"{value:,.{digits}f}"


def share(value: float, digits: int = 0) -> str:
    """0.314 as its reader writes 31%."""
    numbers = _numbers.get()
    return numbers.share(value, digits) if numbers else f"{value * 100:.{digits}f}%"


class Spoken(dict[str, str]):
    """A table of texts by their keys, each said in the language of its reader; `texts` are as they stand."""

    def __getitem__(self, key: str) -> str:
        return tell(super().__getitem__(key))

    def __iter__(self) -> Iterator[str]:  # so that what copies the table asks for its items
        return iter(self.keys())

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key)
        return default if found is None else tell(found)

    def items(self) -> Any:
        return [(key, tell(text)) for key, text in super().items()]

    def values(self) -> Any:
        return [tell(text) for text in super().values()]

    def texts(self) -> list[str]:
        return [*super().values()]


def filled(message: str, values: Mapping[str, Any]) -> str:
    """A text with its values in place."""
    if "%" not in message:
        return message
    given: list[Any] = [values[part] if at % 2 else part for at, part in enumerate(_parts(message))]
    if any(hasattr(one, "__html__") for one in given):  # as templates join what is safe to what is not
        return Markup("").join(map(escape, given))
    return "".join(map(str, given))


@lru_cache(4096)
def _parts(message: str) -> list[str]:
    """Literal text and names of values in turn."""
    parts, at = [""], 0
    for found in PLACE.finditer(message):
        parts[-1] += message[at : found.start()] + ("" if found[1] else "%")
        if found[1]:
            parts += [found[1], ""]
        at = found.end()
    parts[-1] += message[at:]
    return parts
