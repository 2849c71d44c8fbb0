"""Keys that are made of names: small letters, digits and dashes, of which no two are alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import chain, count

LONGEST = 63
WHOLE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def slug(name: str, otherwise: str) -> str:
    """A key made of a name, accents left away; the other one where it has no Latin letter and no digit."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(one for one in letters if not unicodedata.combining(one)).translate(WHOLE)
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or otherwise


def free_key(key: str, is_taken: Callable[[str], bool]) -> str:
    """The key, or where it is taken the first that is not of those with a number, such as `segment-2`."""
    endings = (f"-{number}" for number in count(2))
    numbered = (f"{key[: LONGEST - len(ending)]}{ending}" for ending in endings)
    return next(one for one in chain([key], numbered) if not is_taken(one))
