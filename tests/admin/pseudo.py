"""A language that nobody speaks: each text stands between brackets, so what has none was forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from babel.messages.catalog import Catalog

LANGUAGE = "eo"
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "label", "data-confirm")
CODE = ("script", "style", "svg", "pre", "textarea", "code", "kbd")


class Pseudo:
    """Says each text of a catalogue in brackets, and each value in it in others."""

    def __init__(self, catalog: Catalog) -> None:
        self.texts = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalog if one.id}
        self.texts |= {one[0] for one in self.texts if isinstance(one, tuple)}

    def gettext(self, message: str) -> str:
        return bracketed(message) if message in self.texts else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        message = msgid1 if n == 1 else msgid2
        return bracketed(message) if (msgid1, msgid2) in self.texts else message


def bracketed(message: str) -> str:
    inner = re.sub(r"%[(]\w+[)]s", r"⟪\g<0>⟫", message)
    return f"⟦{inner}⟧"


def outside(text: str, stack: list[str] | None = None) -> str:
    """What stands in no brackets, or in a value within them; `stack` are the brackets that are open."""
    stack = [] if stack is None else stack
    found = []
    for one in text:
        if one in "⟦⟪":
            stack.append(one)
            found.append(" | ")
        elif one in "⟧⟫":
            assert stack, text
            stack.pop()
        elif not stack or stack[-1] == "⟪":
            found.append(one)
    return "".join(found)


class Page(HTMLParser):
    """Reads a page for texts that stand in no brackets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.code = 0
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in CODE
        self.found += [outside(value) for name, value in attrs if name in ATTRIBUTES and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.code -= tag in CODE

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in CODE

    def handle_data(self, data: str) -> None:
        text = outside(data, self.stack)
        if not self.code:
            self.found.append(text)


def forgotten(page: str) -> Iterator[str]:
    """Each text of a page that is in no brackets and has letters."""
    for text in Page(page).found:
        for one in text.split("|"):
            if any(map(str.isalpha, one)):
                yield " ".join(one.split())


# What is in no catalogue, and why.
NO_WORDS = {
    # What the test data are called; all that strangers have named has the word hostile in it.
    *("The shop", "Cart Filled", "Order Paid", "Card Refused", "Seen Again", "Began", "An order is paid"),
    *("JavaScript Error", "Web Vitals", "message", "lcp"),
    *("Buys something", "Looks", "Fills the cart", "Pays", "a test", "the test", "two people", "trait name"),
    *("constructor", "toString", "__proto__", "TOSTRING", "ada", "ben", "cyd", "dee", "eve", "ada-phone"),
    *("admin", "editor", "viewer", "amount", "currency", "link", "name", "email", "title", "avatar"),
    *("property amount", "shop", "desktop", "mobile", "waywiser-js", "Direct", "event"),
    # Examples to write over.
    *("Awareness", "Consideration", "Onboarding", "Purchase", "Use", "Support", "Renewal", "Advocacy"),
    # As programs send it, and as the API calls it.
    *("track", "page", "screen", "identify", "group", "alias", "user", "anonymous", "device_id", "crm_id"),
    *("phone", "ga_client_id", "cross_domain_id", "android", "ios", "id", "idfa", "push_token", "customer"),
    *("marks", "received", "robot", "session", "side", "timestamp", "browser", "campaign", "channel", "city"),
    *("country", "device", "library", "os", "path", "referrer", "source", "medium", "none", "not", "set"),
    *("other", "days", "type", "content", "host", "region", "term"),
    # Units and abbreviations of every language.
    *("UTC", "MiB", "GiB", "p", "n", "h", "d"),
}
# What people have written as data, and redirects, which nobody sees.
NOT_OF_PAGES = re.compile(r"\[\{|Redirecting|You should be redirected|\. If not, click|/p/shop/|/sign-in")
NAMED = re.compile(
    r"hostile|javascript:|31337|HYPERLINK|@SUM|onload|</title>|/shop/|@shop\.example|-->", re.I
)
DAY = re.compile(
    r"(?:\w{2} )?\d{1,2} \w{3}(?: \d{4},?)?|(?:lundo|dimanĉo) \d{1,2} \w+(?: \d{4})?|\d{4}-\d\d-\d\dT[\d:.]+Z"
)


def is_data(text: str) -> bool:
    """Whether a text is a name, a moment or code, which are the same in every language."""
    if text in NO_WORDS or NOT_OF_PAGES.match(text) or NAMED.search(text) or DAY.fullmatch(text.rstrip(":")):
        return True
    left = re.sub(r"[\d.,:;·()%–+<×{}\[\]/\" ]+", " ", text).strip()
    return left in NO_WORDS or all(one in NO_WORDS for one in left.split())
