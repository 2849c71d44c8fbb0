"""Takes out what addresses and titles should not tell: secrets in queries, e-mail addresses, card numbers."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from collector.pipeline.context import Context
from collector.pipeline.page import address
from store.event import Event

# Both are linear in the text: they may not begin again inside what they have passed.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
CARD = re.compile(r"(?<!\d)[2-6](?:[ -]?\d){12,18}(?!\d)")
# Inside JSON text: an address runs to the quotation mark, a blank or a backslash.
URL = re.compile(r"https?://[^\s\"\\<>]+")


def privacy(event: Event, context: Context) -> Event:  # noqa: ARG001 (every step takes both)
    """Masks in the page's columns, and cuts the queries of all addresses in properties and context."""
    return msgspec.structs.replace(
        event,
        url=masked(event.url),
        path=masked(event.path),
        title=masked(event.title),
        referrer=masked(event.referrer),
        properties=without_queries(event.properties),
        traits=without_queries(event.traits),
        context=without_queries(event.context),
    )


@lru_cache(maxsize=50_000)
def masked(text: str) -> str:
    """The text with `[email]` and `[card]` in place of e-mail addresses and numbers of payment cards."""
    if "@" in text or "%40" in text:
        text = EMAIL.sub("[email]", text)
    return CARD.sub(_mask_card, text)


def without_queries(text: str) -> str:
    """JSON text whose addresses keep only campaign parameters."""
    return URL.sub(_cleaned, text) if "://" in text else text


def _cleaned(found: re.Match[str]) -> str:
    url = found.group()
    return address(url).url if "?" in url or "#" in url else url


def _mask_card(found: re.Match[str]) -> str:
    return "[card]" if is_card(re.sub(r"\D", "", found.group())) else found.group()


def is_card(digits: str) -> bool:
    """Whether the last digit is the check digit that card numbers have (Luhn)."""
    doubled = [int(one) * 2 for one in digits[-2::-2]]
    total = sum(int(one) for one in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0
