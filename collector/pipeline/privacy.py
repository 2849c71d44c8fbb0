"""Takes out what events must not tell: secrets, tokens, e-mail addresses, numbers of payment cards."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from collector.pipeline.context import Context
from collector.pipeline.masks import LONG_NUMBER, REMOVED, is_card, mask, masked, names_secret
from collector.pipeline.page import address
from store.event import Event

COLUMNS = ("url", "path", "title", "referrer", "source", "campaign", "term", "content")
URL = re.compile(r"(?<![\w+.-])[\w+.-]++://[^\s\"\\<>]+")
# JSON text without any of these, and without a long number, has nothing to take out. In small letters.
SIGNS = (
    *("://", "=", "%", "eyj", "bearer", "pass", "pwd", "secret", "token", "authori", "key", "number", "card"),
    *("cvv", "cvc", "jwt"),
)
SIGNS_OF_EMAIL = ("@", *SIGNS)

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def privacy(event: Event, context: Context) -> Event:
    """In the page's columns, in all properties and in the context. Traits keep the customer's own address."""
    changes = {}
    for name in COLUMNS:
        text = getattr(event, name)
        if text and (mild := masked(text)) != text:
            changes[name] = mild
    kept = context.rules.query_parameters
    if _is_suspect(event.properties + event.context, SIGNS_OF_EMAIL):
        changes["properties"] = cleaned(event.properties, kept)
        changes["context"] = cleaned(event.context, kept)
    if event.traits != "{}" and _is_suspect(event.traits, SIGNS):
        changes["traits"] = cleaned(event.traits, kept, emails=False)
    return msgspec.structs.replace(event, **changes) if changes else event


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
    if isinstance(name, str) and names_secret(name):
        return REMOVED
    if isinstance(value, str):
        new = _clean_text(value, kept, emails)
        return value if new == value else new
    if isinstance(value, int) and is_card(str(value)):
        return "[card]"
    return value


def _clean_text(text: str, kept: tuple[str, ...], emails: bool) -> str:
    if "://" in text:
        text = URL.sub(lambda found: _clean_address(found.group(), kept), text)
    return mask(text, emails)


def _clean_address(url: str, kept: tuple[str, ...]) -> str:
    if "?" in url or "#" in url or "@" in url:
        url = address(url, kept).url
    return mask(url)
