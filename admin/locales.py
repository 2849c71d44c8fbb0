"""In which way numbers are written: that of the reader's own language. Words are English."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, format_percent
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale

DEFAULT = Locale("en")
MOST_ASKED = 5  # languages of a header that are looked at


def register(app: Flask) -> None:
    """Let the extension know how a request tells its locale."""
    Babel(app, locale_selector=_asked, configure_jinja=False)


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
    for wanted in [*request.accept_languages.values()][:MOST_ASKED]:
        try:
            return str(Locale.parse(wanted, sep="-"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return str(DEFAULT)
