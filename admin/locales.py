"""In which language a reader is spoken to, and in which way numbers are written: that of their browser."""

from __future__ import annotations

from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import Flask, current_app, g, has_request_context, request
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
            words.speak(spoken[g.language])

    @app.teardown_request
    def in_english_again(_error: BaseException | None) -> None:
        words.speak(None)


def texts_of_scripts() -> dict[str, str]:
    """What scripts say, where the page is not in English."""
    spoken = current_app.extensions["waywiser_languages"][g.get("language", ENGLISH)]
    return spoken.scripts if spoken else {}


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


def decimal(value: float, digits: int = 0, *, is_fixed: bool = True) -> str:
    """With so many digits after the point, or as many at most."""
    return format_decimal(value, "#,##0." + ("0" if is_fixed else "#") * digits, locale=_locale())


def share(value: float, digits: int = 0) -> str:
    """0.314 as 31%, or as 31 % where the percent sign stands apart."""
    locale = _locale()
    pattern = locale.percent_formats[None].pattern.replace("##0", "##0." + "0" * digits)
    return format_percent(value, pattern, locale=locale)


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
