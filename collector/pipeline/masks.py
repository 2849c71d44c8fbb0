"""Recognises in texts and names what must not be kept: secrets, e-mail addresses, numbers of payment cards.

Every pattern is linear in the text: none begins again inside what it has passed.
"""

from __future__ import annotations

import re
from typing import Any

from collector.pipeline.remembering import remembered

REMOVED = "[removed]"

EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
NUMBERS = re.compile(r"(?<!\d)(?<!\d\.)\d(?:[ -]?\d){12,}+")
LONG_NUMBER = re.compile(r"[2-6](?:[ -]?\d){12}")  # found four times as fast, and rarely
# Lengths and first digits that the card companies use; without them every tenth long number would be a card.
ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2(?:2[1-9]|[3-9]\d)|[3-6]\d\d|7(?:[01]\d|20))\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}"
    r"|(?:50|5[6-8]|6[37])\d{14}"
)
WEB_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)*+")
BEARER = re.compile(r"\b(bearer)\s++(?=[\w.~+/-]*\d|[\w.~+/-]{16})[\w.~+/-]{8,}+=*+", re.IGNORECASE)
KEY = re.compile(r"(?<![\w.-])([\w.-]{2,64}+)(?:=|%3D)", re.IGNORECASE)
VALUE = re.compile(r"[^&\s\"'<>#;,]++")
OPAQUE = re.compile(r"[\w.~+/%-]{16,}+=*+")

SHORTEST_CARD, LONGEST_CARD = 13, 19
LEAST_GROUP = 3  # digits: nobody writes a card number digit by digit
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
VERSION = re.compile(r"v?\d+$", re.IGNORECASE)  # `apikey1`, `accessTokenV2`
LONGEST_ENDING = 40
COUNT = re.compile(r"\d{1,9}")
SECRET_WORDS = frozenset(["password", "passwd", "passphrase", "passcode", "pwd", "cvv", "cvc", "jwt"])
SECRET_ENDINGS = (
    *("password", "passwd", "secret", "token", "authorization", "authorisation", "apikey", "accesskey"),
    *("privatekey", "secretkey", "cardnumber", "cardno", "cardnum", "ccnumber"),
)
# In a query these name secrets when what they hold looks random: `code=SPRING` does not.
VAGUE_NAMES = frozenset(
    [
        "code",
        "key",
        "sig",
        "signature",
        "auth",
        "session",
        "sessionid",
        "sid",
        "otp",
        "hash",
        "state",
        "ticket",
    ]
)


def mask(text: str, emails: bool = True) -> str:
    """The text with `[email]`, `[card]` and `[removed]` in place of what must not be kept."""
    if emails and ("@" in text or "%40" in text):
        text = EMAIL.sub("[email]", text)
    if "=" in text or "%3" in text:
        text = _without_secrets(text)
    if "eyJ" in text:
        text = WEB_TOKEN.sub(REMOVED, text)
    if "earer" in text or "EARER" in text:
        text = BEARER.sub(rf"\1 {REMOVED}", text)
    return NUMBERS.sub(_mask_cards, text) if LONG_NUMBER.search(text) else text


@remembered(20_000, longest=600)
def masked(text: str) -> str:
    """The same, remembered: for texts that come again and again, also several in one."""
    return mask(text)


@remembered(20_000)
def names_secret(name: str) -> bool:
    """Whether a property of this name holds a secret: `newPassword`, `api_key`, `card-number`, `CVV2`."""
    words = [word.lower() for word in WORDS.findall(name)]
    ending = VERSION.sub("", "".join(words)[-LONGEST_ENDING:])
    return ending.removesuffix("s").endswith(SECRET_ENDINGS) or not SECRET_WORDS.isdisjoint(words)


def is_count(name: str, value: Any) -> bool:
    """Whether this only says how many: `max_tokens: 512`, `tokens: {"input": 5}`."""
    if not name.lower().endswith("tokens"):
        return False
    waiting = [value]
    for one in waiting:  # grows as parts are found in parts
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
        elif isinstance(one, str) and one and not COUNT.fullmatch(one):
            return False
    return True


def is_card(digits: str) -> bool:
    """Whether a card company gives out such numbers, and the last digit is their check digit (Luhn)."""
    if not ISSUED.fullmatch(digits):
        return False
    doubled = [int(one) * 2 for one in digits[-2::-2]]
    total = sum(int(one) for one in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0


def _without_secrets(text: str) -> str:
    """The text without the values of `token=…` and the like, also where `=` is written `%3D`."""
    kept, at = [], 0
    for key in KEY.finditer(text):
        if key.start() >= at and (end := _end_of_secret(text, key)):
            kept += [text[at : key.end()], REMOVED]
            at = end
    return "".join([*kept, text[at:]]) if kept else text


def _end_of_secret(text: str, key: re.Match[str]) -> int:
    """Where the secret ends that begins behind a key; zero where there is none."""
    name, start = key.group(1), key.end()
    if text[key.start() - 1 : key.start()] == "%":
        name = name[2:]  # the rest of an escape such as %3F
    if names_secret(name):
        value = VALUE.match(text, start)
        value = None if value and is_count(name, value.group()) else value
    elif name.lower() in VAGUE_NAMES:
        value = OPAQUE.match(text, start)
        value = value if value and re.search(r"\d", value.group()) else None
    else:
        value = None
    return value.end() if value else 0


def _mask_cards(found: re.Match[str]) -> str:
    """Other numbers may stand around it: `2 4111 1111 1111 1111 12` is a count, a card and a month."""
    groups = re.split("([ -])", found.group())  # at odd places the separators
    kept, at = [], 0
    while at < len(groups):
        length = _card_length(groups, at) if at % 2 == 0 else 0
        kept.append("[card]" if length else groups[at])
        at += length or 1
    return "".join(kept)


def _card_length(groups: list[str], start: int) -> int:
    """How many groups from this one on are a card number."""
    digits = ""
    for place in range(start, len(groups), 2):
        digits += groups[place]
        if len(groups[place]) < LEAST_GROUP or len(digits) > LONGEST_CARD:
            return 0
        if len(digits) >= SHORTEST_CARD and is_card(digits):
            return place - start + 1
    return 0
