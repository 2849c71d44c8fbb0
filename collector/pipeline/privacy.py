"""Takes out what events must not tell: secrets, tokens, e-mail addresses, numbers of payment cards."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

import msgspec

from collector.pipeline.context import Context
from collector.pipeline.masks import LONG_NUMBER, REMOVED, is_card, is_count, mask, masked, names_secret
from collector.pipeline.page import address
from store.event import Event

COLUMNS = (
    *("url", "path", "title", "referrer", "source", "campaign", "term", "content"),
    *("event", "medium", "channel", "library", "locale", "timezone"),
)
URL = re.compile(r"(?<![\w+.-])[\w+.-]++://[^\s\"\\<>]+")
# Addresses without `https:` at the beginning of a word: `//host/x?a=b`, `/x#t`, `mailto:?…`, `host/x?a=b`.
# Neither what may stand before one nor its path holds what ends a word, so that no stretch is tried twice.
LOOSE = re.compile(
    r"(?<![^\s\"\\<>])([('\[]*+)((?:mailto|sms|tel|sip|xmpp):|//?|[\w-]++(?:\.[\w-]++)++(?::\d{1,5}+)?(?=[/?#]))"
    r"([^\s\"\\<>?#]*+)([?#][^\s\"\\<>]++)",
    re.IGNORECASE,
)
# JSON text without any of these, and without a long number, has nothing to take out. In small letters.
SIGNS = (
    *("?", "#", "=", "%", "eyj", "bearer", "pass", "pwd", "secret", "token", "authori", "key"),
    *("number", "card", "cvv", "cvc", "jwt"),
)
SIGNS_OF_EMAIL = ("@", *SIGNS)
SIGNS_IN_TRAITS = ("://", *SIGNS)  # only in addresses they have no e-mail address

NO_SCHEME = "https:"  # stands in where an address has none, while it is read
_columns = attrgetter(*COLUMNS)
EXACT_BELOW = 2.0**53  # larger floats are no longer the number that somebody wrote
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def privacy(event: Event, context: Context) -> Event:
    """In the columns that a sender fills, in all properties and in the context. Traits keep the customer's
    own address."""
    told = "\n".join(_columns(event))
    if masked(told) != told:
        for name in COLUMNS:
            setattr(event, name, masked(getattr(event, name)))
    kept = context.decided.rules.query_parameters
    if _is_suspect(event.properties + event.context, SIGNS_OF_EMAIL):
        event.properties = cleaned(event.properties, kept)
        event.context = cleaned(event.context, kept)
    if event.traits != "{}" and _is_suspect(event.traits, SIGNS_IN_TRAITS):
        event.traits = cleaned(event.traits, kept, emails=False)
    return event


def cleaned(json: str, kept: tuple[str, ...] = (), *, emails: bool = True) -> str:
    """JSON text of an object whose texts are masked, whose addresses keep few parameters, and which has no
    secrets; the same text when there is nothing to do. `emails` says whether e-mail addresses go, too."""
    if json == "{}":
        return json
    whole = _decode(json)
    return _encode(whole).decode() if _clean(whole, kept, emails) else json


def _is_suspect(json: str, signs: tuple[str, ...]) -> bool:
    small = json.lower()
    for sign in signs:
        if sign in small:
            return True
    return LONG_NUMBER.search(json) is not None


def _clean(whole: Any, kept: tuple[str, ...], emails: bool) -> bool:
    """Clean an object in place, level by level; returns whether anything was changed."""
    is_changed = False
    waiting = [whole]
    for part in waiting:  # grows as parts are found in parts
        pairs = list(part.items()) if isinstance(part, dict) else list(enumerate(part))
        for name, value in pairs:
            new = _clean_value(name, value, kept, emails)
            if new is not value:
                part[name], is_changed = new, True
            elif isinstance(value, dict | list):
                waiting.append(value)
            if isinstance(name, str) and (mild := mask(name, emails)) != name:
                part[mild], is_changed = part.pop(name), True
    return is_changed


def _clean_value(name: Any, value: Any, kept: tuple[str, ...], emails: bool) -> Any:
    if value is None or isinstance(value, bool) or value == "":
        return value  # whether there is a secret, is none
    if isinstance(name, str) and names_secret(name) and not is_count(name, value):
        return REMOVED
    if isinstance(value, str):
        new = _clean_text(value, kept, emails)
        return value if new == value else new
    if isinstance(value, float) and value.is_integer() and value < EXACT_BELOW:
        return "[card]" if is_card(str(int(value))) else value
    if isinstance(value, int) and is_card(str(value)):
        return "[card]"
    return value


def _clean_text(text: str, kept: tuple[str, ...], emails: bool) -> str:
    if "://" in text:
        text = URL.sub(lambda found: _clean_address(found.group(), kept), text)
    if "?" in text or "#" in text:
        text = LOOSE.sub(lambda found: _clean_loose(found, kept), text)
    return mask(text, emails)


def _clean_address(url: str, kept: tuple[str, ...]) -> str:
    if "?" in url or "#" in url or "@" in url:
        url = address(url, kept).url
    return mask(url)


def _clean_loose(found: re.Match[str], kept: tuple[str, ...]) -> str:
    """An address without `https:`; one that begins with a host is told from a question by its `=`."""
    before, start, path, rest = found.groups()
    if start.endswith(":"):
        return f"{before}{start}{path}"
    if not start.startswith("/") and "=" not in rest:
        return found.group()
    left = (
        f"{NO_SCHEME}//" if not start.startswith("/") else NO_SCHEME if start == "//" else f"{NO_SCHEME}//h"
    )
    return before + address(f"{left}{start}{path}{rest}", kept).url.removeprefix(left)
