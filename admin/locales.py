"""In which language a reader is spoken to, and in which way numbers are written: that of their browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale
from jinja2 import Environment

from admin.languages import ENGLISH, best, languages
from admin.translatable import Translatable
from store import words

DEFAULT = Locale(ENGLISH)
MOST_ASKED = 5  # languages of a header that are looked at


def register(app: Flask) -> None:
    """Write numbers as the reader's own language does, and say words in it where there is a catalogue."""
    Babel(app, locale_selector=_asked, configure_jinja=False)
    app.extensions["waywiser_languages"] = spoken = languages()
    words_of(app.jinja_env)
    app.jinja_env.globals["language"] = language
    app.jinja_env.globals["texts_of_scripts"] = lambda: getattr(
        spoken[g.get("language", ENGLISH)], "scripts", {}
    )

    @app.before_request
    def speak() -> None:
        if request.blueprint != "api":  # programs read that, and their makers search for what it says
            g.language = next((known for one in _wanted() if (known := best(one, spoken))), ENGLISH)
            words.speak(spoken[g.language], Written(get_locale() or DEFAULT))

    @app.teardown_request
    def in_english_again(_error: BaseException | None) -> None:
        words.speak(None)


def words_of(environment: Environment) -> None:
    """Let templates say their sentences in the reader's language."""
    environment.add_extension(Translatable)
    environment.globals |= {"_": words.tell, "ngettext": counted}


def counted(one: str, many: str, n: int, /, **values: object) -> str:
    """A text that depends on a number, with the number as the reader's language writes it."""
    return words.ngettext(one, many, n, **{"num": decimal(n)} | values)


def language() -> str:
    """The language of the page's words, as HTML names it."""
    return str(g.get("language", ENGLISH)).replace("_", "-")


def day(at: date, pattern: str) -> str:
    """A day as a pattern of Unicode (CLDR) says, with names of days and months in the page's language."""
    return format_date(at, pattern, locale=g.get("language", ENGLISH) if has_request_context() else ENGLISH)


def medium(at: date) -> str:
    """A day as the reader's locale writes it, with the month by its name."""
    return format_date(at, "medium", locale=_locale())


@dataclass(frozen=True)
class Written:
    """How numbers are written in a locale, also where nobody knows the request any more."""

    locale: Locale

    def decimal(self, value: float, digits: int = 0, *, is_fixed: bool = True) -> str:
        """With so many digits after the point, or as many at most."""
        return format_decimal(value, "#,##0." + ("0" if is_fixed else "#") * digits, locale=self.locale)

    def share(self, value: float, digits: int = 0) -> str:
        """0.314 as 31%, or as 31 % where the percent sign stands apart."""
        pattern = self.locale.percent_formats[None].pattern.replace("##0", "##0." + "0" * digits)
        return str(format_percent(value, pattern, locale=self.locale))


def decimal(value: float, digits: int = 0, *, is_fixed: bool = True) -> str:
    """With so many digits after the point, or as many at most, as the reader writes it."""
    return Written(_locale()).decimal(value, digits, is_fixed=is_fixed)


def share(value: float, digits: int = 0) -> str:
    """0.314 as the reader writes 31%."""
    return Written(_locale()).share(value, digits)


def _locale() -> Locale:
    return (get_locale() if has_request_context() else None) or DEFAULT


def _asked() -> str:
    return str(next(iter(_wanted()), DEFAULT))


def _wanted() -> list[Locale]:
    """The locales that the reader's browser asks for, the best first."""
    found = []
    for wanted in [*request.accept_languages.values()][:MOST_ASKED]:
        try:
            found.append(Locale.parse(wanted, sep="-"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return found
