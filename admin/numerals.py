"""How the reader's language writes numbers: thousands apart, fractions and percentages."""

from __future__ import annotations

from dataclasses import dataclass

from flask import has_request_context, request


@dataclass(frozen=True)
class Numerals:
    """The signs of one language; whole numbers of fewer digits than `grouped_from` have no groups."""

    group: str = ","
    point: str = "."
    percentage: str = "{}%"
    grouped_from: int = 4

    def written(self, english: str) -> str:
        """A number as this language writes it, from how English does."""
        whole, point, fraction = english.partition(".")
        if sum(one.isdigit() for one in whole) < self.grouped_from:
            whole = whole.replace(",", "")
        return whole.replace(",", self.group) + (self.point if point else "") + fraction


ENGLISH = Numerals()
_SPACE, _THIN, _PERCENT = "\u00a0", "\u202f", "{}\u00a0%"
_LANGUAGES = {
    Numerals(): "en he hi ja ko ms th zh es-mx es-us",
    Numerals(".", ",", _PERCENT): "ca da de hr ro",
    Numerals(".", ",", _PERCENT, grouped_from=5): "es sl",
    Numerals(".", ","): "el es-ar es-cl es-co id nl pt sr vi",
    Numerals(".", ",", grouped_from=5): "it",
    Numerals(".", ",", "%{}"): "tr",
    Numerals(_SPACE, ",", _PERCENT): "cs de-at fi fr-ca lt nb nn no ru sk sv",
    Numerals(_SPACE, ","): "en-za uk",
    Numerals(_SPACE, ",", grouped_from=5): "bg et hu lv pl pt-pt",
    Numerals(_THIN, ",", _PERCENT): "fr",
    Numerals(_THIN, ","): "fr-ch",
    Numerals("'", "."): "de-ch de-li it-ch",
}
BY_LANGUAGE = {tag: numerals for numerals, tags in _LANGUAGES.items() for tag in tags.split()}


def of_reader() -> Numerals:
    """The numerals of the language that the browser asks for first; English ones where it is not known."""
    if not has_request_context():
        return ENGLISH
    tag = (request.accept_languages.best or "").lower()
    return BY_LANGUAGE.get(tag) or BY_LANGUAGE.get(tag.partition("-")[0], ENGLISH)
